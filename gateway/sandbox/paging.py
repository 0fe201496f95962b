"""How a list is cut into pages, truly or with the lies of the paging knobs."""

from collections.abc import Sequence

from gateway.sandbox.exchange import Row
from gateway.sandbox.knobs import PagingKnobs


def page_size(asked: int, knobs: PagingKnobs) -> int:
    """Return the page size after the silent cap."""
    return asked if knobs.page_cap is None else min(asked, knobs.page_cap)


def page(rows: Sequence[Row], start: int, size: int, knobs: PagingKnobs) -> list[Row]:
    """Return the rows from `start` on, `size` of them at most."""
    if knobs.repeat_page:
        start = 0
    elif knobs.repeat_last_page and start >= len(rows):
        start = max(0, (len(rows) - 1) // size * size)
    if knobs.ignore_limit:
        return list(rows[start:])
    chosen = list(rows[start : start + size])
    if knobs.short_pages and start + size < len(rows):
        del chosen[max(1, len(chosen) - knobs.short_pages) :]
    return chosen
