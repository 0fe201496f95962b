"""The load: so many keep-alive connections, each of which asks the next question once it has its answer."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import NamedTuple, cast

CONNECTIONS = 64


class Load(NamedTuple):
    """Of one run: how many answers in how many seconds, and the milliseconds that 99 of 100 took at most."""

    answers: int
    seconds: float
    slow: float


class Failed(Exception):
    """An answer that is none."""


def request(body: bytes, port: int, path: str, key: str | None) -> bytes:
    """A whole POST."""
    given = f"authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        f"{given}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """Asks until ``until``; keeps the whole of its first answer."""

    def __init__(self, requests: Iterator[bytes], until: float, done: "asyncio.Future[None]") -> None:
        self._requests = requests
        self._until = until
        self._done = done
        self._parts: list[bytes] = []
        self._lacking = -1
        self._asked = 0.0
        self.times: list[float] = []
        self.first = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask at once."""
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, wanted or not."""
        if not self._done.done():
            self._done.set_exception(exc or Failed("the connection was closed"))

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """A part of an answer."""
        self._parts.append(data)
        if self._lacking < 0:
            self._begin()
        else:
            self._lacking -= len(data)
        if self._lacking == 0 or (self._lacking > CHUNKED // 2 and _ends(self._parts)):
            self._answered()

    def _begin(self) -> None:
        data = b"".join(self._parts)
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = data[:end].lower()
        place = head.find(b"\r\ncontent-length:")
        if place < 0:
            self._lacking = CHUNKED
        else:
            self._lacking = int(head[place + 17 :].split(b"\r\n", 1)[0]) - (len(data) - end - 4)

    def _answered(self) -> None:
        now = time.perf_counter()
        self.times.append(now - self._asked)
        good = self._parts[0].startswith(GOOD) if self.first else self._look()
        if not good:
            self._end(Failed(b"".join(self._parts)[:500]))
        elif now < self._until:
            self._ask()
        else:
            self._end(None)
        self._parts, self._lacking = [], -1

    def _end(self, failed: Failed | None) -> None:
        if failed is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(failed)
        self._transport.close()

    def _look(self) -> bool:
        """Keep the answer; whether it is one."""
        head, _, body = b"".join(self._parts).partition(b"\r\n\r\n")
        self.first = unchunked(body) if b"transfer-encoding: chunked" in head.lower() else body
        return head.startswith(GOOD)


GOOD = b"HTTP/1.1 200"
CHUNKED = 1 << 40
"""More than any answer has: the length of one that comes in chunks."""


def _ends(parts: Sequence[bytes]) -> bool:
    """Whether the last chunk, the empty one, is there."""
    return b"".join(parts[-2:]).endswith(b"0\r\n\r\n")


def unchunked(body: bytes) -> bytes:
    """A body that came in chunks (RFC 9112, 7.1)."""
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole


async def asked(requests: Sequence[bytes], port: int, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Load for so long.

    Raises:
        Failed: an answer is not a 200.
        OSError: the server is not there, or went away.
    """
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    opened = []
    for place in range(connections):
        ends = loop.create_future()
        turn = islice(cycle(requests), place % len(requests), None, connections)  # no two ask the same at once
        made = Connection(turn, began + seconds, ends)
        await loop.create_connection(lambda made=made: made, "127.0.0.1", port)  # type: ignore[misc]
        opened.append((made, ends))
    await asyncio.wait_for(asyncio.gather(*(ends for _, ends in opened)), seconds + 60)
    times = sorted(took for made, _ in opened for took in made.times)
    return Load(len(times), time.perf_counter() - began, 1000 * times[len(times) * 99 // 100])


async def answer(whole: bytes, port: int) -> bytes:
    """The body of the answer to one request."""
    loop = asyncio.get_running_loop()
    ends = loop.create_future()
    made = Connection(iter([whole]), 0.0, ends)
    await loop.create_connection(lambda: made, "127.0.0.1", port)
    await asyncio.wait_for(ends, 60)
    return made.first
