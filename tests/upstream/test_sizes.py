"""How many rows are asked for at once: fewer after an answer that was too much, and slowly more again."""

import asyncio
from datetime import UTC, datetime

import pytest

from gateway.errors import TOO_MUCH, SourceError, SourceTimeout, SourceTooLarge, SourceUnavailable
from gateway.numbers.blocks import Listing, Paging
from gateway.upstream.sizes import FEWEST, PROVED, BlockSize
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.truth import held

EMPTY = Listing(rows=(), sent=0, as_of=datetime(2026, 1, 1, tzinfo=UTC))
SLOW = SourceTimeout("Slow.", reason=TOO_MUCH)


async def told(size: BlockSize, asked: int, error: SourceError | None = None) -> int:
    """The size after a question for a block of ``asked`` rows came to that."""

    async def asking() -> Listing:
        if error is not None:
            raise error
        return EMPTY

    [outcome] = await asyncio.gather(size.watched(asked, asking()), return_exceptions=True)
    assert outcome is (error or EMPTY)
    return size.paging.size


async def test_it_is_halved_and_grows_back_slowly() -> None:
    """Each answer that was too much halves it, down to the fewest; so many good ones in a row double it, up to the first."""
    size = BlockSize(Paging(size=100, aligned=True, ahead=8))
    assert [await told(size, size.paging.size, SLOW) for _ in range(5)] == [50, 25, 12, FEWEST, FEWEST]
    assert (size.paging.aligned, size.paging.ahead) == (True, 8)
    large = BlockSize(Paging(size=8000))
    assert [await told(large, large.paging.size, SLOW) for _ in range(5)] == [4000, 2000, 1000, 500, 500]
    grown = [await told(size, size.paging.size) for _ in range(4 * PROVED)]
    assert [grown[place * PROVED - 1] for place in (1, 2, 3, 4)] == [20, 40, 80, 100]
    assert grown[PROVED - 2] == FEWEST
    assert await told(size, 100) == 100


async def test_blocks_of_before_say_nothing_of_now() -> None:
    """Of several large blocks under way only the first one that is too much halves; their good answers prove nothing."""
    size = BlockSize(Paging(size=1000))
    assert [await told(size, 1000, SLOW) for _ in range(3)] == [500, 500, 500]
    assert [await told(size, 1000) for _ in range(2 * PROVED)] == [500] * 2 * PROVED


async def test_small_questions_between_large_ones_change_nothing() -> None:
    """Trap: a list's end is proven with reads of a few rows, also after many blocks of the full size."""
    size = BlockSize(Paging(size=1000))
    assert {await told(size, 1000) for _ in range(2 * PROVED)} == {1000}
    assert await told(size, 4) == 1000


@pytest.mark.parametrize(
    ("paging", "error"),
    [
        (Paging(size=1000), SourceUnavailable("Down.")),
        (Paging(size=1000, whole=True), SourceTooLarge("Large.", reason=TOO_MUCH)),
        (Paging(size=5), SLOW),
    ],
    ids=["another failure", "a list without pages", "a size that is small by the settings"],
)
async def test_what_fewer_rows_do_not_mend_changes_nothing(paging: Paging, error: SourceError) -> None:
    """A source that is down, one whose list comes in one piece, and blocks that are small already."""
    assert await told(BlockSize(paging), paging.size, error) == paging.size


async def test_a_provider_that_says_504_gets_smaller_questions(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Webex wants a smaller ``max`` when it answers 504: within the same request the list is read so, and whole."""
    table = sandbox.sources["london"]
    sandbox.turn("webex", timeout_above=300)
    opened = await rooms({"london": table})
    read = await opened.inventory.heard("london", errand())
    assert sorted(number.e164 for number in read.rows) == sorted(held(sandbox.world, table))
    refused = [str(entry.query["max"]) for entry in sandbox.calls("webex") if entry.status == 504]
    assert sorted(set(refused), key=int) == ["500", "1000"]
