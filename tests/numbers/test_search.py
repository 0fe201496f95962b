"""Orders and keys: total, nulls last, ties ascending; and what tells two searches apart."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import BadUserInput
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter, PriceRange
from gateway.numbers.model import CurrencyCode, Number, Pricing
from gateway.numbers.search import Order, OrderField, Search, mirrored, price_currency
from tests.numbers.build import NOW, monthly, number, numbers
from tests.numbers.order import ANY_ORDER, ORDERS, compare, in_order

ROWS = st.lists(numbers(), max_size=12, unique_by=lambda row: (row.e164, row.origin.provider, row.origin.source))


@settings(deadline=None)
@given(ROWS, ANY_ORDER)
def test_sorting_by_key_is_the_order(rows: list[Number], order: Order) -> None:
    """Keys sort rows exactly as the order's own words say."""
    assert sorted(rows, key=Search(order=order).key) == in_order(rows, order)


@settings(deadline=None)
@given(numbers(), numbers(), numbers(), ANY_ORDER)
def test_keys_are_a_total_order(one: Number, two: Number, three: Number, order: Order) -> None:
    """Antisymmetric, transitive, and equal only for one number at one source."""
    key = Search(order=order).key
    first, second, third = sorted((key(one), key(two), key(three)))
    assert first <= second <= third
    assert first <= third
    assert (key(one) == key(two)) == (compare(order)(one, two) == 0)
    assert (key(one) < key(two)) == (compare(order)(one, two) < 0)


@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_nulls_come_last_in_both_directions(order: Order) -> None:
    """A row without the value stands behind all that have one."""
    if order.field is OrderField.E164:
        return
    bare = number("+80012345678", pricing=Pricing(), updated_at=None)
    full = number("+99", pricing=monthly("9" * 9), said_country="ZZ", updated_at=NOW)
    key = Search(order=order).key
    assert sorted([bare, full], key=key) == [full, bare]


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        (OrderField.MONTHLY_PRICE, ({"pricing": monthly("1")}, {"pricing": monthly("2")})),
        (OrderField.COUNTRY, ({"said_country": "GB"}, {"said_country": "US"})),
        (OrderField.UPDATED_AT, ({"updated_at": NOW}, {"updated_at": NOW.replace(microsecond=1)})),
    ],
)
def test_descending_reverses_the_field_alone(field: OrderField, facts: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """DESC turns the values round; numbers of one value stay ascending."""
    low, high = ([number(e164, **fact) for e164 in ("+12", "+13")] for fact in facts)
    key = Search(order=Order(field=field, descending=True)).key
    assert sorted([*low, *high], key=key) == [*high, *low]


def test_numbers_order_as_text_of_their_digits() -> None:
    """+120 comes before +2: digits are text; downwards a prefix comes after what it begins; ties stay ascending."""
    rows = [number("+120"), number("+12"), number("+2"), number("+12", source="b")]
    digits = [(row.e164, row.origin.source) for row in sorted(rows, key=Search().key)]
    assert digits == [("+12", "a"), ("+12", "b"), ("+120", "a"), ("+2", "a")]
    downwards = Search(order=Order(descending=True)).key
    digits = [(row.e164, row.origin.source) for row in sorted(rows, key=downwards)]
    assert digits == [("+2", "a"), ("+120", "a"), ("+12", "a"), ("+12", "b")]


def test_prices_of_any_length_compare_exactly() -> None:
    """Amounts that differ in their 29th digit, and amounts of huge exponents, keep their order in both directions."""
    prices = ("1234567890123456789012345678.51", "1234567890123456789012345678.52", "1e39")
    rows = [number(f"+1{place}", pricing=monthly(text)) for place, text in enumerate(prices)]
    for descending in (False, True):
        key = Search(order=Order(field=OrderField.MONTHLY_PRICE, descending=descending)).key
        assert sorted(rows, key=key) == (rows[::-1] if descending else rows)


@settings(deadline=None)
@given(st.from_regex("[0-9]{1,15}", fullmatch=True), st.from_regex("[0-9]{1,15}", fullmatch=True))
def test_mirrored_digits_sort_the_other_way_round(one: str, other: str) -> None:
    """A mirror reverses every comparison, prefixes included."""
    assert (one < other) == (mirrored(other) < mirrored(one))


@settings(deadline=None)
@given(st.from_regex("[A-Z]{2}", fullmatch=True), st.from_regex("[A-Z]{2}", fullmatch=True))
def test_mirrored_countries_sort_the_other_way_round(one: str, other: str) -> None:
    """The same holds for country codes."""
    assert (one < other) == (mirrored(other) < mirrored(one))


def test_admission_is_the_filter_s() -> None:
    """A search takes what its filter takes."""
    search = Search(wanted=Filter(e164=DigitsMatch(starts_with="44")))
    assert [search.admits(number(e164)) for e164 in ("+44123", "+12")] == [True, False]


def price(minimum: str) -> Filter:
    """Prices in dollars from this one on."""
    return Filter(monthly_price=PriceRange(currency=CurrencyCode("USD"), minimum=Decimal(minimum)))


def test_the_fingerprint_is_pinned() -> None:
    """Eight bytes, four for the filter and four for the order, the same in every process and release."""
    assert Search().fingerprint.hex() == "3eb0994f183079cc"
    assert Search(wanted=price("0.30"), order=Order(field=OrderField.COUNTRY)).fingerprint.hex() == "325e44031f712567"


def test_equal_searches_have_one_fingerprint() -> None:
    """0.3 and 0.30 are one filter: a cursor made with one is good with the other, whichever was met first."""
    short, long = Search(wanted=price("0.3")), Search(wanted=price("0.30"))
    assert short == long
    assert short.fingerprint == long.fingerprint
    assert Search(wanted=price("7.0")).fingerprint == Search(wanted=price("7")).fingerprint


@settings(deadline=None)
@given(ANY_ORDER, ANY_ORDER, st.sampled_from((EVERYTHING, price("1"), price("2"))))
def test_the_fingerprint_tells_filter_from_order(one: Order, other: Order, wanted: Filter) -> None:
    """Its first half changes with the filter alone, its second with the order alone."""
    first, second = Search(wanted=wanted, order=one), Search(wanted=EVERYTHING, order=other)
    assert (first.fingerprint[:4] == second.fingerprint[:4]) == (wanted == EVERYTHING)
    assert (first.fingerprint[4:] == second.fingerprint[4:]) == (one == other)


@pytest.mark.parametrize(
    ("wanted", "field", "expected", "reason"),
    [
        (EVERYTHING, OrderField.E164, None, "other orders need no currency"),
        (price("1"), OrderField.E164, None, "other orders need no currency, given or not"),
        (price("1"), OrderField.MONTHLY_PRICE, "USD", "the filter names it"),
        (Filter(all_of=(EVERYTHING, price("1"))), OrderField.MONTHLY_PRICE, "USD", "a part that must hold names it"),
    ],
)
def test_the_currency_of_an_order(wanted: Filter, field: OrderField, expected: str | None, reason: str) -> None:
    """A price order has the one currency that its filter demands."""
    assert price_currency(Search(wanted=wanted, order=Order(field=field))) == expected, reason


@pytest.mark.parametrize("wanted", [EVERYTHING, Filter(any_of=(price("1"),)), Filter(none_of=price("1"))])
def test_a_price_order_needs_a_currency(wanted: Filter) -> None:
    """Amounts of different currencies do not compare; a branch that need not hold names none."""
    with pytest.raises(BadUserInput, match="monthlyPrice"):
        price_currency(Search(wanted=wanted, order=Order(field=OrderField.MONTHLY_PRICE)))
