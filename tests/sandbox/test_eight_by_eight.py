"""8x8: the list, the check, their refusals, and webhook registration, as the vendor's pages have them."""

import pytest

from gateway.sandbox.accounts import EIGHT_BY_EIGHT_KEY, SUBACCOUNT, SUBACCOUNT_WITHOUT_LIST
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller, Json, bearer

EXAMPLES = [
    {
        "msisdn": "+65123456789",
        "dateUpdated": "2023-02-17T05:10:14.760Z",
        "countryCode": "SG",
        "operationalStatus": "Active",
        "referenceId": "MyVirtualNumber-1",
        "rentalPrice": 5.0,
        "incomingRate": 0.05,
        "billingUnit": 1,
        "billingCurrency": "USD",
        "numberHealthCheckEnabled": False,
    },
    {
        "msisdn": "+65987654321",
        "dateUpdated": "2023-04-11T09:34:18.780Z",
        "countryCode": "SG",
        "operationalStatus": "Active",
        "referenceId": "MyVirtualNumber-2",
        "rentalPrice": 5.0,
        "incomingRate": 0.05,
        "billingUnit": 60,
        "billingCurrency": "USD",
        "numberHealthCheckEnabled": True,
    },
]


@pytest.mark.parametrize("example", EXAMPLES)
async def test_the_examples_of_the_vendor(caller: Caller, example: Json) -> None:
    """The two numbers of the event page stand in the list field by field, and the check gives its three fields."""
    listed = {row["msisdn"]: row for row in (await caller.eight_by_eight("numbers")).rows("8x8")}
    number = example["msisdn"]
    assert listed[number].items() >= example.items()
    assert listed[number]["uri"] == f"/api/v1/subaccounts/{SUBACCOUNT}/numbers/{number[1:]}"
    reply = await caller.eight_by_eight(f"numbers/{number[1:]}")
    assert (reply.status, set(reply.json)) == (200, {"statusCode", "statusMessage", "timestamp", "payload"})
    assert reply.json["payload"] == {name: example[name] for name in ("referenceId", "msisdn", "countryCode")}


async def test_the_list_ignores_all_query_parameters(caller: Caller) -> None:
    """The list is whole whatever is asked for: there are no pages, and the total is its length."""
    plain = await caller.eight_by_eight("numbers")
    asked = await caller.eight_by_eight("numbers?limit=1&page=2&anything=else")
    assert plain.json == asked.json
    assert plain.json["totalNumbers"] == len(plain.json["numbers"]) == 302
    assert (plain.json["statusCode"], plain.json["statusMessage"]) == (0, "ok")
    assert plain.json["lastUpdatedAt"] == max(row.get("dateUpdated", "") for row in plain.json["numbers"])


async def test_ill_health_is_told_apart_from_the_status(caller: Caller) -> None:
    """The list says health in an object of its own; there are active numbers that are not healthy."""
    rows = (await caller.eight_by_eight("numbers")).rows("8x8")
    assert any(
        row.get("operationalStatus") == "Active" and not row["numberHealth"]["isHealthy"]
        for row in rows
        if row.get("numberHealth")
    )


@pytest.mark.parametrize(
    ("key", "subaccount", "tail", "status", "code", "message"),
    [
        ("", SUBACCOUNT, "numbers", 401, 401, "Authentication header not found or token invalid"),
        ("wrong", SUBACCOUNT, "numbers", 401, 401, "Authentication header not found or token invalid"),
        ("wrong", "Nobody", "numbers", 401, 401, "Authentication header not found or token invalid"),
        (EIGHT_BY_EIGHT_KEY, "Nobody", "numbers", 404, 404, "SubAccount not found by Id : Nobody"),
        (EIGHT_BY_EIGHT_KEY, "No%26body", "numbers/1", 404, 404, "SubAccount not found by Id : No&body"),
        (EIGHT_BY_EIGHT_KEY, SUBACCOUNT, "numbers/6512300000", 404, 404, "Virtual number not found : 6512300000"),
        (EIGHT_BY_EIGHT_KEY, SUBACCOUNT, "numbers/+65123456789", 400, -1002, "Invalid number: must match ^[0-9]+$"),
        (EIGHT_BY_EIGHT_KEY, SUBACCOUNT, "numbers/%2B65123456789", 400, -1002, "Invalid number: must match ^[0-9]+$"),
        (EIGHT_BY_EIGHT_KEY, SUBACCOUNT, "numbers/", 400, -1002, "Invalid number: must match ^[0-9]+$"),
    ],
)
async def test_refusals_in_the_voice_family(
    caller: Caller, key: str, subaccount: str, tail: str, status: int, code: int, message: str
) -> None:
    """What the voice API refuses has `statusCode`, `statusMessage` and `timestamp`, and says which thing is missing."""
    reply = await caller.eight_by_eight(tail, key=key, subaccount=subaccount)
    assert (reply.status, reply.json["statusCode"], reply.json["statusMessage"]) == (status, code, message)
    assert set(reply.json) == {"statusCode", "statusMessage", "timestamp"}


