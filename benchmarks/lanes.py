"""The leanest client: a connection on which requests are written as they are, and answers read and no more."""

import asyncio
from typing import NamedTuple, cast

import httptools


class Answer(NamedTuple):
    """What came back; 0 is the status of what got none."""

    status: int
    content: bytes = b""


class Lane(asyncio.Protocol):
    """One connection, for one request after the other."""

    _answer: "asyncio.Future[Answer] | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Tell who waits for an answer that there will be none."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(0))

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        """Keep a piece."""
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """Tell who waits."""
        assert self._answer is not None
        if not self._answer.done():
            self._answer.set_result(Answer(self._parser.get_status_code(), b"".join(self._pieces)))

    def ask(self, request: bytes) -> "asyncio.Future[Answer]":
        """The answer."""
        self._parser, self._pieces = httptools.HttpResponseParser(self), list[bytes]()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """End it."""
        self._transport.abort()

    @property
    def open(self) -> bool:
        """Whether it may be used again."""
        return not self._transport.is_closing()


class Lanes:
    """As many connections to a port as are wanted at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[Lane] = []

    async def ask(self, request: bytes) -> Answer:
        """An answer, over a connection that is free, else over a new one."""
        while self._idle and not self._idle[-1].open:
            self._idle.pop()
        try:
            lane = self._idle.pop() if self._idle else await self._opened()
        except OSError:
            return Answer(0)
        try:
            answer = await lane.ask(request)
        except asyncio.CancelledError:  # nobody waits for it any more
            lane.close()
            raise
        if lane.open:
            self._idle.append(lane)
        return answer

    async def _opened(self) -> Lane:
        _, lane = await asyncio.get_running_loop().create_connection(Lane, "127.0.0.1", self._port)
        return lane
