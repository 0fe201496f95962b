"""Draining a list, rule by rule: which blocks are asked, what ends it, and what is noted."""

from datetime import timedelta
from random import Random

import pytest
from msgspec.structs import replace

from gateway.errors import SourceAuthFailed, SourceError, SourceTooLarge
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.drain import drain
from gateway.numbers.gathered import AHEAD_AT_MOST
from gateway.numbers.model import Availability, Number
from tests.numbers.build import NOW, number, numbers_to
from tests.numbers.worlds import ROWS, World, e164s, finish, read_whole

STILL = Random(0)  # noqa: S311 - a list that does not waver draws nothing


class LastFirst(Random):
    """The answer to the last question arrives first."""

    def randrange(self, start: int, *_: object) -> int:
        """The last place."""
        return start - 1


EMPTY = Listing(rows=(), sent=0, as_of=NOW)


def page(*rows: Number, total: int | None = None, sent: int | None = None) -> Listing:
    """An answer of these rows; ``sent`` counts unreadable ones too."""
    count = len(rows) if sent is None else sent
    return Listing(rows=rows, sent=count, skipped=count - len(rows), total=total, as_of=NOW)


def starts(asked: list[Block]) -> list[tuple[int, int]]:
    """Blocks as start and size."""
    return [(block.start, block.size) for block in asked]


def test_a_list_that_starts_over_is_noticed() -> None:
    """A source that ignores where to start answers its first page for ever: that is seen after a few reads."""
    drained, asked = read_whole(Paging(size=5), lambda _: page(*ROWS[:5]))
    assert (e164s(drained.rows), drained.drift) == (e164s(ROWS[:5]), ("page repeated",))
    assert len(asked) < 20


def test_reading_ahead_grows_while_nothing_is_known() -> None:
    """1, 2, 4, 8 blocks at once, and never more."""
    steps = drain(Paging(size=1))
    waiting = list(next(steps))
    together = [len(waiting)]
    for _ in range(30):
        block = waiting.pop(0)
        waiting += steps.send((block, page(ROWS[block.start])))
        together.append(len(waiting))
    assert together[:4] == [1, 2, 4, 8]
    assert max(together) == AHEAD_AT_MOST


def test_a_known_total_is_asked_for_at_once() -> None:
    """Where the first page tells the total, all other blocks are asked together, each with a row of the one before."""
    steps = drain(Paging(size=10))
    [first] = next(steps)
    asks = steps.send((first, page(*ROWS[:10], total=35)))
    assert starts(asks) == [(9, 10), (18, 10), (27, 10)]


def test_an_endless_total_is_not_believed() -> None:
    """A total of billions makes a few blocks more than were read, and never more than may be held."""
    steps = drain(Paging(size=10_000))
    [first] = next(steps)
    asks = steps.send((first, page(*numbers_to(10_000), total=10**12)))
    assert starts(asks[:2]) == [(9_800, 10_000), (19_600, 10_000)]
    assert len(asks) == AHEAD_AT_MOST + 1


@pytest.mark.parametrize("aligned", [False, True])
def test_a_wrong_total_costs_a_few_times_the_list(aligned: bool) -> None:
    """A list of 60 pages that claims millions of rows is read in full: the claim does not use up the source's calls."""
    world = World(rows=600, size=10, aligned=aligned)
    drained, asked = read_whole(world, lambda block: replace(world.answer(block, STILL), total=10**7))
    assert e164s(drained.rows) == e164s(ROWS[:600])
    assert len(asked) < 12 * 60


def test_a_whole_list_is_one_answer() -> None:
    """8x8's list takes no parameters: one read is everything, however many rows it has."""
    drained, asked = read_whole(Paging(size=1, whole=True), lambda _: page(*ROWS[:7], total=8))
    assert (e164s(drained.rows), starts(asked)) == (e164s(ROWS[:7]), [(0, 1)])
    assert drained.drift == ("total differs from the rows",)
    assert (drained.sent, drained.total) == (7, 8)


def test_an_empty_whole_list_is_an_answer() -> None:
    """No rows at all is a full answer too."""
    drained, _ = read_whole(Paging(size=1, whole=True), lambda _: EMPTY)
    assert (drained.rows, drained.total, drained.as_of) == ((), None, NOW)


def test_an_error_is_raised() -> None:
    """A block that cannot be read fails the whole list: half a list is no list."""
    error = SourceAuthFailed("no")

    def answer(block: Block) -> Listing | SourceError:
        return page(*ROWS[:10]) if block.start == 0 else error

    with pytest.raises(SourceAuthFailed) as raised:
        read_whole(Paging(size=10), answer)
    assert raised.value is error


def test_the_furthest_start_is_never_passed() -> None:
    """Trap: CallGear's offset ends at 100,000. No block behind is asked, and a list that goes on is too large."""
    world = World(rows=50, size=10, total="exact")
    asked: list[Block] = []

    def answer(block: Block) -> Listing:
        asked.append(block)
        return world.answer(block, STILL)

    with pytest.raises(SourceTooLarge, match="past row 30"):
        read_whole(Paging(size=10, furthest=20), answer)
    assert starts(asked) == [(0, 10), (9, 10), (18, 10), (20, 10)]


