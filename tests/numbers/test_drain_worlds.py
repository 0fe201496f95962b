"""Draining any list, whatever lies it tells, in whatever order its answers arrive."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.remarks import UNSTABLE
from tests.numbers.build import NOW
from tests.numbers.worlds import ROWS, World, e164s, read_whole, worlds

RANDOMS = st.randoms(use_true_random=True)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), RANDOMS)
def test_every_row_is_found_once_and_the_reading_ends(world: World, random: Random) -> None:
    """All rows, each once, within a number of calls that grows with the pages the list needs.

    Traps: Webex clamps ``max`` silently and states no total; CloudLX counts a page as its total, answers its last page
    again past the end, and knows pages alone; CallGear sends short pages and totals off by one.
    """
    drained, asked = read_whole(world, lambda block: world.answer(block, random), random)
    assert sorted(e164s(drained.rows)) == e164s(ROWS[: world.rows])
    assert len(asked) <= world.calls_at_most


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), RANDOMS)
def test_an_honest_list_is_read_in_its_own_order(world: World, random: Random) -> None:
    """The source's order is kept, however the answers arrive."""
    honest = World(rows=world.rows, size=world.size, aligned=world.aligned, ahead=world.ahead, total="exact")
    drained, asked = read_whole(honest, lambda block: honest.answer(block, random), random)
    assert e164s(drained.rows) == e164s(ROWS[: world.rows])
    assert (drained.sent, drained.skipped, drained.total, drained.drift) == (world.rows, 0, world.rows, ())
    assert len({block.start for block in asked}) == len(asked)


class Growing:
    """A list that gets a number in front before each of the first few answers after the first."""

    def __init__(self, rows: int, inserts: int) -> None:
        self.rows = ROWS[:rows]
        self._inserts = inserts
        self._calls = 0

    def answer(self, block: Block) -> Listing:
        """What it holds now."""
        held = ROWS[-1 : -1 - min(self._inserts, self._calls) : -1] + self.rows
        self._calls += 1
        page = held[block.start : block.start + block.size]
        return Listing(rows=page, sent=len(page), as_of=NOW)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(2, 60), st.integers(0, 5))
def test_rows_that_move_back_are_still_read_once(rows: int, size: int, inserts: int) -> None:
    """Numbers inserted at the front while the list is read shift it: nothing is lost, and nothing is doubled."""
    growing = Growing(rows, inserts)
    drained, _ = read_whole(Paging(size=size), growing.answer)
    found = e164s(drained.rows)
    assert len(found) == len(set(found))
    assert set(found) >= set(e164s(growing.rows))


def test_a_list_that_grows_at_its_front_is_said_to_change_too_fast() -> None:
    """Trap: pages at its end bring nothing new again and again, as those of a list that repeats itself do; it does not."""
    drained, _ = read_whole(Paging(size=5), Growing(6, 8).answer)
    assert UNSTABLE in drained.drift
