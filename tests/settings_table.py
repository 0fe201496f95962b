"""The README's settings, made from the settings models: ``python -m tests.settings_table`` writes them anew."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from gateway.providers import PROVIDERS
from gateway.providers.protocol import SourceSettings
from gateway.sections import ClientSettings, LimitSettings, ServerSettings, StateSettings, TokenSettings

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false", SecretStr: "secret text"}

MEANINGS = {
    "provider": "Whose API it is.",
    "base_url": "Where the provider's API begins.",
    "subaccount_id": "The subaccount whose numbers these are.",
    "api_key": "The API key.",
    "webhook_header": "The header in which 8x8 sends the secret back.",
    "webhook_secret": "The whole value of that header.",
    "webhook_allowed_ips": "Who may send events; empty is anybody with the secret.",
    "location_id": "The location whose numbers these are.",
    "org_id": "The organisation, where the token serves several.",
    "access_token": "A token that lasts.",
    "client_id": "With the secret it is exchanged for a token.",
    "client_secret": "The secret of `client_id`.",
    "refresh_token": "Renewed by being used.",
    "login": "With the password it is exchanged for a session.",
    "password": "The password of `login`.",
}
"""What the models of the providers leave unsaid."""

INTRODUCTION = """\
One TOML file; a variable of the environment stands above it: `GATEWAY_` and the path with `__`, like
`GATEWAY_SOURCES__MARKET__ACCESS_TOKEN`; the command line stands above both. Lists in variables are JSON.
Names of sources and clients are small letters, digits and `_`.
"""


def section() -> str:
    """All settings as Markdown."""
    common = SourceSettings.model_fields
    parts = [
        INTRODUCTION,
        _part("`[server]`", ServerSettings),
        _part("`[sources.<name>]`, every provider", SourceSettings),
        *(
            _part(f'`provider = "{kind.slug}"`', kind.Settings, _own(kind.Settings.model_fields, common))
            for kind in PROVIDERS
        ),
        _part("`[clients.<name>]`", ClientSettings),
        _part("`[tokens]`", TokenSettings),
        _part("`[state]`", StateSettings),
        _part("`[limits]`", LimitSettings),
    ]
    return "\n".join(parts)


def _own(fields: Mapping[str, FieldInfo], common: Mapping[str, FieldInfo]) -> list[str]:
    """The fields that a provider adds, or gives another default."""
    return [
        name
        for name, field in fields.items()
        if name != "provider" and (name not in common or field.default != common[name].default)
    ]


def _part(title: str, model: type[BaseModel], names: Iterable[str] | None = None) -> str:
    fields = model.model_fields
    rows = [_row(name, fields[name]) for name in (fields if names is None else names)]
    said = " ".join((model.__doc__ or "").replace("``", "`").split())
    head = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"**{title}**: {said}", "", *head, *rows, ""])


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {type_of(field.annotation)} | {_default(field)} | {meaning_of(name, field)} |"


def meaning_of(name: str, field: FieldInfo) -> str:
    """What the model says of a field, what it inherits, or what is said here."""
    inherited = SourceSettings.model_fields.get(name)
    return field.description or (inherited and inherited.description) or MEANINGS[name]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return ""
    return f"`{json.dumps(field.default, default=sorted)}`"


def type_of(annotation: Any) -> str:  # noqa: ANN401 - any annotation
    """A type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of(parts[0])
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in {tuple, frozenset}:
        held = type_of(parts[0])
        return f"list of {held}" if held.endswith("`") else f"list of {held}s"
    if isinstance(annotation, UnionType) or origin is Union:
        [held] = [part for part in parts if part is not NoneType]
        return type_of(held)
    return WORDS[annotation]


def renewed(readme: str) -> str:
    """The README with its settings as they are now."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{section()}\n{END}{after}"


def settings_in(readme: str) -> Iterator[str]:
    """The settings that the README's tables name."""
    _, rest = readme.split(BEGIN)
    for line in rest.split(END)[0].splitlines():
        if line.startswith("| `"):
            yield line.split("`")[1]


if __name__ == "__main__":
    place = Path(*sys.argv[1:]) if sys.argv[1:] else README
    place.write_text(renewed(place.read_text(encoding="utf-8")), encoding="utf-8")
