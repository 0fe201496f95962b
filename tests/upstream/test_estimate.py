"""Estimates of calls: what each way of asking may take, from what is known of a source and what is at hand."""

import pytest

from gateway.numbers.e164 import CountryCode
from gateway.numbers.filters import Filter
from gateway.numbers.search import Order, OrderField, Search
from gateway.numbers.windows import Range
from gateway.upstream.estimate import UNREAD_ROWS
from tests.conftest import OpenRooms, errand

PAGE = Range(first=10)
IN_OWN_ORDER = Order(field=OrderField.SOURCE)


async def test_a_list_that_was_read_is_known_better(rooms: OpenRooms) -> None:
    """Never read, it is taken to be long; then its length is known; and while it is at hand it costs nothing."""
    opened = await rooms()

    async def reckoned() -> int:
        return await opened.estimates.listing("epsilon", Search(), PAGE, errand(), counted=True)

    unread = await reckoned()
    assert unread > UNREAD_ROWS / 200
    await opened.inventory.snapshot("epsilon", Search(), errand())
    assert await reckoned() == 0
    filtered = Search(wanted=Filter(countries=(CountryCode("GB"),)), order=IN_OWN_ORDER)
    assert 0 < await opened.estimates.listing("epsilon", filtered, PAGE, errand(), counted=False) < unread


async def test_the_cheap_order_costs_its_page(rooms: OpenRooms) -> None:
    """Counting needs the whole list; a list without pages is one call; backwards the whole is read."""
    opened = await rooms()
    search = Search(order=IN_OWN_ORDER)

    async def reckoned(name: str, span: Range, *, counted: bool) -> int:
        return await opened.estimates.listing(name, search, span, errand(), counted=counted)

    page = await reckoned("epsilon", PAGE, counted=False)
    whole = await reckoned("epsilon", Range(last=10), counted=False)
    assert page < whole
    assert await reckoned("epsilon", PAGE, counted=True) == page + whole
    assert await reckoned("voice_sg", PAGE, counted=False) == 1


async def test_a_provider_without_a_list_costs_nothing_to_list(rooms: OpenRooms) -> None:
    """It is asked number by number alone."""
    opened = await rooms()
    opened.callers["voice_sg"].lists = None
    assert await opened.estimates.listing("voice_sg", Search(), PAGE, errand(), counted=True) == 0
    assert opened.estimates.looking_up("voice_sg", 500) == 500


@pytest.mark.parametrize("name", ["dallas", "epsilon", "london", "market", "voice_sg"])
async def test_more_numbers_never_cost_less(rooms: OpenRooms, name: str) -> None:
    """Although a few may be asked one by one and many in one list."""
    estimates = (await rooms()).estimates
    costs = [estimates.looking_up(name, count) for count in range(600)]
    assert costs == sorted(costs)
    assert costs[0] == 0


async def test_a_rate_bounds_what_can_be_asked(rooms: OpenRooms) -> None:
    """A minute's calls at once, and what the time until the deadline adds."""
    estimates = (await rooms()).estimates
    assert estimates.most("london", 30) == 900
