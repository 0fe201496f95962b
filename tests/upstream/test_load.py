"""Many at once: one that hangs is paid for once, equal questions are one, leavers take nobody along, tokens end midway."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from gateway.errors import SourceCircuitOpen, SourceError, SourceTimeout
from gateway.numbers.cursor import Place
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.schema.context import Rooms
from gateway.upstream.client import HttpTransport
from gateway.upstream.events import FIRST_SECONDS, PATIENCE_SECONDS
from tests.clocks import WatchedClock
from tests.conftest import PATIENCE, OpenRooms, Simulators, errand
from tests.contract.truth import held, table_of

NAMES = {"8x8": "voice_sg", "webex": "dallas", "cloudlx": "epsilon", "callgear": "market"}
EXCHANGING = {"dallas_refreshed": "webex", "epsilon": "cloudlx", "market_login": "callgear"}
"""Sources that exchange credentials for a token, and their providers."""
FIRST = Range(first=5)


async def errors(rooms: Rooms) -> dict[str, SourceError | None]:
    """What a page of all sources says of each."""
    window = await rooms.inventory.window(
        Search(), FIRST, list(rooms.callers), errand(clock=rooms.clock), counted=False
    )
    return {read.source: read.error for read in window.reads}


def sockets(rooms: Rooms) -> int:
    """Connections that are in use."""
    transport = next(iter(rooms.callers.values()))._transport
    assert isinstance(transport, HttpTransport)
    assert transport._session.connector is not None
    return len(transport._session.connector._acquired)


@pytest.mark.parametrize("provider", NAMES)
async def test_one_of_four_hangs(sandbox: Simulators, rooms: OpenRooms, provider: str) -> None:
    """It has its time, in at most ten calls, and is then left alone: nobody asks it and nobody waits, and the others are well."""
    name, clock = NAMES[provider], WatchedClock()
    tables = {one: {**table_of(sandbox, one), "ttl": 0, "circuit_calls": 5} for one in NAMES.values()}
    opened = await rooms({**tables, name: {**tables[name], "timeout": 0.2, "circuit_pause": 600}}, clock=clock)
    await opened.callers[name].prepare()
    sandbox.turn(provider, hang=True)
    told = [(await errors(opened))[name] for _ in range(5)]
    assert {type(error) for error in told} <= {SourceTimeout, SourceCircuitOpen}
    assert isinstance(told[0], SourceTimeout)
    before = len(sandbox.calls(provider))
    assert before <= 10
    clock.after(60, list).cancel()
    assert clock.waits.pop() == 60, "the clock notices who waits"
    pages = await asyncio.gather(*(errors(opened) for _ in range(20)))
    assert {type(page.pop(name)) for page in pages} == {SourceCircuitOpen}
    assert all(error is None for page in pages for error in page.values())
    assert len(sandbox.calls(provider)) == before
    assert set(clock.waits) <= {FIRST_SECONDS, PATIENCE_SECONDS}, (
        "nothing waits for time to pass but a look at the store"
    )


async def ended(before: set[asyncio.Task[Any]]) -> None:
    """Wait for all tasks that began since then, and for those that they begin."""
    async with asyncio.timeout(PATIENCE):
        for _ in range(10):
            await asyncio.gather(*asyncio.all_tasks() - before, return_exceptions=True)
    assert asyncio.all_tasks() == before


@pytest.mark.timeout(300)
async def test_five_hundred_equal_cold_questions(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Each block of each source is asked for once."""
    opened = await rooms({name: {**table, "timeout": PATIENCE} for name, table in sandbox.sources.items()})
    told = await asyncio.gather(*(errors(opened) for _ in range(500)))
    assert all(page == dict.fromkeys(opened.callers) for page in told)
    asked = Counter(str((entry.path, entry.query, entry.rpc_params)) for entry in sandbox.calls())
    assert set(asked.values()) == {1}


async def test_leavers_take_nobody_along(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Of a thousand who look up a hundred numbers most leave, at any time: the others are answered, and nothing is left over."""
    opened = await rooms({"voice_sg": sandbox.sources["voice_sg"], "epsilon": sandbox.variants["epsilon_token"]})
    before = asyncio.all_tasks()
    sandbox.turn_all(latency=0.02)
    numbers = [
        *held(sandbox.world, sandbox.sources["voice_sg"])[:50],
        *held(sandbox.world, sandbox.sources["epsilon"])[:50],
    ]
    asking = [
        asyncio.create_task(opened.lookups.at(name, [numbers[place % 100]], errand()))
        for place in range(500)
        for name in ("voice_sg", "epsilon")
    ]
    staying, leaving = asking[::10], [task for place, task in enumerate(asking) if place % 10]
    for place, task in enumerate(leaving):
        if place % 30 == 0:
            await asyncio.wait(staying, timeout=0.005)
        task.cancel()
    async with asyncio.timeout(PATIENCE):
        told = await asyncio.gather(*staying)
        await asyncio.gather(*leaving, return_exceptions=True)
    assert not any(isinstance(one, SourceError) for outcomes in told for one in outcomes.values())
    assert sum(task.cancelled() for task in leaving) > 500
    await ended(before)
    assert sockets(opened) == 0


async def test_when_all_leave_the_calls_end(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Nobody waits for a source that hangs any more: its calls are broken off, and their sockets are given back."""
    opened = await rooms()
    before = asyncio.all_tasks()
    sandbox.turn_all(hang=True)
    asking = [asyncio.create_task(errors(opened)) for _ in range(100)]
    while len(sandbox.world.journal.entries) < len(opened.callers):
        await asyncio.wait(asking, timeout=0.01)
    assert sockets(opened) >= len(opened.callers)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    await ended(before)
    assert sockets(opened) == 0
    assert {caller._budget.rate._under_way for caller in opened.callers.values()} == {0}


@pytest.mark.parametrize("name", EXCHANGING)
async def test_tokens_end_in_the_middle_of_walks(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Fifty walks of four pages, and all tokens end before each page: every walk is whole, with one log-in each time."""
    table, provider = table_of(sandbox, name), EXCHANGING[name]
    opened = await rooms({name: {**table, "ttl": 0}})
    truth = sorted(e164[1:] for e164 in held(sandbox.world, table))
    places: dict[int, Place | None] = dict.fromkeys(range(1, 51))
    read: dict[int, list[str]] = {size: [] for size in places}

    async def step(size: int) -> None:
        window = await opened.inventory.window(
            Search(), Range(first=size, after=places[size]), [name], errand(), counted=False
        )
        assert window.complete
        places[size] = window.places[-1]
        read[size] += [number.e164[1:] for number in window.numbers]

    for expiry in range(4):
        sandbox.turn(provider, expire_tokens=True)
        await asyncio.gather(*map(step, places))
        assert sandbox.logins(provider) == 1 + expiry
    assert read == {size: truth[: 4 * size] for size in places}
