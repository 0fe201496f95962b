"""What a provider is to the rest of the gateway: questions as frozen requests, answers as records, no I/O.

A provider's class is its API; an instance is one *source*: one configured place, with its settings. Its verbs are
*ask* (a question as an unsigned request), *sign* (credentials last, at the socket), *read* (the answer) and
*receive* (what the provider tells unasked). A capability is a protocol a class satisfies, never an inherited no-op.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Protocol, get_args, runtime_checkable
from urllib.parse import urlsplit

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164
from gateway.numbers.filters import Filter
from gateway.numbers.model import Availability, Number, Record

Headers = tuple[tuple[str, str], ...]


class Request(Struct, frozen=True):
    """One HTTP request, hashable. Unsigned it is the cache key, and may appear in logs; signed it never may.

    ``url`` is absolute and already percent-encoded; ``headers`` are in lower case.
    """

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""


class Response(Struct, frozen=True):
    """One HTTP answer, read in full. ``headers`` have lower-case names; ``received_at`` is in UTC."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class Token(Struct, frozen=True):
    """A credential that ends: ``lifetime`` in seconds from when it was received, None when it does not say."""

    value: str
    lifetime: float | None


class Allowance(Struct, frozen=True):
    """What an answer says of a limit: ``remaining`` calls for the next ``resets_in`` seconds.

    ``limit`` is how many there are in every ``period`` seconds; each is None where that is not said.
    """

    remaining: int
    resets_in: float
    limit: int | None = None
    period: float | None = None


