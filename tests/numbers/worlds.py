"""Lists of numbers as sources really answer them, with the lies that sources tell."""

from collections.abc import Callable
from random import Random
from typing import Literal, get_args

from hypothesis import strategies as st
from msgspec import Struct

from gateway.errors import SourceError
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.drain import Draining, drain
from gateway.numbers.gathered import Drained
from gateway.numbers.model import Number
from tests.numbers.build import NOW, numbers_to

LONGEST = 3000
ROWS = numbers_to(LONGEST)
CALLS_AT_MOST = 20_000

Total = Literal["none", "exact", "one more", "one less", "page"]
TOTALS: tuple[Total, ...] = get_args(Total)
Answering = Callable[[Block], "Listing | SourceError"]


class World(Struct, frozen=True, kw_only=True):
    """One source's list, its manners, and how it is asked.

    ``cap``: pages are silently cut to so many rows. ``own_size``: the size asked for is ignored for this one.
    ``total``: what it claims to hold. ``past``: what stands behind its end: nothing, its last page again, as many
    rows as asked from its end, or its last row. ``lacks``: pages but the last lack so many rows at their end, or
    where it ``wavers`` up to so many. ``length``: how long it is thought to be.
    """

    rows: int
    size: int
    aligned: bool = False
    ahead: int = 1
    counted: bool = False
    probed: bool = False
    length: int | None = None
    cap: int | None = None
    own_size: int | None = None
    total: Total = "none"
    past: Literal["nothing", "last page", "last rows", "last row"] = "nothing"
    lacks: int = 0
    wavers: bool = False

    @property
    def paging(self) -> Paging:
        """How this list is read."""
        return Paging(size=self.size, aligned=self.aligned, ahead=self.ahead, counted=self.counted, probed=self.probed)

    @property
    def calls_at_most(self) -> int:
        """A generous multiple of the pages it needs; each row may cost a call where pages by number are cut short."""
        smallest = min(self.size, self.cap or self.size, self.own_size or self.size) - self.lacks
        pages = max(self.rows, self.length or 0) // max(1, smallest)
        return 100 + 16 * pages + (self.rows if self.aligned and self.lacks else 0)

    def answer(self, block: Block, random: Random) -> Listing:
        """What it answers to one block."""
        size = self.own_size or min(block.size, self.cap or block.size)
        start = block.index * size if self.aligned else block.start
        if start >= self.rows:
            start = self._behind(start, size)
        rows = ROWS[start : min(start + size, self.rows)]
        lacking = random.randint(0, self.lacks) if self.wavers else self.lacks
        if start + size < self.rows:
            rows = rows[: max(1, len(rows) - lacking)]
        return Listing(rows=rows, sent=len(rows), total=self._claimed(len(rows)), as_of=NOW)

    def _behind(self, start: int, size: int) -> int:
        last = max(0, self.rows - 1)
        return {
            "nothing": start,
            "last page": last // size * size,
            "last rows": max(0, self.rows - size),
            "last row": last,
        }[self.past]

    def _claimed(self, sent: int) -> int | None:
        return {
            "none": None,
            "exact": self.rows,
            "one more": self.rows + 1,
            "one less": max(0, self.rows - 1),
            "page": sent,
        }[self.total]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Lists of 0 to 3,000 rows and every combination of lies that can be seen through at all.

    Left out, because nobody could tell: a total one too small with pages that lack rows, one of which stops exactly
    there; pages by number of a size of their own that lack rows; a total that is documented to count everything and
    does not; pages that lack rows at random under probes that then agree by accident.
    """
    aligned = draw(st.booleans())
    size = draw(st.sampled_from((1, 2, 7, 50, 100, 200, 1000)) | st.integers(1, 300))
    cap = draw(st.none() | st.integers(1, 200))
    own_size = draw(st.none() | st.none() | st.integers(1, 400))
    steps = min(size, cap or size, own_size or size)
    rows = draw(st.integers(0, min(LONGEST, 150 * steps)))
    total = draw(st.sampled_from(TOTALS))
    probed = not aligned and draw(st.booleans())
    counts_all = total in ("none", "exact", "one more")
    past = ("nothing", "last page") if aligned else ("nothing", "last page", "last rows", "last row")
    whole = total == "one less" or (aligned and own_size is not None)
    return World(
        rows=rows,
        size=size,
        aligned=aligned,
        ahead=draw(st.sampled_from((1, 2, 8))),
        counted=counts_all and draw(st.booleans()),
        probed=probed,
        length=draw(st.none() | st.sampled_from((rows, rows + 1, max(0, rows - 1))) | st.integers(0, LONGEST)),
        cap=cap,
        own_size=own_size,
        total=total,
        past=draw(st.sampled_from(past)),
        lacks=0 if whole else min(steps // 2, draw(st.sampled_from((0, 0, 1, 3, 20)))),
        wavers=not probed and draw(st.booleans()),
    )


def read_whole(world: Paging | World, answer: Answering, random: Random | None = None) -> tuple[Drained, list[Block]]:
    """Drain a list; answers arrive in any order, or in the order of the questions. Also the blocks that were asked."""
    paging, length = (world.paging, world.length) if isinstance(world, World) else (world, None)
    steps = drain(paging, length)
    return finish(steps, next(steps), answer, random)


def finish(
    steps: Draining, asks: list[Block], answer: Answering, random: Random | None = None
) -> tuple[Drained, list[Block]]:
    """Go on with a draining that now asks for these blocks."""
    waiting: list[Block] = []
    asked: list[Block] = []
    while True:
        waiting += asks
        asked += asks
        assert len(asked) < CALLS_AT_MOST, "the list is read without end"
        assert waiting, "nothing is under way, and the list has not ended"
        block = waiting.pop(random.randrange(len(waiting)) if random else 0)
        try:
            asks = steps.send((block, answer(block)))
        except StopIteration as end:
            drained: Drained = end.value
            return drained, asked


def e164s(rows: tuple[Number, ...]) -> list[str]:
    """The numbers themselves."""
    return [row.e164 for row in rows]
