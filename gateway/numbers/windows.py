"""One page of the merged list, and the account of every source: what both orders of reading return."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from gateway.errors import SourceError
from gateway.numbers.cursor import Place
from gateway.numbers.model import Number


class Range(Struct, frozen=True, kw_only=True):
    """Which part of the merged list is wanted: ``first`` or ``last`` rows strictly between two places."""

    first: int | None = None
    last: int | None = None
    after: Place | None = None
    before: Place | None = None


class Gap(Struct, frozen=True):
    """The open range of places that an answer lacks; None is an open end."""

    after: Place | None
    before: Place | None


class Read(Struct, frozen=True, kw_only=True):
    """What one source gave to a window.

    ``rows_read`` counts the rows its answers held for this page, ``rows_skipped`` the unreadable ones among them,
    ``rows_kept`` the ones on the page. ``total``: matching rows in the whole source, None when not counted.
    ``stale``: an old copy stood in. ``awaiting``: nothing is known of the source yet.
    """

    source: str
    rows_read: int = 0
    rows_kept: int = 0
    rows_skipped: int = 0
    total: int | None = None
    as_of: datetime | None = None
    stale: bool = False
    awaiting: bool = False
    remarks: tuple[str, ...] = ()
    error: SourceError | None = None
    gap: Gap | None = None


class Window(Struct, frozen=True, kw_only=True):
    """The rows of one page, each with its place, and the account of every asked source.

    ``end`` is where the next page begins when that is not behind the last row: a filter that keeps little was
    read up to there. ``total`` is exact, or None when it was not counted or some source cannot tell.
    """

    numbers: tuple[Number, ...]
    places: Sequence[Place]
    has_next: bool
    has_previous: bool
    total: int | None
    complete: bool
    reads: tuple[Read, ...]
    end: Place | None = None
