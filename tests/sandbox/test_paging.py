"""The lies that pages tell, at each of the three providers that page."""

from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any, TypeAlias

import pytest

from tests.sandbox.caller import Caller

Page: TypeAlias = Callable[[int, int], Coroutine[Any, Any, list[Any]]]
PROVIDERS = ["webex", "cloudlx", "callgear"]


def pager(caller: Caller, provider: str) -> Page:
    """Return a function that asks for the page with an index from 0 and a size."""

    async def page(index: int, size: int) -> list[Any]:
        start = str(index * size)
        match provider:
            case "webex":
                reply = await caller.webex({"start": start, "max": str(size)})
            case "cloudlx":
                reply = await caller.cloudlx({"page": str(index + 1), "max_per_page": str(size)})
            case _:
                reply = await caller.callgear({"offset": int(start), "limit": size})
        return reply.rows(provider)

    return page


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_page_cap(caller: Caller, provider: str) -> None:
    """A cap clamps the size silently; page numbers then count in capped pages, offsets in rows."""
    page = pager(caller, provider)
    whole = await page(0, 200)
    await caller.turn(provider, page_cap=20)
    assert await page(0, 50) == whole[:20]
    assert await page(1, 50) == (whole[20:40] if provider == "cloudlx" else whole[50:70])


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_short_pages(caller: Caller, provider: str) -> None:
    """Short pages lack rows at their end although more follow; the last page is whole, and none is empty."""
    page = pager(caller, provider)
    whole = await page(0, 100)
    await caller.turn(provider, short_pages=3)
    assert await page(0, 100) == whole[:97]
    last = {"webex": 3, "cloudlx": 11, "callgear": 59}[provider]
    assert len(await page(last, 100)) == 100
    await caller.turn(provider, short_pages=1000)
    assert await page(0, 100) == whole[:1]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_last_page_again(caller: Caller, provider: str) -> None:
    """Past the end the last page can come again instead of an empty one."""
    page = pager(caller, provider)
    total = {"webex": 400, "cloudlx": 1200, "callgear": 6000}[provider]
    last = total // 150
    assert await page(last + 5, 150) == []
    await caller.turn(provider, repeat_last_page=True)
    assert await page(last + 5, 150) == await page(last if total % 150 else last - 1, 150) != []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_same_page_for_ever(caller: Caller, provider: str) -> None:
    """The place asked for can be ignored."""
    page = pager(caller, provider)
    first = await page(0, 10)
    await caller.turn(provider, repeat_page=True)
    assert await page(3, 10) == first


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_ignored_limit(caller: Caller, provider: str) -> None:
    """The size asked for can be ignored: all rows come."""
    page = pager(caller, provider)
    await caller.turn(provider, ignore_limit=True)
    assert len(await page(0, 10)) == {"webex": 400, "cloudlx": 1200, "callgear": 6000}[provider]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_an_ignored_filter(caller: Caller, provider: str) -> None:
    """The filter can be ignored: what was asked for is not what comes."""
    await caller.turn(provider, ignore_filter=True)
    match provider:
        case "webex":
            reply = await caller.webex({"phoneNumber": "+12056350001"})
        case "cloudlx":
            reply = await caller.cloudlx({"search": "1245123456"})
        case _:
            reply = await caller.callgear({"filter": {"field": "category", "operator": "=", "value": "gold"}})
    assert len(reply.rows(provider)) >= 50


@pytest.mark.parametrize("provider", ["8x8", *PROVIDERS])
async def test_churn(caller: Caller, provider: str) -> None:
    """Churn inserts, deletes and alters between two reads; what is always there stays, and numbers stay unique."""
    await caller.turn(provider, churn=0)
    before = (await caller.read(provider)).rows(provider)
    assert (await caller.read(provider)).rows(provider) == before
    await caller.turn(provider, churn=300)
    after = [(await caller.read(provider)).rows(provider) for _ in range(4)]
    assert all(earlier != later for earlier, later in pairwise([before, *after]))
    key = {"8x8": "msisdn", "webex": "phoneNumber", "cloudlx": "uuid", "callgear": "phone_number"}[provider]
    numbers = [row[key] for row in after[-1]]
    assert len(set(numbers)) == len(numbers)
