"""Filters, condition by condition."""

from decimal import Decimal
from typing import Any

import pytest

from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.filters import (
    EVERYTHING,
    DigitsMatch,
    Filter,
    PriceRange,
    TextMatch,
    admission,
    conjuncts,
    named,
    verdict,
)
from gateway.numbers.model import Availability, CurrencyCode, Health, HealthState, Lifecycle, location
from tests.numbers.build import monthly, number

HERE: dict[str, Any] = {
    "said_country": CountryCode("GB"),
    "said_type": NumberType.TOLL_FREE,
    "availability": Availability.OWNED,
    "lifecycle": Lifecycle.ACTIVE,
    "health": Health(state=HealthState.HEALTHY),
    "usable_for_new_sessions": True,
    "category": "Gold",
    "location": location("1245", "Chelmsford"),
    "pricing": monthly("0.30", "GBP"),
}
NUMBER = number("+441245123456", **HERE)
BARE = number("+65123456789")
GBP, USD = CurrencyCode("GBP"), CurrencyCode("USD")


def digits(**match: Any) -> Filter:  # noqa: ANN401 - the fields of a DigitsMatch
    """A filter of digits alone."""
    return Filter(e164=DigitsMatch(**match))


def place(**match: str) -> Filter:
    """A filter of the location alone."""
    return Filter(location=TextMatch(**match))


def price(currency: CurrencyCode = GBP, minimum: str | None = None, maximum: str | None = None) -> Filter:
    """A filter of the monthly price alone."""
    ends = (None if end is None else Decimal(end) for end in (minimum, maximum))
    return Filter(monthly_price=PriceRange(currency=currency, minimum=next(ends), maximum=next(ends)))


ADMISSIONS = [
    (EVERYTHING, True, "no condition takes everything"),
    (digits(), True, "a match without conditions takes everything"),
    (digits(among=(E164("+441245123456"),)), True, "the whole number"),
    (digits(among=(E164("+44124512345"),)), False, "a prefix is another number"),
    (digits(among=()), False, "an empty list takes nothing"),
    (digits(starts_with="4412"), True, "first digits, without the plus"),
    (digits(starts_with="1245"), False, "the country code comes first"),
    (digits(contains="5123"), True, "somewhere"),
    (digits(ends_with="3456"), True, "last digits"),
    (digits(starts_with="44", ends_with="9"), False, "all conditions hold together"),
    (place(equals="chelmsford"), True, "the name, upper and lower case alike"),
    (place(equals="1245"), True, "the code"),
    (place(starts_with="CHELM"), True, "how it begins"),
    (place(contains="msf"), True, "what stands in it"),
    (place(ends_with="FORD"), True, "how it ends"),
    (
        place(starts_with="12", ends_with="ford"),
        False,
        "one word must meet all of it: not the code and then the name",
    ),
    (price(), True, "a price in that currency"),
    (price(USD), False, "other currencies do not compare"),
    (price(minimum="0.3", maximum="0.3"), True, "both ends are included, 0.30 equals 0.3"),
    (price(minimum="0.31"), False, "below"),
    (price(maximum="0.29"), False, "above"),
    (Filter(providers=("WEBEX",)), True, "any of the providers"),
    (Filter(providers=("CALLGEAR",)), False, "none of the providers"),
    (Filter(sources=("b", "a")), True, "any of the sources"),
    (Filter(sources=()), False, "an empty list takes nothing"),
    (Filter(countries=(CountryCode("GB"),)), True, "country"),
    (Filter(availability=(Availability.OWNED, Availability.RELEASED)), True, "availability"),
    (Filter(lifecycle=(Lifecycle.RESERVED,)), False, "lifecycle"),
    (Filter(health=(HealthState.HEALTHY,)), True, "health"),
    (Filter(number_types=(NumberType.TOLL_FREE,)), True, "number type, by the provider's word"),
    (Filter(categories=("gold",)), True, "a category in lower case"),
    (Filter(categories=("GOLD",)), True, "a category in upper case"),
    (Filter(categories=("silver",)), False, "another category"),
    (Filter(usable_for_new_sessions=True), True, "usable"),
    (Filter(usable_for_new_sessions=False), False, "not usable"),
    (Filter(all_of=(Filter(sources=("a",)), digits(contains="9"))), False, "all parts must hold"),
    (Filter(all_of=()), True, "no parts, nothing to hold"),
    (Filter(any_of=(Filter(sources=("b",)), digits(contains="3"))), True, "one part must hold"),
    (Filter(any_of=()), False, "none of no parts holds"),
    (Filter(none_of=Filter(sources=("a",))), False, "the part must not hold"),
    (Filter(none_of=Filter(sources=("b",)), sources=("a",)), True, "conditions beside it still hold"),
]
"""Filters, and whether they take the number."""


