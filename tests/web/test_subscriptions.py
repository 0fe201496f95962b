"""The subscription over every transport: what is told, from where it resumes, and how it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from gateway.schema.subscription import cursor_of
from gateway.upstream.changes import Hub
from gateway.web.execution import Told
from gateway.web.streams import EVENT_STREAM, Streamed
from tests.clocks import ManualClock
from tests.schema.gateways import JSON, RESPONSE, Client, Json, Simulated
from tests.upstream.logs import MemoryLog
from tests.web.frames import event, events_in, parts_in, socket, stream
from tests.web.listening import hub_of, listening
from tests.web.test_auth import CLIENTS, SHOP

CHANGES = "subscription ($after: String) { phoneNumberChanged(after: $after) { e164 cursor } }"
START = cursor_of(0)
FROM_START = f'subscription {{ phoneNumberChanged(after: "{START}") {{ e164 }} }}'
EVENTS, PAYLOADS = "text/event-stream", 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'


@pytest.fixture
def log() -> MemoryLog:
    """A log that nothing was written to."""
    return MemoryLog()


@pytest.fixture
def web(log: MemoryLog, simulated: Simulated) -> Iterator[Client]:
    """A gateway over it, whose streams are never silent for long."""
    with listening(hub_of(log), simulated.sources, server={"heartbeat": 0.05}) as client:
        yield client


async def until(hub: Hub, *, listened: bool) -> None:
    """Wait until somebody listens, or nobody does any more."""
    while bool(hub.listened) is not listened:  # noqa: ASYNC110 - the gateway is in another thread
        await asyncio.sleep(0)


def told(number: int) -> Json:
    """What is told of a change."""
    return {"data": {"phoneNumberChanged": {"e164": f"+65{number:08}", "cursor": cursor_of(number)}}}


async def test_over_a_websocket(web: Client, log: MemoryLog) -> None:
    """What was missed is replayed, what happens comes as it happens, and after ``complete`` nothing comes any more."""
    log.append(3)
    async with socket(web.url) as opened:
        await opened.init()
        await opened.subscribe("1", CHANGES, variables={"after": cursor_of(1)})
        for number in (2, 3):
            assert await opened.next() == {"id": "1", "type": "next", "payload": told(number)}
        log.append()
        assert await opened.next() == {"id": "1", "type": "next", "payload": told(4)}
        await opened.send(id="1", type="complete")
        await opened.send(type="ping")
        assert await opened.next() == {"type": "pong"}
        log.append()
        await opened.subscribe("1", CHANGES, variables={"after": cursor_of(4)})
        assert await opened.next() == {"id": "1", "type": "next", "payload": told(5)}


async def test_who_listens_takes_no_place(log: MemoryLog, simulated: Simulated) -> None:
    """A subscription that nothing is told to is not at work: where one operation may be, others are answered."""
    hub = hub_of(log)
    with listening(hub, simulated.sources, limits={"concurrent": 1}) as client:
        async with socket(client.url) as opened:
            await opened.init()
            await opened.subscribe("1", CHANGES)
            await until(hub, listened=True)
            await opened.subscribe("2", "{ __typename }")
            assert (await opened.next())["payload"] == {"data": {"__typename": "Query"}}


async def test_over_events(web: Client, log: MemoryLog) -> None:
    """Each event has its cursor as id; silence is filled with comments; lines end with LF alone."""
    async with stream(web.url, CHANGES, EVENTS) as response:
        assert (response.status, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert response.headers["cache-control"] == "no-store"
        assert await response.content.readuntil(b"\n\n") == b":\n\n"
        assert await response.content.readuntil(b"\n\n") == b":\n\n"
        log.append(2)
        assert await event(response) == (cursor_of(1), "next", told(1))
        assert await event(response) == (cursor_of(2), "next", told(2))


async def test_events_resume_where_they_were(web: Client, log: MemoryLog) -> None:
    """``Last-Event-ID`` stands above the document's own ``after``; a native EventSource asks with a plain GET."""
    log.append(5)
    url = f"{web.url}/graphql?{urlencode({'query': FROM_START})}"
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"accept": EVENTS}) as response:
            assert [(await event(response))[0] for _ in range(3)] == [cursor_of(1), cursor_of(2), cursor_of(3)]
        async with session.get(url, headers={"accept": EVENTS, "last-event-id": cursor_of(3)}) as response:
            assert [(await event(response))[0] for _ in range(2)] == [cursor_of(4), cursor_of(5)]


