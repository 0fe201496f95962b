"""Events over HTTP: acknowledged once they are durable, refused with one code each, and part of every answer."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import Message

from gateway.app import create_app
from gateway.sandbox.accounts import SUBACCOUNT_WITHOUT_LIST, WEBHOOK_SECRET
from tests.conftest import Answer, Gateway, OpenGateway, Simulators, settings_of
from tests.upstream.telling import SECRET, X, Y, event, row

PATH = "/webhooks/8x8/voice_sg"
HEADERS = {"authorization": SECRET, "content-type": "application/json"}
SOURCE = {"provider": "8x8", "base_url": "http://127.0.0.1:1", "subaccount_id": "MySubAccount", "api_key": "key"}
LOOK_UP = (
    "query Look($e164: E164!) { phoneNumber(e164: $e164) { records { rawStatus observedVia } outcomes { result } } }"
)

Open = Callable[..., Any]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens gateways over one 8x8 source that nobody answers for; what a test settles stands above."""
    async with AsyncExitStack() as stack:

        async def opening(source: Mapping[str, object] | None = None, **tables: Mapping[str, object]) -> Gateway:
            held = {"voice_sg": {**SOURCE, "webhook_secret": SECRET, **(source or {})}}
            held["open"] = {**SOURCE, "subaccount_id": "Open"}
            held["london"] = {
                "provider": "webex",
                "location_id": "x",
                "access_token": "x",
                "base_url": "http://127.0.0.1:1",
            }
            app = create_app(settings_of(held, tables))
            await stack.enter_async_context(app.router.lifespan_context(app))
            return Gateway(app)

        yield opening


