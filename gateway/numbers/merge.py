"""Many lists as one ordered window: a generator that asks for what it lacks and is sent it, or the error instead.

One key places a page in every source at once, because the order is total. Nothing here
waits: the caller answers each question, in any order.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from gateway.errors import AllSourcesFailed, SourceError
from gateway.numbers.blocks import Listing, Paging, Part
from gateway.numbers.cursor import Place
from gateway.numbers.model import Number
from gateway.numbers.page import Page, page_of
from gateway.numbers.remarks import UNSORTED
from gateway.numbers.runs import Run
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range, Read, Window


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything one source holds, in the merged order of one search's order field, or in its own for ``SOURCE``.

    ``stale``: the provider did not answer and this is an older copy. ``awaiting``: nothing is known of the source
    yet. ``sent``: rows read, also the unreadable ones, which ``skipped`` counts.
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


Ask = Whole | Part
Answer = tuple[Ask, "Snapshot | Listing | SourceError"]


def merge(
    search: Search,
    wanted: Range,
    sources: Sequence[str],
    *,
    counted: bool,
    by_number: Mapping[str, Paging] | None = None,
) -> Generator[Sequence[Ask], Answer, Window]:
    """One page over several sources. ``counted``: whether the totals are wanted, which costs a look at every row.

    ``by_number``: sources that are read in the order of their numbers, only as far as the page needs, and how they
    are. One that breaks its order is read whole instead.

    Raises:
        AllSourcesFailed: not one of the sources could be read.
    """
    runs = {name: Run(name, paging, search, wanted) for name, paging in (by_number or {}).items()}
    held = _Held(search, wanted, runs)
    asks: Sequence[Ask] = [runs[name].ask() if name in runs else Whole(name) for name in sources]
    while asks:
        under_way = len(asks)
        while under_way:
            ask, answer = yield asks
            asks = held.take(ask, answer)
            under_way += len(asks) - 1
        asks = [run.ask() for run in held.lacking()]
    if held.failures and not held.answered:
        raise AllSourcesFailed(held.failures)
    return held.window(counted=counted)


class _Held:
    """What the sources gave so far, and the page that can be made of it."""

    def __init__(self, search: Search, wanted: Range, runs: dict[str, Run]) -> None:
        self._search = search
        self._wanted = wanted
        self._runs = runs
        self._snapshots: dict[str, Snapshot] = {}
        self._unsorted: set[str] = set()
        self.failures: dict[str, SourceError] = {}

    @property
    def answered(self) -> bool:
        """Whether any source gave anything."""
        return bool(self._snapshots) or any(run.as_of for run in self._runs.values())

    def take(self, ask: Ask, answer: Snapshot | Listing | SourceError) -> Sequence[Ask]:
        """Keep an answer; what must be asked instead."""
        name = ask.source
        if isinstance(answer, SourceError):
            self.failures[name] = answer
            if name in self._runs:
                self._runs[name].error = answer
        elif isinstance(answer, Snapshot):
            self._snapshots[name] = answer
        elif isinstance(ask, Part) and not self._runs[name].take(ask.block, answer):
            del self._runs[name]
            self._unsorted.add(name)
            return [Whole(name)]
        return ()

    def lacking(self) -> list[Run]:
        """Sources that may still have rows for the page."""
        page = self._page()
        full = page.has_more(self._wanted)
        edge = page.edge(self._wanted)
        live = [run for run in self._runs.values() if not (run.done or run.stopped)]
        return [run for run in live if not full or (edge is not None and not run.reaches(edge))]

    def _page(self) -> Page:
        rows = [held.rows for held in self._snapshots.values()]  # of awaiting ones too: what is known is shown
        page = page_of(self._search, self._wanted, [*rows, *(run.ordered for run in self._runs.values())])
        return page.behind(self._wanted, passed=any(run.passed for run in self._runs.values()))

    def window(self, *, counted: bool) -> Window:
        """The page, with the account of every source."""
        page = self._page()
        stopped = [run.end for run in self._runs.values() if run.stopped and run.error is None and not run.done]
        page = page.cut(self._search, self._wanted, [self._hinted(end) for end in stopped if end is not None])
        gap = page.gap(self._search, self._wanted)
        readable = {name: held for name, held in self._snapshots.items() if not held.awaiting}
        totals = {name: sum(map(self._search.admits, held.rows)) for name, held in readable.items()} if counted else {}
        reads = [self._of_snapshot(name, held, page, totals.get(name), gap) for name, held in self._snapshots.items()]
        reads += [self._of_run(run, page, gap) for run in self._runs.values()]
        failed = self.failures.keys() - self._runs.keys()
        reads += [Read(source=name, error=self.failures[name], gap=gap) for name in failed]
        complete = not any(read.awaiting or read.error for read in reads)
        return Window(
            numbers=page.rows,
            places=self._places(page),
            has_next=page.has_next,
            has_previous=page.has_previous,
            total=sum(totals.values()) if counted and complete else None,
            complete=complete,
            reads=tuple(sorted(reads, key=lambda read: read.source)),
            end=page.end,
        )

    def _places(self, page: Page) -> tuple[Place, ...]:
        """Where the rows stand; the one from which the walk goes on also tells where that is in each sorted source."""
        places = [Place(self._search.key(number)) for number in page.rows]
        if places and self._runs:
            at = 0 if self._wanted.last is not None else -1
            places[at] = self._hinted(places[at])
        return tuple(places)

    def _hinted(self, place: Place) -> Place:
        return Place(place.key, tuple((run.source, run.hint(place)) for run in self._runs.values()))

    def _of_snapshot(self, name: str, held: Snapshot, page: Page, total: int | None, gap: Gap) -> Read:
        return Read(
            source=name,
            rows_read=held.sent,
            rows_kept=page.kept(name),
            rows_skipped=held.skipped,
            total=total,
            as_of=None if held.awaiting else held.as_of,
            stale=held.stale,
            awaiting=held.awaiting,
            remarks=tuple(dict.fromkeys((*held.drift, UNSORTED))) if name in self._unsorted else held.drift,
            gap=gap if held.awaiting else None,
        )

    def _of_run(self, run: Run, page: Page, gap: Gap) -> Read:
        edge = page.edge(self._wanted)
        missing = run.error is not None and not (page.has_more(self._wanted) and edge is not None and run.reaches(edge))
        known = (
            Gap(gap.after, run.end or gap.before)
            if self._wanted.last is not None
            else Gap(run.end or gap.after, gap.before)
        )
        return Read(
            source=run.source,
            rows_read=run.read,
            rows_kept=page.kept(run.source),
            rows_skipped=run.skipped,
            as_of=run.as_of,
            stale=run.stale,
            remarks=run.remarks,
            error=run.error if missing else None,
            gap=known if missing else None,
        )


def in_order(rows: Sequence[Number], search: Search) -> tuple[Number, ...]:
    """Rows sorted for a snapshot."""
    return tuple(sorted(rows, key=search.key))
