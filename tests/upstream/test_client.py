"""The transport against real loopback servers: what comes back, what goes out, and what each failure is called."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import (
    SourceBadAnswer,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
)
from gateway.providers.protocol import Request, Response
from gateway.upstream.client import HttpTransport
from tests.clocks import ManualClock
from tests.upstream.servers import Heard, answer, listening, saying

Send = Callable[..., Awaitable[Response]]
CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""A certificate and its key that nobody trusts."""


@pytest.fixture
async def transport(clock: ManualClock) -> AsyncIterator[HttpTransport]:
    """A transport, closed at the end."""
    opened = HttpTransport.open(clock.now)
    yield opened
    await opened.close()


@pytest.fixture
def send(transport: HttpTransport) -> Send:
    """Sends a GET to a URL, unless told otherwise."""

    async def sending(url: str, seconds: float = 30.0, request: Request | None = None) -> Response:
        return await transport.send(request or Request("GET", url), seconds)

    return sending


async def test_an_answer_is_read_in_full(send: Send, clock: ManualClock) -> None:
    """Status, lower-case headers, the whole body and the clock's time of arrival come back."""
    async with listening(saying(answer(b"x" * 300_000, 418, {"X-Kind": "Tea"}))) as wire:
        response = await send(f"{wire.url}/a")
    assert (response.status, response.headers["x-kind"], len(response.body)) == (418, "Tea", 300_000)
    assert response.received_at == clock.now()


async def test_a_request_goes_out_as_it_is(send: Send) -> None:
    """Method, headers and body arrive unchanged, with one user agent and no content type that nobody gave."""
    async with listening(saying(answer())) as wire:
        post = Request("POST", f"{wire.url}/rpc", (("accept", "a/b"), ("content-type", "c/d")), b'{"n":1}')
        await send("", request=post)
        await send(wire.url)
    first, second = wire.heard
    assert (first.line, first.body) == ("POST /rpc HTTP/1.1", b'{"n":1}')
    assert (first.headers["accept"], first.headers["content-type"]) == ("a/b", "c/d")
    assert first.headers["user-agent"] == "numbers-gateway"
    assert "content-type" not in second.headers


@pytest.mark.parametrize(
    "target",
    [
        "/numbers?phoneNumber=%2B4420,%2B4421&max=5",
        "/a%2Fb%20c?q=%C3%A9&r=%252B",
        "/a?x=1%26y&&z",
        "/+a?b=+",
        "/%41?x=%2C%7E%41",
    ],
    ids=["plus", "escapes", "ampersand", "bare plus", "needless"],
)
async def test_an_encoded_url_is_not_encoded_again(send: Send, target: str) -> None:
    """%2B arrives as %2B: what a provider's class encoded is neither decoded nor encoded on the way."""
    async with listening(saying(answer())) as wire:
        await send(wire.url + target)
    assert wire.heard[0].target == target


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(send: Send, status: int) -> None:
    """A redirect comes back as it is, so that a credential never travels to where it was not meant to go."""
    async with listening(saying(answer())) as other:
        async with listening(saying(answer(b"", status, {"location": f"{other.url}/elsewhere"}))) as wire:
            response = await send(wire.url)
        assert other.heard == []
    assert (response.status, len(wire.heard)) == (status, 1)


async def test_cookies_are_not_kept(send: Send) -> None:
    """A cookie that a source sets is never sent back; a bare address would be given none anyway, so it has a name."""
    async with listening(saying(answer(headers={"set-cookie": "session=1; Path=/"}))) as wire:
        named = wire.url.replace("127.0.0.1", "localhost")
        await send(named)
        await send(named)
    assert ["cookie" in heard.headers for heard in wire.heard] == [False, False]


