"""The event sender: documented events, and every way in which they go wrong."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from gateway.sandbox.accounts import SUBACCOUNT, WEBHOOK_SECRET
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller, Json

EXAMPLE: Json = {
    "namespace": "VOICE",
    "eventType": "VIRTUAL_NUMBER_UPDATE",
    "description": "Status of account virtual number(s) updated",
    "payload": {
        "subAccountId": "MySubAccount",
        "totalNumbers": 302,
        "updateEventType": "UPDATES",
        "virtualNumbers": [
            {
                "msisdn": "+65123456789",
                "updatedTimestamp": "2023-02-17T05:10:14.760Z",
                "countryCode": "SG",
                "operationalStatus": "Active",
                "referenceId": "MyVirtualNumber-1",
                "rentalPrice": 5.0,
                "incomingRate": 0.05,
                "billingUnit": 1,
                "billingCurrency": "USD",
                "numberHealthCheckEnabled": False,
                "updateStatus": "UPDATED",
            },
            {
                "msisdn": "+65987654321",
                "updatedTimestamp": "2023-04-11T09:34:18.780Z",
                "countryCode": "SG",
                "operationalStatus": "Active",
                "referenceId": "MyVirtualNumber-2",
                "rentalPrice": 5.0,
                "incomingRate": 0.05,
                "billingUnit": 60,
                "billingCurrency": "USD",
                "numberHealthCheckEnabled": True,
                "updateStatus": "UPDATED",
            },
        ],
    },
}
"""The event of the vendor's page, but for the total, which counts the sandbox's own numbers."""


@dataclass
class Receiver:
    """A webhook endpoint that keeps what it is sent."""

    url: str = ""
    status: int = 200
    events: list[Json] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        """Take one event."""
        self.events.append(await request.json())
        self.headers.append(dict(request.headers))
        return web.Response(status=self.status, text="noted")


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A running receiver."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def send(caller: Caller, receiver: Receiver, **order: object) -> Json:
    """Order an event."""
    reply = await caller.send("POST", "/control/8x8/events", json={"url": receiver.url, **order})
    assert reply.status == 200
    return reply.json


async def test_updates_are_the_example_of_the_vendor(caller: Caller, receiver: Receiver) -> None:
    """Before anything changed, UPDATES is the vendor's own event field by field, with the secret in its header."""
    said = await send(caller, receiver)
    (event,) = receiver.events
    numbers = event["payload"].pop("virtualNumbers")
    expected = EXAMPLE["payload"] | {}
    assert sorted(numbers, key=lambda row: str(row["msisdn"])) == expected.pop("virtualNumbers")
    assert event == EXAMPLE | {"payload": expected}
    assert receiver.headers[0]["Authorization"] == WEBHOOK_SECRET
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert [(delivery["status"], delivery["body"]) for delivery in said["deliveries"]] == [(200, "noted")]


async def test_a_snapshot_holds_the_whole_pool(caller: Caller, receiver: Receiver) -> None:
    """SNAPSHOT tells every number; ill health is a status here, and the numbers not told anew are NO_CHANGE."""
    await send(caller, receiver, kind="SNAPSHOT")
    payload = receiver.events[0]["payload"]
    rows = {row["msisdn"]: row for row in (await caller.eight_by_eight("numbers")).rows("8x8")}
    assert payload["updateEventType"] == "SNAPSHOT"
    assert {row["msisdn"] for row in payload["virtualNumbers"]} == set(rows)
    assert payload["totalNumbers"] == len(rows)
    unhealthy = [row for row in payload["virtualNumbers"] if row.get("operationalStatus") == "Unhealthy"]
    assert unhealthy
    for row in unhealthy:
        assert rows[row["msisdn"]]["operationalStatus"] == "Active"
        assert rows[row["msisdn"]]["numberHealth"]["isHealthy"] is False
    assert sum(row["updateStatus"] == "UPDATED" for row in payload["virtualNumbers"]) == 2


async def test_updates_follow_churn(caller: Caller, receiver: Receiver, sandbox: Sandbox) -> None:
    """After churn an UPDATES event tells what changed since the last event, once."""
    await caller.turn("8x8", churn=20)
    await caller.eight_by_eight("numbers")
    touched = set(sandbox.eight_by_eight.touched)
    await send(caller, receiver)
    await send(caller, receiver)
    told = [{row["msisdn"] for row in event["payload"]["virtualNumbers"]} for event in receiver.events]
    assert told[0]
    assert told[0] <= touched
    stamps = {row["updatedTimestamp"] for row in receiver.events[0]["payload"]["virtualNumbers"]}
    assert len(stamps) == 1
    assert told[1] == {"+65123456789", "+65987654321"}


