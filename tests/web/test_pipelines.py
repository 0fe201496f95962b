"""Requests that follow others on a connection before those are answered; and what follows a body."""

import gc
import socket
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from gateway.web.receiving import BoundedProtocol
from gateway.web.sockets import PROTOCOL
from tests.schema.gateways import JSON, Simulated
from tests.web.test_shortcut import BODY, HEADERS, LENGTH, Ways, answered, ways
from tests.web.test_unread import drain
from tests.web.wire import request

LISTENING = f"GET /graphql?query={quote('subscription { phoneNumberChanged { e164 } }')}"
EVENTS = {"Host": "127.0.0.1", "Accept": "text/event-stream", "Authorization": HEADERS["Authorization"]}
HEALTH = request({"Host": "127.0.0.1"}, b"", "GET /health")
HALF = request({"Host": "127.0.0.1", "Content-Type": JSON}, BODY)[:-1]
UPGRADE = {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
SOCKET = {"Sec-WebSocket-Protocol": PROTOCOL, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


@pytest.fixture(scope="module")
def opened(simulated: Simulated) -> Iterator[Ways]:
    """A gateway that keeps an answer, and writes signs of life all the time: by those it learns who left while it does not read."""
    with ways(simulated, server={"heartbeat": 0.05}, limits={"receive_seconds": 1}) as found:
        yield found


def listen(connection: socket.socket) -> None:
    """Begin a stream, and see that it did."""
    connection.sendall(request(EVENTS, b"", LISTENING))
    held = b""
    while b"\r\n\r\n3\r\n:\n\n\r\n" not in held:
        held += connection.recv(65536)


def until_answered(opened: Ways, before: float) -> None:
    """Wait until one more request was answered, or ended, than ``before``."""
    count = before
    while count == before:
        count = answered(opened.connected())


@pytest.mark.parametrize("behind", [b"", HEALTH, HEALTH * 2])
def test_a_stream_ends_with_its_connection(opened: Ways, behind: bytes) -> None:
    """Also where its client had asked for more before it left: nobody listens any more."""
    before, asked = answered(opened.connected()), opened.connected().socket
    listen(asked)
    asked.sendall(behind)
    asked.close()
    until_answered(opened, before)
    assert answered(opened.connected()) == before + 1


@pytest.mark.parametrize(
    "behind", [HALF, request({"Host": "127.0.0.1", **UPGRADE, **SOCKET}, b"", "GET /graphql")], ids=["late", "socket"]
)
def test_nothing_is_told_within_another_answer(opened: Ways, behind: bytes) -> None:
    """A refusal would be taken for a part of the stream before, and frames too: the connection just ends, and the stream with it."""
    before, asked = answered(opened.connected()), opened.connected().socket
    listen(asked)
    asked.sendall(behind)
    assert b"HTTP/1.1" not in drain(asked)
    until_answered(opened, before)


def test_a_short_answer_leaves_no_end_to_what_follows(opened: Ways) -> None:
    """The connection was not idle in between: the stream that follows is not cut for that."""
    asked = opened.connected()
    asked.ask(HEADERS)
    asked.socket.sendall(request(HEADERS, BODY) + request(EVENTS, b"", LISTENING))
    asked.answer()
    assert (asked.answer()[0].split()[1], opened.short[-1]) == (b"200", True)
    open_ones = [one for one in gc.get_objects() if isinstance(one, BoundedProtocol)]
    [held] = [one for one in open_ones if one.client == asked.socket.getsockname()]
    assert held.timeout_keep_alive_task is None


@pytest.mark.parametrize("more", [{}, {"Origin": "https://shop.example"}], ids=["short", "long"])
def test_what_follows_a_body_is_no_header(opened: Ways, more: dict[str, str]) -> None:
    """A key behind the body is nobody's: what stands before the gateway may have let it through unseen (RFC 9110, 6.5.1)."""
    key = f"Authorization: {HEADERS['Authorization']}\r\n\r\n".encode()
    head = {name: value for name, value in HEADERS.items() if name != "Authorization"}
    sent = request({**head, **more, "Transfer-Encoding": "chunked"}, b"").replace(LENGTH, b"")
    asked = opened.connected()
    asked.socket.sendall(sent + b"%x\r\n%s\r\n0\r\n" % (len(BODY), BODY) + key)
    assert asked.answer()[0].startswith(b"HTTP/1.1 401")
