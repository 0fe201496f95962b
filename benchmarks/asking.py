"""What one question to a source costs: ``python -m benchmarks.asking`` (``--write``) prints processor time by way of asking.

The same questions over the same connections to the peers' upstream: by the gateway's transport, by aiohttp's session
alone, by aiohttp's connector and request without its session, and by a protocol that knows nothing but this upstream.
By turns, so that whatever else the machine does falls on all; the least of each is what it takes undisturbed.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import aiohttp
import click
import uvloop
from aiohttp.client import ClientRequest
from aiohttp.helpers import TimerNoop
from multidict import CIMultiDict
from yarl import URL

from benchmarks.lanes import Lanes
from benchmarks.marks import replace_figures
from benchmarks.peers import rows
from benchmarks.peers.processes import await_port, cores, free_port, process
from benchmarks.served import machine
from gateway.providers.protocol import Request
from gateway.upstream.client import HttpTransport

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
AT_ONCE = 16
HEADERS = (("accept", "application/json"), ("authorization", "Bearer of-a-benchmark"))
SECONDS = 10.0

Ask: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Asks a URL for its content."""


class Ways:
    """The ways of asking one upstream."""

    def __init__(self, port: int, transport: HttpTransport, session: aiohttp.ClientSession) -> None:
        self._port = port
        self._transport = transport
        self._session = session
        self._lanes = Lanes(port)
        self._urls: dict[str, URL] = {}

    async def by_transport(self, url: str) -> bytes:
        """As the gateway asks: bounded in time and length, with every failure told apart."""
        return (await self._transport.send(Request("GET", url, HEADERS), SECONDS)).body

    async def by_session(self, url: str) -> bytes:
        """As aiohttp's documentation asks."""
        headers, there = CIMultiDict(HEADERS), URL(url, encoded=True)
        async with self._session.request("GET", there, headers=headers, allow_redirects=False) as answer:
            return await answer.read()

    async def by_connector(self, url: str) -> bytes:
        """What aiohttp's session does in the end: redirects, cookies, proxies, traces and timers left out."""
        there = self._urls.get(url) or self._urls.setdefault(url, URL(url, encoded=True))
        headers = self._session.headers.copy()
        headers.extend(HEADERS)
        request = ClientRequest(
            "GET",
            there,
            headers=headers,
            cookies=SimpleCookie(),
            loop=asyncio.get_running_loop(),
            session=self._session,
        )
        assert self._session.connector is not None
        connection = await self._session.connector.connect(request, traces=[], timeout=self._session.timeout)
        assert connection.protocol is not None
        connection.protocol.set_response_params(timer=TimerNoop(), read_until_eof=True)
        answer = await request.send(connection)
        async with answer:
            await answer.start(connection)
            return await answer.read()

    async def by_protocol(self, url: str) -> bytes:
        """With nothing in between but the reading of HTTP."""
        lines = [f"GET {url.partition(f':{self._port}')[2]} HTTP/1.1", f"host: 127.0.0.1:{self._port}"]
        lines += [f"{name}: {value}" for name, value in HEADERS]
        async with asyncio.timeout(SECONDS):
            return (await self._lanes.ask("\r\n".join([*lines, "", ""]).encode())).content

    def named(self) -> Mapping[str, Ask]:
        """All of them."""
        return {
            "the gateway's transport": self.by_transport,
            "aiohttp's session alone": self.by_session,
            "aiohttp's connector and request": self.by_connector,
            "a protocol of our own, without safety": self.by_protocol,
        }


@asynccontextmanager
async def opened(port: int) -> AsyncIterator[Ways]:
    """The ways, each with its connections."""
    async with AsyncExitStack() as stack:
        transport = HttpTransport.open(lambda: datetime.now(UTC))
        stack.push_async_callback(transport.close)
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None))
        yield Ways(port, transport, await stack.enter_async_context(session))


async def cost(ask: Ask, url: str, questions: int) -> float:
    """Microseconds of processor time that a question takes."""
    each = max(1, questions // AT_ONCE)

    async def some() -> None:
        for _ in range(each):
            await ask(url)

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - began) * 1e6 / (AT_ONCE * each)


async def measured(port: int, questions: int, rounds: int) -> dict[str, dict[str, float]]:
    """The least of the rounds, by way and by question."""
    base, held = f"http://127.0.0.1:{port}", rows.eight_by_eight(1)[0]
    urls = {
        "one number": f"{base}/8x8/api/v1/subaccounts/{rows.pool_name(1)}/numbers/{held['msisdn'][1:]}",
        "50 numbers": f"{base}/webex/locations/x/availableNumbers?start=0&max=50",
    }
    found: dict[str, dict[str, float]] = {}
    async with opened(port) as ways:
        for what, url in urls.items():
            [_] = {await ask(url) for ask in ways.named().values()}  # all of them hear the same
            for _ in range(rounds):
                for name, ask in ways.named().items():
                    took, told = await cost(ask, url, questions), found.setdefault(name, {})
                    told[what] = min(took, told.get(what, took))
    return found


def report(found: Mapping[str, Mapping[str, float]], where: str) -> str:
    """The figures, as a table."""
    questions = list(next(iter(found.values())))
    lines = [f"| µs of a processor | {' | '.join(questions)} |", "|---" * (len(questions) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(f'{told[one]:.0f}' for one in questions)} |" for name, told in found.items()]
    return "\n".join(lines) + f"\n\nThe least of several rounds by turns, measured on {where}."


@click.command(help="Measure what one question to a source costs, by way of asking.")
@click.option("--questions", default=3000, show_default=True, help="In a round.")
@click.option("--rounds", default=7, show_default=True, help="Of every way by turns.")
@click.option("--write", is_flag=True, help="Put the figures into docs/benchmarks.md.")
def main(*, questions: int, rounds: int, write: bool) -> None:
    """Measure and print."""
    where, port, (ours, theirs) = machine(), free_port(), cores()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "upstream.log"
        command = [sys.executable, "-m", "benchmarks.peers.upstream", str(port)]
        with process(command, theirs, os.environ, log) as begun:
            await_port(port, begun, log)
            os.sched_setaffinity(0, {ours})
            found = uvloop.run(measured(port, questions, rounds))
    click.echo(report(found, where))
    if write:
        replace_figures(DOCUMENT, "asking", report(found, where))


if __name__ == "__main__":
    main()
