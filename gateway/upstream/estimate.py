"""How many upstream calls something may take, told before the first one; never fewer than a sound source will be asked.

What a source does that is not documented (a token that ends early, a question it wants put otherwise, pages that it
cuts short, blocks that are too much for it) comes on top; however that may be, its own rate bounds what it can be asked within a request's deadline.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import ceil

from gateway.numbers import chain_page
from gateway.numbers.blocks import Paging
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.gathered import AHEAD_AT_MOST
from gateway.numbers.search import OrderField, Search
from gateway.numbers.windows import Range
from gateway.upstream.errand import Errand
from gateway.upstream.inventory import Inventory
from gateway.upstream.lookups import SEARCHES_AT_MOST, SINGLES_AT_MOST
from gateway.upstream.policy import Caller
from gateway.upstream.rate import MINUTE

UNREAD_ROWS = 10_000
"""How long a list is taken to be that was never read whole."""

PROBES = 3
"""Reads that prove a list's end, beside those of its rows."""

LAPPED = 1.25
"""Blocks of a list that are read for each that its rows would fill: neighbouring ones overlap, by a ninth at most."""

SEARCH = 1 + AHEAD_AT_MOST + PROBES
"""A narrow search for one number, and the reading to its end when others end alike."""

RESUMING = 16
"""Calls of one page in the sources' own order beside its rows: finding the cursor's number again, and doubling steps."""


class Estimates:
    """Knows what the sources' lists and look-ups may cost."""

    def __init__(self, callers: Mapping[str, Caller], inventory: Inventory) -> None:
        self._callers = callers
        self._inventory = inventory
        self._numbers_at_once = lru_cache(None)(self._capacity)

    def most(self, name: str, seconds: float) -> int:
        """What a source's rate allows within that time, whatever is asked."""
        per_minute: int = self._callers[name].source.settings.calls_per_minute
        return ceil(per_minute * (1 + seconds / MINUTE))

    async def listing(self, name: str, search: Search, span: Range, errand: Errand | None, *, counted: bool) -> int:
        """One page's reading of a source, and of all its rows where they are ``counted``."""
        source = self._callers[name].lists
        if source is None:
            return 0
        in_own_order = search.order.field is OrderField.SOURCE
        whole = 0 if not in_own_order and await self.is_at_hand(name, errand) else self._whole(name, source.paging)
        if not in_own_order:
            return whole
        page = self._page(name, source.paging, search, span) if span.last is None else whole
        return page + (whole if counted else 0)

    async def is_at_hand(self, name: str, errand: Errand | None) -> bool:
        """Whether everything that a source holds is kept, and fresh enough; without an errand nobody looks."""
        if errand is None:
            return False
        source = self._callers[name].source
        kept = await self._inventory.kept(name, source.settings.ttl, errand)
        return kept is not None and not kept.awaiting and not kept.skipped

    def looking_up(self, name: str, count: int) -> int:
        """So many numbers at a source or fewer, of which nothing is at hand; a few can cost more than many."""
        caller = self._callers[name]
        if caller.looks_up_many is not None:
            return 2 * ceil(count / self._numbers_at_once(name))
        single, few = (1, SINGLES_AT_MOST) if caller.looks_up is not None else (SEARCH, SEARCHES_AT_MOST)
        if count <= few or caller.lists is None:
            return single * count
        unlisted = 0 if self._inventory.length(name) is not None else single * count
        return max(single * few, self._whole(name, caller.lists.paging) + unlisted)

    def _capacity(self, name: str) -> int:
        """Numbers of one request."""
        source = self._callers[name].looks_up_many
        assert source is not None
        _, numbers = source.ask_many([E164(f"+1{number:010d}") for number in range(1000)])[0]
        return len(numbers)

    def _whole(self, name: str, paging: Paging) -> int:
        if paging.whole:
            return 1
        length = self._inventory.length(name)
        rows = UNREAD_ROWS if length is None else length
        return ceil(LAPPED * rows / paging.size) + AHEAD_AT_MOST + PROBES

    def _page(self, name: str, paging: Paging, search: Search, span: Range) -> int:
        if paging.whole:
            return 1
        rows = (span.first or 0) + 1
        if search.wanted != EVERYTHING:
            rows += min(chain_page.SCANNED_AT_MOST, self._inventory.length(name) or chain_page.SCANNED_AT_MOST)
        return ceil(rows / paging.size) + RESUMING
