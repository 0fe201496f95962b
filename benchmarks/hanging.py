"""What one of four providers that hangs costs: ``python -m benchmarks.hanging`` prints the answers' times.

Pages of 50 that are read anew from all four, one after another, with every provider well, and then with one that never
answers: what the answers took until it was left alone, and afterwards. And what an answer of the cache costs in process.
"""

import asyncio
import statistics
import time

import click

from benchmarks.simulated import settings_over, world_of
from gateway.app import open_rooms
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.schema.context import Rooms
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand
from gateway.upstream.lookups import Looked

ROWS = dict.fromkeys(("8x8", "webex", "cloudlx", "callgear"), 300)
NAMES = ["dallas", "epsilon", "market", "voice_sg"]
PAGES, HITS = 400, 50_000
KEY = "v1/8x8/voice_sg/look-up/one"
TIMEOUT = 2.0


async def page(rooms: Rooms, names: list[str]) -> float:
    """Milliseconds for a page."""
    errand = Errand(rooms.clock, rooms.clock.monotonic() + 10)
    begun = time.perf_counter()
    await rooms.inventory.window(Search(), Range(first=50), names, errand, counted=False)
    return 1000 * (time.perf_counter() - begun)


def percentile(taken: list[float]) -> float:
    """What 99 of 100 stay below."""
    return statistics.quantiles(taken, n=100)[98]


async def measured() -> None:
    """Print both."""
    knobs = {"timeout": TIMEOUT, "ttl": 0, "circuit_pause": 3600}
    async with world_of(ROWS) as world, open_rooms(settings_over(world.url, **knobs), SystemClock()) as rooms:
        await page(rooms, NAMES)
        others = [await page(rooms, NAMES[1:]) for _ in range(PAGES)]
        await world.turn("webex", hang=True)
        first: list[float] = []
        while rooms.callers["dallas"].state != "DEGRADED" or not first or first[-1] > 1000 * TIMEOUT / 2:
            first.append(await page(rooms, NAMES))
        afterwards = [await page(rooms, NAMES) for _ in range(PAGES)]
    click.echo(f"p99 of pages of three sources: {percentile(others):.1f} ms")
    click.echo(f"one more that hangs: {len(first) - 1} answers of {1000 * TIMEOUT:.0f} ms until it is left alone")
    click.echo(f"p99 afterwards: {percentile(afterwards):.1f} ms (goal: 10 more than without it)")
    click.echo(f"a hit of the cache: {await hit():.1f} µs (goal: 15)")


async def hit() -> float:
    """Microseconds for something that is kept."""
    clock = SystemClock()
    cache = Cache(BoundedMemory())
    kept = Looked(None, clock.now())

    async def load(_: Errand) -> Looked:
        return kept

    await cache.fetch(KEY, 3600, Errand(clock, clock.monotonic() + 3600), load)
    errand = Errand(clock, clock.monotonic() + 3600)
    begun = time.perf_counter()
    for _ in range(HITS):
        await cache.fetch(KEY, 3600, errand, load)
    return 1e6 * (time.perf_counter() - begun) / HITS


@click.command(help="Time pages while one of four providers hangs, and a hit of the cache.")
def main() -> None:
    """Measure and print."""
    asyncio.run(measured())


if __name__ == "__main__":
    main()
