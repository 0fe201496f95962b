"""uvicorn's HTTP protocol with bounds on what it lacks them for: time and size of a request's head, time of its body."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from starlette.datastructures import State
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.errors import BadUserInput
from gateway.sections import LimitSettings
from gateway.telemetry import Refused, Tell, silence
from gateway.web.frames import Unread
from gateway.web.limits import GRAPHQL as GRAPH

GRAPHQL = GRAPH.encode()

Shortcut: TypeAlias = Callable[[Any, bytes], tuple[bytes, bytes, bytes] | None]
"""From a scope and a request's body to status, headers and body of an answer, where that can be told without waiting."""

REASONS = {400: "Bad Request", 408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large"}


class BoundedProtocol(HttpToolsProtocol):
    """One connection; what is late or too large is refused in JSON, and the connection is closed.

    A deadline runs from its opening, and from a request's first byte, to the end of the head; then to that of the body.
    """

    def __init__(
        self,
        *arguments: Any,  # noqa: ANN401 - uvicorn's own
        limits: LimitSettings,
        tell: Tell = silence,
        state: State | None = None,
        **named: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(*arguments, **named)
        self._shortcut: Shortcut | None = getattr(state, "shortcut", None)
        self._held: list[bytes] | None = None
        self._limits = limits
        self._tell = tell
        self._alarm: asyncio.TimerHandle | None = None
        self._awaited = ""
        self._due = 0.0
        self._head = 0
        self._in_head = False
        self._pending = 0
        self._answering: RequestResponseCycle | None = None
        self._unread = Unread(limits, tell, BadUserInput.code)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """A connection that says nothing is closed as well."""
        super().connection_made(transport)
        self._expect("headers")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is expected any more; uvicorn tells the request that came last, and it is the one at work that has to know."""
        self._awaited = ""
        self.cycle = self._answering or self.cycle
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self._unread.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as is written."""
        super().pause_writing()
        self._unread.begin(self.transport)

    def resume_writing(self) -> None:
        """It has read."""
        self._unread.end()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Whatever arrived; what belongs to a head that has not ended is counted, since the parser gathers it."""
        began = self._in_head
        super().data_received(data)
        if began and self._in_head:
            self._pending += len(data)
            if self._pending > self._limits.header_bytes + self._limits.url_bytes:
                self._refuse_head()
        if self._held is not None:
            self._begin(self._held)
            self._expect("body")

    def on_message_begin(self) -> None:
        """A request's first byte; where it follows a short answer at once, the connection has not been idle."""
        super().on_message_begin()
        self._unset_keepalive_if_required()
        self._head = self._pending = 0
        self._in_head = True
        self._expect("headers")

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        if len(self.url) > self._limits.url_bytes:
            self._refuse(414, f"The address is longer than {self._limits.url_bytes} bytes: send the request as POST.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header; the parser itself bounds none of its size. A field behind the body is none (RFC 9110, 6.5.1)."""
        if self._in_head:
            super().on_header(name, value)
        self._head += len(name) + len(value)
        if self._head > self._limits.header_bytes:
            self._refuse_head()

    def _refuse_head(self) -> None:
        self._refuse(431, f"The headers are longer than {self._limits.header_bytes} bytes: send fewer or shorter ones.")

    def on_headers_complete(self) -> None:
        """The head is there; a request that was refused begins no work."""
        self._in_head = False
        if self.transport.is_closing():
            return
        if self._may_be_short():
            self._held = []
        else:
            super().on_headers_complete()
            self._expect("body")

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self._held is not None:
            self._held.append(body)
        elif not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is there."""
        self._awaited = ""
        if self._held is not None:
            if self._answered(b"".join(self._held)):
                return
            self._begin(self._held)
        if not self.transport.is_closing():
            super().on_message_complete()

    def _may_be_short(self) -> bool:
        """Whether a request could be answered as soon as it is there: then its work begins with what arrived at once."""
        return (
            self._shortcut is not None
            and self.url == GRAPHQL
            and self.parser.get_method() == b"POST"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.flow.write_paused
            and self._is_idle()
        )

    def _answered(self, content: bytes) -> bool:
        """Whether the request was answered without any work."""
        told = None if self._shortcut is None else self._shortcut(self.scope, content)
        if told is None:
            return False
        self._held = None
        status, headers, body = told
        own = b"".join([b"%s: %s\r\n" % pair for pair in self.server_state.default_headers])
        self.transport.writelines((b"HTTP/1.1 %s\r\n%s%s\r\n" % (status, own, headers), body))
        self.on_response_complete()
        return True

    def _begin(self, held: list[bytes]) -> None:
        """Begin the work of a request that was held back, with what came of it."""
        self._held = None
        if not self.transport.is_closing():
            super().on_headers_complete()
            for piece in held:
                super().on_body(piece)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - uvicorn's own
        """One after another, in the order in which they came."""
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def handle_websocket_upgrade(self) -> None:
        """Not while an earlier request waits for its answer, which would go on between the frames."""
        if self._is_idle():
            super().handle_websocket_upgrade()
        else:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What the parser does not understand."""
        self._refuse(400, msg)

    def _expect(self, what: str) -> None:
        """One alarm is set and looks again: one for each part of each request would cost 2 µs more."""
        seconds = self._limits.receive_seconds
        self._awaited, self._due = what, self.loop.time() + seconds
        if self._alarm is None:
            self._alarm = self.loop.call_later(seconds, self._look)

    def _look(self) -> None:
        """Refuse what is overdue; what is not yet is looked at again, and what came needs no more."""
        self._alarm = None
        left = self._due - self.loop.time()
        if self._awaited and left > 0:
            self._alarm = self.loop.call_later(left, self._look)
        elif self._awaited:
            seconds = self._limits.receive_seconds
            msg = f"The request's {self._awaited} did not arrive within {seconds:g} seconds: send them at once."
            self._refuse(408, msg)

    def _refuse(self, status: int, message: str) -> None:
        """Answer by hand, unless an answer has begun, and close."""
        self._awaited = ""
        if self.transport.is_closing():
            return
        if self._may_answer():
            content = msgspec.json.encode({"errors": [{"message": message, "extensions": {"code": BadUserInput.code}}]})
            head = f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json; charset=utf-8\r\n"
            tail = f"content-length: {len(content)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
            self._tell(Refused(BadUserInput.code))
            self.transport.write((head + tail).encode() + content)
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether nothing stands in the way: no earlier request waits for its answer, and none has begun."""
        cycle = self.cycle
        return self._is_idle() or (cycle is self._answering and cycle.more_body and not cycle.response_started)

    def _is_idle(self) -> bool:
        """Whether no earlier request waits for its answer: answers come in the order of their questions."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete
