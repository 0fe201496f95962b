"""What hostile requests do to others: ``python -m benchmarks.neighbours`` (``--seconds``, ``--rounds``, ``--write``).

A hundred ordinary requests a second, by turns alone and beside ten hostile ones: the worst documents within the
limits, documents that are refused, bodies that are too long and bodies that come slowly. It exits with 1 where the p99
of the ordinary ones is more than twice as long beside them.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from itertools import count, cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median

import click
import msgspec
from aiohttp import ClientSession
from msgspec import Struct

from benchmarks.documents import FAMILIES, seconds
from benchmarks.marks import replace_figures
from benchmarks.paced import Answered, Paced, asked, paced, session
from benchmarks.served import machine, served
from benchmarks.simulated import world_of
from gateway.schema.graph import make_schema
from gateway.sections import LimitSettings

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
ROWS = dict.fromkeys(("8x8", "webex", "cloudlx", "callgear"), 300)
NORMAL, HOSTILE = 100, 10
WORST, TRIED = 20, 1000
PAGE = """query ($not: E164!) { phoneNumbers(first: 20, filter: {not: {e164: {in: [$not]}}}) {
  nodes { e164 provider availability source { name } } complete } }"""
REFUSED = "{ phoneNumbers { " + "alsoAt { " * 50 + "id" + " }" * 50 + " } }"
OVERSIZE = b'{"query": "' + b"x" * 3_000_000 + b'"}'
TWICE = 2.0
STARTING = 3.0
"""Seconds until the hostile process is at work."""


class Found(Struct, frozen=True):
    """Round by round: the ordinary requests alone, those beside hostile ones, and these."""

    alone: list[Paced]
    beside: list[Paced]
    hostile: list[Paced]

    @property
    def times(self) -> float:
        """How many times as long as alone 99 of 100 take at most."""
        return _middle(self.beside) / _middle(self.alone)

    def row(self) -> str:
        """A line of the table."""
        met = sum((one.statuses for one in self.hostile), Counter[int]())
        told = ", ".join(f"{number} of {status or 'cut'}" for status, number in sorted(met.items()))
        answered = sum((one.statuses for one in self.beside), Counter[int]())
        good = answered[200] / answered.total()
        return (
            f"| {_middle(self.alone):.1f} ms | {_middle(self.beside):.1f} ms | {self.times:.1f} | {good:.2%} | {told} |"
        )


def _middle(rounds: list[Paced]) -> float:
    return median(one.p99(200) for one in rounds)


def pages() -> Iterator[bytes]:
    """Requests for pages that are held, each in another way: no whole answer is kept."""
    for number in count():
        yield json.dumps({"query": PAGE, "variables": {"not": f"+999{number:08}"}}).encode()


def ordinary(client: ClientSession, url: str) -> Iterator[Coroutine[None, None, Answered]]:
    """Those pages, asked for one after another."""
    return (asked(client, url, page) for page in pages())


def worst() -> list[str]:
    """Of generated documents within the limits, those that take the longest."""
    dice, schema, limits = Random(1), make_schema()._schema, LimitSettings()  # noqa: S311, SLF001 - no secret; graphql-core's schema
    documents = [dice.choice(FAMILIES)(dice) for _ in range(TRIED)]
    return sorted(documents, key=lambda one: -seconds(one, schema, limits, {})[0])[:WORST]


async def slowly(client: ClientSession, url: str) -> Answered:
    """A body that comes in drops, until the gateway will not wait any more."""
    began = time.monotonic()

    async def drops() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.25)

    headers = {"content-type": "application/json"}
    try:
        async with client.post(f"{url}/graphql", data=drops(), headers=headers) as answer:
            return Answered(began, time.monotonic() - began, answer.status)
    except OSError:
        return Answered(began, time.monotonic() - began, 0)


def hostile(client: ClientSession, url: str, documents: list[str]) -> Iterator[Coroutine[None, None, Answered]]:
    """One of each kind after the other; each of the worst documents is new, by a comment."""
    turn = cycle(documents)
    for number in count():
        yield asked(client, url, json.dumps({"query": f"{next(turn)} #{number}"}).encode())
        yield asked(client, url, json.dumps({"query": f"{REFUSED} #{number}"}).encode())
        yield asked(client, url, OVERSIZE)
        yield slowly(client, url)


def attack(told: Connection, url: str, documents: list[str], length: float) -> None:
    """In a process of its own, so that what a client takes for it delays no other client."""

    async def attacked() -> Paced:
        async with session() as client:
            asking = hostile(client, url, documents)
            return await paced(HOSTILE, length, lambda: next(asking))

    told.send_bytes(msgspec.json.encode(asyncio.run(attacked())))


@contextmanager
def attacked(url: str, documents: list[str], length: float) -> Iterator[Connection]:
    """While hostile requests come; what they were answered is told at the end."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=attack, args=(theirs, url, documents, length), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.terminate()
        process.join()


async def measured(length: float, rounds: int) -> Found:
    """Both by turns, for so many seconds each."""
    documents, found = worst(), Found([], [], [])
    async with world_of(ROWS) as world, session() as client:
        with served(world.url, calls_per_minute=100_000, ttl=3600.0) as gateway:
            asking = ordinary(client, gateway.url)
            await paced(NORMAL, 2.0, lambda: next(asking))
            for number in range(rounds):
                fresh = [f"{document} #{number}" for document in documents]
                found.alone.append(await paced(NORMAL, length, lambda: next(asking)))
                with attacked(gateway.url, fresh, length + STARTING) as told:
                    await asyncio.sleep(STARTING)
                    found.beside.append(await paced(NORMAL, length, lambda: next(asking)))
                    answered = await asyncio.to_thread(told.recv_bytes)
                found.hostile.append(msgspec.json.decode(answered, type=Paced))
    return found


def report(found: Found, where: str) -> str:
    """The figures, as a table."""
    head = "| p99 alone | p99 beside | times | answered with 200 | the hostile ones |\n|---|---|---|---|---|"
    told = f"Medians of {len(found.alone)} rounds, measured on {where}, which the clients share."
    return f"{head}\n{found.row()}\n\n{told}"


@click.command(help="Time ordinary requests alone and beside hostile ones.")
@click.option("--seconds", "length", default=5.0, show_default=True, help="How long each.")
@click.option("--rounds", default=7, show_default=True, help="How often by turns.")
@click.option("--write", is_flag=True, help="Put the figures into docs/security.md.")
def main(*, length: float, rounds: int, write: bool) -> None:
    """Measure, print, and exit with 1 where others are harmed."""
    where = machine()
    found = asyncio.run(measured(length, rounds))
    click.echo(report(found, where))
    if write:
        replace_figures(DOCUMENT, "neighbours", report(found, where))
    sys.exit(0 if found.times <= TWICE else 1)


if __name__ == "__main__":
    main()
