"""What 100,000 held numbers cost: ``python -m benchmarks.memory`` reads them from the simulators and prints megabytes.

Numbers come through the gateway's own adapters into one snapshot for each source, as they do in service; what is
counted is what the process holds more once they are there and everything else that was read is forgotten.
"""

import asyncio
import ctypes
import gc
import tracemalloc
from contextlib import suppress
from pathlib import Path

import click

from benchmarks.clock import Clock
from benchmarks.simulated import settings_over, simulators
from gateway.app import open_rooms
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.upstream.errand import Errand

ROWS = {"8x8": 20_000, "webex": 10_000, "cloudlx": 20_000, "callgear": 40_000}
"""100,000 in five places of four providers."""
SECONDS = 300.0
GOAL = 40


async def held(url: str, *, traced: bool) -> tuple[int, float]:
    """How many numbers are held, and the bytes that they cost."""
    clock = Clock()
    async with open_rooms(settings_over(url), clock) as rooms:
        before = _used(traced=traced)
        errand = Errand(clock, clock.monotonic() + SECONDS)
        window = await rooms.inventory.window(Search(), Range(first=0), list(rooms.callers), errand, counted=True)
        assert window.complete, "a source could not be read"
        total = window.total or 0
        del window
        return total, _used(traced=traced) - before


def _used(*, traced: bool) -> float:
    """Bytes that Python's objects take, or all that the process has in memory, with what is free given back first."""
    gc.collect()
    if traced:
        return tracemalloc.get_traced_memory()[0]
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


@click.command(help="Hold 100,000 numbers and print what they cost.")
def main() -> None:
    """Measure twice: by Python's own account, and by the operating system's."""
    with simulators(ROWS) as url:
        count, resident = asyncio.run(held(url, traced=False))
        tracemalloc.start()
        _, objects = asyncio.run(held(url, traced=True))
    click.echo(
        f"{count:,} numbers held: {objects / 1e6:.1f} MB of objects, {resident / 1e6:.1f} MB of memory (goal: {GOAL})"
    )


if __name__ == "__main__":
    main()
