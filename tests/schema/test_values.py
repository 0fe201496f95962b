"""Every field of a number, for the literal examples of the four providers, from the provider's wire to the client."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from graphql import GraphQLObjectType

from gateway.sandbox import accounts
from gateway.sandbox.stock import EVERYWHERE, HELD_BY
from tests.schema.documents import NUMBER, Row
from tests.schema.gateways import Client, Simulated, gateway
from tests.schema.test_contract import CONTRACT

LISTED = "query ($e164: E164!) { phoneNumbers(filter: {e164: {equals: $e164}}) { nodes { ...Whole } } }" + NUMBER
LOOKED_UP = "query ($e164: E164!) { phoneNumber(e164: $e164) { records { ...Whole } } }" + NUMBER

NOTHING_SAID: Row = {
    "country": None,
    "rawStatus": None,
    "usableForNewSessions": None,
    "health": {"state": "UNKNOWN", "checkedAt": None},
    "location": None,
    "pricing": {"monthly": None, "setup": None, "minimumMonthly": None, "inboundPerMinute": None},
    "provisionedAt": None,
    "updatedAt": None,
    "observedVia": "LIST",
    "stale": False,
    "alsoAt": [],
}


def source(name: str, provider: str) -> Row:
    """A source that has just answered."""
    return {"source": {"name": name, "provider": provider, "state": "UP"}, "provider": provider}


def money(amount: str, currency: str, said_by: str) -> Row:
    """An amount and who named its currency."""
    return {"amount": amount, "currency": currency, "currencyFrom": said_by}


def webex(e164: str, number_id: str, national: str, state: str, kind: str, *, main: bool) -> Row:
    """One of the three rows of Webex's page."""
    return NOTHING_SAID | {
        "id": number_id,
        "e164": e164,
        "nationalFormat": national,
        "isValid": True,
        "country": "US",
        **source("dallas", "WEBEX"),
        "availability": "ASSIGNABLE",
        "lifecycle": state,
        "rawStatus": state,
        "numberType": kind,
        "numberTypeFrom": "PROVIDER",
        "location": {"code": accounts.DALLAS, "name": None},
        "details": {
            "__typename": "WebexDetails",
            "orgId": accounts.WEBEX_ORGANIZATION,
            "locationId": accounts.DALLAS,
            "state": state,
            "telephonyType": "PSTN_NUMBER",
            "isMainNumber": main,
            "tollFreeNumber": kind == "TOLL_FREE",
            "isServiceNumber": kind == "SERVICE",
        },
    }


def eight_by_eight(e164: str, number_id: str, reference: str, updated: str, *, checked: bool, unit: int) -> Row:
    """One of the two numbers of 8x8's event page, as the list writes it."""
    return NOTHING_SAID | {
        "id": number_id,
        "e164": e164,
        "nationalFormat": e164[3:],
        "isValid": False,
        "country": "SG",
        **source("voice_sg", "EIGHT_BY_EIGHT"),
        "availability": "OWNED",
        "lifecycle": "ACTIVE",
        "rawStatus": "Active",
        "usableForNewSessions": True,
        "health": {"state": "HEALTHY", "checkedAt": updated} if checked else NOTHING_SAID["health"],
        "numberType": "GEOGRAPHIC",
        "numberTypeFrom": "PROVIDER",
        "pricing": NOTHING_SAID["pricing"]
        | {"monthly": money("5.0", "USD", "PROVIDER"), "inboundPerMinute": money("0.05", "USD", "PROVIDER")},
        "provisionedAt": "2023-01-09T08:00:00Z",
        "updatedAt": updated,
        "details": {
            "__typename": "EightByEightDetails",
            "subAccountId": "MySubAccount",
            "referenceId": reference,
            "operationalStatus": "Active",
            "rentalPrice": "5.0",
            "incomingRate": "0.05",
            "billingUnit": unit,
            "billingCurrency": "USD",
            "numberHealthCheckEnabled": checked,
            "updateStatus": None,
        },
    }


