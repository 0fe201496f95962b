"""Filters against an evaluator written a second time, in the plainest words."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.numbers.filters import DigitsMatch, Filter, PriceRange, TextMatch, admission, conjuncts, named, verdict
from gateway.numbers.model import Availability, Number
from tests.numbers.build import CATEGORIES, FILTERS, number, numbers
from tests.numbers.test_filters import ADMISSIONS, BARE, NUMBER


def takes(wanted: Filter, held: Number) -> bool:
    """Whether a number meets a filter: every given condition, one after the other."""
    said: dict[str, Any] = {
        "providers": held.origin.provider,
        "sources": held.origin.source,
        "countries": held.country,
        "availability": held.availability,
        "lifecycle": held.lifecycle,
        "health": held.health.state,
        "number_types": held.number_type,
    }
    for field, fact in said.items():
        values = getattr(wanted, field)
        if values is not None and fact not in values:
            return False
    return takes_words(wanted, held) and takes_digits(wanted.e164, held) and takes_parts(wanted, held)


def takes_words(wanted: Filter, held: Number) -> bool:
    """Category, location, price and usability."""
    if wanted.categories is not None:
        category = held.category
        if category is None or category.lower() not in [word.lower() for word in wanted.categories]:
            return False
    if wanted.usable_for_new_sessions is not None and held.usable_for_new_sessions != wanted.usable_for_new_sessions:
        return False
    if wanted.location is not None:
        place = held.location
        words = [word for word in (place.code, place.name) if word] if place else []
        if not any(reads(wanted.location, word) for word in words):
            return False
    return wanted.monthly_price is None or costs(wanted.monthly_price, held)


def reads(match: TextMatch, word: str) -> bool:
    """Whether a word meets all the given parts."""
    word = word.lower()
    parts = [
        match.equals is None or match.equals.lower() == word,
        match.starts_with is None or word[: len(match.starts_with)] == match.starts_with.lower(),
        match.contains is None or word.count(match.contains.lower()) > 0,
        match.ends_with is None or word[len(word) - len(match.ends_with) :] == match.ends_with.lower(),
    ]
    return all(parts)


def costs(wanted: PriceRange, held: Number) -> bool:
    """Whether the price lies in the range."""
    price = held.pricing.monthly
    if price is None or price.currency != wanted.currency:
        return False
    below = wanted.minimum is not None and price.amount < wanted.minimum
    above = wanted.maximum is not None and price.amount > wanted.maximum
    return not (below or above)


def takes_digits(match: DigitsMatch | None, held: Number) -> bool:
    """Whether the digits meet all the given parts."""
    if match is None:
        return True
    digits = held.e164.removeprefix("+")
    tails = {digits[place:] for place in range(len(digits) + 1)}
    heads = {digits[:place] for place in range(len(digits) + 1)}
    parts = [
        match.among is None or any(held.e164 == e164 for e164 in match.among),
        match.starts_with is None or match.starts_with in heads,
        match.contains is None or any(tail.startswith(match.contains) for tail in tails),
        match.ends_with is None or match.ends_with in tails,
    ]
    return all(parts)


def takes_parts(wanted: Filter, held: Number) -> bool:
    """The joined filters."""
    alls = [takes(part, held) for part in wanted.all_of or ()]
    anys = [takes(part, held) for part in wanted.any_of or ()]
    refused = wanted.none_of is not None and takes(wanted.none_of, held)
    return False not in alls and (wanted.any_of is None or True in anys) and not refused


@pytest.mark.parametrize(("wanted", "expected", "reason"), ADMISSIONS)
def test_the_plain_evaluator_agrees_with_the_table(wanted: Filter, expected: bool, reason: str) -> None:
    """The evaluator is right about every condition that is written out by hand."""
    assert takes(wanted, NUMBER) is expected, reason
    assert not takes(Filter(none_of=Filter(), location=wanted.location, monthly_price=wanted.monthly_price), BARE)


@settings(deadline=None)
@given(FILTERS, st.lists(numbers(), min_size=1, max_size=8))
def test_admission_equals_the_plain_evaluator(wanted: Filter, rows: list[Number]) -> None:
    """Random filters take exactly the numbers that the plain evaluator takes."""
    assert [admission(wanted)(row) for row in rows] == [takes(wanted, row) for row in rows]


AVAILABILITIES = st.frozensets(st.sampled_from(Availability), min_size=1, max_size=2)


@settings(deadline=None)
@given(FILTERS, AVAILABILITIES, st.data())
def test_a_verdict_is_never_wrong(wanted: Filter, possible: frozenset[Availability], data: st.DataObject) -> None:
    """False: no row of such a source is admitted. True: every row is. Whatever else the rows are."""
    rows = data.draw(
        st.lists(
            numbers(("a",), availability=st.sampled_from(sorted(possible, key=str)), provider=st.just("WEBEX")),
            min_size=1,
            max_size=8,
        )
    )
    facts = {
        "providers": frozenset[object]({"WEBEX"}),
        "sources": frozenset[object]({"a"}),
        "availability": frozenset[object](possible),
    }
    said = verdict(wanted, facts)
    admitted = {admission(wanted)(row) for row in rows}
    assert said is None or admitted == {said}


@settings(deadline=None)
@given(FILTERS, numbers())
def test_conjuncts_hold_whenever_the_filter_holds(wanted: Filter, row: Number) -> None:
    """What may be pushed to a provider one by one never excludes a wanted number; nor do the named numbers."""
    if not admission(wanted)(row):
        return
    assert all(admission(part)(row) for part in conjuncts(wanted))
    among = named(wanted)
    assert among is None or row.e164 in among


@settings(deadline=None)
@given(st.lists(st.sampled_from(CATEGORIES), max_size=3).map(tuple), st.sampled_from(CATEGORIES))
@example(("GOLD",), "gold")
def test_categories_have_no_case(wanted: tuple[str, ...], category: str) -> None:
    """A category is found however it is written, on either side."""
    upper = Filter(categories=tuple(word.upper() for word in wanted))
    assert admission(upper)(number(category=category)) == admission(Filter(categories=wanted))(
        number(category=category)
    )
