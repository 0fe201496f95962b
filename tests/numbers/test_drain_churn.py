"""Draining a list that changes between any two answers."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.drain import drain
from gateway.numbers.remarks import UNSTABLE
from tests.numbers.build import NOW
from tests.numbers.worlds import ROWS, e164s, finish, read_whole

RANDOMS = st.randoms(use_true_random=True)
SIZES = (20, 50, 200)


def pagings(size: int) -> tuple[Paging, ...]:
    """Lists as Webex, CloudLX and CallGear have them."""
    return (
        Paging(size=size, probed=True),
        Paging(size=size, aligned=True, ahead=8),
        Paging(size=size, counted=True),
    )


class Churn(Struct):
    """How a list is asked, how long it is and was, how pages are clamped, and how many rows come or go at a time."""

    paging: Paging
    rows: int
    changes: int
    cap: int
    length: int | None


class Restless:
    """A list that changes before each answer; ``stable`` are the numbers that were there all the time."""

    def __init__(self, churn: Churn, random: Random) -> None:
        self._churn = churn
        self._random = random
        self._rows = list(ROWS[: churn.rows])
        random.shuffle(self._rows)
        self._fresh = list(ROWS[churn.rows :])
        self.stable = set(e164s(tuple(self._rows)))

    def answer(self, block: Block) -> Listing:
        """What it holds now."""
        for _ in range(self._churn.changes):
            self._change()
        size = min(block.size, self._churn.cap)
        start = block.index * size if self._churn.paging.aligned else block.start
        page = tuple(self._rows[start : start + size])
        total = None if self._churn.paging.probed else len(self._rows)
        return Listing(rows=page, sent=len(page), total=total, as_of=NOW)

    def _change(self) -> None:
        places = len(self._rows)
        if not places or self._random.random() < 0.5:
            self._rows.insert(self._random.choice((0, places, self._random.randint(0, places))), self._fresh.pop())
        else:
            self.stable.discard(self._rows.pop(self._random.randrange(places)).e164)


@st.composite
def churns(draw: st.DrawFn) -> Churn:
    """Lists of up to half a dozen pages."""
    size = draw(st.sampled_from(SIZES))
    rows = draw(st.integers(0, 6 * size))
    return Churn(
        paging=draw(st.sampled_from(pagings(size))),
        rows=rows,
        changes=draw(st.sampled_from((0, 1, 3))),
        cap=size,
        length=draw(st.sampled_from((None, rows, max(0, rows - 3), rows + 5))),
    )


@st.composite
def clamped(draw: st.DrawFn) -> Churn:
    """Lists of offsets, of several pages that are silently cut to a part of what was asked."""
    cap = draw(st.sampled_from((20, 60)))
    rows = cap * draw(st.integers(1, 5)) + cap // 2
    webex, _, callgear = pagings(200)
    return Churn(paging=draw(st.sampled_from((webex, callgear))), rows=rows, changes=1, cap=cap, length=None)


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(churns(), RANDOMS)
def test_what_was_there_all_the_time_is_read_once(churn: Churn, random: Random) -> None:
    """I1 and I2 of one list: no row that stays is skipped or doubled, whatever comes and goes, in few calls."""
    restless = Restless(churn, random)
    steps = drain(churn.paging, churn.length)
    drained, asked = finish(steps, next(steps), restless.answer, random)
    found = e164s(drained.rows)
    assert len(found) == len(set(found))
    assert restless.stable <= set(found)
    assert len(asked) <= 40 + 6 * (churn.rows // churn.paging.size)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clamped(), RANDOMS)
def test_a_clamped_list_is_read_in_its_own_pages(churn: Churn, random: Random) -> None:
    """Trap: pages cut short and rows that move: where they go on is shown by rows that two pages share."""
    restless = Restless(churn, random)
    steps = drain(churn.paging, churn.length)
    drained, _ = finish(steps, next(steps), restless.answer, random)
    assert UNSTABLE in drained.drift or restless.stable <= set(e164s(drained.rows))


def test_a_list_in_no_order_is_reported() -> None:
    """A list that is shuffled before each answer is read three times, then as it comes, and its report says so."""
    random = Random(1)  # noqa: S311 - nothing secret
    rows = list(ROWS)

    def answer(block: Block) -> Listing:
        random.shuffle(rows)
        page = tuple(rows[block.start : block.start + block.size])
        return Listing(rows=page, sent=len(page), total=len(rows), as_of=NOW)

    drained, asked = read_whole(Paging(size=20, counted=True), answer)
    assert UNSTABLE in drained.drift
    assert len(asked) < 1000