def office(key: str, name: str, line: str, *, proof: bool) -> Row:
    """One of the two addresses of CloudLX's page."""
    return {
        "id": key,
        "name": name,
        "useForProofOfAddress": proof,
        "useForEmergencyAddress": not proof,
        "addressLine1": line,
        "addressLine2": None,
        "city": "London",
        "region": "London",
        "postalCode": "NW2 1AA",
        "country": "GB",
    }


CLOUDLX = NOTHING_SAID | {
    "id": "ZXBzaWxvbjorNDQxMjQ1MTIzNDU2",
    "e164": "+441245123456",
    "nationalFormat": "01245 123456",
    "isValid": True,
    "country": "GB",
    **source("epsilon", "CLOUDLX"),
    "availability": "OWNED",
    "lifecycle": "RESERVED",
    "rawStatus": "Reserved",
    "numberType": "GEOGRAPHIC",
    "numberTypeFrom": "DERIVED",
    "location": {"code": "1245", "name": "Chelmsford"},
    "pricing": NOTHING_SAID["pricing"]
    | {"monthly": money("0.3", "GBP", "CONFIGURED"), "setup": money("0", "GBP", "CONFIGURED")},
    "provisionedAt": "2016-01-03T17:48:59Z",
    "details": {
        "__typename": "CloudLXDetails",
        "uuid": "7c327e0f-6bce-4b2f-9d5d-9c86e7fa065f",
        "number": "123456",
        "rangeCode": "1245",
        "rangeName": "Chelmsford",
        "countryName": "United Kingdom",
        "countryIso": "UK",
        "monthlyCharge": "0.3",
        "setupCharge": "0",
        "status": "Reserved",
        "numberAddress": office("1", "Main office", "7800 Alexander Road", proof=True),
        "emergencyNumberAddress": office("2", "Other Main office", "7801 Alexander Road", proof=False),
    },
}
CALLGEAR = NOTHING_SAID | {
    "id": "bWFya2V0Ois3NDk5MzcyMDY5Mg",
    "e164": "+74993720692",
    "nationalFormat": "8 (499) 372-06-92",
    "isValid": True,
    "country": "RU",
    **source("market", "CALLGEAR"),
    "availability": "PURCHASABLE",
    "lifecycle": "AVAILABLE",
    "numberType": "GEOGRAPHIC",
    "numberTypeFrom": "DERIVED",
    "location": {"code": "msk", "name": "Moscow"},
    "pricing": NOTHING_SAID["pricing"]
    | {"monthly": money("4.5", "USD", "CONFIGURED"), "setup": money("25.5", "USD", "CONFIGURED")},
    "details": {
        "__typename": "CallGearDetails",
        "category": "usual",
        "locationMnemonic": "msk",
        "locationName": "Moscow",
        "onetimePayment": "25.5",
        "monthlyCharge": "4.5",
        "minCharge": None,
    },
}
EXAMPLES = {
    row["e164"]: row
    for row in (
        webex("+12056350001", "ZGFsbGFzOisxMjA1NjM1MDAwMQ", "(205) 635-0001", "ACTIVE", "SERVICE", main=False),
        webex("+12056350002", "ZGFsbGFzOisxMjA1NjM1MDAwMg", "(205) 635-0002", "ACTIVE", "STANDARD", main=True),
        webex("+12056350003", "ZGFsbGFzOisxMjA1NjM1MDAwMw", "(205) 635-0003", "INACTIVE", "TOLL_FREE", main=False),
        eight_by_eight(
            "+65123456789",
            "dm9pY2Vfc2c6KzY1MTIzNDU2Nzg5",
            "MyVirtualNumber-1",
            "2023-02-17T05:10:14.760000Z",
            checked=False,
            unit=1,
        ),
        eight_by_eight(
            "+65987654321",
            "dm9pY2Vfc2c6KzY1OTg3NjU0MzIx",
            "MyVirtualNumber-2",
            "2023-04-11T09:34:18.780000Z",
            checked=True,
            unit=60,
        ),
        CLOUDLX,
        CALLGEAR,
    )
}


def checked_moment(row: Row) -> Row:
    """The row without ``asOf``, which must be a moment in UTC that has passed."""
    assert row["asOf"].endswith("Z")
    assert datetime.fromisoformat(row["asOf"]) <= datetime.now(UTC)
    return {name: value for name, value in row.items() if name != "asOf"}


