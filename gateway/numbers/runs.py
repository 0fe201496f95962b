"""A source that sorts by number, read from a place on: offsets are hints, the key alone decides.

The list is asked in the order in which the page walks, so that a walk backwards is one forwards in a list that is
sorted the other way. Blocks begin one row early: a block goes on where the last one ended when its first row does not
lie behind that end. Where rows were deleted in front it does, and blocks further left are read; where rows were
inserted, blocks further right.
"""

from datetime import datetime
from typing import cast

from gateway.errors import SourceError, SourceTooLarge
from gateway.numbers.blocks import Block, Listing, Paging, Part
from gateway.numbers.cursor import Place
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number
from gateway.numbers.remarks import CUT, TOTAL_DIFFERS
from gateway.numbers.search import Search, mirrored
from gateway.numbers.windows import Range

STRIDE = 4
"""How much further each step to the left goes than the one before."""

SCANNED_AT_MOST = 50_000
"""Rows read of one source for one page at most; a filter that keeps little then gets a short page."""


class Run:
    """The rows of one source behind a place, in the order of the walk, as far as they were read.

    ``done``: there are no more. ``stopped``: no more are read for this page. ``passed``: rows lie before the place.
    """

    def __init__(self, source: str, paging: Paging, search: Search, wanted: Range) -> None:
        self.source = source
        self._paging = paging
        self._search = search
        self._back = wanted.last is not None
        self._descending = search.order.descending != self._back
        self._place = wanted.before if self._back else wanted.after
        self._at = _hint(self._place, source, paging)
        self._step = 1
        self._end = 0
        self._short = False
        self._head: tuple[int, E164 | None] = (0, None)
        self._offsets: list[int] = []
        self.rows: list[Number] = []
        self.digits = None if self._place is None else _digits(self._place, search)
        self.passed = False
        self.done = False
        self.error: SourceError | None = None
        self.stale = False
        self.read = 0
        self.skipped = 0
        self.as_of: datetime | None = None
        self.remarks: tuple[str, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether nothing more is read for this page, though there may be more."""
        return self.error is not None or len(self.rows) >= SCANNED_AT_MOST

    def ask(self) -> Part:
        """The block to read next."""
        return Part(self.source, Block(self._at, self._paging.size), self._descending)

    def take(self, block: Block, listing: Listing) -> bool:
        """Take an answer; False if it is not in the order that was asked for."""
        self.read += listing.sent
        self.skipped += listing.skipped
        self.stale |= listing.stale
        self.as_of = listing.as_of if self.as_of is None else min(self.as_of, listing.as_of)
        self.remarks = tuple(dict.fromkeys((*self.remarks, *listing.drift)))
        placed = list(listing.placed(block.start))
        told = [number.e164 for _, number in placed]
        head, self._head = self._head, (block.start, told[0] if told else None)
        starts_over = bool(told) and head[1] == told[0] and head[0] != block.start
        if listing.sent > block.size or starts_over or told != sorted(told, reverse=self._descending):
            return False
        if block.start and (self._lies_behind(placed[0][1]) if placed else self._end != block.start):
            self._step_left(min(block.start, block.start if listing.total is None else listing.total))
        else:
            self._extend(block, listing, placed)
        return True

    def _note(self, listing: Listing, start: int, *, new: bool) -> None:
        """What the page before, or this empty one, shows of the source's claims."""
        said: list[str] = []
        if self._short and start and new:
            said.append(CUT)
        if not listing.sent and listing.total not in (None, start):
            said.append(TOTAL_DIFFERS)
        self.remarks = tuple(dict.fromkeys((*self.remarks, *said)))

    def _lies_behind(self, number: Number) -> bool:
        """Whether a row lies behind what was read, so that others may lie between."""
        if self.digits is None:
            return True
        own = number.e164[1:]
        return own < self.digits if self._descending else own > self.digits

    def _step_left(self, start: int) -> None:
        self._at = max(0, start - self._step)
        self._step *= STRIDE

    def _extend(self, block: Block, listing: Listing, placed: list[tuple[int, Number]]) -> None:
        key, bound = self._search.key, None if self._place is None or self._offsets else self._place.key
        before = len(self.rows)
        for offset, number in placed:
            beyond = bound is None or (key(number) < bound if self._back else key(number) > bound)
            if beyond and (not self.rows or self._lies_behind(number)):
                self.rows.append(number)
                self._offsets.append(offset)
                self.digits = number.e164[1:]
        self.passed |= block.start > 1 or len(placed) > len(self.rows)
        self._note(listing, block.start, new=len(self.rows) > before)
        end = self._end = block.start + listing.sent
        self._short = listing.sent < block.size
        self._step = 1
        self._at = end - 1 if listing.sent > 1 else end
        self.done = listing.sent == 0 or (listing.total == end and listing.sent < block.size)
        if not self.done and self._paging.furthest is not None and self._at > self._paging.furthest:
            self.error = SourceTooLarge(
                f"The list goes on past row {end}, which is as far as this provider can be asked; narrow the filter."
            )

    @property
    def ordered(self) -> tuple[Number, ...]:
        """The rows in the order of the search."""
        return tuple(reversed(self.rows)) if self._back else tuple(self.rows)

    @property
    def end(self) -> Place | None:
        """The last row that was read, beyond which nothing is known."""
        return Place(self._search.key(self.rows[-1])) if self.rows else self._place

    def reaches(self, number: Number) -> bool:
        """Whether everything up to a row has been read."""
        return self.done or not self._lies_behind(number)

    def hint(self, place: Place) -> int:
        """The offset of the first row behind a place, in the list as it was asked."""
        digits = _digits(place, self._search)
        kept = sum(row.e164[1:] >= digits if self._descending else row.e164[1:] <= digits for row in self.rows)
        return self._offsets[kept] if kept < len(self._offsets) else self._at + 1


def _digits(place: Place, search: Search) -> str:
    first = cast("str", place.key[0])
    return mirrored(first.rstrip("~")).rstrip("~") if search.order.descending else first


def _hint(place: Place | None, source: str, paging: Paging) -> int:
    """Where to begin: one row before the hint; hints of other sources, negative and huge ones cost calls at most."""
    hints = {} if place is None else dict(place.hints)
    furthest = paging.furthest or 2**31
    return max(0, min(hints.get(source, 0) - 1, furthest))
