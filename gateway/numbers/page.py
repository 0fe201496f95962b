"""One page of several ordered lists: its rows, and whether there are others on either side."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from gateway.numbers.cursor import Place
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range

Rows = tuple[Number, ...]


class Page(Struct, frozen=True, kw_only=True):
    """Rows in the order of a search. ``end``: the walk goes on from there rather than from the last row."""

    rows: Rows
    has_next: bool
    has_previous: bool
    end: Place | None = None

    def has_more(self, wanted: Range) -> bool:
        """Whether rows follow in the direction of the walk."""
        return self.has_next if wanted.last is None else self.has_previous

    def edge(self, wanted: Range) -> Number | None:
        """The row from which the walk goes on."""
        if not self.rows:
            return None
        return self.rows[-1] if wanted.last is None else self.rows[0]

    def kept(self, source: str) -> int:
        """How many rows are of a source."""
        return sum(number.origin.source == source for number in self.rows)

    def behind(self, wanted: Range, *, passed: bool) -> "Page":
        """The page where some source has rows on the other side of the place that the walk began at."""
        if wanted.last is None:
            return replace(self, has_previous=self.has_previous or (passed and wanted.after is not None))
        return replace(self, has_next=self.has_next or (passed and wanted.before is not None))

    def cut(self, search: Search, wanted: Range, ends: Sequence[Place]) -> "Page":
        """The page up to the nearest of the places at which sources stopped, unless it ends before."""
        if not ends or self.has_more(wanted):
            return self
        if wanted.last is None:
            end = min(ends, key=lambda place: place.key)
            rows = tuple(number for number in self.rows if search.key(number) <= end.key)
            return replace(self, rows=rows, has_next=True, end=end)
        end = max(ends, key=lambda place: place.key)
        rows = tuple(number for number in self.rows if search.key(number) >= end.key)
        return replace(self, rows=rows, has_previous=True, end=end)

    def gap(self, search: Search, wanted: Range) -> Gap:
        """What a source that was not read is missing here: from the page's start to its end, open where the page is."""
        edge = self.edge(wanted)
        after, before = wanted.after, wanted.before
        place = self.end if edge is None or self.end is not None else Place(search.key(edge))
        if place is None or not self.has_more(wanted):
            return Gap(after, before)
        return Gap(after, place) if wanted.last is None else Gap(place, before)


def page_of(search: Search, wanted: Range, lists: Iterable[Rows]) -> Page:
    """The rows of the page, whether more follow, whether some come before (Relay, Cursor Connections, 4.4)."""
    key, admits = search.key, search.admits
    spans = [(rows, _start(rows, wanted.after, search), _stop(rows, wanted.before, search)) for rows in lists]
    if wanted.last is not None:
        found = filter(admits, heapq.merge(*(_backwards(*span) for span in spans), key=key, reverse=True))
        page = list(islice(found, wanted.last + 1))
        beyond = ((rows, stop, len(rows)) for rows, _, stop in spans)
        return Page(
            rows=tuple(page[: wanted.last][::-1]),
            has_next=wanted.before is not None and _any(search, beyond),
            has_previous=len(page) > wanted.last,
        )
    found = filter(admits, heapq.merge(*(_forwards(*span) for span in spans), key=key))
    page = list(found) if wanted.first is None else list(islice(found, wanted.first + 1))
    beyond = ((rows, 0, start) for rows, start, _ in spans)
    return Page(
        rows=tuple(page[: wanted.first]),
        has_next=wanted.first is not None and len(page) > wanted.first,
        has_previous=wanted.after is not None and _any(search, beyond),
    )


def _start(rows: Rows, after: Place | None, search: Search) -> int:
    return 0 if after is None else bisect_right(rows, after.key, key=search.key)


def _stop(rows: Rows, before: Place | None, search: Search) -> int:
    return len(rows) if before is None else bisect_left(rows, before.key, key=search.key)


def _forwards(rows: Rows, start: int, stop: int) -> Iterator[Number]:
    return (rows[index] for index in range(start, stop))


def _backwards(rows: Rows, start: int, stop: int) -> Iterator[Number]:
    return (rows[index] for index in range(stop - 1, start - 1, -1))


def _any(search: Search, spans: Iterator[tuple[Rows, int, int]]) -> bool:
    return any(search.admits(number) for span in spans for number in _forwards(*span))
