"""The transport reads no more than it may, however little of it travels, and however long a server goes on."""

import asyncio
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from random import Random

import pytest

from gateway.errors import SourceTooLarge
from gateway.providers.protocol import Request
from gateway.sandbox.faults.encodings import gzip_bomb
from gateway.upstream.client import BYTES_AT_MOST, LARGE, HttpTransport
from gateway.upstream.unpacking import RATIO
from tests.clocks import ManualClock
from tests.upstream.servers import Heard, answer, listening, saying


@pytest.fixture
async def transport(clock: ManualClock) -> AsyncIterator[HttpTransport]:
    """A transport, closed at the end."""
    opened = HttpTransport.open(clock.now)
    yield opened
    await opened.close()


def _deflated(length: int) -> bytes:
    digits = Random(7).randbytes(length // 2 + 1).hex().encode()[:length]  # noqa: S311 - hides nothing
    return answer(zlib.compress(digits, 1), headers={"content-encoding": "deflate"})


def _gzipped(length: int) -> bytes:
    return answer(gzip_bomb(length), headers={"content-encoding": "gzip"})


@pytest.mark.parametrize(
    "text",
    [answer(b" " * (BYTES_AT_MOST + 1)), _deflated(BYTES_AT_MOST + 1)],
    ids=["plain", "deflate"],
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


async def test_a_gigabyte_in_a_small_answer_takes_no_memory(transport: HttpTransport) -> None:
    """A bomb is given up for its ratio, long before the bound; what it took is a small part of it."""
    async with listening(saying(_gzipped(2**30))) as wire:
        tracemalloc.start()
        with pytest.raises(SourceTooLarge, match=f"more than {RATIO} times larger"):
            await transport.send(Request("GET", wire.url), 30)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 24 * 1024 * 1024


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


async def test_large_answers_of_one_host_are_read_one_by_one(transport: HttpTransport) -> None:
    """While one is coming the next waits, so that memory holds one of them; small ones and other hosts go on."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    large = answer(b" " * (2 * LARGE))

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if heard.target == "/slow":
            writer.write(large[: LARGE + 10_000])
            await writer.drain()
            begun.set()
            await go_on.wait()
            writer.write(large[LARGE + 10_000 :])
        else:
            writer.write(answer(b"ok") if heard.target == "/small" else large)
        await writer.drain()

    async with listening(respond) as wire, listening(saying(large)) as other, asyncio.timeout(30):
        slow = asyncio.create_task(transport.send(Request("GET", f"{wire.url}/slow"), 30))
        await begun.wait()
        while not any(lock.locked() for lock in transport._large.values()):
            await asyncio.wait([slow], timeout=0.001)
        next_one = asyncio.create_task(transport.send(Request("GET", wire.url), 30))
        assert (await transport.send(Request("GET", f"{wire.url}/small"), 30)).body == b"ok"
        assert len((await transport.send(Request("GET", other.url), 30)).body) == 2 * LARGE
        assert not next_one.done()
        go_on.set()
        assert {len(response.body) for response in await asyncio.gather(slow, next_one)} == {2 * LARGE}
    assert not any(lock.locked() for lock in transport._large.values())
