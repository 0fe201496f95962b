"""What the clients that people use make of streams: subscriptions over every transport, and answers in parts."""

import threading
from collections.abc import Iterator
from contextlib import aclosing, contextmanager

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.aiohttp_websockets import AIOHTTPWebsocketsTransport

from gateway.schema.subscription import cursor_of
from tests.clients.node import Node
from tests.clients.test_queries import SOURCES
from tests.schema.gateways import JSON, Client, Json, Simulated, gateway
from tests.upstream.telling import SECRET, X, Y, event, row

pytestmark = pytest.mark.timeout(300)

CHANGES = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ kind e164 }} }}'
TOLD = [{"kind": "ADDED", "e164": X}, {"kind": "ADDED", "e164": Y}, {"kind": "UPDATED", "e164": X}]
MORE = "4"
"""One change more than happened before anybody listened."""


def tell(client: Client, *rows: dict[str, object]) -> None:
    """Send an event, as 8x8 does."""
    reply = client.send("POST", "/webhooks/8x8/voice_sg", {"authorization": SECRET, "content-type": JSON}, event(*rows))
    assert reply.json["event"] == "kept"


@pytest.fixture
def told(simulated: Simulated) -> Iterator[Client]:
    """A gateway that has kept three changes; its 8x8 source has a list that nobody can read, so events alone tell."""
    sources = simulated.sources
    sources["voice_sg"] |= {"webhook_secret": SECRET, "base_url": "http://127.0.0.1:1"}
    with gateway(sources) as client:
        tell(client, row(X), row(Y))
        tell(client, row(X, minutes=-59, status="Unhealthy"))
        yield client


@contextmanager
def happening(client: Client) -> Iterator[None]:
    """One change after the other, while the block runs."""
    over = threading.Event()

    def happen() -> None:
        minutes = -58
        while not over.is_set():
            tell(client, row(X, minutes=minutes, status="Active" if minutes % 2 else "Unhealthy"))
            minutes += 1

    happens = threading.Thread(target=happen)
    happens.start()
    try:
        yield
    finally:
        over.set()
        happens.join()


def replayed_then_live(changes: list[Json]) -> bool:
    """Whether what was missed came first, in order, and then what happened."""
    return changes[:3] == TOLD and len(changes) == 4


def test_graphql_ws(node: Node, told: Client) -> None:
    """A subscription that the client ends, a query, and an error; it closes the socket itself."""
    with happening(told):
        held = node.run("graphql-ws.js", f"{told.url}/graphql", MORE)
    assert replayed_then_live(held.pop("changes"))
    assert held == {
        "sources": SOURCES,
        "wrongField": ["GRAPHQL_VALIDATION_FAILED"],
        "closed": {"code": 1000, "wasClean": True},
    }


def test_graphql_sse(node: Node, told: Client) -> None:
    """The same with a stream for each operation, and with one for all of them."""
    with happening(told):
        modes = node.run("graphql-sse.js", f"{told.url}/graphql", MORE)
    assert list(modes) == ["distinct", "single"]
    for held in modes.values():
        assert replayed_then_live(held.pop("changes"))
        assert held == {"sources": SOURCES, "wrongField": ["GRAPHQL_VALIDATION_FAILED"]}


def test_apollo_client(node: Node, told: Client) -> None:
    """Both generations of its handlers take the parts; subscriptions come as multipart and over a WebSocket."""
    with happening(told):
        held = node.run("apollo-streams.js", f"{told.url}/graphql", MORE)
    assert replayed_then_live(held["multipart"])
    assert replayed_then_live(held["webSocket"])
    for deferred in held["deferred"]:
        assert deferred["kinds"] == ['multipart/mixed; boundary="-"']
        assert deferred["states"] == [
            ["streaming", ["__typename", "e164"]],
            ["complete", ["__typename", "e164", "records"]],
        ]


def test_urql(node: Node, told: Client) -> None:
    """Its parts are multipart, its subscription is an event stream, and its queries are neither."""
    with happening(told):
        held = node.run("urql-streams.js", f"{told.url}/graphql", MORE)
    assert replayed_then_live(held["changes"])
    assert held["kinds"] == ["multipart/mixed", "text/event-stream"]
    assert held["deferred"] == [["__typename", "e164"], ["__typename", "e164", "records"]]


async def test_gql_for_python(told: Client) -> None:
    """It speaks the same protocol over a WebSocket."""
    changes: list[Json] = []
    transport = AIOHTTPWebsocketsTransport(f"{told.url}/graphql")
    with happening(told):
        async with GqlClient(transport=transport) as session, aclosing(session.subscribe(gql(CHANGES))) as results:
            while len(changes) < 4:
                changes.append((await anext(results))["phoneNumberChanged"])
    assert replayed_then_live(changes)
