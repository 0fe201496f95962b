"""Requests byte by byte, over a connection that is kept."""

import socket
from collections.abc import Mapping


def request(headers: Mapping[str, str], body: bytes, line: str = "POST /graphql") -> bytes:
    """As it goes over the wire."""
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{line} HTTP/1.1\r\n{told}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


class Wire:
    """One keep-alive connection, over which mostly one body is sent."""

    def __init__(self, connected: socket.socket, body: bytes) -> None:
        self.socket = connected
        self._body = body
        self._held = b""

    def ask(
        self, headers: Mapping[str, str], body: bytes | None = None, line: str = "POST /graphql"
    ) -> tuple[bytes, bytes]:
        """Ask in one piece; the head and the body that come back."""
        self.socket.sendall(request(headers, self._body if body is None else body, line))
        return self.answer()

    def answer(self) -> tuple[bytes, bytes]:
        """The next answer."""
        head = self._until(b"\r\n\r\n")
        if head == b"HTTP/1.1 100 Continue":
            return head, b""
        length = next((int(one[16:]) for one in head.split(b"\r\n") if one.startswith(b"content-length: ")), 0)
        while len(self._held) < length:
            self._held += self.socket.recv(65536)
        body, self._held = self._held[:length], self._held[length:]
        return head, body

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            part = self.socket.recv(65536)
            assert part, self._held
            self._held += part
        head, _, self._held = self._held.partition(end)
        return head
