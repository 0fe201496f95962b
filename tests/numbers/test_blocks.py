"""What is asked of a list, and what comes back."""

import pytest

from gateway.numbers.blocks import Block, Listing
from tests.numbers.build import NOW, numbers_to


@pytest.mark.parametrize(("start", "size", "index"), [(0, 50, 0), (50, 50, 1), (400, 200, 2), (12, 6, 2)])
def test_an_aligned_block_has_an_index(start: int, size: int, index: int) -> None:
    """Which run of ``size`` rows it is, counted from 0."""
    assert Block(start, size).index == index


def test_a_listing_weighs_its_rows() -> None:
    """An empty listing weighs something too, and is a full answer."""
    rows = numbers_to(3)
    assert [Listing(rows=rows[:count], sent=count, as_of=NOW).weight for count in (0, 3)] == [1, 4]
    assert Listing(rows=(), sent=0, as_of=NOW).negative is False


def test_rows_stand_where_they_stood() -> None:
    """Unreadable rows take a place, so that offsets are the source's own."""
    rows = numbers_to(3)
    listing = Listing(rows=rows, sent=5, skipped=2, holes=(0, 3), as_of=NOW)
    assert list(listing.placed(10)) == [(11, rows[0]), (12, rows[1]), (14, rows[2])]


@pytest.mark.parametrize(
    ("sent", "size", "kept"),
    [
        pytest.param((0, 1, 2), 3, (0, 1, 2), id="as many as asked: as it is"),
        pytest.param((0, 1, 2, 3, 4), 3, (0, 1, 2), id="more than asked: what goes beyond is left out"),
        pytest.param((0, 0, 1, 1, 2, 2), 3, (0, 1, 2), id="every row twice: each stands once"),
    ],
)
def test_an_answer_is_held_to_what_was_asked(sent: tuple[int, ...], size: int, kept: tuple[int, ...]) -> None:
    """A longer answer counts as the rows that were asked for, so that the next read begins where it should."""
    rows = numbers_to(5)
    held = Listing(rows=tuple(rows[place] for place in sent), sent=len(sent), as_of=NOW).held_to(size)
    assert held.rows == tuple(rows[place] for place in kept)
    assert held.sent == len(kept)
