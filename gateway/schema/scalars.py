"""The scalars of the contract: how each is written, and what is refused with which words."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec
import strawberry
from strawberry.types.scalar import ScalarDefinition

from gateway.errors import BadUserInput
from gateway.numbers import e164
from gateway.numbers.e164 import COUNTRY_ALIASES, E164, CountryCode
from gateway.numbers.model import CurrencyCode

_WEEKS = re.compile(r"P([0-9]{1,6})W", re.IGNORECASE)
"""The one form of ISO 8601 that is read here: a larger unit than days which is always as long."""


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        msg = f"{what} must be a string."
        raise BadUserInput(msg)
    return value


def _e164(value: object) -> E164:
    return e164.parse(_text(value, "An E164 number"))


def _moment(value: object) -> datetime:
    text = _text(value, "A DateTime")
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    msg = f"{text[:40]!r} is not a DateTime: write RFC 3339 with an offset, like 2026-11-21T09:30:00Z."
    raise BadUserInput(msg)


@lru_cache(1024)
def _show_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _decimal(value: object) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    text = _text(value, "A Decimal")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        msg = f'{text[:40]!r} is not a Decimal: write an exact number as a string, like "0.30".'
        raise BadUserInput(msg)
    return amount


def _duration(value: object) -> timedelta:
    text = _text(value, "A Duration")
    weeks = _WEEKS.fullmatch(text)
    try:
        duration = timedelta(weeks=int(weeks[1])) if weeks else msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        duration = timedelta(days=-1)
    if duration < timedelta(0):
        msg = f"{text[:40]!r} is not a Duration: write ISO 8601, like PT30S; years and months differ, write days."
        raise BadUserInput(msg)
    return duration


def _code(value: object, what: str, length: int) -> str:
    code = _text(value, what).strip()
    if len(code) != length or not (code.isascii() and code.isalpha()):
        msg = f"{code[:40]!r} is not a {what}: write {length} letters."
        raise BadUserInput(msg)
    return code.upper()


def _country(value: object) -> str:
    code = _code(value, "CountryCode", 2)
    return COUNTRY_ALIASES.get(code, code)


def _scalar(
    name: str,
    description: str,
    parse: Callable[[object], object],
    serialize: Callable[..., object] = str,
    *,
    url: str | None = None,
) -> ScalarDefinition:
    made: ScalarDefinition = strawberry.scalar(
        name=name, description=description, parse_value=parse, serialize=serialize, specified_by_url=url
    )
    return made


SCALARS: Mapping[object, ScalarDefinition] = {
    E164: _scalar(
        "E164",
        "A telephone number: a plus and 2 to 15 digits, `+441245123456`. Input may hold spaces, dashes, dots and brackets.",
        _e164,
        url="https://www.itu.int/rec/T-REC-E.164",
    ),
    datetime: _scalar(
        "DateTime",
        "A moment: RFC 3339 with an offset, UTC on output.",
        _moment,
        _show_moment,
        url="https://datatracker.ietf.org/doc/html/rfc3339",
    ),
    Decimal: _scalar(
        "Decimal", 'An exact decimal number as a string, `"0.30"`.', _decimal, lambda amount: f"{amount:f}"
    ),
    timedelta: _scalar("Duration", "An ISO 8601 duration, `PT30S`.", _duration, msgspec.to_builtins),
    CountryCode: _scalar("CountryCode", "A country: ISO 3166-1 alpha-2, upper case.", _country),
    CurrencyCode: _scalar("CurrencyCode", "A currency: ISO 4217.", lambda value: _code(value, "CurrencyCode", 3)),
}
"""The Python types that stand for scalars in annotations."""
