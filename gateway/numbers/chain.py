"""The cheap order: source by source in name order, each in its provider's own order, reading only what a page needs.

A generator like ``merge``: it yields the questions it has now and is sent each answer. A place is a source, an offset
and the digits that stood there. On resuming they are looked for where they were and a little to either side; where
they are gone, the page goes on at the offset and its account says that rows may have been skipped or doubled.
"""

from collections.abc import Generator, Sequence
from itertools import takewhile

from msgspec.structs import replace

from gateway.errors import UNLISTED, AllSourcesFailed, SourceError, forget_frames
from gateway.numbers.blocks import Block, Listing, Paging, Part
from gateway.numbers.chain_page import ChainPage, Stream
from gateway.numbers.cursor import Place
from gateway.numbers.grid import cover
from gateway.numbers.model import stale_copy
from gateway.numbers.remarks import REPEATED
from gateway.numbers.search import Search
from gateway.numbers.windows import Gap, Range, Read, Window

FURTHEST = 2**53
"""An offset behind every row: the end of a source, in a place."""

AHEAD_AT_MOST = 8
"""Blocks asked at once while a filter keeps few rows."""

NEARBY = 50
"""Rows to either side in which a number that moved is looked for, at least."""


Answer = tuple[Part, "Listing | SourceError"]
Blocks = Sequence[tuple[Block, Listing]]


def chain(search: Search, wanted: Range, streams: Sequence[Stream]) -> Generator[Sequence[Part], Answer, Window]:
    """One page forwards.

    Raises:
        AllSourcesFailed: not one of the sources that the page needed could be read.
    """
    page = ChainPage(search, wanted)
    reads: list[Read] = []
    for stream in sorted(streams, key=lambda stream: stream.source, reverse=search.order.descending):
        if page.full or not is_within(stream.source, wanted, search):
            reads.append(Read(source=stream.source))
        else:
            reads.append((yield from _Visit(stream, page, wanted).read()))
    failures = {read.source: read.error for read in reads if read.error is not None}
    if failures and not any(read.as_of or read.awaiting for read in reads):
        raise AllSourcesFailed(failures)
    return page.window(reads)


def is_within(source: str, wanted: Range, search: Search) -> bool:
    """Whether a source lies between the two places."""
    first = source if wanted.after is None else str(wanted.after.key[0])
    last = source if wanted.before is None else str(wanted.before.key[0])
    low, high = (last, first) if search.order.descending else (first, last)
    return low <= source <= high


