"""A client of WebSockets as bare as it comes: it holds little, sends frames by hand, and reads nothing unless told to."""

import base64
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.web.sockets import PROTOCOL


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A connection that holds little of what comes."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        yield connection


def frame(opcode: int, payload: bytes) -> bytes:
    """A frame as clients send it, under a mask that changes nothing (RFC 6455, 5.2)."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


def text(**message: object) -> bytes:
    """A message."""
    return frame(1, json.dumps(message).encode())


@contextmanager
def opened(url: str) -> Iterator[socket.socket]:
    """A WebSocket after its handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-protocol: {PROTOCOL}\r\nsec-websocket-key: {key}\r\n\r\n"
    )
    with connected(url) as connection:
        connection.sendall(head.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += connection.recv(1)
        assert answer.startswith(b"HTTP/1.1 101")
        connection.sendall(text(type="connection_init"))
        yield connection
