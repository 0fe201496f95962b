"""Listeners in a process of their own: each has a connection, and all tell when they heard of a number."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection

from gateway.schema.subscription import cursor_of

QUERY = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 }} }}'
"""All that happened is replayed: who has heard the first change is behind no later one."""


class Listeners:
    """So many who listen to a gateway by server-sent events."""

    def __init__(self, told: Connection) -> None:
        self._told = told

    async def heard(self) -> list[float]:
        """When each heard of the next number that all have heard of, on the machine's monotonic clock."""
        moments: list[float] = await asyncio.to_thread(self._told.recv)
        return moments


@contextmanager
def listeners(url: str, count: int) -> Iterator[Listeners]:
    """Listeners to what happens at a gateway, from the beginning of its log."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_listen, args=(theirs, url, count), daemon=True)
    process.start()
    try:
        yield Listeners(ours)
    finally:
        process.terminate()
        process.join()


def _listen(told: Connection, url: str, count: int) -> None:
    asyncio.run(_listen_all(told, url.removeprefix("http://"), count))


async def _listen_all(told: Connection, address: str, count: int) -> None:
    heard: dict[str, list[float]] = {}

    def hear(e164: str) -> None:
        moments = heard.setdefault(e164, [])
        moments.append(time.monotonic())
        if len(moments) == count:
            told.send(heard.pop(e164))

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            reader, writer = await _opened(address)
            group.create_task(_hear_all(reader, writer, hear))


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


async def _hear_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Callable[[str], None]) -> None:
    """Until the process ends."""
    async for line in reader:
        if line.startswith(b"data: {"):
            hear(json.loads(line[6:])["data"]["phoneNumberChanged"]["e164"])
    writer.close()
    msg = "the gateway has ended a stream"
    raise RuntimeError(msg)
