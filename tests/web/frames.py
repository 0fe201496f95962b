"""Clients of what is not one answer: WebSockets, event streams and parts, read from the socket as they come."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from tests.schema.gateways import JSON, Json

PATIENCE = aiohttp.ClientTimeout(total=30)
EVENT = re.compile(r"(?:id: (?P<id>.*)\n)?event: (?P<name>\w+)\ndata: (?P<data>.*)")


class Socket:
    """A WebSocket that speaks graphql-transport-ws as the test says."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket

    async def send(self, **message: object) -> None:
        """One message."""
        await self.raw.send_json(message)

    async def next(self) -> Json:
        """The next message; it is text."""
        message = await self.raw.receive(timeout=30)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        held: Json = json.loads(message.data)
        return held

    async def closed(self) -> tuple[int, str]:
        """The code and reason with which the other side closes, which it does next."""
        message = await self.raw.receive(timeout=30)
        assert message.type is aiohttp.WSMsgType.CLOSE, message
        return message.data, message.extra or ""

    async def init(self, payload: Json | None = None) -> None:
        """The handshake of the protocol."""
        await self.send(type="connection_init", payload=payload)
        assert await self.next() == {"type": "connection_ack"}

    async def subscribe(self, name: str, query: str, **more: object) -> None:
        """Begin an operation."""
        await self.send(id=name, type="subscribe", payload={"query": query, **more})


@asynccontextmanager
async def socket(url: str, protocol: str = "graphql-transport-ws", **headers: str) -> AsyncIterator[Socket]:
    """A WebSocket to a gateway."""
    async with (
        aiohttp.ClientSession(timeout=PATIENCE) as session,
        session.ws_connect(f"{url}/graphql", protocols=[protocol], headers=headers) as opened,
    ):
        yield Socket(opened)


@asynccontextmanager
async def stream(url: str, query: str, accept: str, **headers: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """The answer to a POST, which is not read yet."""
    given = {"accept": accept, "content-type": JSON, **headers}
    async with (
        aiohttp.ClientSession(timeout=PATIENCE) as session,
        session.post(f"{url}/graphql", json={"query": query}, headers=given) as response,
    ):
        yield response


def events_in(text: str) -> Iterator[tuple[str | None, str, Any]]:
    """The id, name and data of each event in a whole stream; comments are passed over."""
    for block in text.split("\n\n"):
        if block and not block.startswith(":"):
            met = EVENT.fullmatch(block)
            assert met, block
            yield met["id"], met["name"], json.loads(met["data"]) if met["data"] else None


async def event(response: aiohttp.ClientResponse) -> tuple[str | None, str, Any]:
    """The next event of a stream, as soon as it is there."""
    while True:
        block = (await response.content.readuntil(b"\n\n")).decode().removesuffix("\n\n")
        for held in events_in(block):
            return held


def parts_in(content: bytes, boundary: str) -> list[Json]:
    """The parts of a whole multipart body; each has its headers, and the last boundary ends it."""
    opening, *parts, ending = content.split(f"\r\n--{boundary}".encode())
    assert (opening, ending) == (b"", b"--\r\n")
    heads = [part.partition(b"\r\n\r\n") for part in parts]
    assert {head for head, _, _ in heads} == {b"\r\ncontent-type: application/json; charset=utf-8"}
    return [json.loads(body) for _, _, body in heads]
