"""GraphQL over WebSocket, clause by clause: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md."""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.schema.gateways import Client, Json, Simulated, gateway
from tests.web.frames import socket
from tests.web.test_auth import CLIENTS, SHOP

KIND = {"data": {"__typename": "Query"}}
SLOW = '{ phoneNumbers(filter: {sources: ["epsilon"]}) { nodes { e164 } } }'


async def test_the_subprotocol_is_agreed_on(web: Client) -> None:
    """The one that is spoken is selected; without it, the legacy one included, the socket is closed with 4406."""
    async with socket(web.url) as opened:
        assert opened.raw.protocol == "graphql-transport-ws"
    for protocol in ("graphql-ws", "mqtt"):
        async with socket(web.url, protocol) as opened:
            assert await opened.closed() == (4406, "Subprotocol not acceptable: use graphql-transport-ws")


async def test_frames_are_not_compressed(web: Client) -> None:
    """Whoever offers it is not taken up on it: it would be done for each listener anew."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{web.url}/graphql", protocols=["graphql-transport-ws"], compress=15) as opened,
    ):
        assert (opened.protocol, opened.compress) == ("graphql-transport-ws", 0)


async def test_a_query_is_answered(web: Client) -> None:
    """``next`` with the answer, then ``complete``; its id may be used again at once, and anything may be one."""
    async with socket(web.url) as opened:
        await opened.init()
        for name in ("1", "1", "ü" * 50):
            await opened.subscribe(name, "query ($e: E164!) { phoneNumber(e164: $e) { e164 } }", variables={"e": "+12"})
            answer = {"data": {"phoneNumber": {"e164": "+12"}}}
            assert await opened.next() == {"id": name, "type": "next", "payload": answer}
            assert await opened.next() == {"id": name, "type": "complete"}


async def test_the_named_operation_runs(web: Client) -> None:
    """``operationName`` and ``extensions`` are taken as over HTTP."""
    query = "query A { __typename } query B { sources { name } }"
    named = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    async with socket(web.url) as opened:
        await opened.init()
        await opened.subscribe("1", query, operationName="A", extensions=named, variables=None)
        assert (await opened.next())["payload"] == KIND
        await opened.next()
        await opened.send(id="2", type="subscribe", payload={"operationName": "A", "extensions": named})
        assert (await opened.next())["payload"] == KIND


async def test_errors_within_an_answer_are_next(web: Client) -> None:
    """What fails during the execution comes with the data."""
    async with socket(web.url) as opened:
        await opened.init()
        await opened.subscribe("1", "{ phoneNumbers(first: -1) { complete } }")
        told = await opened.next()
        assert (told["type"], told["payload"]["data"]) == ("next", {"phoneNumbers": None})
        assert told["payload"]["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ colour }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { __typename } query B { __typename }"}, "BAD_USER_INPUT"),
        ({}, "BAD_USER_INPUT"),
        ({"query": "{ sources { name } }" + " " * 40_000}, "DOCUMENT_TOO_COMPLEX"),
        ({"documentId": "unknown"}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_request_errors_are_error(web: Client, payload: Json, code: str) -> None:
    """``error`` is the last message of its operation, and the socket stays open for others."""
    async with socket(web.url) as opened:
        await opened.init()
        await opened.send(id="1", type="subscribe", payload=payload)
        told = await opened.next()
        assert (told["id"], told["type"]) == ("1", "error")
        assert [error["extensions"]["code"] for error in told["payload"]] == [code]
        await opened.subscribe("1", "{ __typename }")
        assert await opened.next() == {"id": "1", "type": "next", "payload": KIND}


async def test_deferred_parts_come_with_the_rest(web: Client) -> None:
    """The protocol has no parts: the answer is whole."""
    async with socket(web.url) as opened:
        await opened.init()
        await opened.subscribe("1", '{ phoneNumber(e164: "+12") { ... @defer { e164 } } }')
        assert (await opened.next())["payload"] == {"data": {"phoneNumber": {"e164": "+12"}}}


async def test_pings_are_answered(web: Client) -> None:
    """Before and after the handshake, with the payload that came; a pong needs no answer."""
    async with socket(web.url) as opened:
        await opened.send(type="ping")
        assert await opened.next() == {"type": "pong"}
        await opened.init({})
        await opened.send(type="pong", payload={"any": "thing"})
        await opened.send(type="ping", payload={"any": "thing"})
        assert await opened.next() == {"type": "pong", "payload": {"any": "thing"}}


async def test_before_the_handshake_nothing_is_executed(web: Client) -> None:
    """A ``subscribe`` before ``connection_init`` closes the socket with 4401."""
    async with socket(web.url) as opened:
        await opened.subscribe("1", "{ __typename }")
        assert await opened.closed() == (4401, "Unauthorized")


async def test_there_is_one_handshake(web: Client) -> None:
    """A second ``connection_init`` closes the socket with 4429."""
    async with socket(web.url) as opened:
        await opened.init()
        await opened.send(type="connection_init")
        assert await opened.closed() == (4429, "Too many initialisation requests")


@pytest.fixture(scope="module")
def strict(simulated: Simulated) -> Iterator[Client]:
    """A gateway that waits for nobody, and takes one operation a socket."""
    with gateway(simulated.sources, limits={"socket_init": 0.05, "socket_operations": 1}) as client:
        yield client


async def test_the_handshake_has_a_time_limit(strict: Client) -> None:
    """Who does not ask for a connection, pings or not, is closed with 4408; who did may be silent for longer."""
    async with socket(strict.url) as patient, socket(strict.url) as opened:
        await patient.init()
        await opened.send(type="ping")
        assert await opened.next() == {"type": "pong"}
        assert await opened.closed() == (4408, "Connection initialisation timeout")
        await patient.send(type="ping")
        assert await patient.next() == {"type": "pong"}


MALFORMED: dict[str, tuple[str, str]] = {
    "no JSON": ("{", "Messages must be JSON"),
    "deep JSON": ("[" * 100_000, "Messages must be JSON"),
    "a list": ("[]", "Messages must be objects with a type"),
    "no type": ("{}", "Messages must be objects with a type"),
    "a number for a type": ('{"type": 5}', "Messages must be objects with a type"),
    "another type": ('{"type": "start"}', "Unknown message type 'start'"),
    "a long type": ('{"type": "%s"}' % ("é" * 200), "Unknown message type '" + "é" * 50),
    "a list for a payload": (
        '{"type": "connection_init", "payload": []}',
        "The payload of connection_init must be an object",
    ),
    "a text for a ping": ('{"type": "ping", "payload": "x"}', "The payload of ping must be an object"),
    "a number for a pong": ('{"type": "pong", "payload": 5}', "The payload of pong must be an object"),
}


@pytest.mark.parametrize(("text", "reason"), MALFORMED.values(), ids=MALFORMED)
async def test_malformed_messages_close_the_socket(web: Client, text: str, reason: str) -> None:
    """A message of a type or form that the protocol does not know closes the socket with 4400."""
    async with socket(web.url) as opened:
        await opened.raw.send_str(text)
        assert await opened.closed() == (4400, reason)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "subscribe", "payload": {"query": "{ __typename }"}}, "A subscribe message must have an id, a text"),
        ({"type": "subscribe", "id": 5, "payload": {}}, "A subscribe message must have an id, a text"),
        ({"type": "subscribe", "id": "1"}, "A subscribe message must have a payload, an object with a query"),
        (
            {"type": "subscribe", "id": "1", "payload": []},
            "A subscribe message must have a payload, an object with a query",
        ),
        ({"type": "subscribe", "id": "1", "payload": {"query": 5}}, "query must be a string or null."),
        ({"type": "subscribe", "id": "1", "payload": {"variables": []}}, "variables must be an object or null."),
        ({"type": "complete"}, "A complete message must have an id, a text"),
    ],
)
async def test_malformed_operations_close_the_socket(web: Client, message: Json, reason: str) -> None:
    """What a payload holds is checked, entry by entry."""
    async with socket(web.url) as opened:
        await opened.init()
        await opened.send(**message)
        assert await opened.closed() == (4400, reason)


async def test_binary_and_endless_messages_close_the_socket(web: Client) -> None:
    """Messages are text, and have a largest size."""
    async with socket(web.url) as opened:
        await opened.raw.send_bytes(b'{"type": "ping"}')
        assert await opened.closed() == (4400, "Messages must be text frames")
    async with socket(web.url) as opened:
        await opened.raw.send_str('"%s"' % ("x" * 1024 * 1024))
        assert (await opened.closed())[0] == 1009


async def test_operations_under_way(simulated: Simulated) -> None:
    """Their number is bounded; one that the client completes says nothing more; an id that is taken closes with 4409."""
    simulated.turn("cloudlx", hang=True)
    try:
        with gateway(simulated.sources, limits={"socket_operations": 2}) as client:
            async with socket(client.url) as opened:
                await opened.init()
                for name in ("1", "2", "3"):
                    await opened.subscribe(name, SLOW)
                told = await opened.next()
                assert (told["id"], told["type"]) == ("3", "error")
                assert "complete one first" in told["payload"][0]["message"]
                await opened.send(id="1", type="complete")
                await opened.send(id="9", type="complete")
                await opened.subscribe("3", "{ __typename }")
                assert await opened.next() == {"id": "3", "type": "next", "payload": KIND}
                assert await opened.next() == {"id": "3", "type": "complete"}
                await opened.subscribe("2", SLOW)
                assert await opened.closed() == (4409, "Subscriber for 2 already exists")
    finally:
        simulated.turn("cloudlx", hang=False)


async def test_a_client_that_leaves_ends_its_operations(simulated: Simulated) -> None:
    """A socket that is closed in the middle leaves a gateway that answers, and can be stopped at once."""
    simulated.turn("cloudlx", hang=True)
    try:
        with gateway(simulated.sources) as client:
            async with socket(client.url) as opened:
                await opened.init()
                await opened.subscribe("1", SLOW)
            async with socket(client.url) as opened:
                await opened.init()
                await opened.subscribe("1", "{ __typename }")
                assert (await opened.next())["payload"] == KIND
    finally:
        simulated.turn("cloudlx", hang=False)


@pytest.mark.parametrize(
    ("origin", "let_in"), [("http://{host}", True), ("https://evil.example", False), ("null", False), ("", False)]
)
async def test_pages_of_other_sites_are_refused(web: Client, origin: str, let_in: bool) -> None:
    """Browsers let any page open a WebSocket, so its origin must be the gateway's own: 403 before the handshake."""
    given = origin.format(host=web.url.removeprefix("http://"))
    if let_in:
        async with socket(web.url, Origin=given) as opened:
            await opened.init()
    else:
        async with AsyncExitStack() as opening:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await opening.enter_async_context(socket(web.url, Origin=given))
        assert refused.value.status == 403


