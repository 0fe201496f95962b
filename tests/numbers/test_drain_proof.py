"""Draining a list: which blocks are asked, and what proves its end."""

from random import Random

import pytest
from msgspec import structs

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.drain import drain
from gateway.numbers.probes import Probes
from gateway.numbers.remarks import CUT
from tests.numbers.build import NOW
from tests.numbers.worlds import ROWS, World, e164s, read_whole

STILL = Random(0)  # noqa: S311 - a list that does not waver draws nothing


def starts(asked: list[Block]) -> list[tuple[int, int]]:
    """Blocks as start and size."""
    return [(block.start, block.size) for block in asked]


def read(world: World) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """The drift noted and the blocks asked, once all rows of the world were found."""
    drained, asked = read_whole(world, lambda block: world.answer(block, STILL))
    assert e164s(drained.rows) == e164s(ROWS[: world.rows])
    return drained.drift, starts(asked)


@pytest.mark.parametrize(
    ("world", "asked", "reason"),
    [
        (World(rows=0, size=9), [(0, 9)], "an empty read ends an empty list"),
        (World(rows=5, size=9), [(0, 9), (5, 9)], "a short page is not the end: the empty read behind it is"),
        (World(rows=5, size=9, total="exact"), [(0, 9), (5, 9)], "a first page that counts itself proves nothing"),
        (
            World(rows=5, size=9, total="exact", counted=True),
            [(0, 9)],
            "a total that is documented to count everything",
        ),
        (World(rows=9, size=9, total="exact", counted=True), [(0, 9), (8, 9)], "after a full page one more proves it"),
        (World(rows=20, size=9, total="exact"), [(0, 9), (8, 9), (16, 9)], "a total reached by a shorter page"),
        (World(rows=17, size=9, total="exact"), [(0, 9), (8, 9), (16, 9)], "after a full last page one more proves it"),
        (World(rows=9, size=9, cap=3, total="exact"), [(0, 9), (3, 9), (6, 9), (9, 9)], "clamped, its last page full"),
        (World(rows=7, size=9, cap=3, total="exact"), [(0, 9), (3, 9), (6, 9)], "clamped, its last page short"),
    ],
)
def test_the_blocks_that_are_asked(world: World, asked: list[tuple[int, int]], reason: str) -> None:
    """As many calls as prove the end, and no more."""
    assert read(world) == ((CUT,) if world.cap else (), asked), reason


@pytest.mark.parametrize(
    ("world", "asked", "reason"),
    [
        (World(rows=5, size=9, ahead=2, total="exact"), [(0, 9), (8, 8)], "the next page is empty, of the same total"),
        (
            World(rows=20, size=9, ahead=2, total="exact"),
            [(0, 9), (8, 8), (14, 7)],
            "a total reached by a shorter page",
        ),
        (
            World(rows=5, size=9, ahead=2, total="page"),
            [(0, 9), (8, 8), (5, 5)],
            "the next page says otherwise",
        ),
        (World(rows=5, size=9, ahead=2), [(0, 9), (8, 8), (5, 5), (10, 5)], "no total, no proof"),
        (World(rows=12, size=9), [(0, 9), (8, 8), (14, 7), (12, 6)], "12 is the start of a page of 6 rows"),
    ],
)
def test_the_pages_that_are_asked_by_number(world: World, asked: list[tuple[int, int]], reason: str) -> None:
    """Trap: pages by number can only be asked for at multiples of the page size, and may be clamped unseen."""
    assert read(structs.replace(world, aligned=True))[1] == asked, reason


@pytest.mark.parametrize(
    ("world", "asked", "reason"),
    [
        (World(rows=5, size=9), [], "a page from row 1 on ends with the same row, and two rows come in full"),
        (World(rows=1, size=9), [], "one row, and none behind it"),
        (World(rows=0, size=9), [], "no rows at all"),
        (
            World(rows=20, size=9, cap=5),
            [(5, 9), (10, 9), (15, 9), (20, 9)],
            "a clamped page ends a row later",
        ),
        (World(rows=20, size=9, lacks=5), [(4, 9), (8, 9), (12, 9), (20, 9)], "two rows do not come in full"),
        (World(rows=9, size=9), [(9, 9)], "a full page is not the last"),
        (World(rows=2, size=2), [(2, 2)], "a page of two rows needs no probes and has none"),
        (World(rows=1, size=2), [(1, 2)], "nor has one of them"),
    ],
)
def test_probes_go_out_with_the_first_read(world: World, asked: list[tuple[int, int]], reason: str) -> None:
    """Trap: Webex states no total and clamps ``max`` silently; two small reads show whether a short page is whole."""
    probed = structs.replace(world, probed=True)
    first = [(0, world.size), (1, world.size), (0, 2)] if world.size > 2 else [(0, world.size)]
    drift, found = read(probed)
    cut = world.cap is not None or world.lacks > 0
    assert (drift, found[: len(first)]) == ((CUT,) if cut else (), first), reason
    assert set(asked) <= set(found[len(first) :]), reason
    assert asked or found == first, reason


