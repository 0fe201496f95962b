"""The cheap order: source by source, reading only what a page needs."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UNLISTED, AllSourcesFailed, SourceMisconfigured, SourceTimeout
from gateway.numbers.blocks import Block, Paging
from gateway.numbers.chain import chain
from gateway.numbers.chain_page import SCANNED_AT_MOST, Stream
from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.grid import cover
from gateway.numbers.model import Number
from gateway.numbers.search import Order, OrderField, Search
from gateway.numbers.windows import Range
from tests.numbers.lists import (
    BY_SOURCE,
    OFFSETS,
    Upstream,
    World,
    in_list_order,
    read,
    run,
    told,
    walk,
    walk_back,
    worlds,
)


@given(worlds(), st.integers(1, 60))
def test_a_walk_gives_every_row_once_in_source_order(world: World, size: int) -> None:
    """Pages of any size, over lists that clamp or do not count, give each source's own order, source after source."""
    assert walk(world.upstreams(), size) == in_list_order(world.upstreams())


@given(worlds(), st.integers(1, 60))
def test_backwards_is_the_reverse_of_forwards(world: World, size: int) -> None:
    """Walking from the end gives the same list."""
    assert walk_back(world.upstreams(), size) == in_list_order(world.upstreams())


@given(worlds(), st.integers(1, 60))
def test_descending_reverses_the_sources_alone(world: World, size: int) -> None:
    """The last source comes first; inside a source the provider's order stays."""
    search = Search(order=Order(field=OrderField.SOURCE, descending=True))
    expected = in_list_order(world.upstreams(), reverse=True)
    assert walk(world.upstreams(), size, search) == expected
    assert walk_back(world.upstreams(), size, search) == expected


@given(worlds(), st.integers(1, 30), st.sampled_from(["1", "93", "77"]))
def test_a_filter_keeps_its_rows_in_order(world: World, size: int, digits: str) -> None:
    """What a filter admits comes in list order, however little it keeps, both ways."""
    search = Search(wanted=Filter(e164=DigitsMatch(contains=digits)), order=BY_SOURCE.order)
    expected = [text for text in in_list_order(world.upstreams()) if digits in text]
    assert walk(world.upstreams(), size, search) == expected
    assert walk_back(world.upstreams(), size, search) == expected


@given(st.integers(0, 2000), st.integers(1, 100))
def test_up_to_100_rows_are_covered_by_one_page_of_200(start: int, count: int) -> None:
    """Page cover: one aligned block of at most 200 rows holds any window of up to 100 rows."""
    blocks = cover(start, count, Paging(size=200, aligned=True))
    assert len(blocks) == 1
    block = blocks[0]
    assert block.start % block.size == 0
    assert block.start <= start
    assert start + count <= block.start + block.size


def test_larger_windows_are_covered_by_several_pages() -> None:
    """A page that no single block holds is asked for in aligned blocks of the largest size."""
    assert cover(150, 300, Paging(size=200, aligned=True)) == [Block(0, 200), Block(200, 200), Block(400, 200)]


def test_the_first_page_of_a_huge_list_costs_one_call() -> None:
    """Nothing is drained, the read covers little more than the page, and the other sources are not asked."""
    upstreams = {
        "a": Upstream("a", [f"1{row:06}" for row in range(100_000)], Paging(size=1000)),
        "b": Upstream("b", ["2000000"], Paging(size=1000)),
    }
    window = read(upstreams, first=50)
    assert upstreams["a"].calls == [Block(0, 51)]
    assert upstreams["b"].calls == []
    assert window.has_next
    assert window.reads[1].rows_read == 0
    assert window.complete


def test_the_next_page_costs_one_call() -> None:
    """The cursor's row is read along with the page, in one block."""
    upstreams = {"a": Upstream("a", [f"1{row:06}" for row in range(1000)], Paging(size=200, aligned=True))}
    after = read(upstreams, first=50).places[-1]
    upstreams["a"].calls.clear()
    assert told(read(upstreams, first=50, after=after)) == [f"1{row:06}" for row in range(50, 100)]
    assert len(upstreams["a"].calls) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda rows: rows.insert(0, rows[-1]), "100010", id="a row came before: found a little to the right"
        ),
        pytest.param(lambda rows: rows.pop(0), "100010", id="a row went before: found a little to the left"),
        pytest.param(lambda rows: rows.reverse(), "100008", id="everything turned round: found where it went"),
    ],
)
def test_a_cursor_finds_its_number_where_it_moved(change: Callable[[list[Number]], object], expected: str) -> None:
    """Rows that come or go before the cursor move nothing: the page goes on behind the cursor's number."""
    upstreams = {"a": Upstream("a", [f"1{row:05}" for row in range(60)], Paging(size=20))}
    after = read(upstreams, first=10).places[-1]
    change(upstreams["a"].rows)
    window = read(upstreams, first=10, after=after)
    assert told(window)[0] == expected
    assert window.reads[0].remarks == ()


