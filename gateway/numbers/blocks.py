"""What is asked of a list, and what comes back: blocks and listings."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from gateway.numbers.model import Number


class Block(Struct, frozen=True):
    """``size`` rows from row ``start`` on, counted from 0.

    Normal reading uses the aligned grid, where ``start`` is a multiple of ``size``: callers with different page
    sizes then share what was read, and a list that knows only pages can be asked (``page = index + 1``).
    """

    start: int
    size: int

    @property
    def index(self) -> int:
        """Which run of ``size`` rows an aligned block is, counted from 0."""
        return self.start // self.size


class Part(Struct, frozen=True):
    """The question for one block of a source's list; ``descending`` sorts it by number, None leaves it as it is."""

    source: str
    block: Block
    descending: bool | None = None


class Paging(Struct, frozen=True, kw_only=True):
    """How one source's list can be read.

    ``size``: rows asked for at once. ``whole``: the list has no pages, one answer holds everything.
    ``aligned``: only starts that are multiples of the size can be asked. ``ahead``: blocks asked at once while
    nothing is known of the length. ``counted``: the stated total is documented to count all matching rows.
    ``probed``: no total is stated, so that small reads go out with the first one to prove a short list's end.
    ``sorts``: it can be asked in the order of its numbers. ``furthest``: the last start that may be asked, None for no bound.
    """

    size: int
    whole: bool = False
    aligned: bool = False
    ahead: int = 1
    counted: bool = False
    probed: bool = False
    sorts: bool = False
    furthest: int | None = None


class Listing(Struct, frozen=True, kw_only=True):
    """What a source answered for one block.

    ``rows`` are the readable ones, in the source's order; ``sent`` counts every row of the answer, ``skipped``
    the unreadable ones and ``holes`` says where they stood, counted from 0. ``total`` is the source's own count of all matching rows, None when it states none.
    ``as_of`` is when the answer arrived. ``drift`` names what was not as documented, without any row's data.
    ``stale``: the provider did not answer and this is an older copy.
    """

    rows: tuple[Number, ...]
    sent: int
    as_of: datetime
    total: int | None = None
    skipped: int = 0
    drift: tuple[str, ...] = ()
    stale: bool = False
    holes: tuple[int, ...] = ()

    @property
    def weight(self) -> int:
        """Rows held; what it costs to keep."""
        return len(self.rows) + 1

    @property
    def negative(self) -> bool:
        """An empty block is a full answer."""
        return False

    def held_to(self, size: int) -> "Listing":
        """The answer without what goes beyond the rows that were asked for: doubled ones, then those behind."""
        if self.sent <= size:
            return self
        rows = tuple({number.e164: number for number in self.rows}.values())[:size]
        return replace(self, rows=rows, sent=len(rows), skipped=0, holes=())

    def placed(self, start: int, since: int = 0) -> Iterator[tuple[int, Number]]:
        """The rows from ``since`` on with their offsets in the source, ``start`` being that of the first row sent."""
        skipped = max(0, since - start)
        if not self.holes:
            return zip(range(start + skipped, start + self.sent), islice(self.rows, skipped, None), strict=False)
        places = (place for place in range(start, start + self.sent) if place - start not in self.holes)
        return ((place, number) for place, number in zip(places, self.rows, strict=False) if place >= since)