async def test_over_multipart(web: Client, log: MemoryLog) -> None:
    """Apollo's protocol: payloads, and empty parts while nothing happens."""
    async with stream(web.url, CHANGES, f"{PAYLOADS}, {JSON}") as response:
        kind = response.headers["content-type"]
        assert (response.status, kind) == (200, 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0')
        await response.content.readuntil(b"{}\r\n--graphql")
        log.append()
        content = await response.content.readuntil(b"}}\r\n--graphql")
        last = content.split(b"\r\n--graphql")[-2].partition(b"\r\n\r\n")[2]
        assert json.loads(last) == {"payload": told(1)}


async def test_nothing_goes_on_behind_the_last_answer() -> None:
    """When a stream has ended, nobody watches its silence any more."""
    sent: list[Any] = []

    async def answers() -> AsyncIterator[Told]:
        yield Told({"data": None})

    async def send(message: Any) -> None:  # noqa: ANN401 - any of ASGI's
        sent.append(message)

    streamed = Streamed(answers(), EVENT_STREAM, 60.0, [asyncio.Event()])  # type: ignore[arg-type]  # it has no more to close
    async with asyncio.timeout(10):
        await streamed({"type": "http"}, asyncio.Event().wait, send)  # type: ignore[arg-type]  # nobody leaves
        while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
    content = b"".join(message["body"] for message in sent[1:])
    assert content == b':\n\nevent: next\ndata: {"data":null}\n\nevent: complete\ndata: \n\n'


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (f"{RESPONSE}, {JSON}, text/event-stream, multipart/mixed", "text/event-stream"),
        (f"{PAYLOADS};q=0.5, {EVENTS};q=0.4", "multipart/mixed"),
        (f"{PAYLOADS}, {EVENTS}", "multipart/mixed"),
    ],
)
async def test_the_stream_is_negotiated(web: Client, accept: str, kind: str) -> None:
    """Whoever takes several gets the heaviest, or the first; plain multipart is for the parts of one answer."""
    async with stream(web.url, CHANGES, accept) as response:
        assert response.headers["content-type"].partition(";")[0] == kind


@pytest.mark.parametrize("accept", ["", "*/*", JSON, RESPONSE, f"{JSON}, multipart/mixed", f"{JSON}, {EVENTS};q=0"])
def test_without_a_stream_it_is_refused(web: Client, accept: str) -> None:
    """A subscription that is asked like a query is told how to ask, in JSON."""
    reply = web.post(json.dumps({"query": CHANGES}).encode(), accept)
    assert (reply.status, reply.codes) == (406, ["BAD_USER_INPUT"])
    assert reply.refusal[1].startswith("A subscription is a stream: accept text/event-stream")


def test_in_a_batch_it_is_refused(log: MemoryLog, simulated: Simulated) -> None:
    """One answer of several cannot be a stream."""
    with listening(hub_of(log), simulated.sources, limits={"batch": 2}) as client:
        [answer] = json.loads(client.post(json.dumps([{"query": CHANGES}]).encode()).content)
    assert answer["errors"][0]["message"].startswith("A subscription is a stream")


