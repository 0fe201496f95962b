"""The command: see the package."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from aiohttp import ClientSession
from msgspec import Struct

from benchmarks.marks import replace_figures
from benchmarks.simulated import World, world_of
from benchmarks.soak.judge import Judge
from benchmarks.soak.load import Clients, calm, troubles
from benchmarks.soak.process import gateway
from benchmarks.soak.samples import GROWTH, Sample, Watch, growth, left_over
from gateway.sandbox import accounts

ROWS = {"8x8": 300, "webex": 900, "cloudlx": 1400, "callgear": 1800}
UNKNOWN = [f"+99930000{k:04}" for k in range(200)]
"""Numbers that nobody holds."""
CACHE = 4 * 1024 * 1024
"""Bytes that are kept of what sources told: memory grows until caches are full, which with the defaults takes longer than ten minutes."""
WARM_UP = 5.0
"""Minutes of the same load before memory is looked at: caches fill, and the 5,000 changes that are at hand, which takes 3 to 5."""
DOCUMENT = Path(__file__).parents[2] / "docs" / "failures.md"


class Found(Struct):
    """What came of it. ``held``: the samples under load; ``before`` and ``after`` it, with nothing to do."""

    minutes: float
    warm_up: float
    answers: Counter[str]
    codes: Counter[str]
    troubles: dict[str, int]
    calls: int
    wrong: list[str]
    held: list[Sample]
    before: Sample
    after: Sample

    @property
    def faults(self) -> list[str]:
        """What does not hold."""
        grown = growth(self.held)
        fat = [f"memory grew by {grown:.1%} over the last two thirds"] if grown > GROWTH else []
        left = [f"left over: {what}" for what in left_over(self.before, self.after)]
        return [*fat, *left, *self.wrong]

    def report(self) -> str:
        """The figures, as a table."""
        held = [one.bytes / 1e6 for one in self.held]
        first, last = sum(self.before.tasks.values()), sum(self.after.tasks.values())
        lines = {
            "minutes": f"{self.minutes:g}, and {self.warm_up:g} before them",
            "answers": f"{self.answers.total():,} ({_listed(self.answers)})",
            "calls to the providers": f"{self.calls:,}",
            "ways in which a provider failed": f"{len(self.troubles)}, {sum(self.troubles.values())} times",
            "codes in the answers": _listed(self.codes),
            "wrong answers, or without a documented code": f"{len(self.wrong)}",
            "memory": f"{held[0]:.0f} MB at first, {max(held):.0f} MB at most, {held[-1]:.0f} MB at last; "
            f"{growth(self.held):+.1%} over the last two thirds; {self.before.bytes / 1e6:.0f} MB before and "
            f"{self.after.bytes / 1e6:.0f} MB after it",
            "tasks": f"{first} before, {max(sum(one.tasks.values()) for one in self.held)} at most, {last} after",
            "sockets": f"{self.before.sockets} before, {max(one.sockets for one in self.held)} at most, "
            f"{self.after.sockets} after",
        }
        return "\n".join(["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in lines.items())])


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counted.most_common())


async def soaked(minutes: float, warm_up: float, seed: int) -> Found:
    """Load for so many minutes, and before that without looking at its memory."""
    async with world_of(ROWS) as world, ClientSession() as session:
        with TemporaryDirectory() as folder, gateway(_settings(world.url, folder)) as url:
            judge, told = Judge(), dict[str, int]()
            clients = Clients(url, _numbers(world), judge, seed)
            watch = Watch(session, url)
            await clients.each()
            before = await watch.settled()
            beside = [asyncio.create_task(work) for work in (watch.run(60 * warm_up), troubles(world, seed, told))]
            async with clients.at_work():
                await asyncio.wait(beside, timeout=60 * (warm_up + minutes), return_when=asyncio.FIRST_COMPLETED)
            for task in beside:
                task.cancel()
            ended = await asyncio.gather(*beside, return_exceptions=True)
            await calm(world)
            after = await watch.settled(before)
            broken = [f"the soak itself: {error!r}" for error in ended if isinstance(error, Exception)]
            wrong = [*broken, *judge.verdict(await world.stable(), await world.ever())]
            return Found(
                minutes=minutes,
                warm_up=warm_up,
                answers=judge.answers,
                codes=judge.codes,
                troubles=told,
                calls=await world.calls(),
                wrong=wrong,
                held=watch.samples,
                before=before,
                after=after,
            )


def _settings(url: str, folder: str) -> dict[str, object]:
    """Lists that are read anew all the time, little time for anything, and caches that are full within a minute or two."""
    told = {"timeout": 1.0, "ttl": 3.0, "stale_ttl": 20.0, "circuit_pause": 1.0}
    return {
        "sources": {name: {**table, **told} for name, table in accounts.sources(url).items()},
        "state": {"database_url": f"sqlite:///{folder}/soak.db", "cache_bytes": CACHE, "answer_bytes": CACHE // 4},
        "limits": {"deadline": 3.0},
    }


def _numbers(world: World) -> list[str]:
    return [*sorted({f"+{digits}" for _, digits in world.begun}), *UNKNOWN]


@click.command(help="Load a gateway for minutes while its providers fail, and tell what it holds at the end.")
@click.option("--minutes", default=10.0, show_default=True, help="How long.")
@click.option("--warm-up", default=WARM_UP, show_default=True, help="Minutes of load before that.")
@click.option("--seed", default=1, show_default=True, help="Of the questions and of the failures.")
@click.option("--write", is_flag=True, help="Put the figures into docs/failures.md.")
def main(*, minutes: float, warm_up: float, seed: int, write: bool) -> None:
    """Load, print, and exit with 1 where something does not hold."""
    found = asyncio.run(soaked(minutes, warm_up, seed))
    click.echo(found.report())
    for fault in found.faults:
        click.echo(fault, err=True)
    if write:
        replace_figures(DOCUMENT, "soak", found.report())
    sys.exit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