async def test_other_hosts_are_refused(web: Client) -> None:
    """A name that was made to point here opens no WebSocket either (DNS rebinding)."""
    async with AsyncExitStack() as opening:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await opening.enter_async_context(socket(web.url, Host="evil.example"))
    assert refused.value.status == 403


SHOPS = {"data": {"sources": [{"name": "london"}, {"name": "voice_sg"}]}}


async def test_keys_come_with_the_payload_or_the_handshake(simulated: Simulated) -> None:
    """A key is taken from either; without a known one the socket is closed with 4403, and nothing is executed."""
    with gateway(simulated.sources, clients=CLIENTS) as client:
        for headers, payload in (
            ({"Authorization": f"Bearer {SHOP}"}, None),
            ({}, {"Authorization": f"Bearer {SHOP}"}),
        ):
            async with socket(client.url, **headers) as opened:
                await opened.init(payload)
                await opened.subscribe("1", "{ sources { name } }")
                assert (await opened.next())["payload"] == SHOPS
        for given in (None, {"authorization": "Bearer wrong"}, {"authorization": 5}):
            async with socket(client.url) as opened:
                await opened.send(type="connection_init", payload=given)
                assert await opened.closed() == (4403, "Forbidden")


async def test_many_sockets_at_once(web: Client) -> None:
    """A hundred sockets are answered side by side."""

    async def one(number: int) -> str:
        async with socket(web.url) as opened:
            await opened.init()
            await opened.subscribe(str(number), "{ __typename }")
            return str((await opened.next())["id"])

    assert await asyncio.gather(*map(one, range(100))) == [str(number) for number in range(100)]
