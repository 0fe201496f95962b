"""8x8's Virtual Number Updated event: field by field, only ours, and never more than it says."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from gateway.errors import BadUserInput
from gateway.numbers.e164 import E164, CountryCode
from gateway.numbers.model import (
    Availability,
    CurrencyCode,
    Health,
    HealthState,
    Lifecycle,
    Number,
    Observation,
    Pricing,
    Provenance,
)
from gateway.providers.eight_by_eight import EightByEightDetails
from gateway.providers.protocol import Told
from tests.providers.build import NOW, Json, body_of, eight_by_eight, money, origin

SOURCE = eight_by_eight()
ROW = {"msisdn": "+6598765432", "operationalStatus": "Active", "updatedTimestamp": "2026-11-21T08:00:00Z"}


def event(*rows: Json, **payload: Json) -> Json:
    """An event of these numbers."""
    numbers = [ROW | row for row in rows]
    said = {"subAccountId": "MySubAccount", "totalNumbers": len(rows), "updateEventType": "UPDATES"}
    return {
        "namespace": "VOICE",
        "eventType": "VIRTUAL_NUMBER_UPDATE",
        "payload": said | {"virtualNumbers": numbers} | payload,
    }


def told(said: Json) -> Told:
    """What an event is read as."""
    return SOURCE.receive(msgspec.json.encode(said), NOW)


PRICES = {
    "monthly": money("5.0", "USD", Provenance.PROVIDER),
    "inbound_per_minute": money("0.05", "USD", Provenance.PROVIDER),
}
COMMON: Json = {
    "origin": origin(SOURCE, Observation.WEBHOOK),
    "availability": Availability.OWNED,
    "lifecycle": Lifecycle.ACTIVE,
    "raw_status": "Active",
    "usable_for_new_sessions": True,
    "said_country": CountryCode("SG"),
    "pricing": Pricing(**PRICES),
}
DETAILS: Json = {
    "sub_account_id": "MySubAccount",
    "operational_status": "Active",
    "rental_price": Decimal("5.0"),
    "incoming_rate": Decimal("0.05"),
    "billing_currency": CurrencyCode("USD"),
    "update_status": "UPDATED",
}


def test_the_documented_event_field_by_field() -> None:
    """Both numbers of the vendor's example, whole."""
    assert SOURCE.receive(body_of("8x8/event.json"), NOW) == Told(
        numbers=(
            Number(
                e164=E164("+65123456789"),
                health=Health(state=HealthState.UNKNOWN),
                updated_at=datetime(2023, 2, 17, 5, 10, 14, 760_000, tzinfo=UTC),
                details=EightByEightDetails(
                    reference_id="MyVirtualNumber-1", billing_unit=1, number_health_check_enabled=False, **DETAILS
                ),
                **COMMON,
            ),
            Number(
                e164=E164("+65987654321"),
                health=Health(state=HealthState.HEALTHY),
                updated_at=datetime(2023, 4, 11, 9, 34, 18, 780_000, tzinfo=UTC),
                details=EightByEightDetails(
                    reference_id="MyVirtualNumber-2", billing_unit=60, number_health_check_enabled=True, **DETAILS
                ),
                **COMMON,
            ),
        ),
        unchanged=frozenset(),
        replaces=False,
        total=2,
    )


