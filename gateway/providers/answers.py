"""What every provider's answer has in common: statuses, JSON, words, numbers and times."""

from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw, Struct
from pydantic import SecretStr

from gateway.errors import (
    TOO_MUCH,
    SourceAuthFailed,
    SourceBadAnswer,
    SourceError,
    SourceForbidden,
    SourceMisconfigured,
    SourceRateLimited,
    SourceUnavailable,
)
from gateway.numbers.e164 import COUNTRY_ALIASES, CountryCode
from gateway.numbers.model import CurrencyCode
from gateway.providers.protocol import Request, Response

T = TypeVar("T")
S = TypeVar("S", bound=Struct)
Word = TypeVar("Word", bound=Enum)

NOTHING = Raw(b"null")
"""What a field left out of an answer holds."""

LONGEST_WAIT_MS = 3_600_000
"""A provider that asks for a longer wait is asked again after an hour."""

LARGEST_INT = 2**31 - 1
"""Of GraphQL: https://spec.graphql.org/October2021/#sec-Int."""

LOOSE = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_REMEDIES: Mapping[int, tuple[type[SourceError], str]] = {
    401: (SourceAuthFailed, "refused the credentials: check the configured key or token"),
    403: (SourceForbidden, "refused access: the credentials lack a scope, role or right"),
    404: (SourceMisconfigured, "knows no such place: check the base_url and the configured identifiers"),
    423: (SourceUnavailable, "is locked for a while"),
    426: (SourceMisconfigured, "demands another protocol version"),
    429: (SourceRateLimited, "has been asked too often"),
}


def retry_after_ms(response: Response) -> int | None:
    """The wait a provider asks for, in milliseconds: seconds or a date (RFC 9110, 10.2.3); None when it is garbage."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(int(text[:9]) * 1000, LONGEST_WAIT_MS)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    wait = at.replace(tzinfo=at.tzinfo or UTC) - response.received_at
    return min(max(int(wait.total_seconds() * 1000), 0), LONGEST_WAIT_MS)


def credential(token: str | None, held: SecretStr | None) -> str:
    """The token that was exchanged for, else the configured key."""
    return token if token is not None else held.get_secret_value() if held else ""


def bearing(request: Request, token: str | None, held: SecretStr | None) -> Request:
    """The request with its credential as a bearer in the header."""
    headers = (*request.headers, ("authorization", f"Bearer {credential(token, held)}"))
    return Request(request.method, request.url, headers, request.body)


def refusal(title: str, response: Response) -> SourceError | None:
    """The error that a status stands for, None for 200. Never the provider's own text, which may hold anything."""
    status = response.status
    if status == 200:  # noqa: PLR2004 - the one status whose body is an answer
        return None
    kind, what = _REMEDIES.get(status, (None, ""))
    if kind is not None:
        return kind(f"{title} {what} (HTTP {status}).", retry_after_ms=retry_after_ms(response))
    if status >= 500:  # noqa: PLR2004 - the class of server errors
        msg, reason = f"{title} is broken or busy (HTTP {status}).", TOO_MUCH if status == 504 else ""  # noqa: PLR2004 - Gateway Timeout
        return SourceUnavailable(msg, retry_after_ms=retry_after_ms(response), reason=reason)
    if status >= 400:  # noqa: PLR2004 - the class of client errors
        return SourceMisconfigured(f"{title} refused the question (HTTP {status}).")
    if status >= 300:  # noqa: PLR2004 - redirections
        return SourceBadAnswer(
            f"{title} redirects (HTTP {status}), which is never followed: set base_url to the final address."
        )
    return SourceBadAnswer(f"{title} answered without a body to read (HTTP {status}).")


@cache
def decoder(kind: Hashable) -> msgspec.json.Decoder[Any]:
    """What reads JSON of that shape, and takes a text for a number or a flag where it says one."""
    return msgspec.json.Decoder(kind, strict=False)


def decoded(title: str, body: bytes | Raw, kind: type[T]) -> T:
    """A body, or a part of one, as ``kind``; a byte order mark and a wrong content type are forgiven.

    So are keys that stand twice: the last one counts, also where the first one is of another shape.

    Raises:
        SourceBadAnswer: it is not JSON of that shape.
    """
    text = body if isinstance(body, Raw) else body.removeprefix(b"\xef\xbb\xbf")
    decode = decoder(kind).decode  # type: ignore[arg-type]
    try:
        try:
            return decode(text)  # type: ignore[no-any-return]
        except msgspec.ValidationError:
            return decode(msgspec.json.encode(LOOSE.decode(text)))  # type: ignore[no-any-return]
    except UNREADABLE as error:
        msg = f"{title} answered something that is not the documented JSON."
        raise SourceBadAnswer(msg) from error


def answered(title: str, response: Response, kind: type[T]) -> T:
    """The body of an answer that is none but what its status says.

    Raises:
        SourceError: the status is not 200, or the body is not JSON of that shape.
    """
    if (error := refusal(title, response)) is not None:
        raise error
    return decoded(title, response.body, kind)


def within(said: object, *path: str) -> object:
    """What stands at a path of names; None where there is nothing, or not an object on the way."""
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said


class Words(Generic[Word]):
    """A vendor's vocabulary: ``known`` words become names of ``kind``, others UNKNOWN and noted, never an error."""

    def __init__(self, field: str, kind: type[Word], known: Mapping[str, str]) -> None:
        self._field = field
        self._known = {word.casefold(): kind[ours] for word, ours in known.items()}
        self._unknown = kind["UNKNOWN"]

    def read(self, word: str | None, drift: set[str]) -> Word:
        """The word as ours; an unknown one adds ``unknown word in <field>`` to ``drift``."""
        if not word:
            return self._unknown
        ours = self._known.get(word.casefold())
        if ours is None:
            drift.add(f"unknown word in {self._field}")
            return self._unknown
        return ours


def count(said: object) -> int | None:
    """How many there are, as far as a provider says it as a whole number; a total is not worth a page."""
    try:
        counted = msgspec.convert(said, int, strict=False)
    except msgspec.ValidationError:
        return None
    return counted if counted >= 0 else None


def total(said: object) -> int | None:
    """A count that can be said and stored: one beyond GraphQL's Int says nothing."""
    counted = count(said)
    return None if counted is None or counted > LARGEST_INT else counted


@lru_cache(1024)
def country(word: str | None) -> CountryCode | None:
    """A provider's country as ISO 3166-1 alpha-2; None when it is something else. UK and EL are repaired."""
    code = (word or "").strip().upper()
    code = COUNTRY_ALIASES.get(code, code)
    return CountryCode(code) if len(code) == 2 and code.isascii() and code.isalpha() else None  # noqa: PLR2004 - alpha-2


@lru_cache(1024)
def currency(word: str | None) -> CurrencyCode | None:
    """A provider's currency as ISO 4217; None when it is something else."""
    code = (word or "").strip().upper()
    return CurrencyCode(code) if len(code) == 3 and code.isascii() and code.isalpha() else None  # noqa: PLR2004 - alpha-3


@lru_cache(4096)
def moment(text: str | None, zone: ZoneInfo | None = None) -> datetime | None:
    """A provider's time in UTC; one without an offset is read in ``zone``, else UTC. None when it is no time.

    Numbers that were bought together share one.
    """
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone or UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
