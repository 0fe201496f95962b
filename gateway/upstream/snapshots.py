"""What a whole list becomes where a block or a window is wanted."""

from datetime import datetime

from msgspec.structs import replace

from gateway.errors import UNLISTED, SourceMisconfigured
from gateway.numbers.blocks import Listing
from gateway.numbers.merge import Snapshot
from gateway.numbers.model import stale_copy
from gateway.numbers.windows import Window


def awaiting(now: datetime) -> Snapshot:
    """A source that has no list: only its events can tell what it holds."""
    return Snapshot(rows=(), as_of=now, sent=0, awaiting=True)


def marked(window: Window) -> Window:
    """The window with its stale sources' rows marked as such."""
    stale = {read.source for read in window.reads if read.stale}
    if not stale:
        return window
    rows = (stale_copy(number) if number.origin.source in stale else number for number in window.numbers)
    return replace(window, numbers=tuple(rows))


def as_listing(whole: Snapshot) -> Listing:
    """A list that has no pages, as its one block.

    Raises:
        SourceMisconfigured: there is no list, and what events told is not everything.
    """
    if whole.awaiting:
        msg = "There is no list, and its events have not told everything yet."
        raise SourceMisconfigured(msg, reason=UNLISTED)
    skipped = whole.skipped
    return Listing(
        rows=whole.rows,
        sent=len(whole.rows) + skipped,
        as_of=whole.as_of,
        total=len(whole.rows) + skipped,
        skipped=skipped,
        drift=whole.drift,
        stale=whole.stale,
        holes=tuple(range(len(whole.rows), len(whole.rows) + skipped)),
    )
