"""Sources read in the order of their numbers: hints, changes, lies and bounds."""

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import SourceError, SourceTimeout, SourceTooLarge
from gateway.numbers.blocks import Listing, Paging, Part
from gateway.numbers.cursor import Place
from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.merge import Ask, Snapshot, Whole, in_order, merge
from gateway.numbers.model import Number
from gateway.numbers.remarks import UNSORTED
from gateway.numbers.search import Order, Search
from gateway.numbers.windows import Range, Window
from tests.numbers.build import NOW, number

RANDOMS = st.randoms(use_true_random=True)
UP = Search()
DOWN = Search(order=Order(descending=True))


class Market:
    """Two sources that sort by number and change before each answer, and one that is held whole.

    ``stable`` are the digits that were there all the time.
    """

    def __init__(self, rows: int, *, changes: int = 0, random: Random | None = None, size: int = 10) -> None:
        self._random = random or Random(1)  # noqa: S311 - nothing secret
        self._changes = changes
        self.paging = Paging(size=size, counted=True, sorts=True)
        self.lists = {name: sorted(self._random.sample(range(10_000, 99_999), rows)) for name in ("a", "b")}
        self.held = tuple(
            number(f"+{digits}", source="c") for digits in sorted(self._random.sample(range(10_000, 99_999), rows))
        )
        self.stable = {(str(digits), name) for name, held in self.lists.items() for digits in held}
        self.stable |= {(row.e164[1:], "c") for row in self.held}
        self.asked: list[Ask] = []
        self.error: SourceError | None = None

    def answer(self, ask: Ask, search: Search) -> Snapshot | Listing | SourceError:
        """What a source says now."""
        self.asked.append(ask)
        if isinstance(ask, Whole):
            rows = self.held if ask.source == "c" else self._numbers(ask.source, self.lists[ask.source])
            return Snapshot(rows=in_order(rows, search), as_of=NOW, sent=len(rows))
        if self.error is not None and ask.source == "a":
            return self.error
        held = self.lists[ask.source]
        for _ in range(self._changes):
            self._change(ask.source, held)
        page = sorted(held, reverse=ask.descending is True)[ask.block.start : ask.block.start + ask.block.size]
        return Listing(rows=self._numbers(ask.source, page), sent=len(page), total=len(held), as_of=NOW)

    def _numbers(self, name: str, digits: list[int]) -> tuple[Number, ...]:
        return tuple(number(f"+{text}", source=name) for text in digits)

    def _change(self, name: str, held: list[int]) -> None:
        if self._random.random() < 0.5 or not held:
            held.append(self._random.randint(10_000, 99_999))
            held[:] = sorted(set(held))
        else:
            self.stable.discard((str(held.pop(self._random.randrange(len(held)))), name))

    def page(self, search: Search, **span: Any) -> Window:  # noqa: ANN401 - the fields of a Range
        """One page of all three."""
        steps = merge(search, Range(**span), "abc", counted=False, by_number={"a": self.paging, "b": self.paging})
        waiting = list(next(steps))
        try:
            while True:
                ask = waiting.pop(self._random.randrange(len(waiting)))
                waiting += steps.send((ask, self.answer(ask, search)))
        except StopIteration as end:
            window: Window = end.value
            return window

    def walk(self, search: Search, size: int, *, back: bool = False, hints: Any = None) -> list[tuple[str, str]]:  # noqa: ANN401 - hints, whatever they are
        """All pages forwards, or backwards in the order of the walk; ``hints`` stand in for those of the cursors."""
        found: list[tuple[str, str]] = []
        place: Place | None = None
        while True:
            window = self.page(search, last=size, before=place) if back else self.page(search, first=size, after=place)
            rows = [(row.e164[1:], row.origin.source) for row in window.numbers]
            found += rows[::-1] if back else rows
            if not (window.has_previous if back else window.has_next):
                return found
            place = window.end or window.places[0 if back else -1]
            if hints is not None:
                place = Place(place.key, hints())


def in_walk(rows: set[tuple[str, str]], search: Search, *, back: bool = False) -> list[tuple[str, str]]:
    """What a walk must give: by digits, ties by source."""
    held = sorted(rows, key=lambda row: row[1])
    held.sort(key=lambda row: row[0], reverse=search.order.descending)
    return held[::-1] if back else held


@pytest.mark.parametrize("search", [UP, DOWN], ids=["up", "down"])
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_walk_gives_all_rows_in_order(search: Search, back: bool, size: int) -> None:
    """Forwards and backwards, up and down, whatever the size of the page."""
    market = Market(60)
    assert market.walk(search, size, back=back) == in_walk(market.stable, search, back=back)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 80), st.integers(0, 3), st.sampled_from((UP, DOWN)), st.booleans(), st.integers(1, 30), RANDOMS)