async def test_a_change_is_told_and_kept(caller: Caller, receiver: Receiver) -> None:
    """`change` alters the numbers named, in the event and in the list, with the present time."""
    change = {"operationalStatus": "Expiring", "rentalPrice": 9.5}
    await send(caller, receiver, msisdns=["+65123456789"], change=change)
    (told,) = receiver.events[0]["payload"]["virtualNumbers"]
    assert told.items() >= change.items()
    assert told["updatedTimestamp"] > EXAMPLE["payload"]["virtualNumbers"][0]["updatedTimestamp"]
    rows = {row["msisdn"]: row for row in (await caller.eight_by_eight("numbers")).rows("8x8")}
    assert rows["+65123456789"].items() >= change.items()
    assert rows["+65123456789"]["dateUpdated"] == told["updatedTimestamp"]


async def test_a_change_to_unhealthy_is_health_in_the_list(caller: Caller, receiver: Receiver) -> None:
    """The event says Unhealthy; the list says Active with bad health; an old timestamp can be forced."""
    change = {"operationalStatus": "Unhealthy", "updatedTimestamp": "2020-01-01T00:00:00.000Z"}
    await send(caller, receiver, msisdns=["+65123456789"], change=change)
    (told,) = receiver.events[0]["payload"]["virtualNumbers"]
    assert told.items() >= change.items()
    rows = {row["msisdn"]: row for row in (await caller.eight_by_eight("numbers")).rows("8x8")}
    assert rows["+65123456789"]["operationalStatus"] == "Active"
    assert rows["+65123456789"]["numberHealth"] == {
        "isHealthy": False,
        "status": "Degraded",
        "lastCheckedTime": "2020-01-01T00:00:00.000Z",
    }


async def test_duplicates(caller: Caller, receiver: Receiver) -> None:
    """A duplicate is the same body once more, and each answer is reported."""
    receiver.status = 503
    said = await send(caller, receiver, duplicate=True)
    assert receiver.events[0] == receiver.events[1]
    assert [delivery["status"] for delivery in said["deliveries"]] == [503, 503]


async def test_a_wrong_secret_in_any_header(caller: Caller, receiver: Receiver) -> None:
    """The header and the secret can be chosen, and the secret can be wrong."""
    await send(caller, receiver, header="X-Secret", secret="s3")
    await send(caller, receiver, header="X-Secret", secret="s3", wrong_secret=True)
    assert [headers["X-Secret"] for headers in receiver.headers] == ["s3", "s3-wrong"]


async def test_a_lone_object(caller: Caller, receiver: Receiver) -> None:
    """`virtualNumbers` can be an object, as the vendor's table has it."""
    await send(caller, receiver, msisdns=["+65123456789"], lone_object=True)
    assert receiver.events[0]["payload"]["virtualNumbers"]["msisdn"] == "+65123456789"


async def test_an_event_about_no_number(caller: Caller, receiver: Receiver) -> None:
    """A number that is not in the pool is not told; an empty event stays a list."""
    await send(caller, receiver, msisdns=["+15550000000"], lone_object=True)
    assert receiver.events[0]["payload"]["virtualNumbers"] == []


async def test_a_truncated_and_shuffled_snapshot(caller: Caller, receiver: Receiver) -> None:
    """A truncated snapshot has fewer numbers than its total says; a shuffled one has them in another order."""
    await send(caller, receiver, kind="SNAPSHOT")
    await send(caller, receiver, kind="SNAPSHOT", shuffle=True)
    await send(caller, receiver, kind="SNAPSHOT", truncate=True)
    whole, shuffled, truncated = ([row["msisdn"] for row in e["payload"]["virtualNumbers"]] for e in receiver.events)
    assert shuffled != whole
    assert sorted(shuffled) == sorted(whole)
    assert truncated == whole[:151]
    assert receiver.events[2]["payload"]["totalNumbers"] == 302


async def test_a_receiver_that_is_not_there(caller: Caller) -> None:
    """A failed delivery is reported as such."""
    order = {"url": "http://127.0.0.1:9/hook"}
    reply = await caller.send("POST", "/control/8x8/events", json=order)
    (delivery,) = reply.json["deliveries"]
    assert delivery["status"] is None
    assert "ClientConnectorError" in delivery["error"]
    assert reply.json["event"]["payload"]["subAccountId"] == SUBACCOUNT
