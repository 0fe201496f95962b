"""One walk, and what it cost and lost."""

import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from msgspec import Struct

from benchmarks.clock import Clock
from benchmarks.pages.baselines import RoundRobin, Vector
from benchmarks.pages.designs import Design, Gateway
from benchmarks.simulated import Identity, World

DESIGNS: dict[str, Callable[[World, Clock], Design]] = {
    "gateway": Gateway,
    "offsets in round robin": RoundRobin,
    "offset vector, k-way merge": Vector,
}
SECONDS_A_PAGE = 5.0
PAGES_AT_MOST = 20_000


class Walk(Struct, frozen=True):
    """How a list is walked: how many rows a page, how many changes before each call, and from which end."""

    size: int
    changes: int
    backwards: bool


class Figures(Struct, frozen=True):
    """What a walk cost, and what became of the rows that were there all the time."""

    pages: int
    calls: int
    milliseconds: float
    stable: int
    skipped: int
    doubled: int
    unordered: int

    @property
    def calls_a_page(self) -> float:
        """Upstream calls by page."""
        return self.calls / self.pages

    @property
    def milliseconds_a_page(self) -> float:
        """Processor time by page."""
        return self.milliseconds / self.pages


async def walked(world: World, design: str, walk: Walk) -> Figures:
    """Walk the whole list once."""
    await world.begin(walk.changes)
    clock, told, pages, spent, more = Clock(), list[Identity](), 0, 0.0, True
    before = await world.calls()
    async with DESIGNS[design](world, clock) as turning:
        while more:
            started = time.process_time()
            page = await turning.turn(walk.size, backwards=walk.backwards)
            spent += time.process_time() - started
            told += page.rows[::-1] if walk.backwards and design == "gateway" else page.rows
            pages, more = pages + 1, page.more
            assert pages < PAGES_AT_MOST, "the walk does not end"
            await world.change(walk.changes)
            clock.advance(SECONDS_A_PAGE)
        calls = await world.calls() - before
    stable = await world.stable()
    counts = Counter(row for row in told if row in stable)
    digits = [row[1] for row in (reversed(told) if walk.backwards else told)]
    return Figures(
        pages=pages,
        calls=calls,
        milliseconds=1000 * spent,
        stable=len(stable),
        skipped=len(stable - counts.keys()),
        doubled=sum(count > 1 for count in counts.values()),
        unordered=sum(later < earlier for earlier, later in pairwise(digits)),
    )
