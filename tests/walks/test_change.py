"""Walks of all rows while every provider changes before each call: nothing that stays is skipped or doubled."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.clocks import ManualClock
from tests.conftest import OpenGateway, Simulators
from tests.walks.walking import Page, Walker, moved, rows_of, unhurried

CHANGES = 3
SECONDS_A_PAGE = 5.0
BLOCKS = {"dallas": 100, "london": 100, "epsilon": 100, "market": 1000}
"""Rows asked for at once, so few that every list takes several calls."""


async def walked(sandbox: Simulators, walker: Walker, clock: ManualClock, *, backwards: bool) -> list[Page]:
    """All pages of fifty; between two of them every provider changes and time passes."""
    pages = [await walker.page(50, backwards=backwards)]
    while pages[-1].more:
        for simulator in sandbox.world.simulators.values():
            simulator.churn(CHANGES)
        clock.advance(SECONDS_A_PAGE)
        pages.append(await walker.page(50, pages[-1].cursor, backwards=backwards))
    return pages


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
@pytest.mark.parametrize("blocks", [{}, BLOCKS], ids=["usual blocks", "small blocks"])
async def test_what_stays_is_told_once(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock, blocks: dict[str, int], backwards: bool
) -> None:
    """I1 and I2 over more than 5,000 rows with three changes a call; with usual blocks, at two calls a page at most."""
    tables = {name: {**table, "block_size": blocks.get(name)} for name, table in unhurried(sandbox).items()}
    begun_with = rows_of(sandbox.world, tables)
    for provider in ("8x8", "webex", "cloudlx", "callgear"):
        sandbox.turn(provider, churn=CHANGES)
    walker = Walker(await gateway(tables, clock=clock))
    pages = await walked(sandbox, walker, clock, backwards=backwards)
    told = [row for page in (reversed(pages) if backwards else pages) for row in page.rows]
    stable = begun_with - moved(sandbox.world, tables)
    assert len(stable) > 5_000
    assert all(page.complete for page in pages)
    assert (stable - set(told), [row for row, times in Counter(told).items() if times > 1]) == (set(), [])
    assert all(earlier.e164 <= later.e164 for earlier, later in pairwise(told))
    assert blocks or len(sandbox.calls()) / len(pages) <= 2
