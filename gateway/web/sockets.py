"""GraphQL over WebSocket: the protocol graphql-transport-ws, and no other.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.errors import BadUserInput, Forbidden, Overloaded, RequestRefused, Unauthenticated
from gateway.schema.authority import Asker
from gateway.settings import Settings
from gateway.telemetry import Refused
from gateway.web.answers import codes_of, error_answer, json_response, refused_answer, tell_codes, teller
from gateway.web.auth import Door
from gateway.web.budget import Admission, Place
from gateway.web.documents import Library
from gateway.web.exchange import Asked, HttpRefused, asked_of
from gateway.web.execution import Execution
from gateway.web.negotiation import JSON

PROTOCOL = "graphql-transport-ws"
REASON_BYTES = 123
"""The longest reason that a close frame holds (RFC 6455, 5.5)."""


class Closed(Exception):
    """The socket is to be closed with a code; the reason says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SocketEndpoint:
    """An ASGI application for the WebSockets of one path."""

    def __init__(
        self,
        execution: Execution,
        door: Door,
        library: Library,
        admission: Admission,
        settings: Settings,
        ending: asyncio.Event,
    ) -> None:
        self.execution = execution
        self.door = door
        self.library = library
        self.admission = admission
        self.init_seconds = settings.limits.socket_init
        self.operations = settings.limits.socket_operations
        self.ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it is closed."""
        socket = WebSocket(scope, receive, send)
        if not same_origin(socket.headers):
            teller(scope)(Refused(Forbidden.code))
            await socket.close()  # before it is accepted: a 403
            return
        if self.ending.is_set():
            refused = error_answer(Overloaded.code, "This gateway is ending: connect again, to another one.")
            await socket.send_denial_response(json_response(refused, 503, JSON, {"retry-after": "1"}))
            return
        offered = PROTOCOL in scope["subprotocols"]
        await socket.accept(PROTOCOL if offered else None)
        if not offered:
            teller(scope)(Refused("4406"))
            await socket.close(4406, f"Subprotocol not acceptable: use {PROTOCOL}")
            return
        await _Connection(self, socket).serve()


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether no page of another site is asking: browsers name the origin, and let any page open any WebSocket."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class _Connection:
    """One socket: who asks, and the operations under way."""

    def __init__(self, endpoint: SocketEndpoint, socket: WebSocket) -> None:
        self._endpoint = endpoint
        self._socket = socket
        self._asker: Asker | None = None
        self._initialised = asyncio.timeout(endpoint.init_seconds)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: set[asyncio.Task[None]] = set()
        self._expelling: set[asyncio.Task[None]] = set()
        self._watched = ExitStack()
        self._sending = asyncio.Lock()
        self._handlers = {
            "connection_init": self._init,
            "ping": self._ping,
            "pong": self._pong,
            "subscribe": self._subscribe,
            "complete": self._complete,
        }

    async def serve(self) -> None:
        """Answer messages until either side closes; whatever is under way then is cancelled."""
        leaving = asyncio.create_task(self._leave())
        try:
            async with self._initialised:
                await self._listen()
        except TimeoutError:
            await self._close(4408, "Connection initialisation timeout")
        except Closed as closed:
            await self._close(closed.code, str(closed))
        except WebSocketDisconnect:
            pass
        finally:
            self._watched.close()
            tasks = (leaving, *self._expelling, *self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _leave(self) -> None:
        """When the process ends: what was asked is answered, who listens is let go, and told to connect again."""
        await self._endpoint.ending.wait()
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close(1001, "Going away: connect again")

    def _lapse(self) -> None:
        self._expelling.add(asyncio.create_task(self._expel()))

    async def _expel(self) -> None:
        """Whoever asks is not known any more, or has other rights: nothing more is answered here."""
        for task in self._tasks:
            task.cancel()
        await self._close(4403, "Forbidden: this key holds no longer, or for something else")

    async def _listen(self) -> None:
        while True:
            message = await self._message()
            handler = self._handlers.get(message["type"])
            if handler is None:
                raise Closed(4400, f"Unknown message type {message['type']!r}")
            await handler(message)

    async def _message(self) -> dict[str, Any]:
        received = await self._socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received["code"])
        text = received.get("text")
        if text is None:
            raise Closed(4400, "Messages must be text frames")
        try:
            message = msgspec.json.decode(text)
        except (ValueError, RecursionError):
            raise Closed(4400, "Messages must be JSON") from None
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise Closed(4400, "Messages must be objects with a type")
        return message

    async def _init(self, message: dict[str, Any]) -> None:
        payload = _payload(message)
        if self._asker is not None:
            raise Closed(4429, "Too many initialisation requests")
        door, credentials = self._endpoint.door, self._credentials(payload)
        try:
            self._asker = door.identify(credentials)
        except Unauthenticated:
            raise Closed(4403, "Forbidden") from None
        self._watched.enter_context(door.watched(credentials, self._asker, self._lapse))
        self._initialised.reschedule(None)
        await self._send({"type": "connection_ack"})

    def _credentials(self, payload: dict[str, Any]) -> Mapping[str, str]:
        """The payload's, as browsers can send no headers, and written like those; without any the handshake's."""
        texts = ((name, value) for name, value in payload.items() if isinstance(value, str))
        given = {name.lower(): value.encode().decode("latin-1") for name, value in texts}
        return given if "authorization" in given else self._socket.headers

    async def _ping(self, message: dict[str, Any]) -> None:
        payload = _payload(message)
        await self._send({"type": "pong", "payload": payload} if payload else {"type": "pong"})

    async def _pong(self, message: dict[str, Any]) -> None:
        _payload(message)

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if self._asker is None:
            raise Closed(4401, "Unauthorized")
        name = _id(message)
        if not isinstance(message.get("payload"), dict):
            raise Closed(4400, "A subscribe message must have a payload, an object with a query")
        try:
            asked = asked_of(message["payload"])
        except HttpRefused as refused:
            raise Closed(4400, str(refused)) from None
        if self._endpoint.ending.is_set():
            return  # the close that follows says so
        if name in self._running:
            raise Closed(4409, f"Subscriber for {name} already exists")
        if len(self._running) >= self._endpoint.operations:
            words = f"This socket has {len(self._running)} operations under way: complete one first, or open another."
            await self._send({"id": name, "type": "error", "payload": error_answer(BadUserInput.code, words)["errors"]})
            return
        task = asyncio.create_task(self._run(name, asked, self._asker))
        self._running[name] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(self._listening.discard)

    async def _complete(self, message: dict[str, Any]) -> None:
        task = self._running.pop(_id(message), None)
        if task is not None:
            task.cancel()

    async def _run(self, name: str, asked: Asked, asker: Asker) -> None:
        """One operation: its answers, then ``complete``; an answer without data is an ``error`` and the end.

        It is not begun while another answer waits to be read, or the answers would be gathered here.
        """
        async with self._sending:
            pass
        try:
            with self._endpoint.admission.place(asker.name) as place:
                operation = await self._endpoint.library.operation_of(asked)
                begun = partial(self._listens, place, cast("asyncio.Task[None]", asyncio.current_task()))
                answers = self._endpoint.execution.stream(operation, asker, begun=begun)
                async with aclosing(answers) as stream:
                    async for told in stream:
                        place.leave()
                        if "data" not in told.answer:
                            await self._end(name, {"type": "error", "payload": told.answer["errors"]})
                            return
                        await self._send({"id": name, "type": "next", "payload": told.answer})
            await self._end(name, {"type": "complete"})
        except HttpRefused as refused:
            await self._end(name, {"type": "error", "payload": error_answer(refused.code, str(refused))["errors"]})
        except RequestRefused as refused:
            await self._end(name, {"type": "error", "payload": refused_answer(refused)["errors"]})

    def _listens(self, place: Place, task: asyncio.Task[None]) -> None:
        """An operation is a subscription, and has begun: it waits, which is no work, and nothing to wait for in the end."""
        place.leave()
        self._listening.add(task)
        if self._endpoint.ending.is_set():
            task.cancel()

    async def _end(self, name: str, message: dict[str, Any]) -> None:
        """The last message of an operation; its id is free before the client hears of it."""
        del self._running[name]
        await self._send({"id": name, **message})

    async def _send(self, message: dict[str, Any]) -> None:
        """As text: browsers' clients do not read binary frames. To whoever has left nothing is said.

        One after another, each once the one before was taken: of a reader that does not read, one message waits.
        """
        payload = message.get("payload")
        if message["type"] in ("next", "error"):
            tell_codes(self._socket.scope, codes_of(payload if isinstance(payload, dict) else {"errors": payload}))
        async with self._sending:
            with suppress(
                WebSocketDisconnect, RuntimeError
            ):  # Starlette raises the second when a close was sent before
                await self._socket.send_text(msgspec.json.encode(message).decode())

    async def _close(self, code: int, reason: str) -> None:
        teller(self._socket.scope)(Refused(str(code)))
        with suppress(WebSocketDisconnect, RuntimeError):  # likewise
            await self._socket.close(code, reason.encode()[:REASON_BYTES].decode(errors="ignore"))


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise Closed(4400, f"The payload of {message['type']} must be an object")
    return payload or {}


def _id(message: dict[str, Any]) -> str:
    name = message.get("id")
    if not isinstance(name, str) or not name:
        raise Closed(4400, f"A {message['type']} message must have an id, a text")
    return name
