"""Reading a whole list: which blocks to ask next, and when its end is proven.

A generator: it yields the blocks to ask now, is sent each answer as it arrives, and returns what the list held.
A short page is not the end: Webex clamps ``max`` silently and CallGear has sent short pages. The end is an empty
read, pages that repeat what was read, or a total that was reached by a page shorter than one before it: a first page
that states as many rows as it has may just as well count itself, and be clamped.
"""

from collections.abc import Generator
from datetime import datetime
from math import ceil

from msgspec import Struct

from gateway.errors import SourceError, SourceTooLarge
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164
from gateway.numbers.model import Availability, Number

AHEAD_AT_MOST = 8
"""Blocks asked at once while nothing is known of the length."""

REPEATS_AT_MOST = 3
"""Pages in a row without a new number that end a list; one may be an accident of rows that moved."""

ROWS_AT_MOST = 500_000
"""A list longer than this is not held: about 150 MB of numbers."""

_PAIR = 2
"""Rows of the probe that shows whether pages are cut."""

Answer = tuple[Block, "Listing | SourceError"]
Draining = Generator[list[Block], Answer, "Drained"]


class Drained(Struct, frozen=True, kw_only=True):
    """Everything a list held, in the source's order, each number once.

    ``total`` is what the source claimed last; ``sent`` counts the rows it sent and ``skipped`` the unreadable
    ones; ``as_of`` is the arrival of the oldest answer; ``drift`` names what was not
    as documented or claimed.
    """

    rows: tuple[Number, ...]
    sent: int
    skipped: int
    total: int | None
    as_of: datetime
    drift: tuple[str, ...]


def drain(paging: Paging, length: int | None = None) -> Draining:
    """Read a list to its proven end, several blocks at a time.

    ``length`` is how many rows it had when it was read before: then the read that proves the end goes out with the
    others. A wrong one costs calls, never rows.

    Raises:
        SourceError: a block could not be read, or the list goes on past what can be asked or held.
    """
    reading = _Reading(paging, length)
    while not reading.ended:
        block, answer = yield reading.wants()
        if isinstance(answer, SourceError):
            raise answer
        reading.take(block, answer)
    return reading.result()


