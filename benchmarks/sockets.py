"""Clients that would exhaust the WebSockets: ``python -m benchmarks.sockets`` (``--sockets``, ``--write``).

Sockets that never say who they are, more subscriptions on one socket than one may have, sockets of which nothing is
ever read, and pings without end. Each time: how they are closed or refused, what the gateway's memory grew by at most,
and how long a request of somebody else took meanwhile. It exits with 1 where a promise does not hold.
"""

import asyncio
import resource
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import click
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct

from benchmarks.marks import replace_figures
from benchmarks.served import Served, machine, percentile, served
from benchmarks.simulated import world_of
from gateway.web.sockets import PROTOCOL
from tests.web.bare import frame, opened, text
from tests.web.counting import read
from tests.web.frames import socket

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
ROWS = dict.fromkeys(("8x8", "webex", "cloudlx", "callgear"), 300)
SUBSCRIPTIONS, UNREAD, ANSWERS, PINGS = 300, 5, 80, 200_000
UNREAD_SECONDS = 5
PAUSE = 0.2
SETTLING = 2.0
"""Seconds of which the figures are, at least, and of those before."""
LONG = "{ phoneNumbers(first: 400) { nodes { id e164 nationalFormat provider source { name } asOf rawStatus } } }"
CHANGES = "subscription { phoneNumberChanged { kind e164 } }"
GROWTH = 50.0
"""Megabytes that each may make it grow by."""
OPEN_FILES = 8192


class Seen(Struct):
    """What came of one of them: closes and refusals by their count, megabytes, and milliseconds.

    ``refused`` is the part of the others that were told to come again, since too much was at work.
    """

    what: str
    outcomes: Counter[str]
    grown: float
    others: float
    refused: float

    def row(self) -> str:
        """A line of the table."""
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.items())
        return f"| {self.what} | {told} | {self.grown:.1f} MB | {self.others:.0f} ms | {self.refused:.0%} |"


class Watched:
    """One gateway, its memory, and somebody who asks it now and then."""

    def __init__(self, gateway: Served, session: ClientSession) -> None:
        self._gateway = gateway
        self._session = session
        self.url = gateway.url
        self._held: list[float] = []
        self._took: list[float] = []
        self._refused = 0

    async def _watch(self) -> None:
        while True:
            began = time.monotonic()
            async with self._session.post(f"{self.url}/graphql", json={"query": "{ sources { name } }"}) as answer:
                assert answer.status in (200, 503), answer.status
                self._refused += answer.status == 503  # noqa: PLR2004 - told to come again
            self._took.append(1000 * (time.monotonic() - began))
            self._held.append(self._gateway.megabytes)
            await asyncio.sleep(0.02)

    async def seen(self, what: str, attack: Callable[[], Awaitable[Counter[str]]]) -> Seen:
        """What comes of an attack."""
        watching = asyncio.create_task(self._watch())
        await asyncio.sleep(SETTLING)  # what is made once is there
        before = max(self._held)
        self._held.clear()
        self._took.clear()
        self._refused = 0
        outcomes, _ = await asyncio.gather(attack(), asyncio.sleep(SETTLING))
        assert not watching.done(), watching.result()
        watching.cancel()
        grown = max(self._held) - before
        return Seen(what, outcomes, grown, percentile(self._took, 99), self._refused / len(self._took))

    async def refusals(self) -> Counter[str]:
        """What clients were refused until now, by code."""
        async with self._session.get(f"{self.url}/metrics") as answer:
            counted = read(await answer.text())
        return Counter({key[1]: int(count) for key, count in counted.items() if key[0] == "gateway_refusals_total"})


async def without_init(url: str, sockets: int) -> Counter[str]:
    """Sockets that offer compression and say nothing; how each is closed."""
    async with ClientSession(timeout=ClientTimeout(total=60), connector=TCPConnector(limit=0)) as session:

        async def one() -> str:
            async with session.ws_connect(f"{url}/graphql", protocols=[PROTOCOL], compress=15) as silent:
                message = await silent.receive()
                return f"closed with {message.data}"

        return Counter(await asyncio.gather(*(one() for _ in range(sockets))))


