"""Events and lists made one truth: which word counts, and what is a change."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.msgpack import encode
from msgspec.structs import replace

from gateway.numbers.e164 import CountryCode, NumberType
from gateway.numbers.model import (
    CurrencyCode,
    Health,
    HealthState,
    Lifecycle,
    Number,
    Observation,
    Provenance,
    pricing,
)
from gateway.numbers.reconcile import Held, listed, merged, received, repeats, shared
from gateway.providers.eight_by_eight import EightByEightDetails
from tests.numbers.telling import X, Y, at, kinds, number, statuses, told


@pytest.mark.parametrize(
    ("second", "status", "reason"),
    [
        (number(status="Expiring", updated=-30), "Expiring", "newer"),
        (number(status="Expiring", updated=-90), "Active", "older: it came late"),
        (number(status="Expiring", updated=-60), "Expiring", "of the same time the later event wins"),
        (number(status="Expiring", updated=None), "Expiring", "without a time, the later event wins"),
        (number(status="Expiring", updated=900), "Expiring", "of a time to come, the later event wins"),
        (number(status="Expiring", updated=0.05), "Expiring", "a clock that is a little ahead is believed"),
    ],
)
def test_the_newest_word_wins(second: Number, status: str, reason: str) -> None:
    """Per number it is ``updatedTimestamp`` that counts, and arrival only where that says nothing."""
    pool, _ = told({}, number())
    after, differences = told(pool, second)
    assert statuses(after) == {X: status}, reason
    assert kinds(differences) == ([] if status == "Active" else [("UPDATED", X)])


@pytest.mark.parametrize("ahead", [0.1, 10, 40 * 365 * 24 * 60])
def test_a_future_time_freezes_nothing(ahead: float) -> None:
    """What was told with a time to come gives way to the next word, and old news stay old behind it."""
    pool, _ = told({}, number(updated=-60), heard=0)
    pool, _ = told(pool, number(updated=ahead, status="Inactive"))
    assert statuses(pool) == {X: "Inactive"}
    assert statuses(told(pool, number(updated=-90, status="Expiring", heard=1))[0]) == {X: "Inactive"}
    for updated in (-60, 0.01):
        assert statuses(told(pool, number(updated=updated, status="Active", heard=1))[0]) == {X: "Active"}


def test_a_future_time_does_not_hide_the_list() -> None:
    """Between an event of a time to come and a list, the one heard later is shown."""
    event = number(updated=900, status="Inactive")
    said = number(via=Observation.LIST, heard=5, updated=-60)
    assert merged(event, said).raw_status == "Active"
    assert merged(said, number(updated=900, status="Inactive", heard=6)).raw_status == "Inactive"


def test_repeating_is_no_change() -> None:
    """The same said again, later, only refreshes when it was heard; so does NO_CHANGE."""
    pool, _ = told({}, number())
    later = number(
        heard=5,
        details=EightByEightDetails(sub_account_id="Mine", operational_status="Active", update_status="NO_CHANGE"),
    )
    anew, differences = received(pool, [later], {X}, at(5), replaces=False)
    assert differences == []
    assert anew[X].number == later


def test_no_change_that_is_news() -> None:
    """NO_CHANGE about a number whose update was lost, or that was never heard of, is a change to who missed it."""
    pool, _ = told({}, number())
    rows = [number(updated=-30, status="Expiring"), number(Y)]
    anew, differences = received(pool, rows, {X, Y}, at(5), replaces=False)
    assert kinds(differences) == [("UPDATED", X), ("ADDED", Y)]
    assert statuses(anew) == {X: "Expiring", Y: "Active"}


def test_a_number_twice_in_one_event() -> None:
    """Each word counts in turn."""
    _, differences = told({}, number(), number(status="Expiring", updated=-30), number(updated=-45))
    assert kinds(differences) == [("ADDED", X), ("UPDATED", X)]
    assert differences[1].previous == number()


def test_a_full_snapshot_replaces() -> None:
    """What it lacks is removed, in the order of the numbers, and comes back only as news."""
    pool, _ = told({}, number(), number(Y), number("+651"))
    pool, differences = told(pool, number(heard=5), replaces=True, heard=5)
    assert kinds(differences) == [("REMOVED", "+651"), ("REMOVED", Y)]
    assert [change.number for change in differences] == [None, None]
    assert differences[1].previous == number(Y)
    assert pool[Y] == Held(version=at(-60), removed=at(5))
    again, differences = told(pool, number(Y, heard=6))
    assert (statuses(again), differences) == ({X: "Active"}, []), "old news of a removed number"
    for word in (number(Y, heard=6, updated=-50), number(Y, heard=6, updated=None)):
        assert kinds(told(pool, word)[1]) == [("ADDED", Y)]
    assert kinds(told(pool, number(), number(Y), replaces=True)[1]) == [("ADDED", Y)], "a snapshot brings it back"
    assert told(pool, number(), replaces=True)[1] == [], "removed once"


def test_a_snapshot_that_is_older_than_the_news() -> None:
    """A number that was updated after the snapshot was written keeps its newer state."""
    pool, _ = told({}, number(updated=-10, status="Expiring"))
    pool, differences = told(pool, number(updated=-60), replaces=True)
    assert (statuses(pool), differences) == ({X: "Expiring"}, [])


def row(e164: str = X, **facts: Any) -> Number:  # noqa: ANN401 - what ``number`` takes
    """A number as a list says it."""
    return number(e164, via=Observation.LIST, **{"heard": 5, "updated": -60, **facts})


def test_the_first_list_is_where_counting_begins() -> None:
    """Of a source of which nothing was known in full, a list's numbers are no news; those of later lists are."""
    pool, differences = listed({}, [row(), row(Y)], at(4), at(5), whole=True, first=True)
    assert (statuses(pool), differences) == ({X: "Active", Y: "Active"}, [])
    rows = [row(heard=9, status="Expiring"), row("+651", heard=9)]
    anew, differences = listed(pool, rows, at(8), at(9), whole=True, first=False)
    assert kinds(differences) == [("UPDATED", X), ("ADDED", "+651"), ("REMOVED", Y)]
    assert {change.at for change in differences} == {at(9)}
    assert statuses({**pool, **anew}) == {X: "Expiring", "+651": "Active"}


