"""Lists that change before every answer, and the merged walk over them: what a gateway does, without its sockets."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from gateway.errors import SourceError, SourceUnavailable
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.drain import drain
from gateway.numbers.e164 import E164
from gateway.numbers.gathered import Drained
from gateway.numbers.merge import Snapshot, in_order, merge
from gateway.numbers.search import Search
from gateway.numbers.windows import Range, Window
from tests.numbers.build import NOW, number

LONGEST = 160
POOL = 900_000
"""Numbers that rows are drawn from: so many that none that was deleted comes again in another place, which nobody could tell."""
CALLS_AT_MOST = 3_000
"""Calls that reading a list of that length may take at all, whatever happens to it."""
DOWN = SourceUnavailable("down")


class Manners(Struct, frozen=True, kw_only=True):
    """How a list is read and what it keeps of its promises.

    ``cap``: pages are silently cut to so many rows. ``totals``: it states how many rows there are, ``counted`` says
    that this is documented to be so. ``doubles``: past its end stands its last page again.
    """

    size: int
    aligned: bool = False
    totals: bool = False
    counted: bool = False
    cap: int | None = None
    doubles: bool = False

    @property
    def paging(self) -> Paging:
        """How this list is read."""
        return Paging(size=self.size, aligned=self.aligned, counted=self.counted, ahead=8 if self.aligned else 1)


KINDS = ("any offset", "any offset, with a total", "counted", "pages", "pages, with a total")


@st.composite
def honest(draw: st.DrawFn) -> Manners:
    """A list of any offset, of pages alone, or counted, that keeps what it promises."""
    kind = draw(st.sampled_from(KINDS))
    return Manners(
        size=draw(st.integers(10, 40)),
        aligned="pages" in kind,
        totals="total" in kind or kind == "counted",
        counted=kind == "counted",
    )


@st.composite
def lying(draw: st.DrawFn) -> Manners:
    """The same, but it clamps its pages or repeats the last one past its end, or both."""
    cap = draw(st.none() | st.integers(5, 30))
    return replace(draw(honest()), cap=cap, doubles=cap is None or draw(st.booleans()))


class Shifting:
    """One source: its rows in its own order, and which numbers were inserted or deleted since a walk began."""

    def __init__(self, name: str, manners: Manners, rows: int, random: Random) -> None:
        self.name = name
        self.manners = manners
        self.random = random
        self.rows = [_e164(drawn) for drawn in random.sample(range(POOL), rows)]
        self.moved: set[E164] = set()
        self.moved_since_read: set[E164] = set()
        self.down = False
        self.kept: Snapshot | None = None
        self.length: int | None = None
        self.calls = 0

    def change(self, changes: int) -> None:
        """Insert a row, delete one, or give one another number, so many times and anywhere."""
        for _ in range(changes):
            place, new = self.random.randint(0, len(self.rows)), _e164(self.random.randrange(POOL))
            kind = self.random.choice(("insert", "delete", "renumber"))
            stop = place + (kind != "insert")
            fresh = [new] if kind != "delete" and new not in self.rows else []
            touched = {*self.rows[place:stop], *fresh}
            self.moved |= touched
            self.moved_since_read |= touched
            self.rows[place:stop] = fresh

    @property
    def known(self) -> list[E164]:
        """The rows of now that a walk which begins now can know of: what is kept is allowed to be old."""
        return [row for row in self.rows if self.kept is None or row not in self.moved_since_read]

    def answer(self, block: Block) -> Listing:
        """What it answers to one block, just now."""
        self.calls += 1
        size = min(block.size, self.manners.cap or block.size)
        start = block.index * size if self.manners.aligned else block.start
        past = self.manners.doubles and start >= len(self.rows)
        start = max(0, len(self.rows) - 1) // size * size if past else start
        rows = tuple(number(e164, self.name) for e164 in self.rows[start : start + size])
        total = len(self.rows) if self.manners.totals else None
        return Listing(rows=rows, sent=len(rows), total=total, as_of=NOW)


def _e164(drawn: int) -> E164:
    return E164(f"+1{drawn:06d}")


class Gateway:
    """The merged list over these sources; each of them changes ``changes`` times before every answer of any."""

    def __init__(self, sources: Sequence[Shifting], search: Search, random: Random) -> None:
        self.sources: Mapping[str, Shifting] = {source.name: source for source in sources}
        self.search = search
        self._random = random

    def page(self, span: Range, changes: int) -> Window:
        """One page, from kept snapshots where there are any."""
        steps = merge(self.search, span, list(self.sources), counted=False)
        asks = list(next(steps))
        while True:
            ask = asks.pop(self._random.randrange(len(asks)))
            try:
                asks += steps.send((ask, self._snapshot(self.sources[ask.source], changes)))
            except StopIteration as end:
                window: Window = end.value
                return window

    def _snapshot(self, source: Shifting, changes: int) -> Snapshot | SourceError:
        if source.down:
            return DOWN
        if source.kept is None:
            drained = self._drained(source, changes)
            source.length = drained.sent
            rows = in_order(drained.rows, self.search)
            source.kept = Snapshot(rows=rows, as_of=drained.as_of, sent=drained.sent, drift=drained.drift)
        return source.kept

    def _drained(self, source: Shifting, changes: int) -> Drained:
        """Read a list whole; what is under way is answered in any order."""
        source.moved_since_read.clear()
        steps = drain(source.manners.paging, source.length)
        asks, calls = next(steps), 0
        while True:
            calls += 1
            assert calls < CALLS_AT_MOST, "the list is read without end"
            block = asks.pop(self._random.randrange(len(asks)))
            for other in self.sources.values():
                other.change(changes)
            try:
                asks += steps.send((block, source.answer(block)))
            except StopIteration as end:
                drained: Drained = end.value
                return drained

    def between(self, span: Range, changes: int) -> Iterator[Window]:
        """All pages between two places, forwards, three rows each."""
        more, after = True, span.after
        while more:
            window = self.page(Range(first=3, after=after, before=span.before), changes)
            yield window
            more, after = window.has_next, window.end or (window.places[-1] if window.places else after)
