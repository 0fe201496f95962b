"""uvicorn's WebSocket protocol with bounds on what it lacks them for: who reads nothing, and what waits for them."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from gateway.sections import LimitSettings
from gateway.telemetry import Refused, Tell, silence

AT_ONCE = 1024
"""Bytes that are handled before others have their turn: 170 frames at most, where all that a connection reads at once are 40,000."""

CLOSE_SECONDS = 2.0
"""How long the other side may take to confirm a close."""

PONGS_WAITING = 262_144
"""Bytes that may wait to be read, answers to pings included."""

UNREAD = "1008"
"""What a socket counts under that was cut because nobody read it (RFC 6455, 7.4.1: a policy was violated)."""


class Unread:
    """Cuts a connection whose other side takes nothing of what was sent for too long; that counts under ``code``."""

    def __init__(self, limits: LimitSettings, tell: Tell, code: str) -> None:
        self._seconds = limits.unread_seconds
        self._tell = tell
        self._code = code
        self._alarm: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport) -> None:
        """More waits to be taken than is kept; nothing further is written."""
        self._alarm = asyncio.get_running_loop().call_later(self._seconds, self._cut, transport)

    def end(self) -> None:
        """It was taken, or the connection is gone."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _cut(self, transport: asyncio.Transport) -> None:
        self._tell(Refused(self._code))
        transport.abort()


class BoundedSocket(WebSocketsSansIOProtocol):
    """One WebSocket. Its application closes it itself when the process ends, after what is under way."""

    def __init__(self, *arguments: Any, limits: LimitSettings, tell: Tell = silence, **named: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*arguments, **named)
        self.close_timeout = CLOSE_SECONDS
        self._unread = Unread(limits, tell, UNREAD)
        self._tell = tell
        self._arrived = bytearray()

    def data_received(self, data: bytes) -> None:
        """Whatever arrived, in turns with everybody else; no more is read before it is done with."""
        self._arrived += data
        self._handle()

    def _handle(self) -> None:
        part = bytes(self._arrived[:AT_ONCE])
        del self._arrived[:AT_ONCE]
        super().data_received(part)
        if self.transport.is_closing():
            return
        if self._arrived:
            self.read_paused = False  # else more would be read as soon as the application has taken what there is
            self.transport.pause_reading()
            self.loop.call_soon(self._handle)
        else:
            self.read_paused = not self.queue.empty()
            (self.transport.pause_reading if self.read_paused else self.transport.resume_reading)()

    def pause_writing(self) -> None:
        """The other side does not read as fast as is written."""
        super().pause_writing()
        self._unread.begin(self.transport)

    def resume_writing(self) -> None:
        """It has read."""
        self._unread.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody reads any more."""
        self._unread.end()
        self._arrived.clear()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """Answered, unless the answers before wait to be read: then it is as if the pings had been one (RFC 6455, 5.5.3)."""
        answers = b"".join(self.conn.data_to_send())
        if self.transport.get_write_buffer_size() + len(answers) <= PONGS_WAITING:
            self.transport.write(answers)

    def handle_parser_exception(self) -> None:
        """A message that is too long, or no message at all; the protocol closes with its code."""
        assert self.conn.close_sent is not None
        self._tell(Refused(str(int(self.conn.close_sent.code))))
        super().handle_parser_exception()

    def shutdown(self) -> None:
        """Nothing yet: the application knows that the process ends, and closes with 1001 after what is under way."""