@pytest.mark.parametrize(
    ("method", "subaccount", "tail", "status", "code"),
    [
        ("GET", SUBACCOUNT_WITHOUT_LIST, "numbers", 404, 1300),
        ("GET", SUBACCOUNT, "pools", 404, 1300),
        ("POST", SUBACCOUNT, "numbers", 405, 2000),
        ("DELETE", SUBACCOUNT, "numbers/65123456789", 405, 2000),
    ],
)
async def test_refusals_in_the_platform_family(
    caller: Caller, method: str, subaccount: str, tail: str, status: int, code: int
) -> None:
    """What the platform in front refuses has `code`, `message`, `errorId` and `timestamp`."""
    reply = await caller.eight_by_eight(tail, method, subaccount=subaccount)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert set(reply.json) == {"code", "message", "errorId", "timestamp"}


async def test_a_scheme_other_than_bearer_is_no_key(caller: Caller) -> None:
    """The key counts only as a bearer token."""
    path = f"/8x8/api/v1/subaccounts/{SUBACCOUNT}/numbers"
    basic = await caller.send("GET", path, headers={"Authorization": f"Basic {EIGHT_BY_EIGHT_KEY}"})
    lower = await caller.send("GET", path, headers={"Authorization": f"bearer {EIGHT_BY_EIGHT_KEY}"})
    assert (basic.status, lower.status) == (401, 200)


async def test_a_subaccount_without_a_list_can_be_checked(caller: Caller, sandbox: Sandbox) -> None:
    """The second subaccount lists nothing, yet a number of its own is found, and one of the first is not."""
    own = sandbox.eight_by_eight.stocks[SUBACCOUNT_WITHOUT_LIST].rows[0]["msisdn"]
    for number, status in ((own, 200), ("+65123456789", 404)):
        tail = f"numbers/{str(number).removeprefix('+')}"
        assert (await caller.eight_by_eight(tail, subaccount=SUBACCOUNT_WITHOUT_LIST)).status == status


async def test_the_documented_pattern_can_be_enforced(caller: Caller) -> None:
    """With the knob, a number of 11 digits is refused although it is the vendor's own example, as the page says."""
    await caller.turn("8x8", enforce_documented_pattern=True)
    assert (await caller.eight_by_eight("numbers/65123456789")).status == 400
    assert (await caller.eight_by_eight("numbers/6512345678")).status == 200


async def test_the_total_can_be_wrong(caller: Caller) -> None:
    """`totalNumbers` follows its knob, the rows do not."""
    await caller.turn("8x8", total_off_by=-2)
    reply = await caller.eight_by_eight("numbers")
    assert (reply.json["totalNumbers"], len(reply.json["numbers"])) == (300, 302)


async def test_webhooks_are_registered_read_and_removed(caller: Caller) -> None:
    """A registration replaces the one of its type; the list shows whether a header is kept, never the header."""
    hook = {
        "type": "VNU",
        "url": "https://gateway.example/webhooks/8x8/voice_sg",
        "httpAuthHeader": "s",
        "enabled": True,
    }
    assert (await caller.eight_by_eight("webhooks")).json["count"] == 0
    assert (await caller.eight_by_eight("webhooks", "POST", body=hook)).json == {"statusCode": 0, "statusMessage": "ok"}
    guide = {"type": "VCS", "url": "http://gateway.example/", "active": False}
    await caller.eight_by_eight("webhooks", "POST", body=guide)
    reply = await caller.eight_by_eight("webhooks")
    assert reply.json == {
        "subAccountId": SUBACCOUNT,
        "count": 2,
        "webhooks": [
            {"type": "VNU", "url": hook["url"], "enabled": True, "httpAuthHeaderAvailable": True},
            {"type": "VCS", "url": guide["url"], "enabled": False, "httpAuthHeaderAvailable": False},
        ],
        "statusCode": 0,
        "statusMessage": "ok",
    }
    assert (await caller.eight_by_eight("webhooks/VNU", "DELETE")).status == 200
    assert (await caller.eight_by_eight("webhooks/VNU", "DELETE")).status == 404
    assert (await caller.eight_by_eight("webhooks", "DELETE")).status == 404
    assert (await caller.eight_by_eight("webhooks", subaccount=SUBACCOUNT_WITHOUT_LIST)).json["count"] == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "Request body is not a JSON object"),
        ({"type": "VNU", "url": "https://x.example", "extra": 1}, "Invalid field: extra"),
        ({"type": "VNU", "url": "https://x.example", "enabled": "yes"}, "Invalid field: enabled"),
        ({"type": "SMS", "url": "https://x.example"}, "type must be one of VCS, VCA, VSS, VRU, VNU"),
        ({"type": "VNU", "url": "ftp://x.example"}, "url must be an http or https URL"),
        ({"type": "VNU"}, "url must be an http or https URL"),
    ],
)
async def test_bad_registrations_are_unprocessable(caller: Caller, body: object, message: str) -> None:
    """A 422 has the drifting types of the vendor's example: `statusCode` is text, `timestamp` an object."""
    reply = await caller.eight_by_eight("webhooks", "POST", body=body)
    assert reply.status == 422
    assert reply.json.items() >= {"statusCode": "1001", "statusMessage": message, "timestamp": {}}.items()
    assert "errorId" in reply.json


async def test_an_unknown_path_is_not_found(caller: Caller) -> None:
    """Outside the documented paths the platform answers 404."""
    reply = await caller.send("GET", "/8x8/api/v2/anything", headers=bearer(EIGHT_BY_EIGHT_KEY))
    assert (reply.status, reply.json["code"]) == (404, 1300)
