"""Reads the manifests of trusted documents, in the shapes that client tools write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.errors import SettingsInvalid

APOLLO = "apollo-persisted-query-manifest"


def read_manifests(paths: Sequence[str]) -> dict[str, str]:
    """All documents by their ids.

    A manifest is Apollo's (``generate-persisted-query-manifest``), or an object of ids and documents, as the Relay
    compiler and GraphQL Code Generator's client preset write it.

    Raises:
        SettingsInvalid: a file cannot be read or is no manifest, or an id stands for two different documents.
    """
    documents: dict[str, str] = {}
    for path in paths:
        for name, text in _documents(path).items():
            if documents.setdefault(bare(name), text) != text:
                msg = f"server.trusted_manifests: {path} has another document under {name!r} than a manifest before it: generate them anew, from one state of the clients."
                raise SettingsInvalid(msg)
    return documents


def bare(name: str) -> str:
    """An id without what says that it is a hash (GraphQL over HTTP, Persisted Documents)."""
    return name.removeprefix("sha256:")


def _documents(path: str) -> dict[str, str]:
    try:
        held = msgspec.json.decode(Path(path).read_bytes())
    except OSError as error:
        msg = f"server.trusted_manifests: {path} cannot be read ({error.strerror}): name a readable file."
        raise SettingsInvalid(msg) from error
    except (ValueError, RecursionError) as error:
        msg = f"server.trusted_manifests: {path} is not JSON ({error}): generate it anew."
        raise SettingsInvalid(msg) from error
    try:
        return msgspec.convert(_by_id(held), dict[str, str])
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        msg = f"server.trusted_manifests: {path} is neither Apollo's manifest nor an object of ids and documents ({error})."
        raise SettingsInvalid(msg) from error


def _by_id(held: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(held, dict) and held.get("format") == APOLLO:
        return {operation["id"]: operation["body"] for operation in held["operations"]}
    return held