def test_a_cursor_whose_number_is_gone_goes_on_and_says_so() -> None:
    """The row behind a deleted cursor row is not skipped; the account says that the place is not certain."""
    upstreams = {"a": Upstream("a", [f"1{row:05}" for row in range(60)], Paging(size=20))}
    after = read(upstreams, first=10).places[-1]
    del upstreams["a"].rows[9]
    window = read(upstreams, first=10, after=after)
    assert told(window)[0] == "100010"
    assert "skipped or doubled" in window.reads[0].remarks[0]


def test_a_list_that_ignores_where_to_start_ends() -> None:
    """The same page again is not read for ever."""
    upstream = Upstream("a", [f"1{row:05}" for row in range(60)], Paging(size=20), counts=False)
    upstream.ignores_start = True
    window = read({"a": upstream}, first=50)
    assert told(window) == [f"1{row:05}" for row in range(20)]
    assert not window.has_next


def test_unreadable_rows_keep_their_places() -> None:
    """A row that cannot be read is skipped, counted, and moves no other row."""
    upstreams = {"a": Upstream("a", [f"1{row:05}" for row in range(60)], Paging(size=20))}
    upstreams["a"].unreadable = frozenset({3, 17})
    expected = [f"1{row:05}" for row in range(60) if row not in {3, 17}]
    assert walk(upstreams, 7) == expected
    assert read(upstreams, first=2).reads[0].rows_skipped == 0
    assert read(upstreams, first=7).reads[0].rows_skipped > 0


def test_a_page_that_would_read_too_much_is_cut_short() -> None:
    """A filter that keeps nothing reads a bounded number of rows a page, and the next page goes on from there."""
    upstreams = {"a": Upstream("a", [f"1{row:06}" for row in range(SCANNED_AT_MOST + 5000)], Paging(size=10_000))}
    search = Search(wanted=Filter(e164=DigitsMatch(ends_with=f"{SCANNED_AT_MOST + 4000}")), order=BY_SOURCE.order)
    window = read(upstreams, search, first=10)
    assert told(window) == []
    assert window.has_next
    assert window.end is not None
    assert walk(upstreams, 10, search) == [f"1{SCANNED_AT_MOST + 4000:06}"]


def test_a_failed_source_leaves_a_gap_that_can_be_read_later() -> None:
    """The others' rows come; reading the gap afterwards gives exactly what was missing."""
    upstreams = {
        name: Upstream(name, [f"{place}{row:05}" for row in range(30)], OFFSETS) for place, name in enumerate("abc", 1)
    }
    upstreams["b"].error = SourceTimeout("too slow")
    window = read(upstreams, first=1000)
    assert told(window) == [f"1{row:05}" for row in range(30)] + [f"3{row:05}" for row in range(30)]
    assert not window.complete
    gap = window.reads[1].gap
    assert gap is not None
    upstreams["b"].error = None
    assert told(read(upstreams, first=1000, after=gap.after, before=gap.before)) == [f"2{row:05}" for row in range(30)]
    assert told(read(upstreams, last=1000, after=gap.after, before=gap.before)) == [f"2{row:05}" for row in range(30)]


def test_a_source_that_fails_behind_a_cursor_leaves_the_rest_as_its_gap() -> None:
    """The gap begins at the cursor, not at the source's start."""
    upstreams = {
        name: Upstream(name, [f"{place}{row:05}" for row in range(30)], OFFSETS) for place, name in enumerate("ab", 1)
    }
    after = read(upstreams, first=10).places[-1]
    upstreams["a"].error = SourceTimeout("too slow")
    window = read(upstreams, first=100, after=after)
    gap = window.reads[0].gap
    assert gap is not None
    assert gap.after == after
    upstreams["a"].error = None
    assert told(read(upstreams, first=100, after=gap.after, before=gap.before)) == [
        f"1{row:05}" for row in range(10, 30)
    ]


