"""A loopback server that is told byte by byte what to answer, for what no simulator would do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec


@dataclass(frozen=True)
class Heard:
    """One request as it came off the socket; ``rest`` ends when the client leaves."""

    line: str
    headers: dict[str, str]
    body: bytes
    rest: asyncio.StreamReader

    @property
    def target(self) -> str:
        """What was asked for, as it was written."""
        return self.line.split(" ")[1]


Respond: TypeAlias = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]
"""Writes an answer; closing the writer ends the connection, otherwise it is kept for the next request."""


@dataclass
class Wire:
    """A running server: its address, and what it heard."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0


def answer(content: object = b"{}", status: int = 200, headers: dict[str, str] | None = None) -> bytes:
    """An answer as bytes; anything that is not bytes is written as JSON."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    given = {"content-length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def saying(*texts: bytes) -> Respond:
    """Answers each request with the next text, the last one again and again, and closes the connection."""
    left = list(texts)

    async def respond(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        await writer.drain()
        writer.close()

    return respond


@asynccontextmanager
async def listening(respond: Respond, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """Serve on a free port of the loopback interface while the block runs."""
    wire = Wire("")
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire.connections += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while not writer.is_closing():
                heard = await _read(reader)
                wire.heard.append(heard)
                await respond(heard, writer)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    wire.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    try:
        yield wire
    finally:
        server.close()
        left = list(serving)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Heard:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (text.partition(":") for text in fields)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Heard(line, headers, body, reader)
