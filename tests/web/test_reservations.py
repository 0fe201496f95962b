"""GraphQL over SSE in its single connection mode: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest

from gateway.schema.authority import Asker
from gateway.schema.graph import make_schema
from gateway.schema.subscription import cursor_of
from gateway.web import reservations
from gateway.web.exchange import HttpRefused
from gateway.web.execution import Execution, Operation
from gateway.web.reservations import Reservations
from tests.conftest import OpenRooms, Simulators
from tests.schema.gateways import JSON, Client, Reply, Simulated, gateway
from tests.upstream.logs import MemoryLog
from tests.web.frames import PATIENCE, event
from tests.web.listening import hub_of
from tests.web.test_auth import AUDIT, CLIENTS, SHOP
from tests.web.wire import Wire, request

KIND = {"data": {"__typename": "Query"}}
SLOW = '{ phoneNumbers(filter: {sources: ["london"]}) { nodes { e164 } } }'
TOKEN = "X-GraphQL-Event-Stream-Token"


def reserved(client: Client) -> str:
    """A reservation's token."""
    reply = client.send("PUT", "/graphql")
    assert (reply.status, reply.headers["cache-control"]) == (201, "no-store")
    return reply.content.decode()


def operate(client: Client, token: str, query: str = "{ __typename }", name: object = "1", **headers: str) -> Reply:
    """Begin an operation."""
    content = json.dumps({"query": query, "extensions": {"operationId": name}}).encode()
    return client.send("POST", "/graphql", {"content-type": JSON, TOKEN: token, **headers}, content)


