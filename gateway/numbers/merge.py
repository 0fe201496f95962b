"""Many lists as one ordered window: a generator that asks for what it lacks and is sent it, or the error instead.

One key places a page in every source at once, because the order is total. Nothing here
waits: the caller answers each question, in any order.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime
from itertools import islice

from msgspec import Struct

from gateway.errors import AllSourcesFailed, SourceError
from gateway.numbers.cursor import Place
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range, Read, Window


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything one source holds, in the merged order of one search's order field, or in its own for ``SOURCE``.

    ``stale``: the provider did not answer and this is an older copy. ``awaiting``: not everything is known of the
    source yet, perhaps nothing; the rows are what is. ``sent``: rows read, also the unreadable ones, which ``skipped`` counts.
    """

    rows: tuple[Number, ...]
    as_of: datetime
    sent: int
    stale: bool = False
    awaiting: bool = False
    skipped: int = 0
    drift: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """Rows held; what it costs to keep."""
        return len(self.rows) + 1

    @property
    def negative(self) -> bool:
        """An empty list is a full answer."""
        return False


class Whole(Struct, frozen=True):
    """The question for a source's snapshot."""

    source: str


Answer = tuple[Whole, "Snapshot | SourceError"]


def merge(
    search: Search, wanted: Range, sources: Sequence[str], *, counted: bool
) -> Generator[Sequence[Whole], Answer, Window]:
    """One page over several sources. ``counted``: whether the totals are wanted, which costs a look at every row.

    Raises:
        AllSourcesFailed: not one of the sources could be read.
    """
    snapshots: dict[str, Snapshot] = {}
    failures: dict[str, SourceError] = {}
    asks: Sequence[Whole] = tuple(map(Whole, sources))
    while len(snapshots) + len(failures) < len(sources):
        ask, answer = yield asks
        asks = ()
        if isinstance(answer, SourceError):
            failures[ask.source] = answer
        else:
            snapshots[ask.source] = answer
    if failures and not snapshots:
        raise AllSourcesFailed(failures)
    return _window(
        search, wanted, {name: snapshots[name] for name in sources if name in snapshots}, failures, counted=counted
    )


def _window(
    search: Search, wanted: Range, snapshots: dict[str, Snapshot], failures: dict[str, SourceError], *, counted: bool
) -> Window:
    readable = {name: held for name, held in snapshots.items() if not held.awaiting}
    page, has_next, has_previous = _page(search, wanted, [held.rows for held in snapshots.values()])
    totals = {name: sum(map(search.admits, held.rows)) for name, held in readable.items()} if counted else {}
    gap = _gap(search, wanted, page, has_next=has_next, has_previous=has_previous)
    reads = [_account(name, held, page, totals.get(name), gap) for name, held in snapshots.items()]
    reads += [Read(source=name, error=error, gap=gap) for name, error in failures.items()]
    complete = len(readable) == len(reads)
    return Window(
        numbers=tuple(page),
        places=tuple(Place(search.key(number)) for number in page),
        has_next=has_next,
        has_previous=has_previous,
        total=sum(totals.values()) if counted and complete else None,
        complete=complete,
        reads=tuple(sorted(reads, key=lambda read: read.source)),
    )


def _account(name: str, held: Snapshot, page: list[Number], total: int | None, gap: Gap) -> Read:
    return Read(
        source=name,
        rows_read=held.sent,
        rows_kept=sum(number.origin.source == name for number in page),
        rows_skipped=held.skipped,
        total=total,
        as_of=None if held.awaiting else held.as_of,
        stale=held.stale,
        awaiting=held.awaiting,
        remarks=held.drift,
        gap=gap if held.awaiting else None,
    )


def _page(search: Search, wanted: Range, lists: list[tuple[Number, ...]]) -> tuple[list[Number], bool, bool]:
    """The rows of the page, whether more follow, whether some come before (Relay, Cursor Connections, 4.4)."""
    key, admits = search.key, search.admits
    spans = [(rows, _start(rows, wanted.after, search), _stop(rows, wanted.before, search)) for rows in lists]
    if wanted.last is not None:
        found = filter(admits, heapq.merge(*(_backwards(*span) for span in spans), key=key, reverse=True))
        page = list(islice(found, wanted.last + 1))
        more = len(page) > wanted.last
        page = page[: wanted.last][::-1]
        beyond = ((rows, stop, len(rows)) for rows, _, stop in spans)
        return page, wanted.before is not None and _any(search, beyond), more
    found = filter(admits, heapq.merge(*(_forwards(*span) for span in spans), key=key))
    page = list(found) if wanted.first is None else list(islice(found, wanted.first + 1))
    more = wanted.first is not None and len(page) > wanted.first
    beyond = ((rows, 0, start) for rows, start, _ in spans)
    return page[: wanted.first], more, wanted.after is not None and _any(search, beyond)


Span = tuple[tuple[Number, ...], int, int]


def _start(rows: tuple[Number, ...], after: Place | None, search: Search) -> int:
    return 0 if after is None else bisect_right(rows, after.key, key=search.key)


def _stop(rows: tuple[Number, ...], before: Place | None, search: Search) -> int:
    return len(rows) if before is None else bisect_left(rows, before.key, key=search.key)


def _forwards(rows: tuple[Number, ...], start: int, stop: int) -> Iterator[Number]:
    return (rows[index] for index in range(start, stop))


def _backwards(rows: tuple[Number, ...], start: int, stop: int) -> Iterator[Number]:
    return (rows[index] for index in range(stop - 1, start - 1, -1))


def _any(search: Search, spans: Iterator[Span]) -> bool:
    return any(search.admits(number) for span in spans for number in _forwards(*span))


def _gap(search: Search, wanted: Range, page: list[Number], *, has_next: bool, has_previous: bool) -> Gap:
    """What a source that was not read is missing here: from the page's start to its end, open where the page is."""
    after, before = wanted.after, wanted.before
    if wanted.last is not None and has_previous and page:
        after = Place(search.key(page[0]))
    if wanted.last is None and has_next and page:
        before = Place(search.key(page[-1]))
    return Gap(after, before)


def in_order(rows: Sequence[Number], search: Search) -> tuple[Number, ...]:
    """Rows sorted for a snapshot."""
    return tuple(sorted(rows, key=search.key))