class _Reading:
    """The rows covered so far. ``edge`` is the first row not covered: all before it have been read."""

    def __init__(self, paging: Paging, length: int | None) -> None:
        self._paging = paging
        self._length = None if paging.whole else length
        probes = paging.probed and length is None and paging.size > _PAIR
        self._probing = (Block(1, paging.size), Block(0, _PAIR)) if probes else ()
        self._probes: dict[Block, Listing] = {}
        self._answers: dict[int, Listing] = {}
        self._asked: dict[int, Block] = {}
        self._rows: dict[E164, Number] = {}
        self._first: E164 | None = None
        self._repeats = 0
        self._sent = 0
        self._skipped = 0
        self._edge = 0
        self._size = paging.size
        self._largest = 0
        self._ahead = paging.ahead if length is None else 1
        self._total: int | None = None
        self._as_of: datetime | None = None
        self._drift: dict[str, None] = {}
        self.ended = False

    def take(self, block: Block, listing: Listing) -> None:
        """Keep an answer, then move the edge over everything that is contiguous now."""
        if block in self._probing and self._asked.get(block.start) != block:
            self._probes[block] = listing
        elif self._asked.get(block.start) == block:
            self._answers[block.start] = listing
        else:
            return
        if listing.total is not None:
            self._total = listing.total
        self._drift.update(dict.fromkeys(listing.drift))
        if listing.sent > block.size and not self._paging.whole:
            self._drift["limit ignored"] = None
        while not (self.ended or self._waits()) and (page := self._answers.pop(self._edge, None)) is not None:
            self._absorb(page, self._asked[self._edge].size)

    def _waits(self) -> bool:
        """Whether the page at the edge is short, and what was asked along with it may prove that it is the last."""
        page = self._answers.get(self._edge)
        if page is None or not 0 < page.sent < self._asked[self._edge].size:
            return False
        if self._paging.aligned:
            follower = self._edge + self._size
            return follower in self._asked and follower not in self._answers
        return self._edge == 0 and len(self._probes) < len(self._probing)

    def _proven(self, page: Listing, start: int, size: int) -> bool:
        """Whether a page that was just held is the last one."""
        if page.total == self._edge and (page.sent < self._largest or self._is_past(self._edge)):
            return True
        if page.sent >= size:
            return False
        if self._paging.counted:
            return page.total == self._edge
        if self._paging.aligned:
            follower = self._answers.get(start + size)
            return follower is not None and follower.sent == 0 and page.total == follower.total == self._edge
        return start == 0 and len(self._probes) > 0 and self._reaches_the_same_end(page)

    def _reaches_the_same_end(self, page: Listing) -> bool:
        """Whether the first page was neither clamped nor cut.

        One that was clamped to as many rows ends a row later when it begins a row later; and a list that cuts its
        pages short does not give two rows in full.
        """
        shifted, pair = (self._probes[probe] for probe in self._probing)
        same_end = not page.rows or not shifted.rows or page.rows[-1].e164 == shifted.rows[-1].e164
        return shifted.sent == page.sent - 1 and same_end and pair.sent == min(_PAIR, page.sent)

    def _absorb(self, page: Listing, size: int) -> None:
        self._as_of = page.as_of if self._as_of is None else min(self._as_of, page.as_of)
        if self._paging.whole:
            self._hold(page)
            self.ended = True
        elif page.sent == 0 or self._is_over(page):
            self._close_gap()
        else:
            self._hold(page)
            start = self._edge
            self._edge += min(page.sent, size)
            self._ahead = min(2 * self._ahead, AHEAD_AT_MOST)
            self.ended = self._proven(page, start, size)
            self._largest = max(self._largest, min(page.sent, size))
            if page.sent < size and self._paging.aligned and not self.ended:
                self._regrid()
            if self._edge > ROWS_AT_MOST:
                msg = f"The list is longer than the {ROWS_AT_MOST} rows that are held at most; narrow the filter."
                raise SourceTooLarge(msg)

    def _regrid(self) -> None:
        """A list of pages gave fewer rows than asked: it may count its pages in rows of its own.

        No page was longer than the longest one seen, so pages of that size stand where they are thought to. What was
        asked on the old grid may stand elsewhere and is read again; how long the list was once is no guide any more.
        """
        if self._size != self._largest:
            self._size = self._largest
            self._length = None
            self._answers.clear()
            self._asked.clear()

    def _hold(self, page: Listing) -> None:
        """Keep a page's rows, each number once; a living one rather than one that was released."""
        self._sent += page.sent
        self._skipped += page.skipped
        for number in page.rows:
            held = self._rows.get(number.e164)
            if held is None or held.availability is Availability.RELEASED:
                self._rows[number.e164] = number

    def _is_over(self, page: Listing) -> bool:
        """Whether the list repeats itself: the same page again, or several that bring nothing new."""
        before, self._first = self._first, page.rows[0].e164 if page.rows else None
        new = not page.rows or any(number.e164 not in self._rows for number in page.rows)
        self._repeats = 0 if new else self._repeats + 1
        over = not new and (self._first == before or self._repeats >= REPEATS_AT_MOST)
        if over and self._edge != self._total:
            self._drift["page repeated"] = None
        return over

    def _close_gap(self) -> None:
        """Nothing more at the edge: go on behind a hole if rows were seen there, else this is the end."""
        behind = [start for start, page in self._answers.items() if page.sent and start > self._edge]
        if behind:
            self._edge = min(behind)
        else:
            self.ended = True

    def wants(self) -> list[Block]:
        """The blocks to ask now: the one at the edge, and on the aligned grid as far as rows can be expected."""
        size = self._size
        if self._is_past(self._edge):
            msg = f"The list goes on past row {self._paging.furthest}, which is as far as this provider can be asked."
            raise SourceTooLarge(msg)
        blocks = [self._block_at(self._edge)]
        if self._edge % size == 0:
            starts = range(self._edge + size, self._expected(), size)
            blocks += [Block(start, size) for start in starts if not self._is_past(start)]
        if self._length and self._edge == 0 and not self._paging.counted:
            blocks.append(self._proof(self._length))
        probes = self._probing if not self._asked else ()
        fresh = {block.start: block for block in blocks if block.start not in self._asked}
        self._asked |= fresh
        return [*fresh.values(), *probes]

    def _proof(self, length: int) -> Block:
        """The read that is empty if the list is still as long as it was."""
        size = self._size
        return Block(ceil(length / size) * size if self._paging.aligned else length, size)

    def _is_past(self, start: int) -> bool:
        return self._paging.furthest is not None and start > self._paging.furthest

    def _expected(self) -> int:
        """Where the rows may end: at the claimed total (after a full last block one more proves it), else read ahead."""
        if self._total is None:
            return max(self._edge + self._ahead * self._size, self._length or 0)
        return min(self._total, ROWS_AT_MOST) + 1

    def _block_at(self, start: int) -> Block:
        """A block that begins exactly at ``start``: a list of pages is asked with a size that divides it."""
        size = self._size
        if self._paging.aligned and start % size:
            size = next(part for part in range(size, 0, -1) if start % part == 0)
        return Block(start, size)

    def result(self) -> Drained:
        """What was read, once the end is proven."""
        if self._total is not None and self._total != self._sent:
            self._drift["total differs from the rows"] = None
        assert self._as_of is not None
        return Drained(
            rows=tuple(self._rows.values()),
            sent=self._sent,
            skipped=self._skipped,
            total=self._total,
            as_of=self._as_of,
            drift=tuple(self._drift),
        )
