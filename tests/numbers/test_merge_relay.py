"""Windows against the Relay specification's own algorithms, written down a second time."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gateway.errors import SourceError, SourceTimeout
from gateway.numbers.cursor import Place
from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.merge import Snapshot, merge
from gateway.numbers.model import Number
from gateway.numbers.search import Order, Search
from gateway.numbers.windows import Gap, Range, Window
from tests.numbers.build import NOW, numbers
from tests.numbers.order import ANY_ORDER, compare, in_order
from tests.numbers.test_filters_oracle import takes

SOURCES = ("a", "b", "c")
FILTERS = st.sampled_from((Filter(), Filter(e164=DigitsMatch(starts_with="1")), Filter(sources=("a", "c"))))


class Asked(Struct, frozen=True, kw_only=True):
    """One random question: the rows everywhere, which sources fail, and the arguments of a connection."""

    rows: list[Number]
    failing: frozenset[str]
    order: Order
    wanted: Filter
    first: int | None
    last: int | None
    after: Number | None
    before: Number | None

    @property
    def search(self) -> Search:
        """The filter and the order."""
        return Search(wanted=self.wanted, order=self.order)

    @property
    def span(self) -> Range:
        """The arguments as places."""
        after, before = (None if row is None else Place(self.search.key(row)) for row in (self.after, self.before))
        return Range(first=self.first, last=self.last, after=after, before=before)


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    """Rows with many ties; bounds that are rows, or rows that have gone; never ``first`` and ``last`` together."""
    unique = lambda row: (row.e164, row.origin.provider, row.origin.source)  # noqa: E731 - one use
    rows = draw(st.lists(numbers(SOURCES), max_size=12, unique_by=unique))
    bounds = st.none() | numbers(SOURCES) | (st.sampled_from(rows) if rows else st.none())
    forwards = draw(st.booleans())
    count = draw(st.integers(0, 14))
    return Asked(
        rows=rows,
        failing=draw(st.frozensets(st.sampled_from(SOURCES), max_size=2)),
        order=draw(ANY_ORDER),
        wanted=draw(FILTERS),
        first=count if forwards else None,
        last=None if forwards else count,
        after=draw(bounds),
        before=draw(bounds),
    )


def answered(asked: Asked) -> Window:
    """The window that the gateway makes."""
    steps = merge(asked.search, asked.span, SOURCES, counted=True)
    asks = list(next(steps))
    try:
        while True:
            ask = asks.pop()
            answer: Snapshot | SourceError = SourceTimeout("late")
            if ask.source not in asked.failing:
                rows = in_order((row for row in asked.rows if row.origin.source == ask.source), asked.order)
                answer = Snapshot(rows=tuple(rows), as_of=NOW, sent=len(rows))
            asks += steps.send((ask, answer))
    except StopIteration as end:
        found: Window = end.value
        return found


def edges_to_return(asked: Asked) -> tuple[list[Number], bool, bool]:
    """EdgesToReturn, HasNextPage and HasPreviousPage of the specification, over one sorted list of all rows.

    A row that has gone still has its place in the order, so a cursor cuts there. Where the specification leaves a
    side open that was not asked about, it is answered: the bound itself, if it is still there, is such a row.
    """
    compared = compare(asked.order)
    readable = [row for row in asked.rows if row.origin.source not in asked.failing and takes(asked.wanted, row)]
    every = in_order(readable, asked.order)
    edges = [row for row in every if asked.after is None or compared(row, asked.after) > 0]
    edges = [row for row in edges if asked.before is None or compared(row, asked.before) < 0]
    precede = asked.after is not None and any(compared(row, asked.after) <= 0 for row in every)
    follow = asked.before is not None and any(compared(row, asked.before) >= 0 for row in every)
    if asked.first is not None:
        return edges[: asked.first], len(edges) > asked.first, precede
    assert asked.last is not None
    return edges[max(0, len(edges) - asked.last) :], follow, len(edges) > asked.last


@settings(deadline=None, max_examples=150)
@given(questions())
def test_windows_are_the_specification_s(asked: Asked) -> None:
    """Rows, hasNextPage and hasPreviousPage equal the specification's for any rows, bounds, order, filter and failures."""
    found = answered(asked)
    assert (list(found.numbers), found.has_next, found.has_previous) == edges_to_return(asked)


@settings(deadline=None)
@given(questions())
def test_accounts_are_right(asked: Asked) -> None:
    """Completeness, totals and kept rows hold for any failures; a failed source's gap is what the page covers."""
    found = answered(asked)
    assert found.complete == (not asked.failing)
    assert [read.source for read in found.reads] == list(SOURCES)
    for read in found.reads:
        mine = [row for row in asked.rows if row.origin.source == read.source]
        if read.source in asked.failing:
            assert (read.total, read.rows_kept, type(read.error)) == (None, 0, SourceTimeout)
            assert read.gap == _covered(asked, found)
        else:
            assert read.total == sum(takes(asked.wanted, row) for row in mine)
            assert read.rows_kept == sum(row.origin.source == read.source for row in found.numbers)
            assert (read.error, read.gap) == (None, None)
    readable = [read.total or 0 for read in found.reads]
    assert found.total == (None if asked.failing else sum(readable))


def _covered(asked: Asked, found: Window) -> Gap:
    forwards, span = asked.first is not None, asked.span
    return Gap(
        after=found.places[0] if not forwards and found.has_previous and found.places else span.after,
        before=found.places[-1] if forwards and found.has_next and found.places else span.before,
    )


@settings(deadline=None)
@given(questions(), st.integers(1, 5))
def test_walking_backwards_is_the_reverse_of_walking_forwards(asked: Asked, size: int) -> None:
    """Page by page, either way, every row comes exactly once, in order."""
    every = edges_to_return(_part(asked, first=99))[0]
    forwards: list[Number] = []
    at: Number | None = None
    more = True
    while more:
        found = answered(_part(asked, first=size, after=at))
        forwards += found.numbers
        at, more = (found.numbers[-1] if found.numbers else None), found.has_next
    backwards: list[Number] = []
    at, more = None, True
    while more:
        found = answered(_part(asked, last=size, before=at))
        backwards = [*found.numbers, *backwards]
        at, more = (found.numbers[0] if found.numbers else None), found.has_previous
    assert forwards == backwards == every


def _part(
    asked: Asked,
    *,
    first: int | None = None,
    last: int | None = None,
    after: Number | None = None,
    before: Number | None = None,
) -> Asked:
    return Asked(
        rows=asked.rows,
        failing=asked.failing,
        order=asked.order,
        wanted=asked.wanted,
        first=first,
        last=last,
        after=after,
        before=before,
    )