class SourceSettings(BaseModel):
    """What every source can be told, beside what its provider needs. Durations are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_no_credential(cls, given: Any) -> Any:  # noqa: ANN401 - before anything is known of it
        """An empty secret is one that was not given: a variable without a value."""
        if not isinstance(given, dict):
            return given
        kinds = {name: field.annotation for name, field in cls.model_fields.items()}
        secrets = {name for name, kind in kinds.items() if SecretStr in (kind, *get_args(kind))}
        return {name: value for name, value in given.items() if value != "" or name not in secrets}

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _base_url_is_http(cls, given: str) -> str:
        parts = urlsplit(given)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "write an address like https://api.example, with http or https and a host"
            raise ValueError(msg)
        if "?" in given or "#" in given:
            msg = "leave out what follows ? or #: paths are put behind the address"
            raise ValueError(msg)
        return given

    provider: str

    timeout: float = Field(2.0, gt=0, le=300, description="Seconds for one answer, its retries included.")
    calls_per_minute: int = Field(600, gt=0, description="Calls a minute at most.")
    concurrency: int = Field(8, gt=0, le=256, description="Calls under way at once at most.")
    retries: int = Field(
        2, ge=0, le=2, description="Times a question is asked again after a failure that can pass, at most."
    )
    circuit_calls: int = Field(
        5, gt=0, description="Calls within 30 seconds of which too many must have failed before it is left alone."
    )
    circuit_share: float = Field(0.5, gt=0, le=1, description="The part of them that is too many.")
    circuit_pause: float = Field(
        5.0, gt=0, le=3600, description="Seconds it is left alone; doubled each time that it fails again, up to 60."
    )
    ttl: float = Field(300.0, ge=0, description="Seconds for which a list counts as fresh.")
    stale_ttl: float = Field(
        3600.0, ge=0, description="Seconds for which an old copy may stand in when the source does not answer."
    )
    private_host: bool = Field(
        False,
        description="The name in base_url may stand for a private address; an address that is written out always may.",
    )
    block_size: int | None = Field(None, gt=0, description="Rows asked for at once; the default is the provider's.")


def _are_networks(given: tuple[str, ...]) -> tuple[str, ...]:
    for text in given:
        ip_network(text, strict=False)  # its ValueError names the text
    return given


Networks = Annotated[tuple[str, ...], AfterValidator(_are_networks)]
"""Addresses and networks: ``192.0.2.7``, ``2001:db8::/32``."""


class WebhookSettings(SourceSettings):
    """What a source that tells changes unasked needs as well: how its sender is known."""

    webhook_header: str = Field("Authorization", description="The header in which the sender gives the secret.")
    webhook_secret: SecretStr | None = Field(
        None, min_length=1, description="The whole value of that header; without one no event is taken."
    )
    webhook_allowed_ips: Networks = Field(
        (), description="Addresses or networks that may send events; empty is anybody with the secret."
    )


@runtime_checkable
class Source(Protocol):
    """One configured place. ``provider`` is its value of the Provider enum, ``slug`` its word in the settings."""

    slug: ClassVar[str]
    provider: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[int]
    Settings: ClassVar[type[SourceSettings]]
    Details: ClassVar[type[Record]]
    availabilities: ClassVar[frozenset[Availability]]
    name: str
    settings: Any

    def __init__(self, name: str, settings: Any) -> None: ...  # noqa: ANN401 - each class takes its own Settings

    def __hash__(self) -> int:
        """Each is itself: what is made of one is kept for it."""
        ...

    def sign(self, request: Request, token: str | None) -> Request:
        """The request with credentials: ``token`` where ``Authenticates`` gave one, else the configured key."""
        ...


@runtime_checkable
class Lists(Source, Protocol):
    """A source that can be read as a list."""

    @property
    def paging(self) -> Paging:
        """How the list can be read."""
        ...

    def ask(self, block: Block, wanted: Filter) -> Request:
        """The request for a block; what helps of the filter is pushed down, and checked again by the gateway."""
        ...

    def read(self, response: Response) -> Listing:
        """The answer as rows.

        Raises:
            SourceError: it is not an answer.
        """
        ...


@runtime_checkable
class Sorts(Lists, Protocol):
    """A list that can be asked in the order of its numbers, where ``paging.sorts``."""

    def ask_sorted(self, block: Block, wanted: Filter, *, descending: bool) -> Request:
        """The request for a block of the list sorted by the text of its digits."""
        ...


@runtime_checkable
class LooksUp(Source, Protocol):
    """A source that can be asked for one number."""

    def ask_one(self, e164: E164) -> Request:
        """The request for one number."""
        ...

    def read_one(self, e164: E164, response: Response) -> Number | None:
        """The number, None when the source says it holds no such number.

        Raises:
            SourceError: it is not an answer; an outage is never a None.
        """
        ...


@runtime_checkable
class LooksUpMany(Source, Protocol):
    """A source that can be asked for many numbers at once, with the request of ``ask_many`` and ``read`` of a list."""

    def ask_many(self, e164s: Sequence[E164]) -> Sequence[tuple[Request, Sequence[E164]]]:
        """Requests that together ask for all the numbers, each with the ones it asks for."""
        ...

    def read(self, response: Response) -> Listing:
        """The answer as rows."""
        ...


@runtime_checkable
class Rephrases(Source, Protocol):
    """A source that may refuse how a question is put, and can be asked the same in another way."""

    def rephrase(self, request: Request, reason: str) -> Request | None:
        """The same question put another way after a refusal for ``reason``; None when there is no other way."""
        ...


@runtime_checkable
class Meters(Source, Protocol):
    """A source whose answers say in their bodies how often it may still be asked."""

    def allowances(self, response: Response) -> Sequence[Allowance]:
        """What an answer of any kind says, an error or a token as well; nothing where that cannot be read."""
        ...


@runtime_checkable
class Authenticates(Source, Protocol):
    """A source whose credentials must first be exchanged for a token."""

    @property
    def exchanges(self) -> bool:
        """Whether this source's settings call for an exchange; False when they hold a lasting key."""
        ...

    def log_in(self) -> Request:
        """The request for a token; it carries credentials and must not be kept."""
        ...

    def read_token(self, response: Response) -> Token:
        """The token.

        Raises:
            SourceAuthFailed: the credentials are wrong; asking again will not help.
            SourceError: there was no answer.
        """
        ...


class Told(Struct, frozen=True, kw_only=True):
    """What one event says. ``replaces``: these numbers are all that the source holds; otherwise they are news of some.

    ``unchanged`` are the numbers that the provider repeats without news; ``total`` is how many it says the source
    holds.
    """

    numbers: tuple[Number, ...]
    unchanged: frozenset[E164]
    replaces: bool
    total: int | None
    skipped: int = 0
    drift: tuple[str, ...] = ()


@runtime_checkable
class Receives(Source, Protocol):
    """A source that tells changes unasked; its settings are ``WebhookSettings``."""

    def receive(self, body: bytes, received_at: datetime) -> Told:
        """An event as records.

        Raises:
            BadUserInput: it is not an event of the documented shape, or not for this source.
        """
        ...
