"""Reading a list block by block from where the last one ended: exact on a list that lies and stands still.

A short page is not the end: Webex clamps ``max`` silently and CallGear has sent short pages. The end is an empty
read, pages that repeat what was read, or a total that was reached by a page shorter than one before it: a first page
that states as many rows as it has may just as well count itself, and be clamped.
"""

from collections.abc import Iterable, Mapping

from gateway.numbers import remarks
from gateway.numbers.blocks import Block, Listing, Paging
from gateway.numbers.e164 import E164
from gateway.numbers.gathered import AHEAD_AT_MOST, Drained, Gathered, check_reach
from gateway.numbers.grid import Grid
from gateway.numbers.probes import Probes

FEW = 8
"""Rows behind a short page that are fewer than one in so many of it may just have come; more show that it was cut."""

REPEATS_AT_MOST = 3
"""Pages in a row without a new number that end a list; one may be an accident of rows that moved."""


class Blockwise:
    """The rows covered so far. ``edge`` is the first row not covered: all before it have been read.

    Goes on with what was answered already, and with what is under way. ``cut_to``: all pages are shorter than asked,
    and no longer than this. ``repeated``: it ended with rows that were read before.
    """

    def __init__(
        self, paging: Paging, answers: Mapping[Block, Listing], under_way: Iterable[Block], probes: Probes | None
    ) -> None:
        self._paging = paging
        self._grid = Grid(paging)
        self._probes = probes
        self._gathered = Gathered()
        self._answers: dict[int, Listing] = {}
        self._asked: dict[int, Block] = {block.start: block for block in (*answers, *under_way)}
        self._first: E164 | None = None
        self._repeats = 0
        self._edge = 0
        self._leapt = 0
        self._largest = 0
        self._ahead = 1
        self.cut_to: int | None = None
        self._short = False
        self.repeated = False
        self.ended = False
        for block, page in answers.items():
            self.take(block, page)

    def take(self, block: Block, listing: Listing) -> None:
        """Keep an answer, then move the edge over everything that is contiguous now."""
        if self._asked.get(block.start) == block:
            self._answers[block.start] = listing
        elif self._probes is not None:
            self._probes.take(block, listing)
        else:
            return
        self._gathered.note(listing)
        if listing.sent > block.size and not self._paging.whole:
            self._gathered.remark(remarks.LIMIT_IGNORED)
        while not (self.ended or self._waits()) and (page := self._answers.pop(self._edge, None)) is not None:
            self._absorb(page, self._asked[self._edge].size)

    def _waits(self) -> bool:
        """Whether the page at the edge is short, and what was asked along with it may prove that it is the last."""
        page = self._answers.get(self._edge)
        if page is None or not 0 < page.sent < self._asked[self._edge].size:
            return False
        if self._paging.aligned:
            follower = self._follower(self._edge + page.sent)
            return follower is not None and follower not in self._answers
        return self._edge == 0 and self._probes is not None and not self._probes.complete

    def _follower(self, end: int) -> int | None:
        """Where the next block begins that was asked behind a page's end."""
        return min((start for start in self._asked if start >= end), default=None)

    def _proven(self, page: Listing, start: int, size: int) -> bool:
        """Whether a page that was just held is the last one."""
        if page.total == self._edge and (page.sent < self._largest or self._is_past(self._edge)):
            return True
        if page.sent >= size:
            return False
        if self._paging.counted:
            return page.total == self._edge
        if self._paging.aligned:
            follower = self._answers.get(self._follower(self._edge) or 0)
            return follower is not None and follower.sent == 0 and page.total == follower.total == self._edge
        return start == 0 and self._probes is not None and self._probes.prove(page)

    def _absorb(self, page: Listing, size: int) -> None:
        new = self._gathered.keep(page)
        if self._paging.whole:
            self._edge, self.ended = page.sent, True
        elif page.sent == 0 or self._is_over(page, new=new):
            self._close_gap()
        else:
            start = self._edge
            self._edge += min(page.sent, size)
            self._ahead = min(2 * self._ahead, AHEAD_AT_MOST)
            if self._is_cut(page, start, new=new):
                self._gathered.remark(remarks.CUT)
                self.cut_to = None if self._paging.aligned or self._largest <= FEW else self._largest
            self._short = page.sent < size
            self.ended = self._proven(page, start, size)
            self._largest = max(self._largest, min(page.sent, size))
            if page.sent < size and self._paging.aligned and not self.ended:
                self._regrid()

    def _is_cut(self, page: Listing, start: int, *, new: bool) -> bool:
        """Whether the page before was shorter than asked for no good reason: more than a few rows stand behind it."""
        return self._short and start > 0 and new and page.sent * FEW >= self._largest

    def _regrid(self) -> None:
        """A list of pages gave fewer rows than asked: it may count its pages in rows of its own.

        No page was longer than the longest one seen, so pages of that size stand where they are thought to. What was
        asked on the old grid may stand elsewhere and is read again; how long the list was once is no guide any more.
        """
        if self._grid.size != self._largest:
            self._grid.size = self._largest
            self._answers.clear()
            self._asked.clear()

    def _is_over(self, page: Listing, *, new: bool) -> bool:
        """Whether the list repeats itself: the same page again, or several that bring nothing new."""
        before, self._first = self._first, page.rows[0].e164 if page.rows else None
        new = new or not page.rows
        self._repeats = 0 if new else self._repeats + 1
        over = not new and (self._first == before or self._repeats >= REPEATS_AT_MOST)
        if over and self._edge != self._gathered.total:
            self._gathered.remark(remarks.REPEATED)
        self.repeated = over
        return over

    def _close_gap(self) -> None:
        """Nothing more at the edge: go on behind a hole if rows were seen there, else this is the end."""
        behind = [start for start, page in self._answers.items() if page.sent and start > self._edge]
        if behind:
            self._leapt += min(behind) - self._edge
            self._edge = min(behind)
        else:
            self.ended = True

    def wants(self) -> list[Block]:
        """The blocks to ask now: the one at the edge, and on the aligned grid as far as rows can be expected.

        Raises:
            SourceTooLarge: the list goes on past what can be asked.
        """
        size = self._grid.size
        check_reach(self._edge, past=self._is_past(self._edge))
        blocks = [self._grid.at(self._edge)]
        if self._edge % size == 0:
            starts = range(self._edge + size, self._expected(), size)
            blocks += [Block(start, size) for start in starts if not self._is_past(start)]
        fresh = {block.start: block for block in blocks if block.start not in self._asked}
        self._asked |= fresh
        return list(fresh.values())

    def _is_past(self, start: int) -> bool:
        return self._paging.furthest is not None and start > self._paging.furthest

    def _expected(self) -> int:
        """Where the rows may end: at the claimed total (after a full last block one more proves it), else read ahead."""
        claimed = self._gathered.claimed(self._edge, self._grid.size)
        return self._edge + self._ahead * self._grid.size if claimed is None else claimed + 1

    def remark(self, words: str) -> None:
        """Note what whoever reads this list's report should know."""
        self._gathered.remark(words)

    def result(self) -> Drained:
        """What was read, once the end is proven."""
        if self._gathered.total not in (None, self._edge - self._leapt):
            self._gathered.remark(remarks.TOTAL_DIFFERS)
        return self._gathered.drained(self._edge)
