"""How fast events are acknowledged, and how soon a change is heard: ``python -m benchmarks.events``.

Two measurements of a gateway in a process of its own, whose 8x8 source is told of a new number by every event. Senders
each send one event after the other: events answered with 200 a second, and the time to the 200, over SQLite and
PostgreSQL, both of which sync every commit to the disk. And one event after the other to many listeners, who are a
process of their own: the time from an event's 200 until each has heard of it, and what it took of the gateway's.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import click
import msgspec
from aiohttp import ClientSession, TCPConnector
from msgspec import Struct

from benchmarks.listeners import EVENTS, SOCKETS, listeners
from benchmarks.marks import replace_figures
from benchmarks.peers.processes import cpu_seconds
from benchmarks.served import percentile
from gateway.app import create_app
from gateway.serving import bind, run, url_of
from gateway.settings import load_only
from tests.upstream import postgres
from tests.upstream.telling import SECRET, eight_by_eight, event, row

DOCUMENT = Path(__file__).parents[1] / "docs" / "events.md"
PATH = "/webhooks/8x8/voice_sg"
HEADERS = {"authorization": SECRET, "content-type": "application/json"}


class Extent(Struct, frozen=True):
    """How much is measured; ``pause`` is in seconds, between the events that are listened to."""

    stores: tuple[str, ...] = ("SQLite", "PostgreSQL")
    senders: tuple[int, ...] = (1, 8, 50)
    seconds: float = 10.0
    transports: tuple[str, ...] = (EVENTS, SOCKETS)
    listeners: int = 1000
    events: int = 60
    pause: float = 0.2


QUICK = Extent(stores=("SQLite",), senders=(1, 8), seconds=0.5, listeners=20, events=3, pause=0.0)


class Acknowledged(Struct, frozen=True):
    """Events of so many senders at once, in milliseconds and events a second."""

    store: str
    senders: int
    events: int
    a_second: float
    median: float
    p99: float


class Heard(Struct, frozen=True):
    """Milliseconds from an event's 200 until a listener heard of it, over all events and listeners.

    ``work`` is the gateway's processor time for each time somebody hears of one, in microseconds.
    """

    transport: str
    listeners: int
    events: int
    p50: float
    p99: float
    longest: float
    work: float


class Figures(Struct, frozen=True):
    """All that was measured; ``sync`` is the time that the disk took for 4 KiB alone, ``load`` what else was at work."""

    sync: float
    load: float
    cores: int
    acknowledged: list[Acknowledged]
    heard: list[Heard]


class Running(NamedTuple):
    """A gateway: where it is asked, and which process it is."""

    url: str
    pid: int


def _serve(told: Connection, database_url: str) -> None:
    bound = bind("127.0.0.1", 0)
    sources = {"voice_sg": eight_by_eight().settings.model_dump(mode="python")}
    app = create_app(load_only(sources=sources, state={"database_url": database_url}))
    told.send(url_of(bound))
    run(app, bound)


@contextmanager
def gateway_over(database_url: str) -> Iterator[Running]:
    """A gateway in a process of its own."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, database_url), daemon=True)
    process.start()
    theirs.close()  # so that waiting ends with the process
    try:
        yield Running(ours.recv(), process.pid or 0)
    finally:
        process.terminate()
        process.join()