def test_a_first_list_against_what_events_told() -> None:
    """What was told before the first list is compared with it like anything else."""
    pool, _ = told({}, number(), number(Y))
    _, differences = listed(pool, [row(status="Inactive", updated=-1)], at(4), at(5), whole=True, first=True)
    assert kinds(differences) == [("UPDATED", X), ("REMOVED", Y)]


def test_a_list_with_holes_removes_nothing() -> None:
    """A row that could not be read may be any number."""
    pool, _ = told({}, number(), number(Y))
    assert listed(pool, [row()], at(4), at(5), whole=False, first=False)[1] == []


def test_what_was_heard_after_a_list_was_asked_for_stays() -> None:
    """An event that arrives while a list is under way counts more than that list: told, removed or new alike."""
    pool, _ = told({}, number(Y))
    pool, _ = told(pool, number(heard=4.5), heard=4.5, replaces=True)
    anew, differences = listed(
        pool, [row(Y), row(status="Inactive", updated=None)], at(4), at(5), whole=True, first=False
    )
    assert (anew, differences) == ({}, [])
    assert listed(pool, [], at(4), at(5), whole=True, first=False) == ({}, []), "told while it was under way"
    assert kinds(listed(pool, [row(Y, heard=9)], at(8), at(9), whole=True, first=False)[1]) == [
        ("ADDED", Y),
        ("REMOVED", X),
    ]


def test_an_update_that_the_list_had_already_told() -> None:
    """The provider says that a number was updated, and no event told it before: that is a change, though nothing differs."""
    pool, _ = listed({}, [row()], at(4), at(5), whole=True, first=True)
    after, differences = told(pool, number(heard=6))
    assert kinds(differences) == [("UPDATED", X)]
    assert told(after, number(heard=7))[1] == []


