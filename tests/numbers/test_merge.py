"""One window over several lists: who is asked, what a failure becomes, and what is accounted for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.errors import AllSourcesFailed, SourceError, SourceTimeout, SourceUnavailable
from gateway.numbers.cursor import Place
from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.merge import Snapshot, Whole, in_order, merge
from gateway.numbers.model import Number
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range, Read, Window
from tests.numbers.build import NOW, number

BY_NUMBER = Search()
FIVES = Search(wanted=Filter(e164=DigitsMatch(ends_with="5")))


def held(source: str, *digits: str) -> Snapshot:
    """A snapshot of these numbers."""
    rows = tuple(number(f"+{text}", source=source) for text in digits)
    return Snapshot(rows=in_order(rows, BY_NUMBER), as_of=NOW, sent=len(rows))


def place(digits: str, source: str) -> Place:
    """Where a number of a source stands in the order of numbers."""
    return Place(BY_NUMBER.key(number(f"+{digits}", source=source)))


def window(
    answers: Mapping[str, Snapshot | SourceError],
    search: Search = BY_NUMBER,
    *,
    counted: bool = False,
    **span: Any,  # noqa: ANN401 - the fields of a Range
) -> Window:
    """A page over sources that answer so, the last one first."""
    steps = merge(search, Range(**span), list(answers), counted=counted)
    try:
        asks = list(next(steps))
        assert asks == [Whole(name) for name in answers]
        while True:
            ask = asks.pop()
            asks += steps.send((ask, answers[ask.source]))
    except StopIteration as end:
        found: Window = end.value
        return found


def texts(rows: tuple[Number, ...]) -> list[str]:
    """Numbers and sources, readable."""
    return [f"{row.e164[1:]}{row.origin.source}" for row in rows]


ABC = {"a": held("a", "11", "15", "19"), "b": held("b", "11", "12", "25"), "c": held("c")}


@pytest.mark.parametrize(
    ("span", "rows", "more", "reason"),
    [
        ({}, ["11a", "11b", "12b", "15a", "19a", "25b"], (False, False), "no bounds: all rows, one order"),
        ({"first": 2}, ["11a", "11b"], (True, False), "the same number at two sources: by source name"),
        ({"first": 6}, ["11a", "11b", "12b", "15a", "19a", "25b"], (False, False), "exactly all"),
        ({"first": 0}, [], (True, False), "nothing asked for, and more there"),
        ({"last": 2}, ["19a", "25b"], (False, True), "from the end"),
        ({"last": 0}, [], (False, True), "nothing from the end"),
        ({"first": 2, "after": place("11", "a")}, ["11b", "12b"], (True, True), "between two rows of one number"),
        ({"first": 9, "after": place("13", "z")}, ["15a", "19a", "25b"], (False, True), "after a row that is gone"),
        (
            {"first": 9, "after": place("10", "a")},
            ["11a", "11b", "12b", "15a", "19a", "25b"],
            (False, False),
            "after a row that was before all",
        ),
        ({"last": 2, "before": place("15", "a")}, ["11b", "12b"], (True, True), "before a row"),
        (
            {"last": 9, "before": place("99", "a")},
            ["11a", "11b", "12b", "15a", "19a", "25b"],
            (False, False),
            "behind all",
        ),
        (
            {"first": 9, "after": place("12", "b"), "before": place("19", "a")},
            ["15a"],
            (False, True),
            "between two rows",
        ),
        ({"first": 9, "after": place("19", "a"), "before": place("12", "b")}, [], (False, True), "bounds that cross"),
    ],
)
def test_the_rows_of_a_page(span: dict[str, Any], rows: list[str], more: tuple[bool, bool], reason: str) -> None:
    """Rows strictly between the bounds, in the one order, and whether there are others on either side."""
    found = window(ABC, **span)
    assert texts(found.numbers) == rows, reason
    assert (found.has_next, found.has_previous) == more, reason
    assert [BY_NUMBER.key(row) for row in found.numbers] == [at.key for at in found.places]
    assert found.complete


def test_a_filter_reaches_over_the_page() -> None:
    """Rows that are not wanted do not count: neither on the page nor as what follows or precedes."""
    found = window(ABC, FIVES, first=2, after=place("11", "a"))
    assert (texts(found.numbers), found.has_next, found.has_previous) == (["15a", "25b"], False, False)


def test_totals_are_counted_when_asked_for() -> None:
    """Each source's wanted rows, and their sum; without being asked for nothing is counted."""
    found = window(ABC, FIVES, first=1, counted=True)
    assert ([read.total for read in found.reads], found.total) == ([1, 1, 0], 2)
    found = window(ABC, FIVES, first=1)
    assert ([read.total for read in found.reads], found.total) == ([None] * 3, None)


