"""What was gathered from one list so far, however it is read, and what a whole reading returns."""

from datetime import datetime

from msgspec import Struct

from gateway.errors import SourceTooLarge
from gateway.numbers.blocks import Listing
from gateway.numbers.e164 import E164
from gateway.numbers.model import Availability, Number

ROWS_AT_MOST = 500_000
"""A list longer than this is not held: about 150 MB of numbers."""

AHEAD_AT_MOST = 8
"""Blocks asked at once while nothing is known of the length."""

BELIEVED = 4
"""How many times as many rows as were read a claimed total is believed: a wrong one may not use up the source's budget."""


class Drained(Struct, frozen=True, kw_only=True):
    """Everything a list held, in the source's order, each number once.

    ``total`` is what the source claimed last; ``sent`` counts the rows it has and ``skipped`` the unreadable ones;
    ``as_of`` is the arrival of the oldest answer; ``drift`` names what was not as documented or claimed.
    """

    rows: tuple[Number, ...]
    sent: int
    skipped: int
    total: int | None
    as_of: datetime
    drift: tuple[str, ...]


class Gathered:
    """The rows, each number once. ``total`` is what the source claimed last."""

    def __init__(self) -> None:
        self.rows: dict[E164, Number] = {}
        self.total: int | None = None
        self._skipped = 0
        self._as_of: datetime | None = None
        self._drift: dict[str, None] = {}

    def remark(self, *words: str) -> None:
        """Note what was not as documented or claimed."""
        self._drift.update(dict.fromkeys(words))

    def note(self, page: Listing) -> None:
        """Take from an answer what does not depend on where its rows stand."""
        self.total = self.total if page.total is None else page.total
        self.remark(*page.drift)

    def claimed(self, edge: int, size: int) -> int | None:
        """Up to which row blocks may be asked ahead by the claimed total; None where there is none."""
        if self.total is None:
            return None
        return min(self.total, ROWS_AT_MOST, max(BELIEVED * edge, edge + AHEAD_AT_MOST * size))

    def keep(self, page: Listing, *, again: int = 0) -> bool:
        """Keep a page's rows, a living one rather than one that was released; whether any of them is new.

        So many of its rows, from its start on, were on the page before ``again``.
        """
        self._as_of = page.as_of if self._as_of is None else min(self._as_of, page.as_of)
        self._skipped += page.skipped - sum(place < again for place in page.holes)
        before = len(self.rows)
        for number in page.rows:
            held = self.rows.get(number.e164)
            if held is None or held.availability is Availability.RELEASED:
                self.rows[number.e164] = number
        return len(self.rows) > before

    def drained(self, sent: int) -> Drained:
        """The whole list, which has so many rows."""
        assert self._as_of is not None
        return Drained(
            rows=tuple(self.rows.values()),
            sent=sent,
            skipped=self._skipped,
            total=self.total,
            as_of=self._as_of,
            drift=tuple(self._drift),
        )


def check_reach(edge: int, *, past: bool) -> None:
    """Whether the row at ``edge`` can be asked for and held.

    Raises:
        SourceTooLarge: it cannot.
    """
    if past:
        msg = f"The list goes on past row {edge}, which is as far as this provider can be asked; narrow the filter."
        raise SourceTooLarge(msg)
    if edge > ROWS_AT_MOST:
        msg = f"The list is longer than the {ROWS_AT_MOST} rows that are held at most; narrow the filter."
        raise SourceTooLarge(msg)