def test_field_by_field_where_one_says_more() -> None:
    """The newer observation counts, and what it leaves unsaid is taken from the older one, also within prices and details."""
    usd = CurrencyCode("USD")
    event = number(
        lifecycle=Lifecycle.ACTIVE,
        health=Health(state=HealthState.HEALTHY),
        pricing=pricing(usd, Provenance.PROVIDER, monthly=Decimal(5)),
        details=EightByEightDetails(sub_account_id="Mine", reference_id="Range-1", billing_unit=60),
    )
    check = number(
        via=Observation.CHECK,
        heard=9,
        updated=None,
        status=None,
        said_country=CountryCode("SG"),
        pricing=pricing(usd, Provenance.PROVIDER, inbound_per_minute=Decimal("0.05")),
        details=EightByEightDetails(sub_account_id="Mine", reference_id="Range-2"),
    )
    both = merged(event, check)
    assert both == merged(check, event)
    assert both == number(
        via=Observation.CHECK,
        heard=9,
        said_country=CountryCode("SG"),
        lifecycle=Lifecycle.ACTIVE,
        health=Health(state=HealthState.HEALTHY),
        pricing=pricing(usd, Provenance.PROVIDER, monthly=Decimal(5), inbound_per_minute=Decimal("0.05")),
        details=EightByEightDetails(sub_account_id="Mine", reference_id="Range-2", billing_unit=60),
    )


def test_ill_health_is_not_overlooked() -> None:
    """A list says nothing of the health that an event told: the number is not usable, until a newer version says otherwise."""
    ill = number(health=Health(state=HealthState.UNHEALTHY), usable_for_new_sessions=False, status="Unhealthy")
    both = merged(ill, row(usable_for_new_sessions=True))
    assert (both.health.state, both.usable_for_new_sessions, both.raw_status) == (
        HealthState.UNHEALTHY,
        False,
        "Active",
    )
    newer = merged(ill, row(usable_for_new_sessions=True, updated=-5))
    assert (newer.health.state, newer.usable_for_new_sessions) == (HealthState.UNKNOWN, True)


def test_details_of_another_kind_are_left_alone() -> None:
    """A field that holds another kind of record is taken whole."""
    other = replace(number(via=Observation.LIST, heard=5), details=Health(), said_type=NumberType.MOBILE)
    both = merged(number(), other)
    assert (both.details, both.said_type) == (Health(), NumberType.MOBILE)


def test_a_list_that_knows_better_than_a_late_event() -> None:
    """An event that came while the list was under way, and whose update is older than the list's, does not hide it."""
    pool, _ = told({}, number(heard=4.5), heard=4.5)
    anew, differences = listed(pool, [row(updated=-1, status="Inactive")], at(4), at(5), whole=True, first=False)
    assert kinds(differences) == [("UPDATED", X)]
    assert statuses(anew) == {X: "Inactive"}


@pytest.mark.parametrize(
    ("held", "before", "repeats_it"),
    [
        (Held(listed=row(heard=9)), Held(listed=row(heard=5)), True),
        (Held(listed=row(heard=9, status="Expiring")), Held(listed=row(heard=5)), False),
        (Held(listed=row(heard=9), told=number()), Held(listed=row(heard=5), told=number()), False),
        (Held(listed=row(heard=9)), Held(removed=at(5)), False),
        (Held(listed=row(heard=9)), None, False),
        (Held(removed=at(9)), Held(listed=row(heard=5)), False),
    ],
)
def test_what_a_list_repeats(held: Held, before: Held | None, repeats_it: bool) -> None:
    """Only a list that says the same again of a number that no event told of brings nothing to be kept."""
    assert repeats(held, before) is repeats_it


PRICED = EightByEightDetails(sub_account_id="Mine", rental_price=Decimal("0.3"))


@pytest.mark.parametrize(
    ("known", "anew", "same"),
    [
        (row(details=PRICED), row(details=replace(PRICED)), ["details", "updated_at"]),
        (row(details=PRICED), row(heard=5, details=replace(PRICED)), ["details", "updated_at"]),
        (row(details=PRICED), row(details=replace(PRICED, rental_price=Decimal("0.30"))), []),
        (row(details=PRICED), row(details=replace(PRICED, update_status="NO_CHANGE")), []),
        (row(), row(status="Expiring"), []),
        (number(Y), row(), []),
    ],
)
def test_what_is_the_same_is_held_once(known: Number, anew: Number, same: list[str]) -> None:
    """A list comes out as it went in, of its own time, made of what is known only where every word of that is the same."""
    [found] = shared({known.e164: Held(listed=known)}, [anew])
    assert (found, encode(found)) == (anew, encode(anew))
    assert [name for name in ("details", "updated_at") if getattr(found, name) is getattr(known, name)] == same
