"""Kept values as bytes, for other processes: an envelope of msgpack, with the adapter's version and what rows share.

Bytes that cannot be read, of another layout or of another version of an adapter, are nothing: never an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.model import Availability, Health, Lifecycle, Location, Number, Origin, Pricing, Record
from gateway.providers.protocol import Source
from gateway.upstream.cache_memory import Kept

LAYOUT = 1
"""Changes with this module's way of writing."""

D = TypeVar("D")


class _Row(Struct, Generic[D], array_like=True):
    """A number; what many rows share stands once in a table, and here as its place there."""

    e164: E164
    origin: int
    details: D
    availability: Availability
    lifecycle: Lifecycle
    raw_status: str | None
    usable_for_new_sessions: bool | None
    health: int
    said_country: CountryCode | None
    said_type: NumberType | None
    category: str | None
    location: int | None
    pricing: int
    provisioned_at: datetime | None
    updated_at: datetime | None


class _Envelope(Struct, array_like=True):
    """``head`` is the value without its rows, and ``kind`` the name of its class."""

    layout: int
    slug: str
    version: int
    kind: str
    head: Raw
    rows: Raw
    origins: list[Origin]
    healths: list[Health]
    locations: list[Location]
    pricings: list[Pricing]


class _Table:
    """Records, each once: rows share the very same ones."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self.records: list[Any] = []

    def place(self, record: Record) -> int:
        """Where a record stands."""
        place = self._places.setdefault(id(record), len(self.records))
        if place == len(self.records):
            self.records.append(record)
        return place


class _Tables:
    """What the rows of one value share."""

    def __init__(self) -> None:
        self.origins, self.healths, self.locations, self.pricings = _Table(), _Table(), _Table(), _Table()

    def row(self, number: Number) -> _Row[Record]:
        """A number with what it shares put into the tables."""
        return _Row(
            number.e164,
            self.origins.place(number.origin),
            number.details,
            number.availability,
            number.lifecycle,
            number.raw_status,
            number.usable_for_new_sessions,
            self.healths.place(number.health),
            number.said_country,
            number.said_type,
            number.category,
            None if number.location is None else self.locations.place(number.location),
            self.pricings.place(number.pricing),
            number.provisioned_at,
            number.updated_at,
        )


class Packing:
    """Writes and reads the values of some kinds: structs, with ``rows`` or one ``number`` where they are an adapter's."""

    def __init__(self, sources: Iterable[Source], kinds: Iterable[type[Struct]]) -> None:
        self._kinds = {kind.__name__: kind for kind in kinds}
        adapters: Mapping[str, type[Source]] = {source.slug: type(source) for source in sources}
        self._versions = {slug: adapter.version for slug, adapter in adapters.items()}
        self._rows = {slug: list[_Row[adapter.Details]] for slug, adapter in adapters.items()}  # type: ignore[name-defined]  # made for each adapter

    def packed(self, slug: str, value: Kept) -> bytes:
        """A value of an adapter as bytes."""
        held: Any = value
        numbers, head = _parted(held)
        tables = _Tables()
        rows = [tables.row(number) for number in numbers]
        envelope = _Envelope(
            LAYOUT,
            slug,
            self._versions.get(slug, 0),
            type(value).__name__,
            Raw(msgspec.msgpack.encode(head)),
            Raw(msgspec.msgpack.encode(rows)),
            tables.origins.records,
            tables.healths.records,
            tables.locations.records,
            tables.pricings.records,
        )
        return msgspec.msgpack.encode(envelope)

    def unpacked(self, data: bytes) -> Kept | None:
        """The value; None when these bytes are none of ours, or not of this version."""
        try:
            return self._read(msgspec.msgpack.decode(data, type=_Envelope))
        except (msgspec.MsgspecError, LookupError):
            return None

    def _read(self, held: _Envelope) -> Kept | None:
        if (held.layout, held.version) != (LAYOUT, self._versions.get(held.slug, 0)):
            return None
        head: Any = msgspec.msgpack.decode(held.head, type=self._kinds[held.kind])
        if held.slug in self._rows:
            rows = msgspec.msgpack.decode(held.rows, type=self._rows[held.slug])
            numbers = tuple(_number(row, held) for row in rows)
            single = "number" in head.__struct_fields__
            head = replace(head, **({"number": next(iter(numbers), None)} if single else {"rows": numbers}))
        value: Kept = head
        return value


def _parted(value: Any) -> tuple[Sequence[Number], Any]:  # noqa: ANN401 - a value of any kind
    """The numbers of a value, and the value without them."""
    if "number" in value.__struct_fields__:
        return (() if value.number is None else (value.number,)), replace(value, number=None)
    if "rows" in value.__struct_fields__:
        return value.rows, replace(value, rows=())
    return (), value


def _number(row: _Row[Any], held: _Envelope) -> Number:
    return Number(
        e164=row.e164,
        origin=held.origins[row.origin],
        details=row.details,
        availability=row.availability,
        lifecycle=row.lifecycle,
        raw_status=row.raw_status,
        usable_for_new_sessions=row.usable_for_new_sessions,
        health=held.healths[row.health],
        said_country=row.said_country,
        said_type=row.said_type,
        category=row.category,
        location=None if row.location is None else held.locations[row.location],
        pricing=held.pricings[row.pricing],
        provisioned_at=row.provisioned_at,
        updated_at=row.updated_at,
    )
