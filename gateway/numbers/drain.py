"""Reading a whole list: a generator that asks for blocks until the end is proven, whatever the list does meanwhile.

It yields the blocks to ask now, is sent each answer as it arrives, and returns what the list held. A list of several
pages that keeps what it claims is read in overlapping blocks, which is exact while it changes; all others are read
block by block, which is exact while they stand still.
"""

from collections.abc import Generator

from msgspec.structs import replace

from gateway.errors import SourceError
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.blockwise import Blockwise
from gateway.numbers.gathered import Drained
from gateway.numbers.lapped import Lapped
from gateway.numbers.remarks import CUT, UNSTABLE

PASSES_AT_MOST = 3
"""Times a list that changes under the reading is begun anew; then it is taken as it comes, and its report says so."""

Answer = tuple[Block, "Listing | SourceError"]
Draining = Generator[list[Block], Answer, Drained]


def drain(paging: Paging, length: int | None = None) -> Draining:
    """Read a list to its proven end, several blocks at a time.

    ``length`` is how many rows it had when it was read before: then the read that proves the end goes out with the
    others. A wrong one costs calls, never rows.

    Raises:
        SourceError: a block could not be read, or the list goes on past what can be asked or held.
    """
    drained = yield from _drained(paging, length, settled=False)
    if isinstance(drained, int):
        drained = yield from _drained(replace(paging, size=drained), length, settled=True)
        assert isinstance(drained, Drained)
        return replace(drained, drift=tuple(dict.fromkeys((CUT, *drained.drift))))
    return drained


def _drained(paging: Paging, length: int | None, *, settled: bool) -> Generator[list[Block], Answer, Drained | int]:
    """What the list held; or, unless the size is settled, the size it cuts its pages to, to begin anew with."""
    lapped = yield from _lapped(paging, length)
    if lapped.ended:
        return lapped.result()
    blockwise = Blockwise(paging, *lapped.left)
    while not blockwise.ended:
        blockwise.take(*_read((yield blockwise.wants())))
        if blockwise.cut_to is not None and not settled:
            return blockwise.cut_to
    if lapped.torn or (lapped.idled and not blockwise.repeated):
        blockwise.remark(UNSTABLE)
    return blockwise.result()


def _lapped(paging: Paging, length: int | None) -> Generator[list[Block], Answer, Lapped]:
    """The reading in overlapping blocks, begun anew where the list changed too fast."""
    passes = 0
    while True:
        lapped = Lapped(paging, length)
        while not lapped.over:
            lapped.take(*_read((yield lapped.wants())))
        passes += 1
        if not lapped.torn or passes == PASSES_AT_MOST:
            return lapped


def _read(answer: Answer) -> tuple[Block, Listing]:
    block, listing = answer
    if isinstance(listing, SourceError):
        raise listing
    return block, listing
