"""The sender of 8x8's Virtual Number Updated event, true or spoilt.

https://developer.8x8.com/connect/docs/virtual-number-updated-event: one POST with all numbers (SNAPSHOT) or some of them
(UPDATES), a static header as the only proof of origin, and no identifier by which a duplicate could be known.
"""

import time
from typing import Literal

import aiohttp
import msgspec
from msgspec import Struct, field

from gateway.sandbox.accounts import SUBACCOUNT, WEBHOOK_HEADER, WEBHOOK_SECRET
from gateway.sandbox.eight_by_eight.api import EightByEight
from gateway.sandbox.eight_by_eight.pool import EXAMPLES
from gateway.sandbox.exchange import Row

TIMEOUT = aiohttp.ClientTimeout(total=10)
COPIED = (
    "countryCode",
    "operationalStatus",
    "referenceId",
    "rentalPrice",
    "incomingRate",
    "billingUnit",
    "billingCurrency",
    "numberHealthCheckEnabled",
)
"""Fields that an event and the list share."""


class EventOrder(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to send where.

    Without `msisdns` an UPDATES event holds the numbers changed by churn since the last one, or else the two of the
    vendor's page. `change` overwrites fields of the numbers told, in an event's words, and in the data behind the list too;
    it happens now unless it says another `updatedTimestamp`.
    """

    url: str
    header: str = WEBHOOK_HEADER
    secret: str = WEBHOOK_SECRET
    kind: Literal["SNAPSHOT", "UPDATES"] = "UPDATES"
    duplicate: bool = False
    shuffle: bool = False
    wrong_secret: bool = False
    lone_object: bool = False
    truncate: bool = False
    msisdns: list[str] | None = None
    change: dict[str, object] = field(default_factory=dict)


async def send_event(simulator: EightByEight, order: EventOrder) -> Row:
    """Send the event, twice if it is to be a duplicate, and return it with what the receiver said each time."""
    event = build_event(simulator, order)
    headers = {
        order.header: f"{order.secret}-wrong" if order.wrong_secret else order.secret,
        "Content-Type": "application/json",
    }
    body = msgspec.json.encode(event)
    async with aiohttp.ClientSession(timeout=TIMEOUT, headers=headers) as session:
        deliveries = [await _post(session, order.url, body) for _ in range(1 + order.duplicate)]
    return {"deliveries": deliveries, "event": event}


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> Row:
    started = time.perf_counter()
    try:
        async with session.post(url, data=body, allow_redirects=False) as response:
            said: Row = {"status": response.status, "body": await response.text(errors="replace")}
    except (aiohttp.ClientError, TimeoutError) as error:
        said = {"status": None, "error": f"{type(error).__name__}: {error}"}
    return said | {"seconds": round(time.perf_counter() - started, 6)}


def build_event(simulator: EightByEight, order: EventOrder) -> Row:
    """Return the documented event as the order wants it."""
    pool = simulator.stocks[SUBACCOUNT]
    snapshot = order.kind == "SNAPSHOT"
    told = set(order.msisdns or simulator.touched or EXAMPLES)
    rows = [row for row in pool.rows if snapshot or row["msisdn"] in told]
    change = {"updatedTimestamp": simulator.now(), **order.change} if order.change else {}
    for row in rows:
        if row["msisdn"] in told:
            _apply(row, change)
    numbers = [
        _number(row)
        | ({**change, "updateStatus": "UPDATED"} if row["msisdn"] in told else {"updateStatus": "NO_CHANGE"})
        for row in rows
    ]
    simulator.touched.clear()
    if order.shuffle:
        simulator.random.shuffle(numbers)
    if order.truncate:
        del numbers[(len(numbers) + 1) // 2 :]
    return {
        "namespace": "VOICE",
        "eventType": "VIRTUAL_NUMBER_UPDATE",
        "description": "Status of account virtual number(s) updated",
        "payload": {
            "subAccountId": SUBACCOUNT,
            "totalNumbers": len(pool.rows),
            "updateEventType": order.kind,
            "virtualNumbers": numbers[0] if order.lone_object and numbers else numbers,
        },
    }


def _apply(row: Row, change: Row) -> None:
    """Write a change told in an event's words into the data behind the list."""
    row.update({name: change[name] for name in COPIED if name in change})
    if "updatedTimestamp" in change:
        row["dateUpdated"] = change["updatedTimestamp"]
    if change.get("operationalStatus") == "Unhealthy":
        health = {"isHealthy": False, "status": "Degraded", "lastCheckedTime": row["dateUpdated"]}
        row.update({"operationalStatus": "Active", "numberHealthCheckEnabled": True, "numberHealth": health})


def _number(row: Row) -> Row:
    """Return a number as an event writes it: ill health is a status of its own here."""
    number = {"msisdn": row["msisdn"], "updatedTimestamp": row.get("dateUpdated")}
    number |= {name: row[name] for name in COPIED if name in row}
    health = row.get("numberHealth")
    if isinstance(health, dict) and not health["isHealthy"] and number.get("operationalStatus") == "Active":
        number["operationalStatus"] = "Unhealthy"
    return number