@pytest.mark.parametrize(
    ("shifted", "pair", "proven", "reason"),
    [
        ((1, 5), (0, 2), True, "a row less, the same end, two rows in full"),
        ((1, 6), (0, 2), False, "as many rows as the first page: it was clamped"),
        ((2, 5), (0, 2), False, "two rows less: pages are cut"),
        ((2, 6), (0, 2), False, "a row less, but another end"),
        ((1, 5), (0, 1), False, "two rows do not come in full: pages are cut"),
    ],
)
def test_what_the_probes_prove(shifted: tuple[int, int], pair: tuple[int, int], proven: bool, reason: str) -> None:
    """A short first page is the last only when both probes say so."""
    answers = {Block(0, 9): (0, 5), Block(1, 9): shifted, Block(0, 2): pair}
    asks = []

    def answer(block: Block) -> Listing:
        asks.append(block)
        start, stop = answers.get(block, (0, 0))
        return Listing(rows=ROWS[start:stop], sent=stop - start, as_of=NOW)

    drained, _ = read_whole(Paging(size=9, probed=True), answer)
    assert e164s(drained.rows) == e164s(ROWS[:5])
    assert (Block(5, 9) not in asks) is proven, reason


@pytest.mark.parametrize(
    ("world", "asked", "reason"),
    [
        (World(rows=20, size=9, length=20), [(0, 9), (8, 9), (16, 9), (20, 9)], "all its blocks and the empty read"),
        (
            World(rows=20, size=9, length=20, aligned=True),
            [(0, 9), (8, 8), (14, 7), (27, 9)],
            "the next page by number",
        ),
        (World(rows=20, size=9, length=20, probed=True), [(0, 9), (8, 9), (16, 9), (20, 9)], "and no probes"),
        (World(rows=20, size=9, length=20, counted=True), [(0, 9), (8, 9), (16, 9)], "a total needs no proof"),
        (World(rows=0, size=9, length=0), [(0, 9)], "an empty list is read once"),
    ],
)
def test_a_known_length_sends_the_proof_along(world: World, asked: list[tuple[int, int]], reason: str) -> None:
    """Where a list was read before, the read that proves its end goes out with the others."""
    paging = world.paging
    [*together] = next(drain(paging, world.length))
    assert starts(together) == asked, reason
    assert read(world)[1][: len(asked)] == asked


@pytest.mark.parametrize("length", [0, 1, 7, 19, 21, 50, 3000])
@pytest.mark.parametrize("aligned", [False, True])
def test_a_wrong_length_costs_calls_and_never_rows(length: int, aligned: bool) -> None:
    """Shorter or longer than it was: all rows are found."""
    drift, _ = read(World(rows=20, size=9, length=length, aligned=aligned, total="exact"))
    assert drift == ()


def test_a_list_that_shrank_is_not_looked_for_row_by_row() -> None:
    """Trap: after a short page of one row, a length from before is no guide to how many pages of one row there are."""
    assert len(read(World(rows=1, size=200, length=104, aligned=True))[1]) < 10


def test_a_last_page_that_comes_again_in_other_sizes_is_noticed() -> None:
    """Trap: past the end, pages of 1, 7 and 6 rows each end with the last row and begin with another one."""
    assert len(read(World(rows=41, size=7, aligned=True, past="last page"))[1]) < 45


@pytest.mark.parametrize(
    ("world", "drift", "reason"),
    [
        (World(rows=25, size=10, own_size=25), ["limit ignored"], "more rows than were asked for"),
        (World(rows=25, size=10, past="last page"), ["page repeated"], "the last page again, past the end"),
        (World(rows=25, size=10, past="last rows"), ["page repeated"], "the last rows, past the end"),
        (World(rows=25, size=10, past="last row"), ["page repeated"], "the last row, past the end"),
        (World(rows=25, size=10, aligned=True, past="last page"), ["page repeated"], "the same of pages by number"),
        (World(rows=25, size=10, past="last page", total="exact"), [], "a total was reached before it could repeat"),
        (World(rows=25, size=10, total="one more"), ["total differs from the rows"], "a total too large"),
        (World(rows=25, size=10, total="one less"), ["total differs from the rows"], "a total too small"),
        (World(rows=25, size=10, total="page"), ["total differs from the rows"], "a total that counts its page"),
    ],
)
def test_lies_are_noted(world: World, drift: list[str], reason: str) -> None:
    """What was not as claimed is named, and the answer stays right."""
    assert list(read(world)[0]) == drift, reason


def test_a_page_list_of_its_own_page_size_is_asked_in_that_size() -> None:
    """Trap: a server that ignores ``max_per_page`` counts its pages in rows of its own; never is it asked for more."""
    _, asked = read(World(rows=70, size=10, own_size=30, aligned=True))
    assert {size for _, size in asked} == {10}
    shorter = World(rows=7, size=10, own_size=3, aligned=True)
    assert [asked for asked in read(shorter)[1] if asked[0] < 7] == [(0, 10), (3, 3), (6, 3)]


def test_probes_keep_their_own_answers() -> None:
    """What arrives late of an earlier round is no answer to them."""
    probes = Probes(9)
    empty = Listing(rows=(), sent=0, as_of=NOW)
    for block in (Block(5, 9), Block(1, 9)):
        probes.take(block, empty)
    assert probes.complete is False
    probes.take(Block(0, 2), empty)
    assert probes.complete is True
