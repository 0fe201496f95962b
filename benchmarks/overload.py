"""What more than it can answer does to a gateway: ``python -m benchmarks.overload`` (``--seconds``, ``--write``).

First as many requests as it answers, asked by a few clients who wait for each answer: its peak. Then three times as
many a second as that, whether they are answered or not, and then half as many. It exits with 1 where less than nine
tenths of the peak are answered meanwhile, where 99 of 100 refusals take more than 10 ms, where anything but 200 and
503 is told, or where it is not itself again within 2 seconds.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

import click
import msgspec
import uvloop
from msgspec import Struct
from yarl import URL

from benchmarks.marks import replace_figures
from benchmarks.paced import Answered, Paced
from benchmarks.peers.load import request
from benchmarks.served import machine, served, table
from benchmarks.simulated import world_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
ROWS = dict.fromkeys(("8x8", "webex", "cloudlx", "callgear"), 300)
PAGE = """query ($not: E164!) { phoneNumbers(first: 200, orderBy: {field: COUNTRY}, filter: {not: {e164: {in: [$not]}}}) {
  nodes { id e164 international country provider availability details { __typename } source { name } } complete } }"""
ANSWERED, REFUSED = 200, 503
CLIENTS, TIMES = 16, 3.0
UNUSED = 2.0
"""Seconds after which a connection is not used again."""
GOOD, REFUSED_MS, RECOVERED = 0.9, 10.0, 2.0


class Line(asyncio.Protocol):
    """A connection that is kept: one request at a time, and what came of it."""

    def __init__(self) -> None:
        self._held = b""
        self._used = time.monotonic()
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _: Exception | None) -> None:
        """Whoever waits is told so."""
        if self._answer is not None:
            self._answer.set_result(0)
            self._answer = None

    def data_received(self, data: bytes) -> None:
        """A part of an answer, which ends where its length says."""
        self._held += data
        head, ended, body = self._held.partition(b"\r\n\r\n")
        if ended and len(body) >= int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]):
            answer, self._answer, self._held = self._answer, None, b""
            if answer is not None:
                answer.set_result(int(head[9:12]))

    @property
    def usable(self) -> bool:
        """Whether the gateway is sure to hear of another request: it closes what says nothing for five seconds."""
        usable = not self._transport.is_closing() and time.monotonic() - self._used < UNUSED
        if not usable:
            self._transport.close()
        return usable

    async def ask(self, whole: bytes) -> int:
        """The status of the answer; 0 where there is none."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(whole)
        status = await self._answer
        self._used = time.monotonic()
        return status


class Clients:
    """As many connections as are wanted at once; pages of what is held, each asked for in another way."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._requests = self._asking()
        self._idle: list[Line] = []

    def _asking(self) -> Iterator[bytes]:
        for number in count():
            body = msgspec.json.encode({"query": PAGE, "variables": {"not": f"+999{number:08}"}})
            yield request(body, self._port, "/graphql", None)

    async def ask(self) -> Answered:
        """One request, from when it was due."""
        began = time.monotonic()
        line = self._idle.pop() if self._idle else None
        if line is None or not line.usable:
            _, line = await asyncio.get_running_loop().create_connection(Line, "127.0.0.1", self._port)
        status = await line.ask(next(self._requests))
        self._idle.append(line)
        return Answered(began, time.monotonic() - began, status)

    async def few(self, seconds: float) -> float:
        """Answers a second to a few who wait for each."""
        until = time.monotonic() + seconds

        async def one() -> int:
            answers = 0
            while time.monotonic() < until:
                answers += (await self.ask()).status == ANSWERED
            return answers

        return sum(await asyncio.gather(*(one() for _ in range(CLIENTS)))) / seconds

    async def many(self, rate: float, seconds: float) -> Paced:
        """So many a second for so long, whether those before are answered or not."""
        asking: list[asyncio.Task[Answered]] = []
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            asking += [asyncio.create_task(self.ask()) for _ in range(int(passed * rate) - len(asking))]
            await asyncio.sleep(0.001)
        return Paced(await asyncio.gather(*asking))


class Found(Struct, frozen=True):
    """The peak, in answers a second; what came of three times as many; and of half as many after that."""

    peak: float
    seconds: float
    over: Paced
    after: Paced

    @property
    def good(self) -> float:
        """The part of the peak that was answered all the same."""
        return self.over.statuses[ANSWERED] / self.seconds / self.peak

    @property
    def recovered(self) -> float:
        """Seconds from the end of it to the last request that was refused."""
        began = self.after.answers[0].asked
        late = (one.asked + one.took - began for one in self.after.answers if one.status != ANSWERED)
        return max(late, default=0.0)

    @property
    def holds(self) -> bool:
        """Whether all is as promised."""
        told = set(self.over.statuses) <= {ANSWERED, REFUSED}
        return told and self.good >= GOOD and self.over.p99(REFUSED) <= REFUSED_MS and self.recovered <= RECOVERED

    def report(self) -> str:
        """The figures, as a table."""
        told = ", ".join(f"{number:,} of {status or 'cut'}" for status, number in sorted(self.over.statuses.items()))
        return table(
            {
                "peak": f"{self.peak:.0f} answers a second",
                f"asked {TIMES:g} times as many, for {self.seconds:g} seconds": told,
                "answered meanwhile": f"{self.good:.0%} of the peak, 99 of 100 within {self.over.p99(ANSWERED):.0f} ms",
                "refused": f"99 of 100 within {self.over.p99(REFUSED):.1f} ms",
                "itself again": f"after {self.recovered:.1f} s, 99 of 100 within {self.after.p99(ANSWERED):.1f} ms",
            }
        )


async def measured(seconds: float) -> Found:
    """One after the other, with one gateway."""
    async with world_of(ROWS) as world:
        with served(world.url, calls_per_minute=100_000, ttl=3600.0) as gateway:
            clients = Clients(URL(gateway.url).port or 0)
            await clients.few(3.0)
            peak = await clients.few(min(10.0, seconds))
            over = await clients.many(TIMES * peak, seconds)
            return Found(peak, seconds, over, await clients.many(peak / 2, 5.0))


@click.command(help="Ask a gateway for three times as much as it can answer.")
@click.option("--seconds", default=60.0, show_default=True, help="How long.")
@click.option("--write", is_flag=True, help="Put the figures into docs/security.md.")
def main(*, seconds: float, write: bool) -> None:
    """Measure, print, and exit with 1 where it does not hold."""
    where = machine()
    found = uvloop.run(measured(seconds))
    told = f"{found.report()}\n\nMeasured on {where}, which the clients share."
    click.echo(told)
    if write:
        replace_figures(DOCUMENT, "overload", told)
    sys.exit(0 if found.holds else 1)


if __name__ == "__main__":
    main()