def said(answer: Answer) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an answer."""
    assert answer.headers["content-type"] == "application/json"
    return answer.status, answer.body


async def outcomes(gateway: Gateway) -> dict[str, Any]:
    """What became of all events so far, by source."""
    held = (await gateway.get("/ready")).body["sources"]
    return {name: source["events"] for name, source in held.items() if source.get("events")}


async def test_an_event_is_taken(opened: Open) -> None:
    """It is acknowledged, shown by the next look-up, and counted; the same again is a duplicate."""
    gateway = await opened()
    body = event(row(X, status="Unhealthy"), row(Y))
    assert said(await gateway.send("POST", PATH, HEADERS, body)) == (200, {"event": "kept", "changes": 2})
    assert said(await gateway.send("POST", PATH, HEADERS, body)) == (200, {"event": "duplicate", "changes": 0})
    looked = (await gateway.ask(LOOK_UP, {"e164": X})).data["phoneNumber"]
    assert looked["records"] == [{"rawStatus": "Unhealthy", "observedVia": "WEBHOOK"}]
    assert await outcomes(gateway) == {"voice_sg": {"kept": 1, "duplicate": 1}}


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.8x8+json"]
)
async def test_json_by_any_name(opened: Open, media_type: str) -> None:
    """Parameters, capitals and suffixed types are JSON."""
    sent = {**HEADERS, "content-type": media_type}
    assert (await (await opened()).send("POST", PATH, sent, event(row()))).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_probe_is_answered(opened: Open, method: str) -> None:
    """A vendor looks whether the address is there before it sends anything, without the secret."""
    gateway = await opened()
    assert (await gateway.send(method, PATH, {})).status == 200
    assert (await gateway.send(method, "/webhooks/8x8/nobody", {})).status == 404


LARGE = event(row(referenceId="x" * 2000))


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("POST", PATH, {"authorization": "Bearer wrong"}, event(row()), 401, "UNAUTHENTICATED"),
        ("POST", PATH, {"authorization": SECRET[:-1]}, event(row()), 401, "UNAUTHENTICATED"),
        ("POST", "/webhooks/8x8/open", {}, event(row(), account="Open"), 401, "UNAUTHENTICATED"),
        ("POST", "/webhooks/8x8/nobody", {}, event(row()), 404, "UNKNOWN_SOURCE"),
        ("POST", "/webhooks/webex/voice_sg", {}, event(row()), 404, "UNKNOWN_SOURCE"),
        ("POST", "/webhooks/webex/london", {}, event(row()), 404, "UNKNOWN_SOURCE"),
        ("PUT", PATH, {}, event(row()), 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", PATH, {}, b"", 405, "METHOD_NOT_ALLOWED"),
        ("POST", PATH, {}, LARGE, 413, "PAYLOAD_TOO_LARGE"),
        ("POST", PATH, {"content-length": "2000"}, b"{}", 413, "PAYLOAD_TOO_LARGE"),
        ("POST", PATH, {"content-length": "9" * 5000}, b"{}", 413, "PAYLOAD_TOO_LARGE"),
        ("POST", PATH, {"content-type": "text/plain"}, event(row()), 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", PATH, {"content-type": "application/x-www-form-urlencoded"}, b"a=b", 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", PATH, {"content-type": ""}, event(row()), 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", PATH, {"content-encoding": "gzip"}, event(row()), 415, "UNSUPPORTED_MEDIA_TYPE"),
        ("POST", PATH, {}, b"", 400, "BAD_USER_INPUT"),
        ("POST", PATH, {}, b"\xff\xfe", 400, "BAD_USER_INPUT"),
        ("POST", PATH, {}, b"[]", 400, "BAD_USER_INPUT"),
        ("POST", PATH, {}, event(row(), account="Another"), 400, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused(
    opened: Open, method: str, path: str, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    """Each with its status and code, counted, and with nothing stored."""
    gateway = await opened(limits={"webhook_bytes": 1000})
    answer = await gateway.send(method, path, {**HEADERS, **headers}, body)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert answer.body["message"]
    assert SECRET not in answer.content.decode()
    named = path.rpartition("/")[2]
    counted = await outcomes(gateway)
    assert counted == ({named: {code: 1}} if named in ("voice_sg", "open") else {})
    known = await gateway.ask(LOOK_UP, {"e164": X})
    assert known.data["phoneNumber"]["records"] == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (msgspec.json.encode({"namespace": "VOICE"}), "eventType"),
        (msgspec.json.encode(msgspec.json.decode(event(row())) | {"payload": 5}), r"\$\.payload"),
        (event(row(), account="Another"), r"payload\.subAccountId is not 'MySubAccount'"),
        (b'{"namespace": ', "truncated"),
    ],
)
async def test_the_place_is_named(opened: Open, body: bytes, place: str) -> None:
    """What is not the documented shape is told where."""
    answer = await (await opened()).send("POST", PATH, HEADERS, body)
    assert answer.status == 400
    assert re.search(place, answer.body["message"]), answer.body


async def test_foreign_addresses(opened: Open) -> None:
    """With a list of addresses only these may send, also when they know the secret; a trusted proxy passes them on."""
    gateway = await opened({"webhook_allowed_ips": ["192.0.2.0/24"]})
    foreign = await gateway.send("POST", PATH, HEADERS, event(row()))
    assert (foreign.status, foreign.body["code"]) == (403, "FORBIDDEN")
    spoofed = await gateway.send("POST", PATH, {**HEADERS, "x-forwarded-for": "192.0.2.1"}, event(row()))
    assert spoofed.status == 403
    behind = await opened({"webhook_allowed_ips": ["192.0.2.0/24"]}, server={"trusted_proxies": ["127.0.0.1"]})
    passed = await behind.send("POST", PATH, {**HEADERS, "x-forwarded-for": "192.0.2.1"}, event(row()))
    assert passed.status == 200


async def test_another_header(opened: Open) -> None:
    """The header and its whole value are settings."""
    gateway = await opened({"webhook_header": "X-Webhook-Key", "webhook_secret": "k"})
    assert (await gateway.send("POST", PATH, HEADERS, event(row()))).status == 401
    assert (await gateway.send("POST", PATH, {**HEADERS, "x-webhook-key": "k"}, event(row()))).status == 200


async def test_a_sender_that_leaves(opened: Open) -> None:
    """Half an event is none."""
    gateway = await opened()
    sent: list[Message] = []
    parts: Iterator[Message] = iter(
        [{"type": "http.request", "body": event(row())[:50], "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Message:
        return next(parts)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers, "query_string": b"", "client": None}
    await gateway.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert await outcomes(gateway) == {"voice_sg": {"BAD_USER_INPUT": 1}}


async def test_a_store_that_cannot_be_written(opened: Open, tmp_path: Path) -> None:
    """Our own failure is told as such, so that the sender tries again; what is known can still be asked; then it is kept."""
    gateway = await opened(state={"database_url": f"sqlite:///{tmp_path}/gateway.db"})
    await gateway.send("POST", PATH, HEADERS, event(row()))
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    [answer] = await asyncio.gather(gateway.send("POST", PATH, HEADERS, event(row(Y))))
    assert (answer.status, answer.body["code"], answer.headers["retry-after"]) == (503, "STORE_UNAVAILABLE", "1")
    assert len((await gateway.ask(LOOK_UP, {"e164": X})).data["phoneNumber"]["records"]) == 1
    other.close()
    assert said(await gateway.send("POST", PATH, HEADERS, event(row(Y)))) == (200, {"event": "kept", "changes": 1})


async def test_what_is_known_in_part_is_shown_as_such(sandbox: Simulators, gateway: OpenGateway) -> None:
    """A source without a list shows what its events told, and is never complete before they told everything."""
    opened = await gateway({"masking": sandbox.variants["masking"]})
    query = "{ phoneNumbers { nodes { e164 } totalCount complete sources { status rowsKept asOf gap { after } } } }"
    headers = {**HEADERS, "authorization": WEBHOOK_SECRET}
    seen = []
    for kind in ("", "UPDATES", "SNAPSHOT"):
        if kind:
            body = event(row(X), kind=kind, account=SUBACCOUNT_WITHOUT_LIST)
            assert (await opened.send("POST", "/webhooks/8x8/masking", headers, body)).status == 200
        page = (await opened.ask(query)).data["phoneNumbers"]
        [report] = page["sources"]
        numbers = [node["e164"] for node in page["nodes"]]
        assert (report["rowsKept"], report["asOf"] is None) == (len(numbers), report["status"] != "OK")
        assert (report["gap"] is None) is page["complete"]
        seen.append((numbers, page["totalCount"], page["complete"], report["status"]))
    assert seen == [
        ([], None, False, "AWAITING_SNAPSHOT"),
        ([X], None, False, "AWAITING_SNAPSHOT"),
        ([X], 1, True, "OK"),
    ]
