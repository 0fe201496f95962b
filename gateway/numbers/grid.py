"""Which blocks can be asked of a list: those that hold a window, and those that overlap what was read."""

from math import ceil

from gateway.numbers.blocks import Block, Paging

OVERLAP = 50
"""Neighbouring blocks share one row in so many: few enough to cost nothing, enough for a list that moves a little."""


class Grid:
    """The blocks of one list. ``lap`` is how many rows neighbouring blocks share, 0 where they only adjoin.

    A list of offsets can be asked from any row on. One of pages has only ``page * size``, so that a block across a
    border is a page of another size: of all sizes that hold the row, the one that reaches furthest.
    """

    def __init__(self, paging: Paging) -> None:
        self._aligned = paging.aligned
        self._furthest = paging.furthest
        self.size = paging.size
        self.lap = 0 if paging.whole or paging.size == 1 else max(1, paging.size // OVERLAP)

    def at(self, start: int) -> Block:
        """A block that begins exactly at ``start``: a list of pages is asked with a size that divides it."""
        size = self.size
        if self._aligned and start % size:
            size = next(part for part in range(size, 0, -1) if start % part == 0)
        return Block(start, size)

    def over(self, row: int) -> Block:
        """The block that holds ``row`` and reaches furthest behind it."""
        if not self._aligned:
            return Block(row if self._furthest is None else min(row, self._furthest), self.size)
        reach, size = max((row // size * size + size, size) for size in range(1, self.size + 1))
        return Block(reach - size, size)

    def after(self, edge: int) -> Block:
        """The block behind ``edge`` that shares rows with what is before it; where none can, the one that adjoins."""
        block = self.over(max(0, edge - self.lap))
        return block if block.start + block.size > edge else self.at(edge)

    def behind(self, length: int) -> Block:
        """The first block that is empty if the list has no more than ``length`` rows."""
        return Block(ceil(length / self.size) * self.size if self._aligned else length, self.size)

    def is_past(self, edge: int) -> bool:
        """Whether no block that may be asked holds the row at ``edge``."""
        return self._furthest is not None and edge >= self._furthest + self.size


def cover(start: int, count: int, paging: Paging) -> list[Block]:
    """The blocks that hold ``count`` rows from ``start`` on: just those rows where any start can be asked.

    Of a list of pages, the smallest aligned one that does, else several: one of at most 200 rows always covers up to
    100 rows.
    """
    if paging.whole:
        return [Block(0, paging.size)]
    end = start + count - 1
    if not paging.aligned:
        return [Block(first, min(paging.size, end + 1 - first)) for first in range(start, end + 1, paging.size)]
    for size in range(count, paging.size + 1):
        if start // size == end // size:
            return [Block(start // size * size, size)]
    size = paging.size
    return [Block(first, size) for first in range(start // size * size, end + 1, size)]