@pytest.mark.parametrize(
    ("said", "replaces", "reason"),
    [
        (event({}, updateEventType="SNAPSHOT"), True, "a snapshot with as many numbers as it counts"),
        (event({}, updateEventType="SNAPSHOT", totalNumbers="1"), True, "the count as text"),
        (event(updateEventType="SNAPSHOT", totalNumbers=0), True, "an empty pool"),
        (event({}, updateEventType="SNAPSHOT", totalNumbers=2), False, "truncated"),
        (event({}, {}, updateEventType="SNAPSHOT"), False, "the same number twice is not two numbers"),
        (event({}, {"msisdn": "x"}, updateEventType="SNAPSHOT"), False, "one of them cannot be read"),
        (event({}, updateEventType="SNAPSHOT", totalNumbers=None), False, "no count"),
        (event({}, updateEventType="SNAPSHOT", totalNumbers="many"), False, "a count that is none"),
        (event({}), False, "an update, whatever it counts"),
        (event({}, updateEventType=None), False, "no type"),
        (event({}, updateEventType="REPLACED"), False, "an unknown type"),
    ],
)
def test_only_a_whole_snapshot_replaces_what_was_known(said: Json, replaces: bool, reason: str) -> None:
    """Trap: a SNAPSHOT may be truncated, and UPDATES may or may not carry the whole pool: nothing is deleted on a guess."""
    assert told(said).replaces is replaces, reason


def test_numbers_without_news_are_named() -> None:
    """NO_CHANGE repeats a number that has not changed."""
    said = told(event({"updateStatus": "NO_CHANGE"}, {"msisdn": "+6598765433", "updateStatus": "UPDATED"}))
    assert said.unchanged == {"+6598765432"}
    assert [number.e164 for number in said.numbers] == ["+6598765432", "+6598765433"]


def test_a_lone_object_is_one_number() -> None:
    """Trap: ``virtualNumbers`` is documented as an object and shown as an array."""
    said = told(event(totalNumbers=1, virtualNumbers=ROW, updateEventType="SNAPSHOT"))
    assert ([number.e164 for number in said.numbers], said.replaces) == (["+6598765432"], True)


def test_a_byte_order_mark_is_forgiven() -> None:
    """An event is read as tolerantly as an answer."""
    assert SOURCE.receive(b"\xef\xbb\xbf" + body_of("8x8/event.json"), NOW).total == 2


def test_one_bad_number_does_not_lose_the_others() -> None:
    """What can be read is told, and what cannot is counted."""
    said = told(event({}, {"msisdn": "string"}, {"msisdn": "+6598765433", "billingUnit": "60"}))
    assert (len(said.numbers), said.skipped, said.drift) == (2, 1, ("unreadable rows",))


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (event({}) | {"namespace": "SMS"}, "namespace"),
        (event({}) | {"eventType": "VIRTUAL_NUMBER_DELETE"}, "eventType"),
        (event({}, subAccountId="Another"), "payload.subAccountId"),
        (event({}, subAccountId="mysubaccount"), "payload.subAccountId"),
    ],
)
def test_an_event_for_others_is_refused(said: Json, place: str) -> None:
    """Another product, another event or another subaccount: refused, and the message names the place."""
    with pytest.raises(BadUserInput, match=rf"not for this source: {place} is not"):
        told(said)


def test_every_wrong_place_is_named() -> None:
    """An event that is wrong in several places names them all."""
    with pytest.raises(BadUserInput, match=r"namespace is not 'VOICE', eventType is not 'VIRTUAL_NUMBER_UPDATE'"):
        told(event({}) | {"namespace": "SMS", "eventType": "X"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html></html>",
        b"\xff\xfe{\x00}\x00",
        b'{"namespace":' * 100_000,
        msgspec.json.encode(event({}) | {"payload": None}),
        msgspec.json.encode(event(virtualNumbers=None)),
        msgspec.json.encode(event(virtualNumbers="none")),
        msgspec.json.encode(event(virtualNumbers=[1, "a", None, []])),
        msgspec.json.encode(event({"msisdn": "string"})),
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    """What is not an event of the documented shape is refused with one error, whatever it is."""
    with pytest.raises(BadUserInput, match="not a Virtual Number Updated event"):
        SOURCE.receive(body, NOW)


def test_counts_beyond_what_can_be_said_are_none() -> None:
    """A pool or a billing unit larger than GraphQL's Int and a database's integers says nothing, and loses no number."""
    news = told(event({"billingUnit": 2**31}, totalNumbers=2**63))
    [number] = news.numbers
    assert isinstance(number.details, EightByEightDetails)
    assert (news.total, number.details.billing_unit) == (None, None)