def test_a_walk_over_lists_that_change(
    rows: int, changes: int, search: Search, back: bool, size: int, random: Random
) -> None:
    """I1 and I2: rows that stay are given once, and keys only grow, while rows come and go before each answer."""
    market = Market(rows, changes=changes, random=random, size=20)
    found = market.walk(search, size, back=back)
    assert [row for row in found if row in market.stable] == in_walk(market.stable, search, back=back)
    assert found == in_walk(set(found), search, back=back)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abz"), st.integers(-(2**40), 2**40))), RANDOMS)
def test_hints_cost_calls_and_never_rows(hints: list[tuple[str, int]], random: Random) -> None:
    """Random, negative and huge hints, and those of sources that are not asked."""
    market = Market(40, random=random)
    assert market.walk(UP, 9, hints=lambda: tuple(hints)) == in_walk(market.stable, UP)


def test_a_cursor_finds_its_place_with_one_call() -> None:
    """The offset in a cursor leads to the block where the page goes on, one row early."""
    market = Market(200)
    place = market.page(UP, first=50).places[-1]
    market.asked.clear()
    market.page(UP, first=3, after=place)
    assert len([ask for ask in market.asked if isinstance(ask, Part)]) == 2


def test_a_source_that_fails_on_the_way_is_closed_there() -> None:
    """What it gave stays on the page; the gap runs from its last row to the page's end."""
    market = Market(40)
    first = market.page(UP, first=12)
    market.error = SourceTimeout("too slow")
    window = market.page(UP, first=12, after=first.places[-1])
    [read] = [read for read in window.reads if read.error is not None]
    assert (read.source, window.complete) == ("a", False)
    assert read.gap is not None
    assert (read.gap.after, read.gap.before) == (first.places[-1], Place(window.places[-1].key))
    market.error = None
    missing = market.page(UP, after=read.gap.after, before=read.gap.before)
    told = {(row.e164, row.origin.source) for row in missing.numbers}
    given = {(row.e164, row.origin.source) for row in window.numbers[:-1]}
    assert {row for row in told if row[1] != "a"} == given
    assert {row[1] for row in told} >= {"a"}


@pytest.mark.parametrize("lie", ["unsorted", "longer", "starts over"])
def test_a_source_that_breaks_its_order_is_read_whole(lie: str) -> None:
    """It is asked for its whole list instead, within the same page, and its account says so."""
    market = Market(40)

    class Liar(Market):
        """Answers of the first source that are not as they were asked for."""

        def answer(self, ask: Ask, search: Search) -> Snapshot | Listing | SourceError:
            """One of the lies."""
            told = super().answer(ask, search)
            if ask.source != "a" or not isinstance(ask, Part) or not isinstance(told, Listing):
                return told
            if lie == "unsorted":
                return Listing(rows=told.rows[::-1], sent=told.sent, total=told.total, as_of=NOW)
            held = self._numbers("a", self.lists["a"][: 12 if lie == "longer" else 10])
            return Listing(rows=held, sent=len(held), total=told.total, as_of=NOW)

    liar = Liar(40)
    assert liar.walk(UP, 30) == market.walk(UP, 30)
    window = liar.page(UP, first=30)
    assert [read.remarks for read in window.reads] == [(UNSORTED,), (), ()]


def test_a_list_longer_than_can_be_asked_is_closed_at_its_end() -> None:
    """Trap: CallGear's offsets end at 100,000. What lies behind is a gap, never a silent end."""
    market = Market(60)
    market.paging = Paging(size=10, counted=True, sorts=True, furthest=20)
    window = market.page(UP, first=200)
    errors = [read.error for read in window.reads if read.source != "c"]
    assert [type(error) for error in errors] == [SourceTooLarge, SourceTooLarge]
    assert not window.complete


def test_a_filter_that_keeps_little_gets_a_short_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan is bounded: the page ends at the last row that was scanned, and the walk goes on from there."""
    monkeypatch.setattr("gateway.numbers.runs.SCANNED_AT_MOST", 20)
    for back in (False, True):
        market = Market(100)
        search = Search(wanted=Filter(e164=DigitsMatch(ends_with="77")))
        window = market.page(search, last=5) if back else market.page(search, first=5)
        assert window.end is not None
        assert window.has_previous if back else window.has_next
        assert len([ask for ask in market.asked if isinstance(ask, Part)]) <= 6
        wanted = {row for row in market.stable if row[0].endswith("77")}
        assert market.walk(search, 5, back=back) == in_walk(wanted, search, back=back)
