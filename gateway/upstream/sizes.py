"""How many rows one source is asked for at once: what its provider takes, or fewer while that is too much for it."""

from collections.abc import Awaitable

from msgspec.structs import replace

from gateway.errors import TOO_MUCH, SourceError
from gateway.numbers.blocks import Listing, Paging

FEWEST = 10
"""Rows of a block at least: between smaller pages of a list that changes, rows can slip through unseen."""

PART = 16
"""The least part of its first size that a block is halved to: a slow source is not to be asked without end."""

PROVED = 20
"""Blocks in a row that must come well before twice as many rows are asked for again."""


class BlockSize:
    """The size of one source's blocks: halved by an answer that was too large or took too long, doubled slowly."""

    def __init__(self, paging: Paging) -> None:
        self._most = paging
        self._least = max(min(FEWEST, paging.size), paging.size // PART)
        self._proved = 0
        self.paging = paging

    async def watched(self, size: int, asking: Awaitable[Listing]) -> Listing:
        """The answer to a question for a block of that size, from which is learned.

        Raises:
            SourceError: as the question does.
        """
        try:
            listing = await asking
        except SourceError as error:
            if error.reason == TOO_MUCH and not self._most.whole:
                self._become(min(self.paging.size, max(size // 2, self._least)))
            raise
        self._proved += size == self.paging.size < self._most.size
        if self._proved >= PROVED:
            self._become(min(2 * size, self._most.size))
        return listing

    def _become(self, size: int) -> None:
        self.paging = replace(self._most, size=size)
        self._proved = 0