async def subscriptions(url: str) -> Counter[str]:
    """More subscriptions on one socket than it may have."""
    async with socket(url) as held:
        await held.init()
        for number in range(SUBSCRIPTIONS):
            await held.subscribe(str(number), CHANGES)
        await held.send(type="ping")
        told = Counter[str]()
        while (message := await held.next())["type"] != "pong":
            told[f"refused with {message['payload'][0]['extensions']['code']}"] += 1
    return Counter({"begun": SUBSCRIPTIONS - told.total()}) + told


async def unread(watched: Watched) -> Counter[str]:
    """Sockets on each of which long answers are asked for, and none is read, until all are cut."""
    with ExitStack() as held:
        connections = [held.enter_context(opened(watched.url)) for _ in range(UNREAD)]
        for number in range(ANSWERS):
            for connection in connections:
                with suppress(ConnectionError):  # it was cut already
                    connection.sendall(text(id=str(number), type="subscribe", payload={"query": LONG}))
            await asyncio.sleep(PAUSE)  # or it would be an overload
        await asyncio.sleep(2 * UNREAD_SECONDS)
        return Counter({"cut": (await watched.refusals())["1008"]})


async def pinged(url: str) -> Counter[str]:
    """Pings whose answers nobody reads."""

    def ping() -> None:
        with opened(url) as connection:
            for _ in range(PINGS // 1000):
                connection.sendall(frame(9, b"x" * 125) * 1000)

    await asyncio.to_thread(ping)
    return Counter({"pings taken": PINGS})


@asynccontextmanager
async def watched() -> AsyncIterator[Watched]:
    """A gateway that is patient with nobody."""
    limits = f"[limits]\nunread_seconds = {UNREAD_SECONDS}\n"
    async with world_of(ROWS) as world, ClientSession() as session:
        with served(world.url, limits, calls_per_minute=100_000) as gateway:
            held = Watched(gateway, session)
            for _ in range(2):
                async with session.post(f"{gateway.url}/graphql", json={"query": LONG}) as answer:
                    await answer.read()
            yield held


async def measured(sockets: int) -> list[Seen]:
    """All of them, each with a gateway of its own: memory that one has left free would hide another's."""
    found = []
    async with watched() as held:
        found.append(
            await held.seen(f"{sockets:,} sockets without `connection_init`", lambda: without_init(held.url, sockets))
        )
    async with watched() as held:
        found.append(await held.seen(f"{SUBSCRIPTIONS} subscriptions on one socket", lambda: subscriptions(held.url)))
    async with watched() as held:
        found.append(
            await held.seen(f"{UNREAD} sockets that nobody reads, {ANSWERS} long answers each", lambda: unread(held))
        )
    async with watched() as held:
        found.append(await held.seen("pings whose answers nobody reads", lambda: pinged(held.url)))
    return found


def report(found: list[Seen], where: str) -> str:
    """The figures, as a table."""
    head = [
        "| what | came of it | memory grew by at most | p99 of others meanwhile | of them 503 |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *(seen.row() for seen in found), "", f"Measured on {where}."])


@click.command(help="Try to exhaust a gateway's WebSockets, and tell what came of it.")
@click.option("--sockets", default=1000, show_default=True, help="How many never say who they are.")
@click.option("--write", is_flag=True, help="Put the figures into docs/security.md.")
def main(*, sockets: int, write: bool) -> None:
    """Measure, print, and exit with 1 where the gateway grew too much or closed otherwise."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, OPEN_FILES), most))
    where = machine()
    found = asyncio.run(measured(sockets))
    told = report(found, where)
    click.echo(told)
    if write:
        replace_figures(DOCUMENT, "sockets", told)
    promised = [("closed with 4408", sockets), ("begun", 100), ("cut", UNREAD), ("pings taken", PINGS)]
    kept = [seen.outcomes[what] == count for seen, (what, count) in zip(found, promised, strict=True)]
    sys.exit(0 if all(kept) and all(seen.grown < GROWTH for seen in found) else 1)


if __name__ == "__main__":
    main()
