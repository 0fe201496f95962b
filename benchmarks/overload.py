"""What too much load does: ``python -m benchmarks.overload`` (``--seconds``, ``--times``, ``--write``).

Pages that are held are asked for by 64 connections without a pause: that is the peak. Then three times as many a second
come for a minute, whether those before are answered or not, and then a few again. It says how much of the peak is still
answered in time, how soon the others are refused and told when to come again, and how soon all is as before.
"""

import asyncio
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path

import click
import uvloop
from msgspec import Struct

from benchmarks.lanes import Lanes
from benchmarks.marks import replace_figures
from benchmarks.neighbours import ROWS, pages
from benchmarks.paced import Answered, Paced, paced
from benchmarks.peers.load import request
from benchmarks.served import machine, percentile, served
from benchmarks.simulated import world_of

DOCUMENT = Path(__file__).parents[1] / "docs" / "security.md"
CONNECTIONS, CALM = 64, 20
GOOD, REFUSED = 200, 503
PATIENCE = 10.0
"""Seconds that a client waits."""
PEAK_SECONDS, WARM = 5.0, 2.0


class Found(Struct, frozen=True):
    """Answers a second at the peak, how long a few took before and after, and what came of too many."""

    peak: float
    before: Paced
    times: float
    seconds: float
    beyond: Paced
    after: Paced

    @property
    def good(self) -> float:
        """Answers a second under too much load, as long as it lasts."""
        end = self.beyond.answers[0].asked + self.seconds
        return sum(one.status == GOOD and one.asked + one.took <= end for one in self.beyond.answers) / self.seconds

    @property
    def recovered(self) -> float:
        """Seconds after the load until answers take no longer than before, however many were still to come."""
        usual, began = self.before.p99(GOOD) / 1000, self.after.answers[0].asked
        late = [
            one.asked + one.took - began for one in self.after.answers if one.status != GOOD or one.took > 2 * usual
        ]
        return max(late, default=0.0)

    def row(self) -> str:
        """A line of the table."""
        told = ", ".join(f"{number:,} of {status or 'cut'}" for status, number in sorted(self.beyond.statuses.items()))
        return (
            f"| {self.peak:,.0f}/s | {self.times:g} times | {self.good:,.0f}/s, {self.good / self.peak:.0%} | {told} "
            f"| {_spread(self.beyond.took(GOOD))} | {_spread(self.beyond.took(REFUSED))} | {self.recovered:.1f} s |"
        )


def _spread(taken: list[float]) -> str:
    return f"{percentile(taken, 50):,.0f} ms, {percentile(taken, 99):,.0f} ms" if len(taken) > 1 else "none"


async def asked(lanes: Lanes, page: bytes) -> Answered:
    """One request, and how long it took; 0 is the status of what is not answered in time."""
    began, status = time.monotonic(), 0
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            status = (await lanes.ask(page)).status
    return Answered(began, time.monotonic() - began, status)


async def peak(lanes: Lanes, asking: Iterator[bytes], seconds: float) -> float:
    """Answers a second that are there to be had."""
    until, counted = time.monotonic() + seconds, 0

    async def one() -> None:
        nonlocal counted
        while time.monotonic() < until:
            answer = await asked(lanes, next(asking))
            counted += answer.status == GOOD

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return counted / seconds


async def measured(times: float, seconds: float) -> Found:
    """All three, one after the other."""
    async with world_of(ROWS) as world:
        with served(world.url, calls_per_minute=100_000, ttl=3600.0) as gateway:
            port = int(gateway.url.rpartition(":")[2])
            lanes, asking = Lanes(port), (request(page, port, "/graphql", None) for page in pages())

            def ask() -> Coroutine[None, None, Answered]:
                return asked(lanes, next(asking))

            await paced(CALM, WARM, ask)
            most = await peak(lanes, asking, PEAK_SECONDS)
            before = await paced(CALM, PEAK_SECONDS, ask)
            beyond = await paced(times * most, seconds, ask)
            after = await paced(CALM, PEAK_SECONDS, ask)
            return Found(most, before, times, seconds, beyond, after)


def report(found: Found, where: str) -> str:
    """The figures, as a table."""
    head = "| peak | asked | answered | all | answered within: half, 99 % | refused within | as before after |"
    head += f"\n{'|---' * head.count(' |')}|"
    return f"{head}\n{found.row()}\n\nMeasured on {where}, which the client shares."


@click.command(help="Measure what too much load does.")
@click.option("--times", default=3.0, show_default=True, help="How much of the peak is asked for.")
@click.option("--seconds", default=60.0, show_default=True, help="For how long.")
@click.option("--write", is_flag=True, help="Put the figures into docs/security.md.")
def main(*, times: float, seconds: float, write: bool) -> None:
    """Measure, print, and exit with 1 where less than nine tenths of the peak are answered."""
    where = machine()
    found = uvloop.run(measured(times, seconds))
    click.echo(report(found, where))
    if write:
        replace_figures(DOCUMENT, "overload", report(found, where))
    sys.exit(0 if found.good >= 0.9 * found.peak else 1)


if __name__ == "__main__":
    main()
