"""SIGTERM under load, again and again: ``python -m benchmarks.shutdown`` (``--runs``, ``--write``).

Each time a gateway is asked by clients that keep their connections, has operations under way that wait for a slow
provider, over HTTP and over WebSockets, and is listened to. Like a balancer, the clients look at ``/ready`` and send
nothing more once it says no. Whatever was sent until then must be answered. It exits with 1 where something was not.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import click
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct

from benchmarks.marks import replace_figures
from benchmarks.served import Served, machine, served, table
from benchmarks.simulated import World, world_of
from tests.web.frames import Socket, socket, stream

DOCUMENT = Path(__file__).parents[1] / "docs" / "operations.md"
ROWS = dict.fromkeys(("8x8", "webex", "cloudlx", "callgear"), 300)
CLIENTS, LISTENERS = 16, 5
SLOW = 0.3
"""Seconds that the slow provider takes."""
FRESH = '{ phoneNumber(e164: "+1205635%04d", sources: ["london"], maxStaleness: "PT0S") { complete } }'
HELD = "{ phoneNumbers(first: 20) { nodes { e164 } complete } }"
CHANGES = "subscription { phoneNumberChanged { kind e164 } }"
OUT_WITHIN = 10.0


class Ended(Struct):
    """One end. ``under_way`` when the signal came; ``not_ready`` and ``out`` are in seconds after it."""

    answered: int = 0
    under_way: int = 0
    failed: list[str] = []
    not_ready: float | None = None
    out: float = 0.0
    code: int | None = None
    closed: Counter[int] = Counter()
    streams: int = 0

    @property
    def faults(self) -> list[str]:
        """What was not as it is promised."""
        told = [*self.failed]
        told += [] if self.not_ready is not None else ["/ready never said no"]
        told += [] if set(self.closed) == {1001} else [f"sockets were closed with {dict(self.closed)}"]
        told += [] if self.streams == LISTENERS else [f"{self.streams} of {LISTENERS} event streams ended"]
        told += (
            [] if self.code == 0 and self.out <= OUT_WITHIN else [f"it ended with {self.code} after {self.out:.1f} s"]
        )
        return told


class Clients:
    """Those of one gateway, until it says that it is not ready."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ready = True
        self._asking = 0
        self.seen = Ended(failed=[], closed=Counter())
        self.warm = asyncio.Event()

    def note_signal(self) -> None:
        """The signal is sent now."""
        self._sent = time.monotonic()
        self.seen.under_way = self._asking

    async def probe(self, session: ClientSession) -> None:
        """Ask whether it is ready, each time anew, until it says no."""
        while self._ready:
            async with session.get(f"{self._url}/ready", headers={"connection": "close"}) as answer:
                self._ready = answer.status == 200  # noqa: PLR2004 - OK
            await asyncio.sleep(0.02)
        self.seen.not_ready = time.monotonic() - self._sent

    async def ask(self, session: ClientSession, query: str) -> None:
        """One question after the other over a connection that is kept."""
        while self._ready:
            self._asking += 1
            try:
                async with session.post(f"{self._url}/graphql", json={"query": query}) as answer:
                    said = await answer.json()
                    self._judge(f"HTTP {answer.status}", said)
            except (ClientError, OSError, ValueError) as error:
                self.seen.failed.append(f"{type(error).__name__}: {error}")
            self._asking -= 1
            if self.seen.answered > 3 * CLIENTS:
                self.warm.set()

    async def listen_on_socket(self, place: int, ready: Callable[[], None]) -> None:
        """Listen over a WebSocket, with a question under way when the signal comes."""
        async with socket(self._url) as opened:
            await opened.init()
            await opened.subscribe("changes", CHANGES)
            await opened.subscribe("known", "{ __typename }")
            await _until_complete(opened)
            ready()
            await self.warm.wait()
            await opened.subscribe("asked", FRESH % place)
            self._asking += 1
            self._judge("WebSocket", (await opened.next()).get("payload"))
            self._asking -= 1
            await opened.next()
            code, _ = await opened.closed()
            self.seen.closed[code] += 1

    async def listen_to_events(self, ready: Callable[[], None]) -> None:
        """Listen by server-sent events, to an end without the word that it is complete."""
        async with stream(self._url, CHANGES, "text/event-stream") as answer:
            await answer.content.readline()
            ready()
            rest = await answer.content.read()
            self.seen.streams += b"complete" not in rest

    def _judge(self, what: str, said: object) -> None:
        if isinstance(said, dict) and said.get("data") and "errors" not in said:
            self.seen.answered += 1
        else:
            self.seen.failed.append(f"{what}: {said}")


