"""Clients that never read: little waits for them, and they are cut off while others are answered."""

import gc
import json
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest

from gateway.web.frames import BoundedSocket
from tests.schema.gateways import Client, Simulated, gateway
from tests.web.bare import connected, frame, opened, text
from tests.web.counting import refusals

LONG = "{ phoneNumbers(first: 400) { nodes { id e164 nationalFormat provider source { name } asOf rawStatus } } }"
OPERATIONS = 100
MOST = 262_144
"""Bytes that may wait for a socket that is not read."""
HIGH_WATER = 65_536
"""Bytes that wait in a transport until nothing more is written to it."""
SENT = 16_384
"""Bytes that the kernel is asked to take before they are read."""
KERNEL = 4_194_304
"""Bytes that it takes otherwise: the third of Linux' ``tcp_wmem``."""


@pytest.fixture(scope="module")
def hasty(simulated: Simulated) -> Iterator[Client]:
    """A gateway that waits for no reader."""
    with gateway(simulated.sources, limits={"unread_seconds": 0.3, "calls": 1_000_000}) as client:
        yield client


def only_socket(client: Client) -> BoundedSocket:
    """The gateway's side of the only WebSocket there is."""
    assert client.send("GET", "/health").status == 200
    [held] = [one for one in gc.get_objects() if isinstance(one, BoundedSocket) and not one.disconnected]
    return held


def held_for(client: Client) -> BoundedSocket:
    """The same; the kernel takes little from it, so that little fills it."""
    held = only_socket(client)
    held.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)
    return held


def until_paused(held: BoundedSocket, client: Client) -> None:
    """Wait until no more is written to the socket."""
    writable = True
    while writable:
        assert client.send("GET", "/health").status == 200
        writable = held.writable.is_set()


def test_of_a_socket_that_is_read_slowly_little_waits(simulated: Simulated) -> None:
    """However many operations answer at once, and whenever some of it is read: each waits for the one before."""
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        held, page = held_for(client), len(client.ask(LONG).content)
        for number in range(OPERATIONS):
            connection.sendall(text(id=str(number), type="subscribe", payload={"query": LONG}))
        until_paused(held, client)
        peak, come = 0, 0
        while come < OPERATIONS * page:
            come += len(connection.recv(65_536))
            peak = max(peak, held.transport.get_write_buffer_size())
        assert page < peak <= HIGH_WATER + 2 * page <= MOST


def test_nothing_is_begun_for_who_reads_nothing(simulated: Simulated) -> None:
    """While an answer waits to be read, no source is asked for what else was asked over that socket."""
    fresh = '{ phoneNumber(e164: "+12056350001", sources: ["dallas"], maxStaleness: "PT0S") { complete } }'
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        held = held_for(client)
        for number in range(OPERATIONS - 10):
            connection.sendall(text(id=str(number), type="subscribe", payload={"query": LONG}))
        until_paused(held, client)
        before = simulated.calls("webex")
        for number in range(10):
            connection.sendall(text(id=f"fresh {number}", type="subscribe", payload={"query": fresh}))
        for _ in range(3):
            assert client.ask(fresh).data == {"phoneNumber": {"complete": True}}
        assert simulated.calls("webex") == before + 3


def test_pings_of_who_reads_nothing_are_not_answered_for_ever(simulated: Simulated) -> None:
    """Answers that nobody takes are not gathered."""
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        held, pings = held_for(client), frame(9, b"x" * 125) * 1000
        while held.writable.is_set():
            connection.sendall(pings)
        peak = 0
        for _ in range(20):
            connection.sendall(pings)
            assert client.send("GET", "/health").status == 200
            peak = max(peak, held.transport.get_write_buffer_size())
        assert HIGH_WATER < peak <= MOST


def test_a_socket_that_nobody_reads_is_cut(hasty: Client) -> None:
    """What waited is dropped, and the socket counts as closed for a violation of policy; others are answered."""
    page = len(hasty.ask(LONG).content)
    with opened(hasty.url) as connection:
        for number in range(OPERATIONS):
            connection.sendall(text(id=str(number), type="subscribe", payload={"query": LONG}))
        assert "1008" in codes_told(hasty)
        assert len(drain(connection)) < OPERATIONS * page


def test_a_request_whose_answer_nobody_reads_is_cut(hasty: Client) -> None:
    """An answer that is not taken does not stay for ever either."""
    fields = LONG.removeprefix("{").removesuffix("}").replace("400", "1000")
    query = "{" + " ".join(f"a{place}: {fields}" for place in range(30)) + "}"
    content = json.dumps({"query": query}).encode()
    whole = len(hasty.post(content).content)
    assert whole > KERNEL
    head = f"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    with connected(hasty.url) as connection:
        connection.sendall(head.encode() + content)
        assert "BAD_USER_INPUT" in codes_told(hasty)
        assert len(drain(connection)) < whole


def test_what_is_no_frame_and_what_is_too_long_is_counted(web: Client) -> None:
    """The protocol closes by itself: 1002, and 1009 before the message is there."""
    for sent, code in ((b"\x8f\x80" + bytes(4), "1002"), (b"\x81\xff" + struct.pack("!Q", 1 << 40) + bytes(4), "1009")):
        before = refusals(web).get(code, 0)
        with opened(web.url) as connection:
            connection.sendall(sent)
            assert struct.pack("!H", int(code)) in drain(connection)
        assert refusals(web)[code] == before + 1


def codes_told(client: Client) -> Iterator[str]:
    """The codes of what was refused, again and again."""
    while True:
        yield from refusals(client)


def drain(connection: socket.socket) -> bytes:
    """Everything that still comes, until the other side ends or cuts the connection."""
    held = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            held += part
    return held
