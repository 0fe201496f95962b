"""Numbers as text and back: JSON with the details of whichever provider the source has.

What many numbers of a source share (where and when they were heard of, prices, places, words) is read once and held
once: 20,000 numbers of a store take less than half the memory.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from sys import intern
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import fields, force_setattr

from gateway.numbers.model import Health, Location, Number, Origin, Pricing, Record
from gateway.providers.protocol import Source

SHARED: Mapping[str, type[Record]] = {"origin": Origin, "health": Health, "location": Location, "pricing": Pricing}
"""Records that are parts of many numbers."""

NOTHING = Raw(b"null")


class Records:
    """Writes and reads the numbers of these sources; of others everything but the details is read."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._kinds = {name: _decoder(source.Details) for name, source in sources.items()}
        self._others = _decoder(Record)

    def written(self, number: Number | None) -> str | None:
        """A number as text."""
        return None if number is None else msgspec.json.encode(number).decode()

    def read(self, source: str, text: str | None) -> Number | None:
        """The number of a text, with its source's details."""
        if text is None:
            return None
        row = self._kinds.get(source, self._others).decode(text)
        said = {name: value for name in row.__struct_fields__ if (value := getattr(row, name)) != NOTHING}
        parts = {name: _shared(name, bytes(said[name])) for name in SHARED.keys() & said.keys()}
        number = Number(**{**said, **parts})
        _thrifty(number.details)
        _thrifty(number)
        return number


def _decoder(details: type[Record]) -> msgspec.json.Decoder[Any]:
    """Reads a number's fields; those that are shared are left as text."""
    kinds = {**dict.fromkeys(SHARED, Raw), "details": details}
    defaults = dict.fromkeys(SHARED, NOTHING)
    row = msgspec.defstruct(
        "Row",
        [
            (field.name, kinds.get(field.name, field.type), defaults.get(field.name, field.default))
            for field in fields(Number)
        ],
        kw_only=True,
    )
    return msgspec.json.Decoder(row)


@lru_cache(4096)
def _shared(name: str, text: bytes) -> Record:
    return msgspec.json.decode(text, type=SHARED[name])


@lru_cache(4096)
def _amount(text: str) -> Decimal:
    return Decimal(text)


def _thrifty(record: Record) -> None:
    """Hold each text and each amount once."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        if value.__class__ is str:
            force_setattr(record, name, intern(value))
        elif value.__class__ is Decimal:
            force_setattr(record, name, _amount(str(value)))