def test_a_list_that_ends_with_the_last_block_that_can_be_asked_is_whole() -> None:
    """Nothing behind it can be read, and its total says that nothing is there."""
    world = World(rows=30, size=10, total="exact")
    drained, _ = read_whole(Paging(size=10, furthest=20), lambda block: world.answer(block, STILL))
    assert e164s(drained.rows) == e164s(ROWS[:30])


def test_a_list_without_end_is_too_large() -> None:
    """A list longer than may be held is refused, not cut."""
    held = numbers_to(100_000)
    with pytest.raises(SourceTooLarge, match="narrow the filter"):
        read_whole(Paging(size=100_000, ahead=8), lambda block: page(*(number(f"+2{block.start}"), *held[1:])))


def test_unreadable_rows_take_their_place() -> None:
    """Skipped rows are rows of the list: the next block begins behind them."""
    answers = {0: page(*ROWS[:3], sent=5), 5: page(*ROWS[5:8], sent=3), 8: EMPTY}
    drained, asked = read_whole(Paging(size=5), lambda block: answers.get(block.start, EMPTY))
    assert (e164s(drained.rows), drained.sent, drained.skipped) == (e164s(ROWS[:3] + ROWS[5:8]), 8, 2)
    assert 8 in {block.start for block in asked}


def test_a_page_of_unreadable_rows_alone_is_not_the_end() -> None:
    """Rows that cannot be read are not a repetition."""
    answers = {0: page(*ROWS[:5]), 5: page(sent=5), 10: page(*ROWS[10:12])}
    drained, _ = read_whole(Paging(size=5), lambda block: answers.get(block.start, EMPTY))
    assert (e164s(drained.rows), drained.skipped) == (e164s(ROWS[:5] + ROWS[10:12]), 5)


def test_a_hole_is_stepped_over() -> None:
    """An empty page is not the end where rows behind it have been seen."""
    hole = range(4, 10)

    def answer(block: Block) -> Listing:
        return EMPTY if block.start in hole else page(*ROWS[block.start : min(block.start + 5, 15)], total=15)

    drained, _ = read_whole(Paging(size=5), answer, LastFirst())
    assert e164s(drained.rows) == e164s(ROWS[:5] + ROWS[10:15])


def test_a_number_that_lives_again_replaces_the_released_one() -> None:
    """CloudLX may list a number as cancelled and as reserved: the living one is kept, whichever came first."""
    gone = number("+441245123456", availability=Availability.RELEASED)
    held = number("+441245123456", availability=Availability.OWNED)
    for rows in ((gone, held), (held, gone)):
        drained, _ = read_whole(Paging(size=9, whole=True), lambda _, rows=rows: page(*rows))  # type: ignore[misc]
        assert drained.rows == (held,)


def test_a_number_that_heads_two_pages_is_no_repetition() -> None:
    """A page that begins as the one before did and goes on otherwise brings new rows."""
    gone = number("+441245123456", availability=Availability.RELEASED)
    held = number("+441245123456", availability=Availability.OWNED)
    pages = {0: page(gone, *ROWS[:4]), 5: page(held, *ROWS[4:8]), 10: EMPTY}
    drained, _ = read_whole(Paging(size=5), lambda block: pages.get(block.start, EMPTY))
    assert drained.rows == (held, *ROWS[:8])


def test_the_age_is_that_of_the_oldest_answer() -> None:
    """A list is as old as its oldest part; drift of any page is kept."""
    times = {0: NOW + timedelta(seconds=9), 4: NOW, 8: NOW + timedelta(seconds=5)}

    def answer(block: Block) -> Listing:
        rows = ROWS[block.start : min(block.start + 5, 12)]
        noted = ("unknown word in status",) if block.start == 4 else ()
        return Listing(rows=rows, sent=len(rows), as_of=times.get(block.start, NOW + timedelta(days=1)), drift=noted)

    drained, _ = read_whole(Paging(size=5), answer)
    assert (drained.as_of, drained.drift) == (NOW, ("unknown word in status",))


def test_answers_to_questions_that_are_no_longer_asked_are_dropped() -> None:
    """After a clamped page the old grid's pages may stand elsewhere: what still arrives of them is not believed."""
    steps = drain(Paging(size=10, aligned=True, ahead=3))
    first, second, third, *_ = next(steps)
    steps.send((second, page(*ROWS[4:6])))
    asks = steps.send((first, page(*ROWS[:4])))
    assert starts(asks)[0] == (4, 4)
    assert list(steps.send((third, page(*ROWS[100:104])))) == []
    drained, _ = finish(steps, asks, lambda ask: page(*ROWS[ask.start : min(ask.start + 4, 6)]))
    assert e164s(drained.rows) == e164s(ROWS[:6])


def test_an_empty_page_before_others_is_told() -> None:
    """Rows were seen behind it, so rows are missing: the total, which the last page reaches, is not what was read."""
    drained, _ = read_whole(
        Paging(size=20, aligned=True, ahead=2),
        lambda block: (
            page(*ROWS[block.start : block.start + block.size][: 21 - block.start], total=21)
            if block.start
            else page(total=21)
        ),
        LastFirst(),
    )
    assert (e164s(drained.rows), drained.drift) == (e164s(ROWS[19:21]), ("total differs from the rows",))