async def _until_complete(opened: Socket) -> None:
    while (await opened.next())["type"] != "complete":
        pass


async def ended(gateway: Served) -> Ended:
    """Load, the signal, and what came of it."""
    clients, listening = Clients(gateway.url), asyncio.Semaphore(0)
    timeout = ClientTimeout(total=20)
    async with ClientSession(timeout=timeout, connector=TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        for place in range(LISTENERS):
            group.create_task(clients.listen_on_socket(place, listening.release))
            group.create_task(clients.listen_to_events(listening.release))
        for _ in range(2 * LISTENERS):
            await listening.acquire()
        for place in range(CLIENTS):
            group.create_task(clients.ask(session, HELD if place % 2 else FRESH % place))
        probing = group.create_task(clients.probe(session))
        await clients.warm.wait()
        await asyncio.sleep(SLOW / 2)  # what waits for the slow provider is under way
        clients.note_signal()
        began = time.monotonic()
        clients.seen.code = await gateway.ended()
        clients.seen.out = time.monotonic() - began
        await probing
    return clients.seen


async def measured(runs: int) -> list[Ended]:
    """So many ends, each of a new process."""
    found = []
    async with world_of(ROWS) as world:
        for run in range(runs):
            found.append(await _one(world))
            for fault in found[-1].faults:
                click.echo(f"run {run + 1}: {fault}", err=True)
    return found


async def _one(world: World) -> Ended:
    await world.turn("webex", latency=SLOW)
    with served(world.url, timeout=20.0, calls_per_minute=100_000, concurrency=64) as gateway:
        return await ended(gateway)


def report(found: list[Ended], where: str) -> str:
    """The figures, as a table."""
    closed = sum((one.closed for one in found), Counter[int]())
    silent = [one.not_ready for one in found if one.not_ready is not None]
    out = [one.out for one in found]
    return table(
        {
            "ends by SIGTERM": f"{len(found)}",
            "operations under way when the signal came": f"{sum(one.under_way for one in found):,}",
            "operations answered": f"{sum(one.answered for one in found):,}",
            "failed": f"{sum(len(one.failed) for one in found)}",
            "`/ready` said no while all was still answered": f"{len(silent)} times, {1000 * max(silent, default=0):.0f} ms after the signal at most",
            "WebSockets closed": ", ".join(f"{count} with {code}" for code, count in closed.items()),
            "event streams ended without `complete`": f"{sum(one.streams for one in found)}",
            "seconds from the signal to the end": f"{min(out):.1f} to {max(out):.1f}",
            "measured on": where,
        }
    )


@click.command(help="End a gateway under load by SIGTERM, again and again, and tell who was not answered.")
@click.option("--runs", default=100, show_default=True, help="How often.")
@click.option("--write", is_flag=True, help="Put the figures into docs/operations.md.")
def main(*, runs: int, write: bool) -> None:
    """Measure, print, and exit with 1 where somebody was not answered."""
    where = machine()
    found = asyncio.run(measured(runs))
    click.echo(report(found, where))
    if write:
        replace_figures(DOCUMENT, "shutdown", report(found, where))
    sys.exit(1 if any(one.faults for one in found) else 0)


if __name__ == "__main__":
    main()
