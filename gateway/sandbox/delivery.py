"""How an answer reaches the socket: whole, or in one of the ways that connections fail.

A server closes a connection for an application only by way of its transport, which uvicorn keeps beside `receive`.
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Protocol, cast

from starlette.types import Message, Receive, Send

from gateway.sandbox.exchange import Answer, Delivery

MISSING_BYTES = 100
"""How much longer than its body a short answer says it is."""
BROKEN = frozenset({Delivery.SHORT, Delivery.CUT, Delivery.RESET, Delivery.HANG_UP})
"""Deliveries after which there is no connection."""
NO_LINGER = struct.pack("ii", 1, 0)


class _Cycle(Protocol):
    transport: asyncio.Transport


async def deliver(answer: Answer, receive: Receive, send: Send, drip_interval: float) -> None:
    """Send an answer the way it says; a drip sends one byte every `drip_interval` seconds."""
    body = answer.encoded()
    match answer.delivery:
        case Delivery.WHOLE:
            await send(_start(answer, len(body)))
            await send({"type": "http.response.body", "body": body})
            return
        case Delivery.DRIP:
            await _drip(answer, body, receive, send, drip_interval)
            return
        case Delivery.SHORT:
            await send(_start(answer, len(body) + MISSING_BYTES))
            await send({"type": "http.response.body", "body": body, "more_body": True})
            _transport(receive).close()
        case Delivery.CUT:
            await send(_start(answer, None))
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            _transport(receive).close()
        case Delivery.RESET:
            _reset(_transport(receive))
        case Delivery.HANG_UP:
            _transport(receive).close()
    await _left(receive)


def _transport(receive: Receive) -> asyncio.Transport:
    cycle = receive.__self__  # type: ignore[attr-defined]  # `receive` is a method of the server's request
    return cast("_Cycle", cycle).transport


def _reset(transport: asyncio.Transport) -> None:
    """End a connection without an orderly end; one that the client has ended has no socket any more."""
    if not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, NO_LINGER)
        transport.abort()


def _start(answer: Answer, length: int | None) -> Message:
    """Return the head of an answer; without a length the body goes out in chunks."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.media_type:
        headers.append((b"content-type", answer.media_type.encode("latin-1")))
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _drip(answer: Answer, body: bytes, receive: Receive, send: Send, interval: float) -> None:
    await send(_start(answer, len(body)))
    for place in range(len(body)):
        if await _left_within(interval, receive):
            break
        await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _left_within(seconds: float, receive: Receive) -> bool:
    try:
        await asyncio.wait_for(_left(receive), seconds)
    except TimeoutError:
        return False
    return True


async def _left(receive: Receive) -> None:
    """Wait until the client has gone, or its connection was closed here."""
    event = ""
    while event != "http.disconnect":
        event = (await receive())["type"]
