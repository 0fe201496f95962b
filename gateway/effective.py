"""The effective settings as text, as ``gateway config check`` prints them: nothing secret is in it."""

import re
from typing import Any

from gateway.settings import Settings


def shown(settings: Settings) -> str:
    """The effective settings as TOML-like text, secrets masked."""
    lines: list[str] = []
    _show(settings.model_dump(mode="python"), (), lines)
    return "\n".join(lines).strip() + "\n"


def _show(table: dict[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    values = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if values and path:
        lines.append(f"\n[{'.'.join(path)}]")
    lines += [f"{key} = {_literal(value)}" for key, value in values.items() if value is not None]
    for key, value in table.items():
        if isinstance(value, dict):
            _show(value, (*path, key), lines)


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple | frozenset):
        items = sorted(value) if isinstance(value, frozenset) else value
        return "[" + ", ".join(_literal(item) for item in items) + "]"
    text = _masked(str(value))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _masked(text: str) -> str:
    """A URL without what may be secret in it: whatever stands before an @, and the values in its query."""
    bare = re.sub("//.*@", "//**********@", text)
    return re.sub("(?<==)[^&#]+", "**********", bare) if "://" in bare and "?" in bare else bare
