"""Streams of answers over HTTP: server-sent events, and multipart as Apollo's clients take it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from functools import partial
from typing import Any, Protocol

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from gateway.web.answers import NOT_STORED, codes_of, tell_codes
from gateway.web.execution import Told
from gateway.web.presence import ClientGone, while_present


class Answers(Protocol):
    """What is streamed: taken one by one, and closed however the stream ends, also before anything was taken."""

    def __aiter__(self) -> AsyncIterator[Told]:
        """Itself."""
        ...

    def __anext__(self) -> Awaitable[Told]:
        """The next one."""
        ...

    def aclose(self) -> Awaitable[object]:
        """Nobody takes any more."""
        ...


Watched = Callable[[Callable[[], object]], AbstractContextManager[object]]
"""What is given the way to end a stream, for as long as it is written."""


class Framing(Struct, frozen=True):
    """How a stream is written: its media type, what opens it, each answer, a sign of life, and what ends it."""

    media_type: str
    opening: bytes
    answer: Callable[[Told], bytes]
    beat: bytes
    ending: bytes


def event(name: str, data: object, identity: str | None = None) -> bytes:
    """One server-sent event. Lines end with LF alone: urql cannot read the other ending."""
    head = b"" if identity is None else b"id: " + identity.encode() + b"\n"
    return head + b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def _next(told: Told) -> bytes:
    return event("next", told.answer, told.cursor)


def _shared(told: Told) -> bytes:
    return event("next" if "payload" in told.answer else "complete", told.answer)


def _part(answer: dict[str, Any], boundary: bytes) -> bytes:
    """The boundary follows at once: a client takes a part when it sees where it ends."""
    text = msgspec.json.encode(answer)
    return b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n" + text + b"\r\n--" + boundary


def _patch(told: Told) -> bytes:
    return _part(told.answer, b"-")


def _payload(told: Told) -> bytes:
    return _part({"payload": told.answer}, b"graphql")


EVENT_STREAM = Framing("text/event-stream; charset=utf-8", b":\n\n", _next, b":\n\n", b"event: complete\ndata: \n\n")
"""GraphQL over SSE, distinct connections mode."""

SHARED = Framing(EVENT_STREAM.media_type, b":\n\n", _shared, b":\n\n", b"")
"""GraphQL over SSE, single connection mode."""

PATCHES = Framing('multipart/mixed; boundary="-"', b"\r\n---", _patch, b"", b"--\r\n")
"""One answer in parts."""

PAYLOADS = Framing(
    'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
    b"\r\n--graphql",
    _payload,
    _part({}, b"graphql"),
    b"--\r\n",
)
"""Apollo's multipart protocol for subscriptions."""


class Streamed:
    """An ASGI response that writes answers as they come, and stops them when the client leaves.

    A sign of life is written whenever nothing was for ``heartbeat`` seconds. Once all of ``cut`` has happened, or what
    ``watched`` enters says that whoever asked may not any more, it ends between two answers, without the word that it is
    complete: clients come again.
    """

    def __init__(
        self,
        answers: Answers,
        framing: Framing,
        heartbeat: float,
        cut: Iterable[asyncio.Event],
        watched: Watched = nullcontext,
    ) -> None:
        self._answers = answers
        self._framing = framing
        self._heartbeat = heartbeat
        self._cut = cut
        self._watched = watched
        self._is_cut = False
        self._written = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write them."""
        framing = self._framing
        headers = {**NOT_STORED, "content-type": framing.media_type, "x-accel-buffering": "no"}
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": encoded})
        await self._write(send, framing.opening)
        try:
            async with aclosing(self._answers), while_present(receive), self._beating(send), self._until_cut():
                async for told in self._answers:
                    tell_codes(scope, codes_of(told.answer.get("payload", told.answer)))
                    await self._write(send, framing.answer(told))
        except ClientGone:
            return
        await send({"type": "http.response.body", "body": b"" if self._is_cut else framing.ending})

    async def _write(self, send: Send, chunk: bytes) -> None:
        """The next answer is not asked for before this is on its way."""
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._written = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def _beating(self, send: Send) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._beat(send))
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self, send: Send) -> None:
        now = asyncio.get_running_loop().time
        while True:
            left = self._written + self._heartbeat - now()
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self._write(send, self._framing.beat)

    @asynccontextmanager
    async def _until_cut(self) -> AsyncIterator[None]:
        inside = asyncio.current_task()
        assert inside is not None
        cutting = asyncio.create_task(self._cut_off(inside))
        try:
            with self._watched(partial(self._end, inside)):
                yield
        except asyncio.CancelledError:
            if not self._is_cut:
                raise
            inside.uncancel()
        finally:
            cutting.cancel()

    async def _cut_off(self, inside: asyncio.Task[object]) -> None:
        for event in self._cut:
            await event.wait()
        self._end(inside)

    def _end(self, inside: asyncio.Task[object]) -> None:
        self._is_cut = True
        inside.cancel()
