"""Reading a list in blocks that overlap: exact on a list that changes meanwhile.

Rows keep their order among each other. So a page that holds a row of the page before it misses nothing between the
two, whenever each of them was read. Where rows in front were deleted meanwhile, a page no longer does: it is read again,
from further and further back, until it joins.
"""

from collections.abc import Iterable, Mapping

from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164
from gateway.numbers.gathered import AHEAD_AT_MOST, Drained, Gathered, check_reach
from gateway.numbers.grid import Grid
from gateway.numbers.probes import PAIR, Probes

STRIDE = 2
"""How much further back each attempt to join goes than the one before."""

ATTEMPTS = 5
"""How often a page is looked for that joins and brings something new."""


class Lapped:
    """Pages joined up to ``edge``, an offset; offsets are only hints of where the next page may join.

    It ends in one of three ways. ``ended``: the list was read to its end. ``gave_up``: it has one page, or does not
    keep what it claims, and must be read block by block. ``torn``: it changes faster than its pages can be joined.
    ``idled``: it gave up on pages that brought nothing new, of a list that repeats itself or that moved.
    """

    def __init__(self, paging: Paging, length: int | None) -> None:
        self._paging = paging
        self._length = length
        self._grid = Grid(paging)
        self._gathered = Gathered()
        self.probes = Probes(paging.size) if paging.probed and length is None and paging.size > PAIR else None
        self.answers: dict[Block, Listing] = {}
        self.under_way: set[Block] = set()
        self._awaited = Block(0, paging.size)
        self._last: frozenset[E164] = frozenset()
        self._edge = 0
        self._planned = 0
        self._ahead = paging.ahead if length is None else 1
        self._tries = 0
        self._idle = 0
        self._short = self._moved = False
        self.ended = self.torn = self.idled = False
        self.gave_up = self._grid.lap == 0

    @property
    def over(self) -> bool:
        """Whether nothing more is asked here."""
        return self.ended or self.gave_up or self.torn

    @property
    def left(self) -> tuple[Mapping[Block, Listing], Iterable[Block], Probes | None]:
        """What another way of reading can go on with: answers, blocks under way, and probes.

        Only the first round: later a list is begun anew. Where sizes are ignored, pages of others may stand anywhere.
        """
        if self._edge:
            return {}, (), None
        size = self._paging.size
        odd = self._paging.aligned and any(page.sent > block.size for block, page in self.answers.items())
        answers = {block: page for block, page in self.answers.items() if block.size == size or not odd}
        return answers, [block for block in self.under_way if block.size == size or not odd], self.probes

    def take(self, block: Block, listing: Listing) -> None:
        """Keep an answer, then join everything that joins now."""
        if block not in self.under_way:
            if self.probes is not None:
                self.probes.take(block, listing)
            return
        self.under_way.discard(block)
        self.answers[block] = listing
        self._gathered.note(listing)
        self.gave_up = listing.sent > block.size
        while not self.over and self._awaited in self.answers:
            self._join(self._awaited, self.answers[self._awaited])

    def _join(self, block: Block, page: Listing) -> None:
        """Join the awaited page, or await another one that may."""
        if self._edge == 0 and page.sent < block.size:
            self.gave_up = True
            return
        del self.answers[block]
        if page.sent == 0 and block.start == self._edge:
            self.ended = True
        elif self._touches(block, page):
            self._hold(block, page)
        else:
            self._step_back(block)

    def _touches(self, block: Block, page: Listing) -> bool:
        """Whether a page holds a row of the page before it, or there is nothing to compare with."""
        if block.start == self._edge == self._grid.after(self._edge).start:
            return True  # a border that no page lies across
        if not self._last or any(row.e164 in self._last for row in page.rows):
            return True
        shared = range(self._edge - block.start)
        return len(shared) > 0 and all(place in page.holes for place in shared)

    def _step_back(self, block: Block) -> None:
        """Await a block that begins further back, asked from now on."""
        self._moved |= block.start < self._edge
        self._tries += block.start < self._edge
        self._idle += 1
        row = self._edge - self._grid.lap * STRIDE**self._tries
        if row <= 0 or self._idle > ATTEMPTS:
            self.torn = True
            return
        self._awaited = self._grid.over(row)
        self.answers.pop(self._awaited, None)

    def _hold(self, block: Block, page: Listing) -> None:
        new = self._gathered.keep(page, again=max(0, self._edge - block.start))
        self._last = frozenset(row.e164 for row in page.rows)
        self._edge = block.start + page.sent
        self._short = page.sent < block.size
        self._idle = 0 if new or not page.rows else self._idle + 1
        self._tries = 0
        self._ahead = min(2 * self._ahead, AHEAD_AT_MOST)
        if self._short and page.total is not None:
            self.ended = page.total == self._edge
            self.gave_up = not self.ended
        elif page.total == self._edge and self._grid.is_past(self._edge):
            self.ended = True
        elif self._idle > ATTEMPTS:
            self.torn = self._moved
            self.gave_up = self.idled = not self._moved
        else:
            self._awaited = self._grid.at(self._edge) if self._short else self._further()

    def _further(self) -> Block:
        """The block that goes on behind the edge: of those that were asked already the one that reaches furthest."""
        asked = (block for block in (*self.under_way, *self.answers) if block.start < self._edge)
        furthest = max(asked, key=_end, default=self._awaited)
        return furthest if _end(furthest) > self._edge else self._grid.after(self._edge)

    def wants(self) -> list[Block]:
        """The blocks to ask now: the awaited one, and further ones as far as rows can be expected.

        Raises:
            SourceTooLarge: the list goes on past what can be asked or held.
        """
        check_reach(self._edge, past=self._grid.is_past(self._edge))
        begins = not self._planned
        blocks = [self._awaited, *self._in_advance()]
        if begins and self._length and not self._paging.counted:
            blocks.append(self._grid.behind(self._length))
        fresh = [block for block in dict.fromkeys(blocks) if block not in self.under_way and block not in self.answers]
        self.under_way.update(fresh)
        return [*fresh, *(self.probes.blocks if self.probes and begins else ())]

    def _in_advance(self) -> list[Block]:
        """Blocks up to where rows are claimed or were before; where nothing is known, a few of them."""
        blocks: list[Block] = []
        planned = max(self._planned, self._edge)
        while not self._short and not self._grid.is_past(planned) and self._goes_on_at(planned):
            blocks.append(self._grid.after(planned))
            planned = _end(blocks[-1])
        self._planned = planned
        return blocks

    def _goes_on_at(self, row: int) -> bool:
        claimed = self._gathered.claimed(self._edge, self._paging.size)
        if claimed is not None:
            return row <= claimed
        return row < max(self._length or 0, self._edge + (self._ahead - 1) * self._paging.size + 1)

    def result(self) -> Drained:
        """What was read, once the list has ended."""
        return self._gathered.drained(self._edge)


def _end(block: Block) -> int:
    return block.start + block.size
