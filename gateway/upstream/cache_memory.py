"""What is kept in this process: an aiocache backend bounded by bytes; aiocache's own memory cache has no bound."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar
from zlib import crc32

import msgspec
from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from msgspec.structs import replace

from gateway.numbers.model import NO_PRICING, Number, Record

T = TypeVar("T")

MEMORY_BYTES = 192 * 1024 * 1024
"""The estimated bytes of all entries together."""

ROW_BYTES = 160
"""What a row costs beside its text: its objects, their headers and the places that point at them."""

POINTER_BYTES = 8

MEASURED = 8
"""Rows whose text is measured, at least, where there are more."""

COUNTED = 256
"""Rows among which the details are counted, at least, where there are more."""

NO_DETAILS = Record()

SOFT, SPREAD = 0.7, 0.2
"""A copy in use is refreshed once it has had this part of its ttl, and up to so much later: not all at once."""


class Kept(Protocol):
    """What can be kept: it knows when it was heard, and how much it weighs in rows."""

    @property
    def as_of(self) -> datetime:
        """When it was heard."""
        ...

    @property
    def weight(self) -> int:
        """Rows it holds, at least 1."""
        ...

    @property
    def negative(self) -> bool:
        """Whether it says that there is nothing, which is believed only briefly."""
        ...


class Entry:
    """A value as it is kept, with what was made of it.

    ``generation``: of the shared cache when its load began, None where there was none. ``soft``: the part of its ttl
    after which it is refreshed. ``refreshed``: whether that was tried.
    """

    __slots__ = ("generation", "made", "refreshed", "size", "soft", "value")

    def __init__(self, key: str, value: Kept, generation: str | None = None) -> None:
        self.value = value
        self.generation = generation
        self.size = size_of(value)
        self.soft = SOFT + SPREAD * crc32(key.encode()) / 2**32
        self.refreshed = False
        self.made: dict[str, tuple[object, Any]] = {}


def size_of(value: Kept) -> int:
    """Bytes that a value takes: its text and its rows. Measured over all providers it is 1 to 3 times the truth.

    The rows of one list are much alike: of a long one, some are measured for all. Prices and places are held once, and
    so are the details of rows that differ in nothing but their numbers.
    """
    rows: Sequence[Number] = getattr(value, "rows", ())
    if len(rows) <= MEASURED:
        return len(msgspec.msgpack.encode(value)) + ROW_BYTES * value.weight
    some, more = _some(rows, MEASURED), _some(rows, COUNTED)
    own = [replace(row, details=NO_DETAILS, pricing=NO_PRICING, location=None) for row in some]
    distinct = len({id(row.details) for row in more}) / len(more)
    details = len(msgspec.msgpack.encode([row.details for row in some])) * distinct
    return int((len(msgspec.msgpack.encode(own)) + details) * len(rows) / len(some)) + ROW_BYTES * value.weight


def _some(rows: Sequence[Number], least: int) -> Sequence[Number]:
    return rows[:: max(1, len(rows) // least)]


class BoundedMemory(BaseCache):  # type: ignore[misc]  # aiocache ships no types
    """An aiocache backend in this process that forgets what was longest unused once it holds too many bytes.

    ``get``, ``set`` and ``delete`` are aiocache's themselves, not what it wraps: its wrapper reads the environment and goes
    through plugins at each call, at 6 µs where the work takes 0.2.
    """

    def __init__(self, limit: int = MEMORY_BYTES) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._limit = limit
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._groups: defaultdict[str, set[str]] = defaultdict(set)
        self.size = 0

    async def get(self, key: str, **options: Any) -> Entry | None:  # noqa: ANN401, ARG002 - the signature is aiocache's
        """The entry under a key."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    async def set(self, key: str, value: Entry, **options: Any) -> bool:  # noqa: ANN401, ARG002 - the signature is aiocache's
        """Put an entry there, unless it is larger than everything together may be."""
        self._drop(key)
        if value.size > self._limit:
            return False  # it would drive everything else out, and then itself
        self._entries[key] = value
        self._groups[_group(key)].add(key)
        self._grow(value.size)
        return True

    async def delete(self, key: str, **options: Any) -> int:  # noqa: ANN401, ARG002 - the signature is aiocache's
        """Forget a key; how many there were."""
        return self._drop(key)

    def made(self, key: str, origin: object, name: str, make: Callable[[], T]) -> T:
        """What ``make`` makes of ``origin``, a part of the entry: made once, and forgotten with the entry."""
        entry = self._entries.get(key)
        if entry is None:
            return make()
        before = entry.made.get(name)
        if before is not None and before[0] is origin:
            return before[1]  # type: ignore[no-any-return]  # under one name stands one kind of thing
        thing = make()
        entry.made[name] = (origin, thing)
        grown = 0 if before else POINTER_BYTES * entry.value.weight
        entry.size += grown
        self._grow(grown)
        return thing

    def forget(self, scope: str, but: str = "") -> None:
        """Drop every key of a scope, but those of one purpose."""
        for group in [group for group in self._groups if group.startswith(f"{scope}/") and group != f"{scope}/{but}"]:
            for key in list(self._groups[group]):
                self._drop(key)

    def _drop(self, key: str) -> int:
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.size -= entry.size
        group = _group(key)
        self._groups[group].discard(key)
        if not self._groups[group]:
            del self._groups[group]
        return 1

    def _grow(self, size: int) -> None:
        self.size += size
        while self.size > self._limit:
            self._drop(next(iter(self._entries)))


def _group(key: str) -> str:
    """Scope and purpose of a key."""
    return key.rpartition("/")[0]
