"""Every provider lists exactly what it holds, each number once, in whatever blocks and in whatever order they arrive."""

import asyncio
from random import Random

import pytest

from gateway.numbers.cursor import Place
from gateway.numbers.e164 import E164
from gateway.numbers.search import Order, OrderField, Search
from gateway.numbers.windows import Range, Window
from gateway.providers.protocol import Lists, Request, Response
from gateway.schema.context import Rooms
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.client import HttpTransport, Transport
from gateway.upstream.clock import SystemClock
from gateway.upstream.inventory import Inventory
from gateway.upstream.policy import Caller
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.truth import LISTED, NAMES, ONE_OF_EACH, having, held, made, table_of
from tests.upstream.stores import Stored

EVERYTHING = Range()
CHEAP = Search(order=Order(field=OrderField.SOURCE))


async def whole(rooms: Rooms | Inventory, name: str) -> Window:
    """The whole list in one window, with its total."""
    inventory = rooms.inventory if isinstance(rooms, Rooms) else rooms
    return await inventory.window(Search(), EVERYTHING, [name], errand(), counted=True)


def shown(window: Window) -> list[E164]:
    """The numbers of a window."""
    return [number.e164 for number in window.numbers]


@pytest.mark.parametrize("name", LISTED)
async def test_everything_once(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """The list holds each number of the simulator once and no other, counts them, and is complete."""
    table = table_of(sandbox, name)
    truth = held(sandbox.world, table)
    window = await whole(await rooms({name: table}), name)
    [read] = window.reads
    assert (shown(window), len(set(truth))) == (sorted(truth), len(truth))
    assert (window.total, read.total, read.rows_kept, read.rows_skipped) == (len(truth), len(truth), len(truth), 0)
    assert (window.complete, window.has_next, read.error) == (True, False, None)


@pytest.mark.parametrize("name", LISTED)
async def test_every_number_says_whose_it_is(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Rows bear their provider, their source and that provider's details, and are available as the class promises."""
    source = made(name, table_of(sandbox, name))
    window = (
        await whole(await rooms(), name)
        if name in sandbox.sources
        else await whole(await rooms({name: table_of(sandbox, name)}), name)
    )
    assert {type(number.details) for number in window.numbers} == {source.Details}
    assert {number.identity for number in window.numbers} == {(name, e164) for e164 in shown(window)}
    assert {number.provider for number in window.numbers} == {source.provider}
    assert {number.availability for number in window.numbers} <= source.availabilities


def test_whoever_lists_is_listed_here() -> None:
    """Every source whose class has a list runs through this suite, but the one account that was made without."""
    assert set(having(Lists)) - set(LISTED) == {"masking"}
    assert {NAMES[name] for name in ONE_OF_EACH} == set(NAMES.values())


@pytest.mark.parametrize("name", ONE_OF_EACH)
async def test_page_by_page_in_its_own_order(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Walked in the cheap order, page by page, the list comes in one order and each number once."""
    table = table_of(sandbox, name)
    truth = held(sandbox.world, table)
    size = len(truth) // 5 + 1
    opened = await rooms({name: table})
    walked: list[E164] = []
    after: Place | None = None
    more = True
    while more:
        window = await opened.inventory.window(CHEAP, Range(first=size, after=after), [name], errand(), counted=False)
        walked += shown(window)
        after, more = window.places[-1], window.has_next
    assert (len(walked), set(walked)) == (len(truth), set(truth))
    back = await opened.inventory.window(CHEAP, Range(last=size), [name], errand(), counted=False)
    assert shown(back) == walked[-size:]


@pytest.mark.parametrize("name", [name for name in ONE_OF_EACH if NAMES[name] != "8x8"])
async def test_the_block_size_does_not_matter(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Read in many small blocks the list is the same."""
    table = table_of(sandbox, name)
    truth = held(sandbox.world, table)
    opened = await rooms({name: {**table, "block_size": min(200, len(truth) // 7)}})
    assert shown(await whole(opened, name)) == sorted(truth)
    assert len(sandbox.calls()) >= 7


class Dawdling:
    """A transport that hands answers over in another order than they came in."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._random = Random(7)  # noqa: S311 - an order that can be repeated

    async def send(self, request: Request, seconds: float) -> Response:
        """The answer, after a few turns of the loop of its own."""
        response = await self._transport.send(request, seconds)
        for _ in range(self._random.randrange(20)):
            await asyncio.sleep(0)
        return response


@pytest.mark.parametrize("name", ONE_OF_EACH)
async def test_answers_overtake_one_another(sandbox: Simulators, name: str) -> None:
    """When answers arrive in another order than they were asked for, the list is the same."""
    table = table_of(sandbox, name)
    truth = held(sandbox.world, table)
    clock = SystemClock()
    transport = HttpTransport.open(clock.now)
    block = {} if NAMES[name] == "8x8" else {"block_size": min(100, len(truth) // 12)}
    caller = Caller(made(name, {**table, **block, "concurrency": 32}), Dawdling(transport), clock)
    stored = Stored({name: caller.source}, clock)
    inventory = Inventory({name: caller}, Cache(BoundedMemory()), clock, stored.events)
    assert shown(await whole(inventory, name)) == sorted(truth)
    await stored.close()
    await transport.close()
