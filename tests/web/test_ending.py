"""The end of a process, seen by who is connected: no more is taken on, what was begun is answered, streams are let go."""

import asyncio
import gc
import struct
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.app import create_app
from gateway.serving import bind, running, url_of
from gateway.settings import load_only
from gateway.web.sockets import _Connection
from tests.schema.gateways import PATIENCE, Client, Simulated, simulators
from tests.web.bare import opened, text
from tests.web.frames import event, socket, stream
from tests.web.test_unread import LONG, drain, held_for, until_paused

CHANGES = "subscription { phoneNumberChanged { e164 } }"
SLOW = '{ phoneNumber(e164: "+12056350001", sources: ["dallas"], maxStaleness: "PT0S") { complete } }'
COMPLETE = {"data": {"phoneNumber": {"complete": True}}}
EVENTS, PAYLOADS = "text/event-stream", "multipart/mixed;subscriptionSpec=1.0"


@pytest.fixture
def simulated() -> Iterator[Simulated]:
    """Simulators of which one is slow."""
    with simulators() as held:
        held.turn("webex", latency=0.5)
        yield held


@pytest.fixture
def web(simulated: Simulated) -> Iterator[Client]:
    """A gateway whose end begins when ``/end`` is asked for, and whose door stays open."""
    limits = {"deadline": PATIENCE, "concurrent": 2}
    app = create_app(load_only(sources=simulated.sources, state={"database_url": "sqlite://"}, limits=limits))

    async def end(_: Request) -> Response:
        app.state.ending.set()
        return Response()

    app.router.routes.append(Route("/end", end))
    bound = bind("127.0.0.1", 0)
    with running(app, bound):
        yield Client(url_of(bound))


async def until_asked(simulated: Simulated) -> None:
    """Wait until the slow source is at work."""
    while not simulated.calls("webex"):  # noqa: ASYNC110 - the simulators are in another thread
        await asyncio.sleep(0)


async def test_nobody_is_sent_here_any_more(web: Client) -> None:
    """``/ready`` says no, and a new socket is refused with a code; what is asked nevertheless is answered."""
    assert web.send("GET", "/ready").status == 200
    web.send("GET", "/end")
    told = web.send("GET", "/ready")
    assert (told.status, told.json["ready"]) == (503, False)
    async with AsyncExitStack() as opening:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await opening.enter_async_context(socket(web.url))
    assert refused.value.status == 503
    assert refused.value.headers is not None
    assert refused.value.headers["retry-after"] == "1"
    assert web.ask("{ __typename }").data == {"__typename": "Query"}


async def test_sockets_are_closed_after_what_was_asked(web: Client, simulated: Simulated) -> None:
    """The query is answered, the subscription is let go without a word, what is asked now is not begun: 1001."""
    async with socket(web.url) as opened, socket(web.url) as silent:
        await opened.init()
        await opened.subscribe("1", CHANGES)
        await opened.subscribe("2", SLOW)
        await until_asked(simulated)
        web.send("GET", "/end")
        await opened.subscribe("3", SLOW)
        assert await opened.next() == {"id": "2", "type": "next", "payload": COMPLETE}
        assert await opened.next() == {"id": "2", "type": "complete"}
        assert await opened.closed() == (1001, "Going away: connect again")
        assert (await silent.closed())[0] == 1001


@pytest.mark.parametrize(("accept", "word"), [(EVENTS, b"complete"), (PAYLOADS, b"--graphql--")])
async def test_streams_end_without_the_word(web: Client, accept: str, word: bytes) -> None:
    """Clients of a subscription come again when a stream just ends; the connection is not broken."""
    async with stream(web.url, CHANGES, accept) as answer:
        await answer.content.readany()
        web.send("GET", "/end")
        assert word not in await answer.content.read()


async def test_a_reserved_stream_ends(web: Client) -> None:
    """That of many operations too."""
    token = web.send("PUT", "/graphql").content.decode()
    given = {"accept": EVENTS, "x-graphql-event-stream-token": token}
    async with aiohttp.ClientSession() as session, session.get(f"{web.url}/graphql", headers=given) as answer:
        assert await answer.content.readline() == b":\n"
        web.send("GET", "/end")
        assert await answer.content.read() == b"\n"


async def test_a_query_by_events_is_answered(web: Client, simulated: Simulated) -> None:
    """It is no subscription: its answer comes, and that it is complete."""
    async with stream(web.url, SLOW, EVENTS) as answer:
        await until_asked(simulated)
        web.send("GET", "/end")
        assert await event(answer) == (None, "next", COMPLETE)
        assert await event(answer) == (None, "complete", None)


async def test_who_listens_takes_no_place(web: Client) -> None:
    """Two operations may be at work here, and a hundred wait for changes on one socket; one more there is refused."""
    async with socket(web.url) as opened:
        await opened.init()
        for number in range(100):
            await opened.subscribe(str(number), CHANGES)
            await opened.send(type="ping")
            assert await opened.next() == {"type": "pong"}
        await opened.subscribe("one more", CHANGES)
        told = await opened.next()
        assert (told["id"], told["type"], told["payload"][0]["extensions"]["code"]) == (
            "one more",
            "error",
            "BAD_USER_INPUT",
        )
        assert web.ask("{ __typename }").status == 200


def test_who_begins_to_listen_while_it_ends_is_let_go(web: Client) -> None:
    """A subscription that was asked for before, and could not begin while an answer waited to be read, holds up nothing."""
    with opened(web.url) as connection:
        held = held_for(web)
        longer = "{" + " ".join(f"a{place}: {LONG.strip('{} ')} }} }}" for place in range(5)) + "}"
        connection.sendall(text(id="first", type="subscribe", payload={"query": longer}))
        until_paused(held, web)
        connection.sendall(text(id="last", type="subscribe", payload={"query": CHANGES}))
        [served] = [one for one in gc.get_objects() if isinstance(one, _Connection) and one._tasks]
        running: set[str] = set()
        while "last" not in running:
            web.send("GET", "/health")
            running = set(served._running)
        web.send("GET", "/end")
        assert struct.pack("!H", 1001) + b"Going away: connect again" in drain(connection)