def test_late_answers_of_a_failed_source_are_not_taken_for_the_next_one() -> None:
    """Of several blocks asked at once the first fails; what comes of the others is nobody's, least of all the next source's."""
    upstreams = {
        name: Upstream(name, [f"{place}{row:05}" for row in range(200)], Paging(size=40))
        for place, name in enumerate("ab", 1)
    }
    upstreams["a"].error = SourceTimeout("too slow")
    window = read(upstreams, first=100)
    assert len(upstreams["a"].calls) > 1
    assert told(window) == [f"2{row:05}" for row in range(100)]


def test_a_source_that_fails_half_way_keeps_what_it_gave() -> None:
    """Rows that came before the failure are shown, and the gap begins behind them, also when it is the only source."""
    upstream = Upstream("a", [f"1{row:05}" for row in range(100)], Paging(size=200), counts=False, cap=30)
    upstream.breaks_after = 1
    window = read({"a": upstream}, first=80)
    assert told(window) == [f"1{row:05}" for row in range(30)]
    gap = window.reads[0].gap
    assert gap is not None
    upstream.breaks_after = None
    assert told(read({"a": upstream}, first=80, after=gap.after, before=gap.before)) == [
        f"1{row:05}" for row in range(30, 100)
    ]


def test_backwards_a_failed_source_is_a_gap_too() -> None:
    """The same account backwards, and the rows of the others."""
    upstreams = {
        name: Upstream(name, [f"{place}{row:05}" for row in range(3)], OFFSETS) for place, name in enumerate("ab", 1)
    }
    upstreams["b"].error = SourceTimeout("too slow")
    window = read(upstreams, last=10)
    assert told(window) == ["100000", "100001", "100002"]
    assert not window.complete
    assert [read.gap is not None for read in window.reads] == [True, False]


@pytest.mark.parametrize("span", [{"first": 5}, {"last": 5}])
def test_when_all_fail_there_is_no_page(span: dict[str, int]) -> None:
    """An empty page would be a lie."""
    upstreams = {name: Upstream(name, ["1"], OFFSETS) for name in "ab"}
    for upstream in upstreams.values():
        upstream.error = SourceTimeout("too slow")
    with pytest.raises(AllSourcesFailed):
        read(upstreams, BY_SOURCE, **span)


def test_a_source_without_a_list_is_awaited() -> None:
    """No list at all, or one that this account lacks: nothing is known of it, so the page is not complete."""
    unlisted = Upstream("b", [], OFFSETS)
    unlisted.error = SourceMisconfigured("no list", reason=UNLISTED)
    streams = [Stream("a", None), Stream("b", OFFSETS)]
    window = run(chain(BY_SOURCE, Range(first=5), streams), lambda ask: unlisted.answer(ask.block))
    assert [account.awaiting for account in window.reads] == [True, True]
    assert not window.complete


def test_a_row_that_appears_twice_is_shown_once() -> None:
    """A list that shifts between two blocks of one page doubles no row on it."""
    upstreams = {"a": Upstream("a", ["1", "2", "2", "3"], OFFSETS)}
    assert told(read(upstreams, first=10)) == ["1", "2", "3"]


def test_a_whole_window_between_two_places() -> None:
    """``after`` and ``before`` bound the page on both sides, across sources."""
    upstreams = {
        name: Upstream(name, [f"{place}{row}" for row in range(5)], OFFSETS) for place, name in enumerate("abc", 1)
    }
    places = read(upstreams, first=15).places
    assert (len(places), list(places)[-1], list(places[3:5])) == (15, places[-1], [places[3], places[4]])
    assert told(read(upstreams, first=20, after=places[3], before=places[11])) == [
        "14",
        *(f"2{row}" for row in range(5)),
        "30",
    ]
    assert told(read(upstreams, last=2, after=places[3], before=places[11])) == ["24", "30"]
    assert told(read(upstreams, last=0)) == []


def test_backwards_a_place_whose_number_moved_is_found() -> None:
    """The page ends before the cursor's number, wherever it went; where it is gone, before its old offset."""
    upstreams = {"a": Upstream("a", [f"1{row}" for row in range(8)], OFFSETS)}
    before = read(upstreams, first=8).places[5]
    upstreams["a"].rows.insert(0, upstreams["a"].rows.pop())
    assert told(read(upstreams, last=2, before=before)) == ["13", "14"]
    del upstreams["a"].rows[6]
    assert told(read(upstreams, last=2, before=before)) == ["12", "13"]
