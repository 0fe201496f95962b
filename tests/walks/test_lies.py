"""Providers whose pages are not what was asked for: the walk is right, and the report says what was not."""

import pytest

from tests.conftest import OpenGateway, Simulators
from tests.contract.test_lies import KNOBS
from tests.walks.walking import Row, Walker, rows_of, unhurried

BLOCK = 100
LIES: dict[str, dict[str, object]] = {
    "an ignored limit": {"ignore_limit": True},
    "a clamped limit": {"page_cap": BLOCK - 30},
    "short pages": {"short_pages": 3},
    "no order": {"ignore_sort": True},
    "a page repeated past the end": {"repeat_last_page": True},
    "a total too large": {"total_off_by": 7},
    "a total too small": {"total_off_by": -7},
    "a total of the page alone": {"total_is_page_count": True},
}
"""Every kind of lie, as knobs of the simulators that can tell it."""
SOURCES = {"dallas": "webex", "epsilon": "cloudlx", "market": "callgear"}
"""A source of each provider that pages."""
UNSAID: dict[tuple[str, str], str] = {
    ("epsilon", "a page repeated past the end"): "its total is reached: nothing is read past the end",
    ("market", "a page repeated past the end"): "its total is reached: nothing is read past the end",
    ("epsilon", "a total of the page alone"): "documented as ambiguous, and not believed",
}
"""Where a report says nothing of a lie, and why; an entry fails the test once it is said."""
OF_ROWS = ("unknown word", "unreadable")
"""How remarks begin that are about rows, of which the simulators have odd ones."""
TOLD = [
    (name, lie) for name, provider in SOURCES.items() for lie, knobs in LIES.items() if knobs.keys() <= KNOBS[provider]
]


@pytest.mark.parametrize(("name", "lie"), TOLD)
async def test_a_lie_is_noticed(sandbox: Simulators, gateway: OpenGateway, name: str, lie: str) -> None:
    """Every row once and in order, page by page, and a remark in the report of the source that lies, and only there."""
    tables = {source: {**unhurried(sandbox)[source], "block_size": BLOCK} for source in SOURCES}
    sandbox.turn(SOURCES[name], **LIES[lie])
    walker = Walker(await gateway(tables))
    rows: list[Row] = []
    remarks: dict[str, set[str]] = {source: set() for source in SOURCES}
    page = None
    while page is None or page.more:
        page = await walker.page(500, page.cursor if page else None)
        assert page.complete
        rows += page.rows
        for source, said in page.remarks.items():
            remarks[source] |= set(said)
    assert [row.e164 for row in rows] == sorted(row.e164 for row in rows)
    assert sorted(rows) == sorted(rows_of(sandbox.world, tables))
    liars = {source for source, said in remarks.items() if any(not word.startswith(OF_ROWS) for word in said)}
    assert liars == (set() if (name, lie) in UNSAID else {name})
