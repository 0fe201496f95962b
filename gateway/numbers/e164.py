"""E.164 numbers: reading what people write, and what the numbering plan says of a number."""

import re
from enum import Enum
from functools import lru_cache
from typing import NewType

import phonenumbers
from phonenumbers import PhoneNumberType

from gateway.errors import BadUserInput

E164 = NewType("E164", str)
"""A plus and 2 to 15 digits, ``+441245123456`` (ITU-T E.164, section 6)."""

CountryCode = NewType("CountryCode", str)
"""ISO 3166-1 alpha-2, upper case: ``GB``."""

COUNTRY_ALIASES = {"UK": "GB", "EL": "GR"}
"""What people and providers write for ISO's own code."""

_FILLERS = re.compile(r"[\s().\-‐‑‒–]+")  # noqa: RUF001 - the dashes people paste are meant
_E164 = re.compile(r"\+[0-9]{2,15}")
FEWEST_DIGITS, MOST_DIGITS = 2, 15
_REMEMBERED = 65_536
"""Derived facts kept, per fact: about 10 MB when full, enough for the pages people look at."""


class NumberType(Enum):
    """What kind of service a number belongs to."""

    GEOGRAPHIC = "GEOGRAPHIC"
    MOBILE = "MOBILE"
    TOLL_FREE = "TOLL_FREE"
    PREMIUM = "PREMIUM"
    SERVICE = "SERVICE"
    STANDARD = "STANDARD"
    UNKNOWN = "UNKNOWN"


_DERIVED_TYPES = {
    PhoneNumberType.FIXED_LINE: NumberType.GEOGRAPHIC,
    PhoneNumberType.MOBILE: NumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: NumberType.STANDARD,
    PhoneNumberType.TOLL_FREE: NumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE: NumberType.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberType.SERVICE,
    PhoneNumberType.VOIP: NumberType.STANDARD,
    PhoneNumberType.PERSONAL_NUMBER: NumberType.SERVICE,
    PhoneNumberType.PAGER: NumberType.SERVICE,
    PhoneNumberType.UAN: NumberType.SERVICE,
    PhoneNumberType.VOICEMAIL: NumberType.SERVICE,
}


def parse(text: str) -> E164:
    """Read a number as people write it: spaces, dashes, dots and brackets are allowed.

    Raises:
        BadUserInput: it is not a plus and 2 to 15 digits once those are taken out.
    """
    bare = _FILLERS.sub("", text)
    if _E164.fullmatch(bare) is None:
        msg = f"{text[:40]!r} is not an E.164 number: write a plus, the country code and the number, 2 to 15 digits in all, like +441245123456."
        raise BadUserInput(msg)
    return E164(bare)


def from_digits(text: str) -> E164:
    """Read a provider's number, with or without its plus.

    Raises:
        ValueError: it cannot be one.
    """
    digits = text.removeprefix("+")
    if FEWEST_DIGITS <= len(digits) <= MOST_DIGITS and digits.isdecimal() and digits.isascii():
        # as nearly all are written, and found so in a third of a pattern's time
        return f"+{digits}"  # type: ignore[return-value]  # to say that it is an E164 would cost a call for each row
    bare = _FILLERS.sub("", text)
    number = bare if bare.startswith("+") else f"+{bare}"
    if _E164.fullmatch(number) is None:
        msg = "This is no telephone number."
        raise ValueError(msg)
    return E164(number)


@lru_cache(_REMEMBERED)
def _parsed(e164: E164) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(_REMEMBERED)
def is_valid(e164: E164) -> bool:
    """Whether the numbering plan has such a number. Data, never a gate: providers' own examples are invalid."""
    parsed = _parsed(e164)
    return parsed is not None and phonenumbers.is_valid_number(parsed)


@lru_cache(_REMEMBERED)
def country_of(e164: E164) -> CountryCode | None:
    """The country the numbering plan gives the number to.

    None for non-geographic numbers, and for invalid ones of a country code that several countries share.
    """
    parsed = _parsed(e164)
    region = phonenumbers.region_code_for_number(parsed) if parsed is not None else None
    return CountryCode(region) if region is not None and region != "001" else None


@lru_cache(_REMEMBERED)
def national_format(e164: E164) -> str:
    """As it is dialled inside its country, ``01245 123456``; the digits themselves where no plan is known."""
    parsed = _parsed(e164)
    if parsed is None:
        return e164[1:]
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)


@lru_cache(_REMEMBERED)
def type_of(e164: E164) -> NumberType:
    """The kind of service the numbering plan keeps this number's range for."""
    parsed = _parsed(e164)
    if parsed is None:
        return NumberType.UNKNOWN
    return _DERIVED_TYPES.get(phonenumbers.number_type(parsed), NumberType.UNKNOWN)
