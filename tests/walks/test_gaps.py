"""Sources that cannot be read leave gaps, and reading these later brings exactly the rows that were missing."""

from collections import Counter
from itertools import combinations

import pytest

from gateway.sandbox.stock import HELD_BY
from tests.clocks import ManualClock
from tests.conftest import OpenGateway, Simulators
from tests.walks.walking import Json, Row, Walker, rows_of, unhurried

PROVIDERS = ("8x8", "webex", "cloudlx", "callgear")
SHARE = 0.15
LONGER_THAN_ANYTHING_IS_KEPT = 3600.0
SIZE = 20
SOURCES = ("dallas", "epsilon", "london", "market", "voice_sg")
FAILING = [names for count in range(len(SOURCES) + 1) for names in combinations(SOURCES, count)]


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
async def test_gaps_are_exactly_what_is_missing(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock, backwards: bool
) -> None:
    """I4: with 15 % of all reads failing, a whole walk and its gaps together bring every row once."""
    walker = Walker(await gateway(unhurried(sandbox), clock=clock))
    for provider in PROVIDERS:
        sandbox.turn(provider, fault="http_500", fault_share=SHARE)
    gaps: list[tuple[str, Json]] = []
    told: list[Row] = []
    page = None
    while page is None or page.more:
        page = await walker.page(500, page.cursor if page else None, backwards=backwards)
        told += page.rows
        gaps += page.gaps.items()
        clock.advance(LONGER_THAN_ANYTHING_IS_KEPT)
    for provider in PROVIDERS:
        sandbox.turn(provider, fault=None)
    missing = rows_of(sandbox.world, sandbox.sources) - set(told)
    filled = [row for name, gap in gaps for row in await walker.between(gap) if row.source == name]
    assert len(missing) > 100
    assert Counter(filled) == Counter(missing)
    assert max(Counter(told).values()) == 1


def fail(sandbox: Simulators, names: tuple[str, ...]) -> None:
    """Let exactly these sources fail."""
    locations = [name for name in ("dallas", "london") if name in names]
    sandbox.turn("webex", location_forbidden=locations[0] if len(locations) == 1 else None)
    sandbox.turn("webex", fault="http_403" if len(locations) == len(("dallas", "london")) else None)
    for provider, name in (("8x8", "voice_sg"), ("cloudlx", "epsilon"), ("callgear", "market")):
        sandbox.turn(provider, fault="http_403" if name in names else None)


@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
async def test_any_sources_may_fail_on_any_page(sandbox: Simulators, gateway: OpenGateway, backwards: bool) -> None:
    """On every page of a short walk, every combination of sources: the others' rows, and a gap that fits to the row."""
    opened, wanted = await gateway(unhurried(sandbox)), {"e164": {"in": sorted(HELD_BY)}}
    walker, anew = Walker(opened, filter=wanted), Walker(opened, filter=wanted, maxStaleness="PT0S")
    left, cursor, pages = (await walker.page(1000)).rows, None, 0
    while left:
        for names in FAILING:
            fail(sandbox, names)
            missing = await missed(anew, cursor, left, names, backwards=backwards)
            fail(sandbox, ())
            if missing is not None:
                gap, rows = missing
                assert [row for row in await walker.between(gap) if row.source in names] == rows
        page = await walker.page(SIZE, cursor, backwards=backwards)
        left = left[: -len(page.rows)] if backwards else left[len(page.rows) :]
        cursor, pages = page.cursor, pages + 1
    assert pages > 3


async def missed(
    walker: Walker, cursor: str | None, left: list[Row], names: tuple[str, ...], *, backwards: bool
) -> tuple[Json, list[Row]] | None:
    """Read a page that lacks these sources; the gap that they leave, and the rows that belong there."""
    if names == SOURCES:
        assert (await walker.ask(**{"before" if backwards else "after": cursor})).codes == ["ALL_SOURCES_FAILED"]
        return None
    page = await walker.page(SIZE, cursor, backwards=backwards)
    answering = [row for row in left if row.source not in names]
    assert page.rows == (answering[-SIZE:] if backwards else answering[:SIZE])
    assert (page.complete, tuple(sorted(page.gaps))) == (not names, names)
    reached = left
    if page.more:
        reached = left[left.index(page.rows[0]) :] if backwards else left[: left.index(page.rows[-1])]
    [gap] = {tuple(gap.items()) for gap in page.gaps.values()} or {()}
    return (dict(gap), [row for row in reached if row.source in names]) if names else None