@asynccontextmanager
async def listening(url: str, query: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
    """The stream of a reservation."""
    async with (
        aiohttp.ClientSession(timeout=PATIENCE) as session,
        session.get(f"{url}/graphql{query}", headers={"accept": "text/event-stream", **headers}) as response,
    ):
        yield response


@pytest.mark.parametrize("in_url", [False, True])
async def test_one_stream_carries_all_answers(web: Client, in_url: bool) -> None:
    """Answers bear the ids of their operations; the token comes in a header or, from EventSource, in the URL."""
    token = reserved(web)
    assert operate(web, token, name="early").status == 202
    async with listening(web.url, f"?token={token}" if in_url else "", {} if in_url else {TOKEN: token}) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert await event(stream) == (None, "next", {"id": "early", "payload": KIND})
        assert await event(stream) == (None, "complete", {"id": "early"})
        assert operate(web, token, "{ colour }", "bad").status == 202
        _, name, told = await event(stream)
        assert (name, told["id"]) == ("next", "bad")
        assert told["payload"]["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}
        assert await event(stream) == (None, "complete", {"id": "bad"})


async def test_a_reservation_has_one_stream(web: Client) -> None:
    """A second stream is a 409; when the first one ends, so does the reservation."""
    token = reserved(web)
    accepting = {"accept": "text/event-stream", TOKEN: token}
    async with listening(web.url, "", accepting) as stream:
        assert stream.status == 200
        second = web.send("GET", "/graphql", accepting)
        assert (second.status, second.codes) == (409, ["BAD_USER_INPUT"])
    ended = second
    while ended.status == 409:
        ended = web.send("GET", "/graphql", accepting)
    assert (ended.status, ended.codes) == (404, ["BAD_USER_INPUT"])


@pytest.mark.parametrize(("method", "accept"), [("GET", "text/event-stream"), ("POST", JSON), ("DELETE", JSON)])
def test_an_unknown_token_is_told(web: Client, method: str, accept: str) -> None:
    """Nothing happens without a reservation, and the 404 says how to make one."""
    reply = web.send(method, "/graphql", {"accept": accept, TOKEN: "unknown"})
    assert (reply.status, reply.codes) == (404, ["BAD_USER_INPUT"])
    assert "make one with PUT" in reply.refusal[1]


@pytest.mark.parametrize("name", [None, "", 5, []])
def test_an_operation_needs_a_name(web: Client, name: object) -> None:
    """Without an id, nobody would know whose the answers are."""
    reply = operate(web, reserved(web), name=name)
    assert (reply.status, reply.codes) == (400, ["BAD_USER_INPUT"])
    assert "extensions.operationId must be a text" in reply.refusal[1]


def test_request_errors_are_answered_at_once(web: Client) -> None:
    """What is no request is refused as always, also without extensions."""
    token = reserved(web)
    assert operate(web, token, "").codes == ["BAD_USER_INPUT"]
    reply = web.send("POST", "/graphql", {"content-type": JSON, TOKEN: token}, b'{"query": "{ __typename }"}')
    assert reply.codes == ["BAD_USER_INPUT"]
    content = b'{"extensions": {"operationId": "1", "persistedQuery": {"version": 1, "sha256Hash": "0"}}}'
    reply = web.send("POST", "/graphql", {"content-type": JSON, TOKEN: token}, content)
    assert (reply.status, reply.codes) == (200, ["PERSISTED_QUERY_NOT_FOUND"])


async def test_operations_can_be_stopped(simulated: Simulated) -> None:
    """An id that is under way is a 409; once stopped it may be used again, and the stopped one says nothing more."""
    simulated.turn("webex", hang=True)
    try:
        with gateway(simulated.sources) as client:
            token = reserved(client)
            async with listening(client.url, "", {TOKEN: token}) as stream:
                assert operate(client, token, SLOW).status == 202
                assert (operate(client, token).status, operate(client, token).codes) == (409, ["BAD_USER_INPUT"])
                for name in ("1", "unknown"):
                    stopped = client.send("DELETE", f"/graphql?operationId={name}", {TOKEN: token})
                    assert (stopped.status, stopped.content) == (200, b"")
                assert operate(client, token).status == 202
                assert await event(stream) == (None, "next", {"id": "1", "payload": KIND})
                assert operate(client, token, SLOW, "left behind").status == 202
    finally:
        simulated.turn("webex", hang=False)


def test_a_reservation_is_its_maker_s(simulated: Simulated) -> None:
    """A token of somebody else is unknown: nobody listens to another client's answers."""
    with gateway(simulated.sources, clients=CLIENTS) as client:
        token = reserved(Client(client.url, SHOP))
        assert operate(Client(client.url, SHOP), token).status == 202
        assert operate(Client(client.url, AUDIT), token).status == 404
        assert client.send("PUT", "/graphql").status == 401


EVERYBODY = Asker("anyone", ("london",), None)


async def test_reservations_are_bounded(rooms: OpenRooms, sandbox: Simulators, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many are a 503 that says when to try again; those that nobody came for make room, with what they run."""
    sandbox.turn("webex", hang=True)
    monkeypatch.setattr(reservations, "AT_MOST", 1)
    held = Reservations(Execution(make_schema(), await rooms()), 100, patience=0.0)
    token = held.reserve(EVERYBODY)
    held.start(held.find(token, EVERYBODY), "1", Operation(SLOW))
    with pytest.raises(HttpRefused) as refused:
        held.reserve(EVERYBODY)
    assert (refused.value.status, refused.value.headers) == (503, {"retry-after": "5"})
    [task] = held.find(token, EVERYBODY).operations.values()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert held.reserve(EVERYBODY) != token


async def test_operations_of_a_stream_are_bounded(rooms: OpenRooms, sandbox: Simulators) -> None:
    """One more than may be under way is a 503 that says what to do; once one is stopped there is room."""
    sandbox.turn("webex", hang=True)
    held = Reservations(Execution(make_schema(), await rooms()), 1)
    token = held.reserve(EVERYBODY)
    reservation = held.find(token, EVERYBODY)
    held.start(reservation, "1", Operation(SLOW))
    with pytest.raises(HttpRefused, match="stop one first") as refused:
        held.start(reservation, "2", Operation(SLOW))
    assert refused.value.status == 503
    held.stop(reservation, "1")
    held.start(reservation, "2", Operation(SLOW))
    await held.open(token, reservation).aclose()


async def test_a_stream_that_was_fetched_stays(rooms: OpenRooms) -> None:
    """The time to come for a reservation is no limit for the stream."""
    held = Reservations(Execution(make_schema(), await rooms()), 100, patience=0.0)
    token = held.reserve(EVERYBODY)
    stream = held.open(token, held.find(token, EVERYBODY))
    held.start(held.find(token, EVERYBODY), "1", Operation("{ __typename }"))
    assert (await stream.__anext__()).answer == {"id": "1", "payload": KIND}
    assert (await stream.__anext__()).answer == {"id": "1"}
    await stream.aclose()


async def test_a_stream_that_nobody_read_is_forgotten(rooms: OpenRooms, sandbox: Simulators) -> None:
    """A client may leave before anything was written to it: its reservation and what it began end all the same."""
    sandbox.turn("webex", hang=True)
    held = Reservations(Execution(make_schema(), await rooms()), 100)
    token = held.reserve(EVERYBODY)
    reservation = held.find(token, EVERYBODY)
    held.start(reservation, "1", Operation(SLOW))
    [task] = reservation.operations.values()
    await held.open(token, reservation).aclose()
    assert task.cancelled()
    with pytest.raises(HttpRefused):
        held.find(token, EVERYBODY)


async def test_what_a_stopped_operation_told_is_not_sent(rooms: OpenRooms) -> None:
    """Answers that still wait for the stream when their operation is stopped are passed over."""
    log, opened = MemoryLog(), await rooms()
    log.append(2)
    opened.hub = hub_of(log)
    held = Reservations(Execution(make_schema(), opened), 100)
    asker = Asker("anyone", ("voice_sg",), None)
    token = held.reserve(asker)
    reservation = held.find(token, asker)
    changes = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 }} }}'
    held.start(reservation, "1", Operation(changes))
    while reservation.told.qsize() < 2:  # noqa: ASYNC110 - a queue says only when something is taken
        await asyncio.sleep(0)
    held.stop(reservation, "1")
    held.start(reservation, "1", Operation("{ __typename }"))
    stream = held.open(token, reservation)
    assert (await stream.__anext__()).answer == {"id": "1", "payload": KIND}
    await stream.aclose()


async def test_an_operation_ends_with_its_stream_to_the_last_word(
    rooms: OpenRooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that only waits to say that it is complete is ended too: nobody will read that."""
    monkeypatch.setattr(reservations, "WAITING", 1)
    held = Reservations(Execution(make_schema(), await rooms()), 100)
    token = held.reserve(EVERYBODY)
    reservation = held.find(token, EVERYBODY)
    held.start(reservation, "1", Operation("{ __typename }"))
    [task] = reservation.operations.values()
    while not reservation.told.full():  # noqa: ASYNC110 - a queue says only when something is taken
        await asyncio.sleep(0)
    await held.open(token, reservation).aclose()
    assert task.cancelled()


async def test_nothing_begins_for_a_stream_that_ended(web: Client) -> None:
    """Where the stream ends while an operation's request is still arriving, that is refused: nobody could end it any more."""
    token = reserved(web)
    content = json.dumps({"query": "{ __typename }", "extensions": {"operationId": "1"}}).encode()
    with socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2])), 30) as connected:
        wire, headers = Wire(connected, content), {"Host": "localhost", "Content-Type": JSON, TOKEN: token}
        async with listening(web.url, "", {TOKEN: token}) as stream:
            assert stream.status == 200
            connected.sendall(request({**headers, "Expect": "100-continue"}, content)[: -len(content)])
            assert wire.answer()[0] == b"HTTP/1.1 100 Continue"
        while web.send("DELETE", "/graphql", {TOKEN: token}).status == 200:
            pass
        connected.sendall(content)
        assert wire.answer()[0].startswith(b"HTTP/1.1 404")
