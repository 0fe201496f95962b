"""How fast a page comes from what is held, and a list from far away: ``python -m benchmarks.speed``.

Two figures. A page of 50 out of 100,000 rows that are held in four sources, at 200 places of the list, forwards and
backwards: the median from the question to the window, nothing asked upstream. And a cold read of 20,000 CloudLX rows,
100 calls that take 50 milliseconds each, with the settings a source has by default.
"""

import asyncio
import statistics
import time
from random import Random

import click

from benchmarks.simulated import World, settings_over, world_of
from gateway.app import open_rooms
from gateway.numbers.cursor import Place
from gateway.numbers.search import Search
from gateway.numbers.windows import Range, Window
from gateway.schema.context import Rooms
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand

HELD = {"8x8": 20_000, "webex": 20_000, "cloudlx": 20_000, "callgear": 40_000}
NAMES = ["dallas", "epsilon", "market", "voice_sg"]
FAR = {"cloudlx": 20_000}
LATENCY = 0.05
PLACES = 200
SECONDS = 120.0
SEARCH = Search()


async def window(rooms: Rooms, span: Range, names: list[str], *, counted: bool = False) -> tuple[float, Window, int]:
    """Seconds for a window, the window, and the calls it took."""
    errand = Errand(rooms.clock, rooms.clock.monotonic() + SECONDS)
    started = time.perf_counter()
    found = await rooms.inventory.window(SEARCH, span, names, errand, counted=counted)
    seconds = time.perf_counter() - started
    assert found.complete, "a source could not be read"
    return seconds, found, sum(errand.calls.values())


async def pages(world: World) -> tuple[float, float]:
    """Milliseconds for a page forwards and for one backwards, in the middle of what all pages took."""
    knobs = {"ttl": 3600}
    async with open_rooms(settings_over(world.url, **knobs), SystemClock()) as rooms:
        await window(rooms, Range(first=0), NAMES, counted=True)  # what sorts is else read as far as a page needs
        _, whole, _ = await window(rooms, Range(), NAMES)
        places = Random(1).choices(whole.places, k=PLACES)  # noqa: S311 - repeatable, not secret
        del whole
        forwards = [await _page(rooms, Range(first=50, after=Place(place.key))) for place in places]
        backwards = [await _page(rooms, Range(last=50, before=Place(place.key))) for place in places]
    return 1000 * statistics.median(forwards), 1000 * statistics.median(backwards)


async def _page(rooms: Rooms, span: Range) -> float:
    seconds, _, calls = await window(rooms, span, NAMES)
    assert calls == 0, "what is held was asked for again"
    return seconds


async def far(world: World) -> tuple[float, int]:
    """Seconds and calls for a list that is far away."""
    await world.turn("cloudlx", latency=LATENCY)
    async with open_rooms(settings_over(world.url), SystemClock()) as rooms:
        seconds, _, calls = await window(rooms, Range(first=50), ["epsilon"])
    return seconds, calls


async def measured() -> None:
    """Print both."""
    async with world_of(HELD) as world:
        forwards, backwards = await pages(world)
    click.echo(
        f"a page of 50 out of 100,000 held rows: {forwards:.2f} ms forwards, {backwards:.2f} ms backwards (goal: 2)"
    )
    async with world_of(FAR) as world:
        seconds, calls = await far(world)
    click.echo(f"20,000 CloudLX rows, {1000 * LATENCY:.0f} ms a call: {seconds:.2f} s, {calls} calls (goal: 1.5)")


@click.command(help="Time a page out of 100,000 held rows, and a cold read of 20,000 far ones.")
def main() -> None:
    """Measure and print."""
    asyncio.run(measured())


if __name__ == "__main__":
    main()
