"""A source that is configured between two pages of a walk, and one that is taken away."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conftest import OpenGateway, Simulators
from tests.walks.walking import Walker, rows_of, unhurried

KEY = {"cursor_key": "a key that signs cursors"}


@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
async def test_a_source_that_came_later(sandbox: Simulators, gateway: OpenGateway, back: bool) -> None:
    """It is read from the walk's place on, and its report says what lies before; reading that gap gives it exactly."""
    tables: Mapping[str, Mapping[str, Any]] = unhurried(sandbox)
    few = {name: table for name, table in tables.items() if name in ("london", "market")}
    more = {**few, "epsilon": tables["epsilon"]}
    begun, went_on = Walker(await gateway(few, server=KEY)), Walker(await gateway(more, server=KEY))
    page = await begun.page(200, None, backwards=back)
    rows, gaps = set(page.rows), dict[str, Any]()
    while page.more:
        page = await went_on.page(200, page.cursor, backwards=back)
        rows |= set(page.rows)
        gaps |= page.gaps
    assert gaps.keys() == {"epsilon"}
    gap = gaps["epsilon"]
    assert (gap["before"] is None, gap["after"] is None) == (back, not back)
    missing = [row for row in await went_on.between(gap) if row.source == "epsilon"]
    assert rows.isdisjoint(missing)
    assert rows | set(missing) == rows_of(sandbox.world, more)


async def test_a_source_that_went_away(sandbox: Simulators, gateway: OpenGateway) -> None:
    """The walk goes on over those that are left."""
    tables: Mapping[str, Mapping[str, Any]] = unhurried(sandbox)
    more = {name: table for name, table in tables.items() if name in ("london", "market")}
    few = {"london": tables["london"]}
    first = await Walker(await gateway(more, server=KEY)).page(50, None)
    walker = Walker(await gateway(few, server=KEY))
    page, rows = first, [row for row in first.rows if row.source == "london"]
    while page.more:
        page = await walker.page(100, page.cursor)
        rows += page.rows
        assert page.gaps == {}
    assert sorted(rows) == sorted(rows_of(sandbox.world, few))