@pytest.mark.parametrize("e164", EXAMPLES)
def test_the_literal_examples_come_whole(graph: Client, e164: str) -> None:
    """Each vendor's own example number has, field by field, what its page says; texts of amounts are not rounded."""
    [row] = graph.ask(LISTED, {"e164": e164}).data["phoneNumbers"]["nodes"]
    assert checked_moment(row) == EXAMPLES[e164]


def fields_of(name: str) -> set[str]:
    """The fields that the contract gives a type."""
    kind = CONTRACT.type_map[name]
    assert isinstance(kind, GraphQLObjectType)
    return set(kind.fields)


def test_the_examples_leave_no_field_out() -> None:
    """What is expected above names every field of a number and of all four members of the union."""
    shown = {row["details"]["__typename"]: set(row["details"]) - {"__typename"} for row in EXAMPLES.values()}
    assert shown == {name: fields_of(name) for name in shown}
    assert len(shown) == 4
    assert {frozenset(row) | {"asOf"} for row in EXAMPLES.values()} == {frozenset(fields_of("PhoneNumber"))}
    assert set(CLOUDLX["details"]["numberAddress"]) == fields_of("Address")


@pytest.fixture(scope="module")
def looking(simulated: Simulated) -> Iterator[Client]:
    """A gateway that has read no list yet: it looks numbers up one by one."""
    with gateway(simulated.sources) as client:
        yield client


@pytest.mark.parametrize("e164", [e164 for e164, row in EXAMPLES.items() if row["provider"] != "EIGHT_BY_EIGHT"])
def test_a_look_up_says_what_the_list_says(looking: Client, e164: str) -> None:
    """Webex, CloudLX and CallGear are asked for one number in the list's own words, so nothing is lost."""
    [row] = looking.ask(LOOKED_UP, {"e164": e164}).data["phoneNumber"]["records"]
    assert checked_moment(row) == EXAMPLES[e164]


def test_a_check_at_8x8_says_what_it_can(looking: Client) -> None:
    """8x8's check knows reference and country alone: the rest is null or UNKNOWN, not guessed, and the id is the list's."""
    [row] = looking.ask(LOOKED_UP, {"e164": "+65123456789"}).data["phoneNumber"]["records"]
    listed = EXAMPLES["+65123456789"]
    kept = ("id", "e164", "nationalFormat", "isValid", "provider", "source", "availability", "country")
    assert {name: row[name] for name in kept} == {name: listed[name] for name in kept}
    said = {name: value for name, value in row["details"].items() if value is not None}
    assert said == {
        "__typename": "EightByEightDetails",
        "subAccountId": "MySubAccount",
        "referenceId": "MyVirtualNumber-1",
    }
    unsaid = ("rawStatus", "usableForNewSessions", "health", "location", "pricing", "provisionedAt", "updatedAt")
    assert {name: row[name] for name in unsaid} == {name: NOTHING_SAID[name] for name in unsaid}
    assert (row["observedVia"], row["lifecycle"], row["numberType"]) == ("CHECK", "UNKNOWN", "UNKNOWN")
    assert row["numberTypeFrom"] == "UNKNOWN"


def test_the_same_number_elsewhere(graph: Client) -> None:
    """``alsoAt`` names the other sources' records of the same E.164, by provider and then source name."""
    rows = graph.ask(LISTED, {"e164": EVERYWHERE}).data["phoneNumbers"]["nodes"]
    places = ["market", "epsilon", "voice_sg", "london"]  # CALLGEAR, CLOUDLX, EIGHT_BY_EIGHT, WEBEX
    assert HELD_BY[EVERYWHERE] == {"8x8", "webex", "cloudlx", "callgear"}
    assert {row["source"]["name"] for row in rows} == set(places)
    for row in rows:
        others = [place for place in places if place != row["source"]["name"]]
        assert [(also["source"]["name"], also["e164"]) for also in row["alsoAt"]] == [
            (place, EVERYWHERE) for place in others
        ]