def test_every_source_is_accounted_for() -> None:
    """What was read and kept, how old it is, and what was odd about it."""
    odd = Snapshot(
        rows=ABC["b"].rows, as_of=NOW - timedelta(hours=1), sent=5, stale=True, skipped=2, drift=("unreadable rows",)
    )
    found = window({"a": ABC["a"], "b": odd}, first=3)
    assert found.reads == (
        Read(source="a", rows_read=3, rows_kept=1, as_of=NOW),
        Read(
            source="b",
            rows_read=5,
            rows_kept=2,
            rows_skipped=2,
            as_of=NOW - timedelta(hours=1),
            stale=True,
            remarks=("unreadable rows",),
        ),
    )


@pytest.mark.parametrize(
    ("span", "gap", "reason"),
    [
        ({"first": 2}, Gap(None, place("15", "a")), "up to the last row, behind which the next page begins"),
        ({"first": 3}, Gap(None, None), "the page reaches the end"),
        ({"first": 0}, Gap(None, None), "an empty page covers nothing"),
        ({"first": 1, "after": place("11", "a")}, Gap(place("11", "a"), place("15", "a")), "between two pages"),
        ({"first": 9, "before": place("15", "a")}, Gap(None, place("15", "a")), "no further than was asked"),
        ({"last": 2}, Gap(place("15", "a"), None), "from the first row, before which the previous page ends"),
        ({"last": 9, "before": place("19", "a")}, Gap(None, place("19", "a")), "the page reaches the start"),
    ],
)
def test_a_failure_becomes_a_gap(span: dict[str, Any], gap: Gap, reason: str) -> None:
    """A source that failed lacks exactly the keys that the page covers; the others are served."""
    error = SourceTimeout("late")
    found = window({"a": ABC["a"], "b": error}, counted=True, **span)
    assert found.reads[1] == Read(source="b", error=error, gap=gap), reason
    assert (found.complete, found.total) == (False, None)
    assert {row.origin.source for row in found.numbers} <= {"a"}


def test_gaps_fit_together() -> None:
    """Page by page, what a failed source lacks makes up the whole range, without overlap."""
    answers: dict[str, Snapshot | SourceError] = {"a": ABC["a"], "b": SourceTimeout("late")}
    after: Place | None = None
    gaps = []
    for _ in range(3):
        found = window(answers, first=1, after=after)
        gaps.append(found.reads[1].gap)
        after = found.places[-1]
    edges = [(gap.after, gap.before) for gap in gaps if gap]
    assert edges == [(None, place("11", "a")), (place("11", "a"), place("15", "a")), (place("15", "a"), None)]


def test_what_is_not_known_yet_is_not_empty() -> None:
    """A source that awaits its first event is no complete answer: it has a gap, no age and no total."""
    awaiting = Snapshot(rows=(), as_of=NOW, sent=0, awaiting=True)
    found = window({"a": ABC["a"], "z": awaiting}, first=2, counted=True)
    assert found.reads[1] == Read(source="z", awaiting=True, gap=Gap(None, place("15", "a")))
    assert (found.complete, found.total, found.reads[0].total) == (False, None, 3)


def test_awaiting_alone_is_no_failure() -> None:
    """When all that is asked awaits, the page is empty and says that it is not complete."""
    found = window({"z": Snapshot(rows=(), as_of=NOW, sent=0, awaiting=True)}, first=2)
    assert (found.numbers, found.complete) == ((), False)


def test_nothing_readable_is_an_error() -> None:
    """When every source failed, an empty page would be a lie."""
    late, down = SourceTimeout("late"), SourceUnavailable("down")
    with pytest.raises(AllSourcesFailed, match="a: late; b: down") as failed:
        window({"b": down, "a": late})
    assert failed.value.failures == {"a": late, "b": down}


def test_no_sources_is_an_empty_complete_page() -> None:
    """Nobody was asked, so nobody is missing."""
    with pytest.raises(StopIteration) as end:
        next(merge(BY_NUMBER, Range(first=2), [], counted=True))
    assert (end.value.value.numbers, end.value.value.complete, end.value.value.total) == ((), True, 0)


def test_the_account_does_not_depend_on_who_answered_first() -> None:
    """Reports stand in name order, whoever failed first."""
    found = window({"c": ABC["c"], "b": SourceTimeout("late"), "a": ABC["a"], "d": SourceTimeout("late")})
    assert [read.source for read in found.reads] == ["a", "b", "c", "d"]


def test_a_snapshot_weighs_its_rows() -> None:
    """An empty snapshot weighs something too, and is a full answer."""
    assert (ABC["a"].weight, ABC["c"].weight, ABC["c"].negative) == (4, 1, False)
