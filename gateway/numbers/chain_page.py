"""The page of the cheap order while it is found: rows source by source, each with its place."""

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import overload

from msgspec import Struct
from msgspec.structs import replace

from gateway.numbers.blocks import Paging
from gateway.numbers.cursor import Place
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Range, Read, Window

SCANNED_AT_MOST = 20_000
"""Rows read for one page at most; a filter that keeps little then gets a short page, and goes on from there."""

_Row = tuple[str, int, Number]
"""A source's name, an offset there, and what stands at it."""


class Stream(Struct, frozen=True):
    """A source as the chain sees it; ``paging`` is None where there is no list. ``sure``: all its rows are wanted."""

    source: str
    paging: Paging | None
    sure: bool = False


class ChainPage:
    """The rows found so far, each with its place; one more than wanted is looked for, to know whether more follow."""

    def __init__(self, search: Search, wanted: Range) -> None:
        self._resumed = wanted.after is not None
        self._admits = search.admits
        self._size = wanted.first or 0
        self._found: list[_Row] = []
        self._scanned = 0
        self._last: _Row | None = None

    @property
    def lacking(self) -> int:
        """Rows still looked for."""
        return self._size + 1 - len(self._found)

    @property
    def full(self) -> bool:
        """Whether nothing more is read for this page."""
        return self.lacking <= 0 or self._scanned >= SCANNED_AT_MOST

    def offer(self, stream: Stream, rows: Iterable[tuple[int, Number]], seen: set[str]) -> None:
        """Take those of a source's rows that are wanted and were not seen, in their order, until the page is full."""
        if self.full:
            return
        found, admits, last = self._found, self._admits, self._last
        source, sure = stream.source, stream.sure
        room, left = self.lacking, SCANNED_AT_MOST - self._scanned
        for offset, number in rows:
            if number.e164 in seen:
                continue
            seen.add(number.e164)
            last = (source, offset, number)
            left -= 1
            if sure or admits(number):
                found.append(last)
                room -= 1
            if not (room and left):
                break
        self._last, self._scanned = last, SCANNED_AT_MOST - left

    def window(self, reads: Sequence[Read]) -> Window:
        """What was found, with the account of every source."""
        kept = self._found[: self._size]
        cut_short = self.full and self.lacking > 0
        held = Counter(map(itemgetter(0), kept))
        return Window(
            numbers=tuple(number for _, _, number in kept),
            places=_Places(kept),
            has_next=len(self._found) > self._size or cut_short,
            has_previous=self._resumed,
            total=None,
            complete=not any(read.error is not None or read.awaiting for read in reads),
            reads=tuple(replace(read, rows_kept=held[read.source]) for read in reads),
            end=_place(self._last) if cut_short and self._last else None,
        )


def _place(row: _Row) -> Place:
    source, offset, number = row
    return Place((source, offset, number.e164[1:]))


class _Places(Sequence[Place]):
    """The places of rows, each made when somebody asks for it: mostly only the last one's is."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Place: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Place]: ...

    def __getitem__(self, at: int | slice) -> Place | Sequence[Place]:
        return _Places(self._rows[at]) if isinstance(at, slice) else _place(self._rows[at])
