"""Two small reads that go out with the first one and show whether a short first page is the whole list."""

from gateway.numbers.blocks import Block, Listing

PAIR = 2
"""Rows of the probe that shows whether pages are cut."""


class Probes:
    """A clamped page ends a row later when it begins a row later; a list that cuts pages does not give two in full."""

    def __init__(self, size: int) -> None:
        self.blocks = (Block(1, size), Block(0, PAIR))
        self._answers: dict[Block, Listing] = {}

    @property
    def complete(self) -> bool:
        """Whether both have been answered."""
        return len(self._answers) == len(self.blocks)

    def take(self, block: Block, listing: Listing) -> None:
        """Keep an answer if it is to one of them."""
        if block in self.blocks:
            self._answers[block] = listing

    def prove(self, page: Listing) -> bool:
        """Whether the first page, which was shorter than asked, was neither clamped nor cut; once both are there."""
        shifted, pair = (self._answers[block] for block in self.blocks)
        same_end = not page.rows or not shifted.rows or page.rows[-1].e164 == shifted.rows[-1].e164
        return shifted.sent == page.sent - 1 and same_end and pair.sent == min(PAIR, page.sent)
