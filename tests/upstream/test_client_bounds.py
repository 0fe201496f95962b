"""The transport reads no more than it may, however little of it travels, and however long a server goes on."""

import asyncio
import zlib
from collections.abc import AsyncIterator

import pytest

from gateway.errors import SourceTooLarge
from gateway.providers.protocol import Request
from gateway.sandbox.faults.encodings import gzip_bomb
from gateway.upstream.client import BYTES_AT_MOST, HttpTransport
from tests.clocks import ManualClock
from tests.upstream.servers import Heard, answer, listening, saying


@pytest.fixture
async def transport(clock: ManualClock) -> AsyncIterator[HttpTransport]:
    """A transport, closed at the end."""
    opened = HttpTransport.open(clock.now)
    yield opened
    await opened.close()


def _deflated(length: int) -> bytes:
    return answer(zlib.compress(b" " * length), headers={"content-encoding": "deflate"})


def _gzipped(length: int) -> bytes:
    return answer(gzip_bomb(length), headers={"content-encoding": "gzip"})


@pytest.mark.parametrize(
    "text",
    [answer(b" " * (BYTES_AT_MOST + 1)), _deflated(BYTES_AT_MOST + 1), _gzipped(4 * BYTES_AT_MOST)],
    ids=["plain", "deflate", "gzip bomb"],
)
async def test_a_longer_answer_is_given_up(transport: HttpTransport, text: bytes) -> None:
    """Whatever unpacks to more than the bound is SOURCE_TOO_LARGE, and the transport goes on working."""
    async with listening(saying(text, answer(b"ok"))) as wire:
        with pytest.raises(SourceTooLarge, match=str(BYTES_AT_MOST)):
            await transport.send(Request("GET", wire.url), 30)
        assert (await transport.send(Request("GET", wire.url), 30)).body == b"ok"


@pytest.mark.parametrize("text", [answer(b" " * BYTES_AT_MOST), _deflated(BYTES_AT_MOST)], ids=["plain", "deflate"])
async def test_the_bound_itself_is_allowed(transport: HttpTransport, text: bytes) -> None:
    """An answer of exactly the bound is read in full."""
    async with listening(saying(text)) as wire:
        response = await transport.send(Request("GET", wire.url), 30)
    assert len(response.body) == BYTES_AT_MOST


async def test_an_endless_answer_is_left(transport: HttpTransport) -> None:
    """A server that never stops sending is left as soon as the bound is passed; it sees the client go."""
    gone = asyncio.Event()

    async def respond(_: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            while True:
                writer.write(chunk)
                await writer.drain()
        finally:
            gone.set()

    async with listening(respond) as wire, asyncio.timeout(30):
        with pytest.raises(SourceTooLarge):
            await transport.send(Request("GET", wire.url), 30)
        await gone.wait()