async def test_the_environment_names_no_proxy(send: Send, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Proxies and a netrc file of the environment are not used: a source is asked directly, with its own credentials."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login stranger password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with listening(saying(answer())) as proxy, listening(saying(answer())) as wire:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        await send(wire.url)
        assert (len(proxy.heard), "authorization" in wire.heard[0].headers) == (0, False)


async def test_connections_are_kept_and_not_rationed(transport: HttpTransport) -> None:
    """A hundred calls to one host can be under way at once: how many may be is each source's own setting."""
    arrived = asyncio.Semaphore(0)
    everybody = asyncio.Event()

    async def respond(_: Heard, writer: asyncio.StreamWriter) -> None:
        arrived.release()
        await everybody.wait()
        writer.write(answer())

    async with listening(respond) as wire, asyncio.timeout(30):
        calls = [asyncio.create_task(transport.send(Request("GET", wire.url), 30)) for _ in range(100)]
        for _ in calls:
            await arrived.acquire()
        everybody.set()
        await asyncio.gather(*calls)
        await transport.send(Request("GET", wire.url), 30)
        assert (len(wire.heard), wire.connections) == (101, 100)


TEXTS: list[tuple[str, bytes, type[SourceError]]] = [
    ("body shorter than its length", b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok", SourceBadAnswer),
    ("chunk cut", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", SourceBadAnswer),
    ("chunk length is none", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab", SourceBadAnswer),
    ("two lengths", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc", SourceBadAnswer),
    ("another protocol", b"SSH-2.0-OpenSSH_9.6\r\n", SourceBadAnswer),
    ("status is no number", b"HTTP/1.1 abc OK\r\n\r\n", SourceBadAnswer),
    ("not gzip", answer(b"\x1f\x8bnot gzip", headers={"content-encoding": "gzip"}), SourceBadAnswer),
    ("header of 64 KiB", answer(headers={"x-padding": "x" * 65_536}), SourceBadAnswer),
    ("nothing at all", b"", SourceUnavailable),
    ("head cut", b"HTTP/1.1 200 OK\r\ncontent-le", SourceUnavailable),
]


@pytest.mark.parametrize(("text", "error"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
async def test_broken_answers_have_names(send: Send, text: bytes, error: type[SourceError]) -> None:
    """An answer that is no readable HTTP is a bad answer; a connection that ends before one means nobody is there."""
    async with listening(saying(text)) as wire:
        with pytest.raises(error):
            await send(wire.url)


async def test_nobody_listens(send: Send) -> None:
    """A refused connection is SOURCE_UNAVAILABLE, and the message names no address."""
    async with listening(saying(b"")) as wire:
        url = wire.url
    with pytest.raises(SourceUnavailable) as refused:
        await send(url)
    assert "127.0.0.1" not in refused.value.message


async def test_an_unknown_certificate_is_no_malformed_address(send: Send) -> None:
    """A certificate that nobody trusts ends the call as SOURCE_UNAVAILABLE before the request is sent."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    async with listening(saying(answer()), tls) as wire:
        with pytest.raises(SourceUnavailable, match="Certificate"):
            await send(wire.url)
        assert wire.heard == []


@pytest.mark.parametrize(
    "url",
    [
        "voice.8x8.com/api",
        "ftp://127.0.0.1/x",
        "http://",
        "http:///x",
        "",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "unix:///tmp/x",
    ],
)
async def test_a_malformed_address_is_a_matter_of_the_settings(send: Send, url: str) -> None:
    """A base_url that is no HTTP address is SOURCE_MISCONFIGURED, not an unreadable answer of somebody."""
    with pytest.raises(SourceMisconfigured, match="base_url"):
        await send(url)


async def test_a_credential_that_cannot_be_written_is_a_matter_of_the_settings(send: Send) -> None:
    """A line break in a key, as a file's end leaves it, is SOURCE_MISCONFIGURED; the key is not shown."""
    async with listening(saying(answer())) as wire:
        request = Request("GET", wire.url, (("authorization", "Bearer seKret\n"),))
        with pytest.raises(SourceMisconfigured, match="credentials") as refused:
            await send("", request=request)
        assert ("seKret" in str(refused.value), wire.heard) == (False, [])


async def _hang(_: Heard, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _hang_midway(_: Heard, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
    await asyncio.Event().wait()


@pytest.mark.parametrize("respond", [_hang, _hang_midway])
async def test_time_is_bounded(send: Send, respond: Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]) -> None:
    """Neither a silent server nor one that stops in the middle is waited for longer than allowed."""
    async with listening(respond) as wire:
        async with asyncio.timeout(30):
            with pytest.raises(SourceTimeout, match=r"0\.05 seconds"):
                await send(wire.url, 0.05)


async def test_a_caller_who_leaves_takes_the_call_along(send: Send) -> None:
    """Cancelling a call closes its connection; the server sees the client go."""
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def respond(heard: Heard, _: asyncio.StreamWriter) -> None:
        arrived.set()
        await heard.rest.read()
        gone.set()

    async with listening(respond) as wire, asyncio.timeout(30):
        call = asyncio.ensure_future(send(wire.url))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await gone.wait()


async def test_time_of_arrival_is_in_utc(send: Send) -> None:
    """What arrives is stamped in UTC."""
    async with listening(saying(answer())) as wire:
        response = await send(wire.url)
    assert response.received_at == datetime(2026, 11, 1, 12, tzinfo=UTC)
