"""Listeners in a process of their own: each has a connection, and all tell when they heard of a number."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from gateway.schema.subscription import cursor_of

QUERY = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 }} }}'
"""All that happened is replayed: who has heard the first change is behind no later one."""

EVENTS, SOCKETS = "server-sent events", "WebSockets"
"""How changes are told."""


class Ended(Exception):
    """The gateway has ended a stream."""


class Listeners:
    """So many who listen to a gateway."""

    def __init__(self, told: Connection) -> None:
        self._told = told

    async def heard(self) -> list[float]:
        """When each heard of the next number that all have heard of, on the machine's monotonic clock."""
        moments: list[float] = await asyncio.to_thread(self._told.recv)
        return moments


@contextmanager
def listeners(url: str, count: int, transport: str) -> Iterator[Listeners]:
    """Listeners to what happens at a gateway, from the beginning of its log."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_listen, args=(theirs, url, count, transport), daemon=True)
    process.start()
    theirs.close()  # so that waiting ends with the process
    try:
        yield Listeners(ours)
    finally:
        process.terminate()
        process.join()


def _listen(told: Connection, url: str, count: int, transport: str) -> None:
    hear_all = {EVENTS: _hear_events, SOCKETS: _hear_sockets}[transport]
    asyncio.run(hear_all(url, count, _Heard(told, count)))


class _Heard:
    """Gathers who has heard of which number, and tells of it when all have."""

    def __init__(self, told: Connection, count: int) -> None:
        self._told = told
        self._count = count
        self._moments: dict[str, list[float]] = {}

    def __call__(self, answer: dict[str, Any]) -> None:
        e164 = answer["data"]["phoneNumberChanged"]["e164"]
        moments = self._moments.setdefault(e164, [])
        moments.append(time.monotonic())
        if len(moments) == self._count:
            self._told.send(self._moments.pop(e164))


async def _hear_sockets(url: str, count: int, hear: _Heard) -> None:
    async with ClientSession(url, connector=TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        for _ in range(count):
            socket = await session.ws_connect("/graphql", protocols=["graphql-transport-ws"])
            await socket.send_json({"type": "connection_init"})
            await socket.receive()
            await socket.send_json({"id": "1", "type": "subscribe", "payload": {"query": QUERY}})
            group.create_task(_hear_messages(socket, hear))


async def _hear_messages(socket: ClientWebSocketResponse, hear: _Heard) -> None:
    """Until the process ends."""
    async for message in socket:
        hear(json.loads(message.data)["payload"])
    raise Ended


async def _hear_events(url: str, count: int, hear: _Heard) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            reader, writer = await _opened(url.removeprefix("http://"))
            group.create_task(_hear_lines(reader, writer, hear))


async def _opened(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    body = json.dumps({"query": QUERY})
    lines = [
        "POST /graphql HTTP/1.1",
        f"host: {address}",
        "accept: text/event-stream",
        "content-type: application/json",
    ]
    writer.write("\r\n".join([*lines, f"content-length: {len(body)}", "", body]).encode())
    return reader, writer


async def _hear_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: _Heard) -> None:
    """Until the process ends."""
    async for line in reader:
        if line.startswith(b"data: {"):
            hear(json.loads(line[6:]))
    writer.close()
    raise Ended
