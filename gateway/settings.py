"""Settings: one TOML file, overridden by environment variables, validated into frozen records.

The order is command line > environment > TOML > defaults. A variable is ``GATEWAY_`` and the path with ``__``:
``GATEWAY_SOURCES__MARKET__ACCESS_TOKEN``. Every error names the key and the mend.
"""

import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from ipaddress import ip_address
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import (
    Discriminator,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from gateway.errors import SettingsInvalid
from gateway.providers import PROVIDERS
from gateway.providers.protocol import Source, SourceSettings
from gateway.sections import SHAPES, ClientSettings, LimitSettings, Name, ServerSettings, StateSettings, TokenSettings

if TYPE_CHECKING:
    AnySourceSettings = SourceSettings
else:
    AnySourceSettings = Annotated[reduce(or_, [kind.Settings for kind in PROVIDERS]), Discriminator("provider")]


class Settings(BaseSettings):
    """All settings of one gateway."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="GATEWAY_", env_nested_delimiter="__")

    server: ServerSettings = ServerSettings()
    sources: dict[Name, AnySourceSettings] = Field({}, validate_default=True)
    clients: dict[Name, ClientSettings] = {}
    tokens: TokenSettings | None = None
    state: StateSettings = StateSettings()
    limits: LimitSettings = LimitSettings()

    @model_validator(mode="after")
    def _clients_name_known_sources(self) -> Self:
        for name, client in self.clients.items():
            unknown = sorted(set(client.sources or ()) - set(self.sources))
            if unknown:
                msg = f"clients.{name}.sources names {', '.join(unknown)}, and no such source is configured"
                raise ValueError(msg)
            if client.key_sha256 is None and self.tokens is None:
                msg = f"clients.{name}.key_sha256: is required; add it, or [tokens]"
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _a_key_is_one_clients(self) -> Self:
        holders: dict[str, str] = {}
        for name, client in self.clients.items():
            for digest in filter(None, (client.key_sha256, client.next_key_sha256)):
                holder = holders.setdefault(digest, name)
                if holder != name:
                    msg = f"clients.{name} has a key of clients.{holder}: give each client its own"
                    raise ValueError(msg)
        return self


def load(path: Path | None = None, **overrides: dict[str, Any]) -> Settings:
    """The effective settings of a file and the environment; ``overrides`` are tables that stand above both.

    A value of None in an override leaves the setting alone.

    Raises:
        SettingsInvalid: the file cannot be read, or a setting cannot be used.
    """
    given = {
        table: {key: value for key, value in values.items() if value is not None} for table, values in overrides.items()
    }
    _check_variables(os.environ)
    return _made(_layered_over(_read(path)), given)


def _check_variables(environment: Iterable[str]) -> None:
    """Refuse a variable of a table that does not exist; others may begin with GATEWAY_ too, as those of Kubernetes do.

    Raises:
        SettingsInvalid: it is not read, and is probably misspelt.
    """
    tables = [table.upper() for table in Settings.model_fields]
    for name in environment:
        prefix, nested, _ = name.upper().partition("__")
        if nested and prefix.startswith("GATEWAY_") and prefix.removeprefix("GATEWAY_") not in tables:
            msg = f"{name}: is not a setting; remove it or mend its spelling: GATEWAY_ and one of {', '.join(tables)}, then __."
            raise SettingsInvalid(msg)


def load_only(**tables: Mapping[str, Any]) -> Settings:
    """The settings of these tables; neither a file nor the environment has a say.

    Raises:
        SettingsInvalid: a setting cannot be used.
    """
    return _made(_layered_over(None), tables)


def _made(kind: Callable[..., Settings], given: Mapping[str, Any]) -> Settings:
    try:
        return kind(**given)
    except ValidationError as error:
        raise SettingsInvalid(_told(error)) from error
    except SettingsError as error:
        msg = f"{error}: a variable that holds a list or a whole table must be JSON, like GATEWAY_SERVER__HOSTS='[\"numbers.example\"]'."
        raise SettingsInvalid(msg) from None  # the cause quotes the value


def _layered_over(file: dict[str, Any] | None) -> Callable[..., Settings]:
    """Settings that are given, then those of the environment, then those of the file; None for the given ones alone."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not read: one file is enough
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - not read: one file is enough
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            if file is None:
                return (init_settings,)
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=file)

    return Layered


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): name a readable TOML file with --config."
        raise SettingsInvalid(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path} is not TOML: {error}."
        raise SettingsInvalid(msg) from error


def _told(error: ValidationError) -> str:
    lines = []
    for fault in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in _place(fault["loc"]))
        mend = SHAPES.get(fault.get("ctx", {}).get("pattern", "")) or _mend(fault["type"], fault["msg"])
        lines.append(f"{where}: {mend}" if where else mend)
    return "\n".join(lines)


def _place(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The path as it is written in the file: without the provider, and the "[key]", that pydantic puts behind names."""
    loc = loc[: -1 if loc[-1:] == ("[key]",) else None]
    if loc[:1] == ("sources",) and len(loc) > 2:  # noqa: PLR2004 - sources, name, provider
        return (*loc[:2], *loc[3:])
    return loc


def _mend(kind: str, message: str) -> str:
    known = {
        "missing": "is required; add it",
        "extra_forbidden": "is not a setting; remove it or mend its spelling",
        "union_tag_not_found": "needs a provider: " + ", ".join(repr(kind.slug) for kind in PROVIDERS),
    }
    return known.get(kind, message.removeprefix("Value error, "))


def make_sources(settings: Settings) -> dict[str, Source]:
    """The configured places, by name and in name order."""
    kinds: dict[str, Callable[[str, Any], Source]] = {kind.slug: kind for kind in PROVIDERS}
    return {name: kinds[held.provider](name, held) for name, held in sorted(settings.sources.items())}


def check_exposure(settings: Settings) -> None:
    """Refuse to serve strangers by accident.

    Raises:
        SettingsInvalid: the host is not loopback, no client is configured, and ``server.insecure`` is not set.
    """
    if settings.clients or settings.server.insecure or is_loopback(settings.server.host):
        return
    msg = f"server.host: {settings.server.host} can be reached by others, and no client is configured: add [clients.<name>] with key_sha256, or set server.insecure = true."
    raise SettingsInvalid(msg)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
