"""Faults of the connection, seen from the client, under both of the servers that may run the sandbox."""

import asyncio
import time

import aiohttp
import pytest
from aiohttp import ClientSession, ClientTimeout

from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller

SERVERS = ["base_url", "plain_base_url"]
PROVIDERS = ["8x8", "webex", "cloudlx", "callgear"]
QUICKLY = ClientTimeout(total=0.2)
ALMOST = 0.5
"""Timers of event loops count in whole milliseconds and may fire one early."""


@pytest.fixture(params=SERVERS)
def calling(request: pytest.FixtureRequest, session: ClientSession) -> Caller:
    """Calls by way of each server."""
    return Caller(session, str(request.getfixturevalue(request.param)))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("reset", (ConnectionResetError, aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)),
        ("hang_up", aiohttp.ServerDisconnectedError),
        ("reset_midway", aiohttp.ClientPayloadError),
        ("short_body", aiohttp.ClientPayloadError),
    ],
)
async def test_broken_connections(
    calling: Caller, sandbox: Sandbox, fault: str, expected: type[Exception] | tuple[type[Exception], ...]
) -> None:
    """The connection breaks where the fault says; the log shows status 0; without the fault all is well again.

    The client of these tests repeats a GET by itself when it gets no answer at all, so there may be two calls in the log.
    """
    for provider in PROVIDERS:
        await calling.turn(provider, fault=fault)
        with pytest.raises(expected):
            await calling.read(provider)
        assert {(entry.fault, entry.status) for entry in sandbox.journal.of(provider)} == {(fault, 0)}
        await calling.turn(provider, fault=None)
        assert (await calling.read(provider)).status == 200


async def test_a_reset_is_a_reset(calling: Caller) -> None:
    """`reset` sends a TCP reset, not an orderly end: reading the raw socket fails."""
    await calling.turn("webex", fault="reset")
    port = int(calling.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /webex/v1/people HTTP/1.1\r\nHost: sandbox\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_client_that_has_left_is_not_reset(calling: Caller, sandbox: Sandbox) -> None:
    """Who gives up before the fault is met leaves a connection that is gone, and nothing to complain of."""
    await calling.turn("webex", fault="reset", latency=0.5)
    port = int(calling.base_url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /webex/v1/people HTTP/1.1\r\nHost: sandbox\r\n\r\n")
    while not sandbox.journal.of("webex"):  # noqa: ASYNC110 - the sandbox is in another thread
        await asyncio.sleep(0)
    writer.close()
    await writer.wait_closed()
    while sandbox.journal.of("webex")[0].status is None:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0)
    assert (await calling.turn("webex", fault=None, latency=0)).status == 200


async def test_a_short_body_promises_more(calling: Caller) -> None:
    """The whole body arrives and the Content-Length says a hundred bytes more."""
    await calling.turn("webex", fault="short_body")
    port = int(calling.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /webex/v1/people HTTP/1.1\r\nHost: sandbox\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert f"content-length: {len(body) + 100}".encode() in head.lower()
    assert body.endswith(b"}")
    writer.close()


@pytest.mark.parametrize("knobs", [{"hang": True}, {"fault": "hang"}])
async def test_hanging(calling: Caller, sandbox: Sandbox, knobs: dict[str, object]) -> None:
    """A hanging provider never answers, its token endpoint neither; the log shows no status, and it recovers."""
    await calling.turn("cloudlx", **knobs)
    with pytest.raises(TimeoutError):
        await calling.send("POST", "/cloudlx/api/oauth2/access-token", timeout=QUICKLY)
    assert [entry.status for entry in sandbox.journal.of("cloudlx")] == [None]
    await calling.turn("cloudlx", hang=False, fault=None)
    assert (await calling.read("cloudlx")).status == 200


async def test_dripping(calling: Caller) -> None:
    """A drip is the true body byte by byte, as slowly as the knob says."""
    await calling.turn("webex", fault="drip", drip_interval=0.002)
    query = {"phoneNumber": "+12056350001"}
    started = time.perf_counter()
    reply = await calling.webex(query)
    assert time.perf_counter() - started >= ALMOST * 0.002 * len(reply.body)
    await calling.turn("webex", fault=None)
    assert reply.body == (await calling.webex(query)).body


async def test_a_drip_ends_with_its_client(calling: Caller) -> None:
    """A client that leaves is not dripped to any longer: the server is free again and says nothing."""
    await calling.turn("webex", fault="drip", drip_interval=0.01)
    with pytest.raises(TimeoutError):
        await calling.send("GET", "/webex/v1/people", timeout=QUICKLY)
    await calling.turn("webex", fault=None)
    assert (await calling.webex()).status == 200


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_latency(calling: Caller, provider: str) -> None:
    """Every answer waits, that of a token endpoint too."""
    path = {"webex": "/webex/v1/access_token", "cloudlx": "/cloudlx/api/oauth2/access-token"}
    await calling.turn(provider, latency=0.05)
    started = time.perf_counter()
    await calling.read(provider)
    between = time.perf_counter()
    await calling.send("POST", path.get(provider, f"/{provider}/"))
    assert between - started >= ALMOST * 0.05
    assert time.perf_counter() - between >= ALMOST * 0.05


async def test_a_client_that_leaves_in_the_middle_of_its_request(calling: Caller, sandbox: Sandbox) -> None:
    """A request that breaks off is read as far as it came, and no complaint is logged."""
    port = int(calling.base_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /callgear/v2.0 HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 100\r\n\r\n{")
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    assert (await calling.callgear()).status == 200
    assert [entry.status for entry in sandbox.journal.of("callgear")] == [415, 200]