REFUSED = [
    ('after: "x"', "CURSOR_INVALID"),
    ('after: "Y2hhbmdlIDE="', "CURSOR_INVALID"),
    ('after: "Y2hhbmdlIC0x"', "CURSOR_INVALID"),
    ('after: "é"', "CURSOR_INVALID"),
    (f'after: "{cursor_of(99)}"', "CURSOR_EXPIRED"),
    ('sources: ["nowhere"]', "BAD_USER_INPUT"),
    ('e164s: ["x"]', "BAD_USER_INPUT"),
    ("e164s: [" + '"+12" ' * 501 + "]", "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("arguments", "code"), REFUSED)
async def test_what_cannot_be_listened_to(web: Client, arguments: str, code: str) -> None:
    """Over each transport the stream ends with one error that has a code, and the connection is good for others."""
    query = f"subscription {{ phoneNumberChanged({arguments}) {{ e164 }} }}"
    async with socket(web.url) as opened:
        await opened.init()
        await opened.subscribe("1", query)
        ended = await opened.next()
        assert (ended["type"], [error["extensions"]["code"] for error in ended["payload"]]) == ("error", [code])
    answer = {"errors": ended["payload"]}
    async with stream(web.url, query, EVENTS) as response:
        content = (await response.read()).decode()
        assert list(events_in(content)) == [(None, "next", answer), (None, "complete", None)]
    async with stream(web.url, query, PAYLOADS) as response:
        assert [part for part in parts_in(await response.read(), "graphql") if part] == [{"payload": answer}]


async def test_an_expired_cursor_ends_the_stream(web: Client, log: MemoryLog) -> None:
    """What the log has forgotten cannot be replayed, and nobody is told otherwise."""
    log.append(5)
    log.removed = 3
    async with stream(web.url, FROM_START, EVENTS) as response:
        (_, _, answer), (_, last, _) = events_in((await response.read()).decode())
    assert (answer["errors"][0]["extensions"], last) == ({"code": "CURSOR_EXPIRED"}, "complete")


async def test_who_is_too_slow_is_told_where_to_resume(log: MemoryLog, simulated: Simulated) -> None:
    """A listener that does not read is ended with a code and a cursor, and nothing was lost before it."""
    wide = " ".join(f"a{number}: e164" for number in range(500))
    query = f"subscription {{ phoneNumberChanged {{ cursor {wide} }} }}"
    hub = hub_of(log, behind=10)
    with listening(hub, simulated.sources, limits={"aliases": 500}) as client:
        async with stream(client.url, query, EVENTS) as response:
            await until(hub, listened=True)
            log.append(2000)
            held = list(events_in((await response.read()).decode()))
    numbers = [answer["data"]["phoneNumberChanged"]["cursor"] for _, _, answer in held[:-2]]
    assert numbers == [cursor_of(number + 1) for number in range(len(numbers))]
    (_, _, ended), (_, last, _) = held[-2:]
    resume = numbers[-1] if numbers else cursor_of(0)
    assert ended["errors"][0]["extensions"] == {"code": "LISTENER_TOO_SLOW", "cursor": resume}
    assert last == "complete"


async def test_what_is_listened_to_can_be_chosen(web: Client, log: MemoryLog) -> None:
    """By source and by number; a change of something else is not told."""
    log.append(2, source="london")
    log.append(1, source="dallas")
    log.append(1, source="london")
    by_source = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}", sources: ["dallas"]) {{ e164 }} }}'
    by_number = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}", e164s: ["+65 0000 0002"]) {{ e164 }} }}'
    for query, wanted in ((by_source, "+6500000003"), (by_number, "+6500000002")):
        async with stream(web.url, query, EVENTS) as response:
            _, _, answer = await event(response)
            assert answer["data"]["phoneNumberChanged"] == {"e164": wanted}


async def test_clients_hear_of_their_sources_alone(log: MemoryLog, simulated: Simulated) -> None:
    """What a client may not see is not told to it."""
    log.append(1, source="epsilon")
    log.append(1, source="london")
    with listening(hub_of(log), simulated.sources, clients=CLIENTS) as client:
        headers = {"authorization": f"Bearer {SHOP}"}
        async with stream(client.url, FROM_START, EVENTS, **headers) as response:
            assert (await event(response))[2] == {"data": {"phoneNumberChanged": {"e164": "+6500000002"}}}


async def test_everything_about_a_change(web: Client, log: MemoryLog) -> None:
    """The record is the number's face; what must be looked up is looked up anew for each change."""
    log.append(2)
    fields = "kind e164 id at cursor number { e164 source { name } alsoAt { source { name } } }"
    query = FROM_START.replace("e164", fields)
    async with stream(web.url, query, EVENTS) as response:
        for number in (1, 2):
            _, _, answer = await event(response)
            assert answer["data"]["phoneNumberChanged"] == {
                "kind": "ADDED",
                "e164": f"+65{number:08}",
                "id": log.written[number - 1].id,
                "at": "2026-11-21T12:00:00Z",
                "cursor": cursor_of(number),
                "number": {"e164": f"+65{number:08}", "source": {"name": "voice_sg"}, "alsoAt": []},
            }


async def test_every_change_has_its_own_time(log: MemoryLog, clock: ManualClock, simulated: Simulated) -> None:
    """The deadline is that of one answer, not of the stream: long after the first change the next is looked up as well."""
    fields = "alsoAt { source { name } }"
    with listening(hub_of(log), simulated.sources, clock) as client:
        async with stream(client.url, FROM_START.replace("e164", f"number {{ {fields} }}"), EVENTS) as response:
            for _ in range(2):
                log.append()
                _, _, answer = await event(response)
                assert answer == {"data": {"phoneNumberChanged": {"number": {"alsoAt": []}}}}
                clock.advance(1000)


async def test_a_listener_that_leaves_is_forgotten(log: MemoryLog, simulated: Simulated) -> None:
    """When the last one has left, over whichever transport, nobody looks at the log any more."""
    hub = hub_of(log)
    with listening(hub, simulated.sources) as client:
        for accept in (EVENTS, PAYLOADS):
            async with stream(client.url, CHANGES, accept):
                await until(hub, listened=True)
            await until(hub, listened=False)
        async with socket(client.url) as opened:
            await opened.init()
            await opened.subscribe("1", CHANGES)
            await until(hub, listened=True)
            await opened.send(id="1", type="complete")
            await until(hub, listened=False)
            await opened.subscribe("1", CHANGES)
            await until(hub, listened=True)
        await until(hub, listened=False)