@pytest.mark.parametrize(("wanted", "expected", "reason"), ADMISSIONS)
def test_admission(wanted: Filter, expected: bool, reason: str) -> None:
    """Each condition takes and refuses what it says."""
    assert admission(wanted)(NUMBER) is expected, reason


@pytest.mark.parametrize(
    "wanted",
    [
        place(contains=""),
        price(),
        Filter(categories=("gold",)),
        Filter(usable_for_new_sessions=True),
        Filter(usable_for_new_sessions=False),
        Filter(health=(HealthState.HEALTHY, HealthState.UNHEALTHY)),
    ],
)
def test_what_a_provider_cannot_say_matches_nothing(wanted: Filter) -> None:
    """A number without the fact is not taken by a condition on it, whichever way the condition goes."""
    assert admission(wanted)(BARE) is False


def test_derived_facts_are_filtered_too() -> None:
    """Country and type fall back to the numbering plan in filters as they do in answers."""
    assert admission(Filter(countries=(CountryCode("SG"),), number_types=(NumberType.UNKNOWN,)))(BARE)


FACTS = {
    "providers": frozenset[object]({"WEBEX"}),
    "sources": frozenset[object]({"a"}),
    "availability": frozenset[object]({Availability.OWNED, Availability.RELEASED}),
}


@pytest.mark.parametrize(
    ("wanted", "expected", "reason"),
    [
        (EVERYTHING, True, "everything is taken"),
        (Filter(providers=("WEBEX", "CALLGEAR")), True, "its provider is wanted"),
        (Filter(providers=("CALLGEAR",)), False, "its provider is not wanted"),
        (Filter(sources=()), False, "an empty list takes nothing"),
        (Filter(countries=()), False, "also where nothing is known of the source"),
        (Filter(availability=(Availability.OWNED,)), None, "it may have others"),
        (Filter(availability=(Availability.OWNED, Availability.RELEASED)), True, "all it may have"),
        (Filter(countries=(CountryCode("GB"),)), None, "only the rows can tell"),
        (digits(contains="1"), None, "only the rows can tell"),
        (place(equals="x"), None, "only the rows can tell"),
        (price(), None, "only the rows can tell"),
        (Filter(usable_for_new_sessions=True), None, "only the rows can tell"),
        (Filter(sources=("b",), e164=DigitsMatch(contains="1")), False, "one refusal decides"),
        (Filter(all_of=(Filter(sources=("a",)), Filter(sources=("b",)))), False, "one refused part decides"),
        (Filter(any_of=(Filter(sources=("b",)), Filter(sources=("a",)))), True, "one taken branch decides"),
        (Filter(any_of=(Filter(sources=("b",)), digits(contains="1"))), None, "an open branch stays open"),
        (Filter(any_of=(Filter(sources=("b",)),)), False, "all branches refused"),
        (Filter(any_of=()), False, "no branches"),
        (Filter(none_of=Filter(sources=("b",))), True, "the opposite of False"),
        (Filter(none_of=Filter(sources=("a",))), False, "the opposite of True"),
        (Filter(none_of=digits(contains="1")), None, "the opposite of unknown"),
    ],
)
def test_verdict_on_a_source(wanted: Filter, expected: bool | None, reason: str) -> None:
    """A source is skipped only when no row of it can be wanted."""
    assert verdict(wanted, FACTS) is expected, reason


def test_conjuncts_are_the_parts_that_must_hold() -> None:
    """The filter itself and its ``all_of``, at any depth; never a branch of ``any_of`` or a ``none_of``."""
    inner = Filter(all_of=(digits(contains="2"),))
    wanted = Filter(all_of=(digits(contains="1"), inner), any_of=(digits(contains="3"),), none_of=digits(contains="4"))
    assert list(conjuncts(wanted)) == [wanted, digits(contains="1"), inner, digits(contains="2")]


@pytest.mark.parametrize(
    ("wanted", "expected", "reason"),
    [
        (EVERYTHING, None, "nothing is named"),
        (digits(contains="1"), None, "digits are not a number"),
        (digits(among=(E164("+12"),)), ("+12",), "one number"),
        (
            Filter(all_of=(digits(among=(E164("+12"), E164("+13"))), digits(among=(E164("+12"),)))),
            ("+12",),
            "the shortest",
        ),
        (Filter(any_of=(digits(among=(E164("+12"),)),)), None, "a branch need not hold"),
        (digits(among=()), (), "no number at all"),
    ],
)
def test_named_numbers(wanted: Filter, expected: tuple[str, ...] | None, reason: str) -> None:
    """The numbers that every wanted row must be among, so that only they need be asked for."""
    assert named(wanted) == expected, reason


def test_equal_filters_are_one_function() -> None:
    """A filter is compiled once, however often its value is built anew."""
    assert admission(digits(contains="123")) is admission(digits(contains="123"))
