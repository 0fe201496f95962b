"""Whatever a provider's pages say of themselves, the list that comes out is the true one."""

from typing import get_type_hints

import pytest

from gateway.sandbox.simulator import Simulator
from tests.conftest import OpenRooms, Simulators
from tests.contract.known import cases
from tests.contract.test_listing import shown, whole
from tests.contract.truth import NAMES, ONE_OF_EACH, held, table_of

SIXTH = 0
"""Stands for a sixth of the list."""

LIES: dict[str, dict[str, object]] = {
    "clamped pages": {"page_cap": SIXTH},
    "short pages": {"short_pages": 3},
    "clamped and short": {"page_cap": SIXTH, "short_pages": 1},
    "last page repeated": {"repeat_last_page": True},
    "clamped and repeated": {"page_cap": SIXTH, "repeat_last_page": True},
    "one more than there are": {"total_off_by": 1},
    "one less than there are": {"total_off_by": -1},
    "clamped, one less": {"page_cap": SIXTH, "total_off_by": -1},
    "counts its page": {"total_is_page_count": True},
    "clamped, counts its page": {"page_cap": SIXTH, "total_is_page_count": True},
    "limit ignored": {"ignore_limit": True},
    "filter ignored": {"ignore_filter": True},
    "sort ignored": {"ignore_sort": True},
    "pagination lies": {"paginates_lies": True},
    "link to another host": {"link": "other_host"},
    "link to the same page": {"link": "repeating"},
    "no link": {"link": "absent"},
    "rows doubled": {"fault": "doubled_rows"},
    "rows shuffled": {"fault": "shuffled_rows"},
    "pages longer": {"fault": "longer_page"},
}
"""What a list may say of itself that is not so, as knobs of the simulators that have them."""

KNOBS: dict[str, frozenset[str]] = {
    kind.name: frozenset(get_type_hints(kind)["knobs"].__struct_fields__) for kind in Simulator.__subclasses__()
}


TOLD = [(name, lie) for lie, knobs in LIES.items() for name in ONE_OF_EACH if knobs.keys() <= KNOBS[NAMES[name]]]
"""Every lie with every provider that can tell it."""


@pytest.mark.parametrize(("name", "lie"), cases(TOLD))
async def test_a_list_that_lies(sandbox: Simulators, rooms: OpenRooms, name: str, lie: str) -> None:
    """The numbers are the simulator's, each once, and they are counted right."""
    table = table_of(sandbox, name)
    truth, knobs = held(sandbox.world, table), LIES[lie]
    sandbox.turn(NAMES[name], **{**knobs, "page_cap": len(truth) // 6 + 1} if "page_cap" in knobs else knobs)
    window = await whole(await rooms({name: table}), name)
    assert (shown(window), window.complete, window.total) == (sorted(truth), True, len(truth))


def test_every_lie_is_told_somewhere() -> None:
    """No lie in the table is passed over because its knob has another name."""
    assert {lie for _, lie in TOLD} == set(LIES)