class _Visit:
    """One source while a page reads it. ``edge`` is the offset of the next row that is wanted."""

    def __init__(self, stream: Stream, page: ChainPage, wanted: Range) -> None:
        self._stream = stream
        self._source = stream.source
        self._paging = stream.paging or Paging(size=1)
        self._listed = stream.paging is not None
        self._page = page
        self._after = wanted.after if wanted.after is not None and wanted.after.key[0] == stream.source else None
        self._before = wanted.before if wanted.before is not None and wanted.before.key[0] == stream.source else None
        self._edge = 0 if self._after is None else int(self._after.key[1]) + 1
        self._limit = FURTHEST if self._before is None else int(self._before.key[1])
        self._total: int | None = None
        self._first: str | None = None
        self._start = 0
        self._seen: set[str] = set()
        self._account = Read(source=stream.source, awaiting=stream.paging is None)

    def read(self) -> Generator[Sequence[Part], Answer, Read]:
        """Read on until the page is full or the source has ended; the account, also of a failure."""
        try:
            if self._listed:
                yield from self._read_on()
        except SourceError as error:
            forget_frames(error)
            return self._failed(error)
        return self._account

    def _read_on(self) -> Generator[Sequence[Part], Answer, None]:
        count, most = self._page.lacking, AHEAD_AT_MOST * self._paging.size
        blocks = yield from self._resume(count)
        ended = self._take(blocks)
        while not (ended or self._page.full or self._edge >= self._limit):
            count = min(2 * count, most)
            blocks = yield from self._fetch(self._edge, self._expected(count))
            ended = self._take(blocks)

    def _resume(self, count: int) -> Generator[Sequence[Part], Answer, Blocks]:
        """The first blocks; after a cursor, with the row before, which must be the cursor's."""
        digits = "" if self._after is None else str(self._after.key[2])
        if not digits:
            return (yield from self._fetch(self._edge, count))
        held = self._edge - 1
        blocks = yield from self._fetch(held, count + 1)
        place = _place_of(digits, blocks, near=held)
        if place is None:
            span = max(NEARBY, *(block.size for block, _ in blocks))
            nearby = yield from self._fetch(max(0, held - span), 2 * span)
            place = _place_of(digits, nearby, near=held)
        if place is None:
            self._remark("rows may have been skipped or doubled: the cursor's number is gone from its place")
            place = held - 1
        self._edge = place + 1
        return blocks

    def _fetch(self, start: int, count: int) -> Generator[Sequence[Part], Answer, Blocks]:
        """Blocks from ``start`` on whose rows stand where they are thought to."""
        blocks = yield from self._ask(cover(start, count, self._paging))
        while (size := _clamp(blocks, start, self._paging)) is not None:
            self._paging = replace(self._paging, size=size)
            blocks = yield from self._ask(cover(start, count, self._paging))
        return blocks

    def _ask(self, blocks: Sequence[Block]) -> Generator[Sequence[Part], Answer, Blocks]:
        """Ask for blocks at once; their answers in the order of the blocks."""
        asks: Sequence[Part] = [Part(self._source, block) for block in blocks]
        answers: dict[Block, Listing] = {}
        while len(answers) < len(blocks):
            part, answer = yield asks
            asks = ()
            if part.source != self._source or part.block not in blocks:
                continue  # asked of a source that has failed meanwhile
            if isinstance(answer, SourceError):
                raise answer
            answers[part.block] = answer if self._paging.whole else answer.held_to(part.block.size)
            self._note(answer)
        return [(block, answers[block]) for block in blocks]

    def _take(self, blocks: Blocks) -> bool:
        """Offer the rows from the edge on, as far as they are contiguous; whether the source has ended."""
        for block, listing in blocks:
            if block.start > self._edge:
                return False
            if listing.sent == 0 or self._repeats(block, listing):
                return True
            self._offer(block, listing)
            if self._paging.whole or (listing.total == self._edge and listing.sent < block.size):
                return True
        return False

    def _offer(self, block: Block, listing: Listing) -> None:
        rows = listing.placed(block.start, self._edge)
        if listing.stale:
            rows = ((offset, stale_copy(number)) for offset, number in rows)
        if self._limit < FURTHEST:
            rows = takewhile(lambda row: row[0] < self._limit, rows)
        self._page.offer(self._stream, rows, self._seen)
        self._edge = max(self._edge, block.start + listing.sent)

    def _repeats(self, block: Block, listing: Listing) -> bool:
        """Whether the source ignores where to start."""
        before, start = self._first, self._start
        self._first, self._start = listing.rows[0].e164 if listing.rows else None, block.start
        if self._first is None or self._first != before or start == block.start:
            return False
        self._remark(REPEATED)
        return True

    def _expected(self, count: int) -> int:
        """Rows worth asking for: up to the claimed total, where there is one."""
        ahead = count if self._total is None else self._total - self._edge
        return min(count, ahead) if ahead > 0 else count

    def _note(self, listing: Listing) -> None:
        self._total = listing.total if listing.total is not None else self._total
        held = self._account
        self._account = replace(
            held,
            rows_read=held.rows_read + listing.sent,
            rows_skipped=held.rows_skipped + listing.skipped,
            stale=held.stale or listing.stale,
            as_of=listing.as_of if held.as_of is None else min(held.as_of, listing.as_of),
            remarks=tuple(dict.fromkeys((*held.remarks, *listing.drift))),
        )

    def _remark(self, words: str) -> None:
        self._account = replace(self._account, remarks=(*self._account.remarks, words))

    def _failed(self, error: SourceError) -> Read:
        if error.reason == UNLISTED:
            return replace(self._account, awaiting=True)
        untouched = self._after is not None and self._account.as_of is None
        after = self._after if untouched else Place((self._source, self._edge - 1, ""))
        before = self._before or Place((self._source, FURTHEST, ""))
        return replace(self._account, error=error, gap=Gap(after, before))


def _clamp(blocks: Blocks, start: int, paging: Paging) -> int | None:
    """The rows to ask for at most, when a source gave fewer than asked and the rows may stand elsewhere; else None.

    A list of pages that clamps counts its pages in its own size; any list that clamps may not reach ``start``.
    """
    if paging.whole:
        return None
    for block, listing in blocks:
        short = listing.sent not in (0, block.size)
        if short and ((paging.aligned and block.index) or block.start + listing.sent <= start):
            return listing.sent
    return None


def _place_of(digits: str, blocks: Blocks, *, near: int) -> int | None:
    """The offset of a number among the rows, the nearest one to where it was, where it mostly still is."""
    there = (next(listing.placed(block.start, near), None) for block, listing in blocks)
    if any(row is not None and row[0] == near and row[1].e164[1:] == digits for row in there):
        return near
    offsets = [
        offset
        for block, listing in blocks
        for offset, number in listing.placed(block.start)
        if number.e164[1:] == digits
    ]
    return min(offsets, key=lambda offset: abs(offset - near), default=None)
