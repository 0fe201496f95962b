"""Rows of one answer: what they have in common is made once, and nothing of it is taken for something else."""

import pytest

from gateway.providers import rows
from gateway.providers.protocol import Lists
from tests.providers.build import NUMBER_FIELDS, Json, all_lists, callgear, listed

EACH = pytest.mark.parametrize("source", all_lists(), ids=lambda source: source.slug)
WORDS = {"8x8": "operationalStatus", "webex": "state", "cloudlx": "status", "callgear": "category"}
"""Fields with a vocabulary."""


def numbered(slug: str, *facts: Json) -> list[Json]:
    """Rows with different numbers, and these fields."""
    return [{NUMBER_FIELDS[slug]: f"+120563500{place:02d}"} | one for place, one in enumerate(facts)]


@EACH
def test_rows_that_differ_in_their_numbers_alone_share_the_rest(source: Lists) -> None:
    """Prices, places and, where no row has a key of its own, details are one record for all; numbers are not."""
    first, second = listed(source, *numbered(source.slug, {}, {})).rows
    assert (first.pricing is second.pricing, first.location is second.location) == (True, True)
    assert (first.details is second.details) is (source.slug != "cloudlx")
    assert (first.e164, second.e164) == ("+12056350000", "+12056350001")
    assert first.origin is second.origin


@EACH
def test_an_unknown_word_is_noted_in_every_answer(source: Lists) -> None:
    """What is remembered of a kind of rows does not hide that it drifts; a row that is as documented does not drift."""
    odd = {WORDS[source.slug]: "Snoozing"}
    drifts = [listed(source, *numbered(source.slug, {}, facts)).drift for facts in (odd, {}, odd)]
    assert drifts == [(f"unknown word in {WORDS[source.slug]}",), (), (f"unknown word in {WORDS[source.slug]}",)]


def test_amounts_are_as_they_are_written() -> None:
    """0.3 and 0.30 are equal and are told apart; a text and a number of the same digits are one amount."""
    charges = ["0.3", "0.30", 0.3, None, 3, "1E+2"]
    found = listed(callgear(), *numbered("callgear", *({"monthly_charge": one} for one in charges))).rows
    told = [number.pricing.monthly and str(number.pricing.monthly.amount) for number in found]
    assert told == ["0.3", "0.30", "0.3", None, "3", "1E+2"]


def test_charges_are_not_taken_for_each_other() -> None:
    """The same amounts in other fields, and texts that look like two, are other rows."""
    one, other, odd = ({"monthly_charge": 1}, {"min_charge": 1}, {"monthly_charge": "1,null"})
    listing = listed(callgear(), *numbered("callgear", one, other, odd))
    prices = [(number.pricing.monthly is None, number.pricing.minimum_monthly is None) for number in listing.rows]
    assert (prices, listing.skipped) == ([(False, True), (True, False)], 1)


def test_no_more_kinds_of_rows_are_remembered_than_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in which every row is of another kind is read as well, and does not fill the memory."""
    monkeypatch.setattr(rows, "REMEMBERED", 3)
    source = callgear()
    for _ in range(2):
        names = [{"location_name": f"Place {place}"} for place in range(8)]
        found = listed(source, *numbered("callgear", *names)).rows
        assert [number.location and number.location.name for number in found] == [one["location_name"] for one in names]
        assert 0 < len(source._alikes._held) <= 3