class Sender:
    """Sends events, each of a number that was not told of before."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self._numbers = count()

    async def send(self) -> float:
        """One event; the seconds until it was acknowledged."""
        body = event(row(f"+659{next(self._numbers):07}"))
        began = time.monotonic()
        async with self._session.post(PATH, data=body, headers=HEADERS) as answer:
            said = await answer.json()
        assert (answer.status, said) == (200, {"event": "kept", "changes": 1}), said
        return time.monotonic() - began

    async def send_for(self, seconds: float) -> list[float]:
        """One event after the other."""
        ends, taken = time.monotonic() + seconds, []
        while time.monotonic() < ends:
            taken.append(await self.send())
        return taken


def sender_to(url: str) -> ClientSession:
    """Connections that are kept, as many as are wanted."""
    return ClientSession(url, connector=TCPConnector(limit=0))


async def acknowledged(store: str, url: str, extent: Extent) -> list[Acknowledged]:
    """The figures of one store, with few senders and with many."""
    found = []
    async with sender_to(url) as session:
        sender = Sender(session)
        await sender.send_for(extent.seconds / 10)
        for senders in extent.senders:
            began = time.monotonic()
            taken = await asyncio.gather(*(sender.send_for(extent.seconds) for _ in range(senders)))
            rate = sum(map(len, taken)) / (time.monotonic() - began)
            times = [1000 * seconds for each in taken for seconds in each]
            found.append(
                Acknowledged(store, senders, len(times), rate, statistics.median(times), percentile(times, 99))
            )
            click.echo(row_of(found[-1]), err=True)
    return found


async def heard(running: Running, transport: str, extent: Extent) -> Heard:
    """How soon listeners hear of one event after the other."""
    with listeners(running.url, extent.listeners, transport) as listening:
        async with sender_to(running.url) as session:
            sender, times = Sender(session), []
            await sender.send()
            await listening.heard()
            began = cpu_seconds(running.pid)
            for _ in range(extent.events):
                await asyncio.sleep(extent.pause)
                await sender.send()
                answered = time.monotonic()
                times += [1000 * (moment - answered) for moment in await listening.heard()]
            work = 1e6 * (cpu_seconds(running.pid) - began) / len(times)
    middle = statistics.median(times)
    return Heard(transport, extent.listeners, extent.events, middle, percentile(times, 99), max(times), work)


def sync_of(place: Path) -> float:
    """Milliseconds that the disk takes to keep 4 KiB, in the middle of 50 times."""
    times = []
    with (place / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            began = time.monotonic()
            os.fsync(file.fileno())
            times.append(1000 * (time.monotonic() - began))
    return statistics.median(times)


def measured(extent: Extent) -> Figures:
    """Everything, one after the other."""
    load = os.getloadavg()[0]
    with TemporaryDirectory() as name, ExitStack() as opened:
        place, found, told = Path(name), [], []
        sync = sync_of(place)
        for store in extent.stores:
            database_url = (
                f"sqlite:///{place}/events.db" if store == "SQLite" else opened.enter_context(postgres.server())
            )
            with gateway_over(database_url) as running:
                found += asyncio.run(acknowledged(store, running.url, extent))
        for count, transport in enumerate(extent.transports):
            with gateway_over(f"sqlite:///{place}/heard{count}.db") as running:
                told.append(asyncio.run(heard(running, transport, extent)))
    return Figures(sync, load, os.cpu_count() or 1, found, told)


def row_of(figures: Acknowledged) -> str:
    """One line of the table."""
    return (
        f"| {figures.store} | {figures.senders} | {figures.events:,} | {figures.a_second:,.0f} "
        f"| {figures.median:.1f} ms | {figures.p99:.1f} ms |"
    )


def heard_row_of(told: Heard) -> str:
    """One line of the other table."""
    return (
        f"| {told.listeners:,} | {told.transport} | {told.events} | {told.p50:.0f} ms | {told.p99:.0f} ms "
        f"| {told.longest:.0f} ms | {told.work:.0f} µs |"
    )


def table_of(figures: Figures) -> str:
    """All of it as Markdown."""
    machine = (
        f"Senders, gateway, database and listeners shared one machine of {figures.cores} cores, which had "
        f"{figures.load:.1f} other processes at work before (its load average); its disk took "
        f"{figures.sync:.1f} ms to sync 4 KiB."
    )
    return "\n".join(
        [
            "| store | senders | events | acknowledged a second | median to the 200 | p99 |",
            "|---|---|---|---|---|---|",
            *map(row_of, figures.acknowledged),
            "",
            "| listeners | by | events | p50 from the 200 | p99 | longest | the gateway's processor time for each |",
            "|---|---|---|---|---|---|---|",
            *map(heard_row_of, figures.heard),
            "",
            machine,
        ]
    )


@click.command(help="Time events until they are acknowledged, and until 1,000 listeners have heard of them.")
@click.option("--quick", is_flag=True, help="SQLite alone, few senders, 20 listeners.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--write", "writes", is_flag=True, help="Put the tables into docs/events.md.")
def main(*, quick: bool, as_json: bool, writes: bool) -> None:
    """Measure and print."""
    figures = measured(QUICK if quick else Extent())
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(figures) + b"\n")
    else:
        click.echo(table_of(figures))
    if writes:
        replace_figures(DOCUMENT, "events", table_of(figures))


if __name__ == "__main__":
    main()
