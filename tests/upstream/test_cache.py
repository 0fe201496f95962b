"""What was read is kept: one load for a key, whoever asks or leaves; ages and bounds; nothing personal in a key."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec import Struct

from gateway.errors import SourceTimeout, SourceUnavailable
from gateway.upstream.cache import NEGATIVE_SECONDS, BoundedMemory, Cache
from tests.clocks import ManualClock
from tests.conftest import errand


class Thing(Struct, frozen=True):
    """Something to keep."""

    as_of: datetime
    weight: int = 1
    negative: bool = False


class Shelf:
    """Loads things, and counts how often; the door can be shut while a load is under way; ``fails`` fails one load."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.loads = 0
        self.fails: Exception | None = None
        self.door = asyncio.Event()
        self.door.set()

    async def load(self, *, negative: bool = False) -> Thing:
        """One load."""
        self.loads += 1
        await self.door.wait()
        fails, self.fails = self.fails, None
        if fails is not None:
            raise fails
        return Thing(self.clock.now(), negative=negative)


@pytest.fixture
def shelf(clock: ManualClock) -> Shelf:
    """Something to load from."""
    return Shelf(clock)


@pytest.fixture
def cache() -> Cache:
    """An empty cache."""
    return Cache(BoundedMemory())


async def _begun(work: Callable[[], asyncio.Task[Thing]], count: int) -> list[asyncio.Task[Thing]]:
    tasks = [work() for _ in range(count)]
    await asyncio.wait(tasks, timeout=0)
    return tasks


async def test_one_load_for_five_hundred(cache: Cache, shelf: Shelf) -> None:
    """Five hundred who ask at once share one load and the very same record; another key has a load of its own."""
    shelf.door.clear()
    tasks = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 500)
    other = asyncio.create_task(cache.fetch("b", 60, errand(clock=shelf.clock), shelf.load))
    await asyncio.wait([other], timeout=0)
    shelf.door.set()
    things = await asyncio.gather(*tasks)
    assert (len({id(thing) for thing in things}), shelf.loads) == (1, 2)
    assert await other is not things[0]


async def test_whoever_leaves_leaves_alone(cache: Cache, shelf: Shelf) -> None:
    """Neither the one who began a load nor one who joined it takes it along when cancelled; what it brings is kept."""
    shelf.door.clear()
    tasks = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 4)
    for leaving in (tasks[0], tasks[2]):
        leaving.cancel()
    await asyncio.wait([tasks[0], tasks[2]])
    shelf.door.set()
    assert await tasks[1] is await tasks[3]
    assert await cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load) is tasks[1].result()
    assert shelf.loads == 1


@pytest.mark.parametrize("fails", [None, SourceUnavailable("Down.")], ids=["good", "failing"])
async def test_a_load_that_nobody_waits_for_any_more(cache: Cache, shelf: Shelf, fails: Exception | None) -> None:
    """When all have left, the load goes on, and what it brings is there for the next; a failure disturbs nobody."""
    shelf.door.clear()
    shelf.fails = fails
    [only] = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 1)
    only.cancel()
    await asyncio.wait([only])
    shelf.door.set()
    await asyncio.gather(*(flight.task for flight in cache._flights.values()), return_exceptions=True)
    assert (await cache.peek("a", 60, errand(clock=shelf.clock)) is None, shelf.loads) == (fails is not None, 1)


async def test_a_failure_reaches_everyone_and_is_not_kept(cache: Cache, shelf: Shelf) -> None:
    """All who wait are told the same failure; the next who asks starts anew."""
    shelf.fails = failure = SourceUnavailable("Down.")
    shelf.door.clear()
    tasks = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 50)
    shelf.door.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert {id(error) for error in told} == {id(failure)}
    await cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)
    assert shelf.loads == 2


async def test_nobody_waits_past_a_deadline_for_a_load_of_another(cache: Cache, shelf: Shelf) -> None:
    """Who joined a load is told SOURCE_TIMEOUT at its own deadline; the load and its leader are not disturbed."""
    shelf.door.clear()
    [leader] = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 1)
    async with asyncio.timeout(30):
        with pytest.raises(SourceTimeout):
            await cache.fetch("a", 60, errand(0.02, clock=shelf.clock), shelf.load)
    shelf.door.set()
    assert (await leader).weight == shelf.loads == 1


async def test_want_of_time_is_not_passed_on(cache: Cache, shelf: Shelf) -> None:
    """When a load fails because the time of the one who began it is up, those who have time left make another."""
    leading, joining = errand(1, clock=shelf.clock), errand(10, clock=shelf.clock)
    shelf.door.clear()
    shelf.fails = SourceTimeout("The deadline passed.")
    [leader] = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, leading, shelf.load)), 1)
    joined = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, joining, shelf.load)), 20)
    hurried = asyncio.create_task(cache.fetch("a", 60, errand(2, clock=shelf.clock), shelf.load))
    await asyncio.wait([hurried], timeout=0)
    shelf.clock.advance(3)
    shelf.door.set()
    told = await asyncio.gather(leader, hurried, return_exceptions=True)
    assert [type(error) for error in told] == [SourceTimeout, SourceTimeout]
    assert len({id(thing) for thing in await asyncio.gather(*joined)}) == 1
    assert shelf.loads == 2


async def test_who_has_no_time_left_either_makes_no_attempt(cache: Cache, shelf: Shelf) -> None:
    """Whose own time is up as well when a load fails for want of time is told so, and loads nothing."""
    shelf.door.clear()
    shelf.fails = SourceTimeout("The deadline passed.")
    hurried = [errand(seconds, clock=shelf.clock) for seconds in (1, 2, 2)]
    tasks = [asyncio.create_task(cache.fetch("a", 60, work, shelf.load)) for work in hurried]
    await asyncio.wait(tasks, timeout=0)
    shelf.clock.advance(3)
    shelf.door.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert ([type(error) for error in told], shelf.loads) == ([SourceTimeout] * 3, 1)


async def test_shared_and_not_kept(cache: Cache, shelf: Shelf) -> None:
    """What is only shared is loaded once for all who ask at once, and anew for whoever asks later."""
    shelf.door.clear()
    tasks = await _begun(lambda: asyncio.create_task(cache.share("a", errand(clock=shelf.clock), shelf.load)), 20)
    shelf.door.set()
    await asyncio.gather(*tasks)
    await cache.share("a", errand(clock=shelf.clock), shelf.load)
    assert (shelf.loads, await cache.peek("a", 60, errand(clock=shelf.clock))) == (2, None)


@pytest.mark.parametrize(
    ("ttl", "staleness", "negative", "fresh"),
    [
        (60.0, None, False, 60.0),
        (60.0, 10.0, False, 10.0),
        (60.0, 600.0, False, 60.0),
        (60.0, None, True, NEGATIVE_SECONDS),
        (5.0, None, True, 5.0),
        (60.0, 2.0, True, 2.0),
    ],
    ids=["ttl", "staleness", "ttl bounds staleness", "negative", "short ttl", "negative and staleness"],
)
async def test_how_long_a_copy_is_fresh(
    cache: Cache, shelf: Shelf, clock: ManualClock, ttl: float, staleness: float | None, negative: bool, fresh: float
) -> None:
    """A copy is served until the shortest of its source's ttl, the asked staleness and the brief belief in absence."""
    allowed = None if staleness is None else timedelta(seconds=staleness)

    async def ask() -> Thing:
        return await cache.fetch("a", ttl, errand(10, allowed, clock), lambda: shelf.load(negative=negative))

    first = await ask()
    clock.advance(fresh - 0.001)
    assert await ask() is first
    clock.advance(0.001)
    assert await ask() is not first
    assert shelf.loads == 2


@pytest.mark.parametrize(("ttl", "staleness"), [(0.0, None), (60.0, 0.0)], ids=["no ttl", "PT0S"])
async def test_nothing_is_fresh_enough(
    cache: Cache, shelf: Shelf, clock: ManualClock, ttl: float, staleness: float | None
) -> None:
    """With no time allowed every question is asked anew, even at the same moment."""
    allowed = None if staleness is None else timedelta(seconds=staleness)
    for _ in range(3):
        await cache.fetch("a", ttl, errand(10, allowed, clock), shelf.load)
    assert shelf.loads == 3


async def test_closing_stops_what_is_under_way(cache: Cache, shelf: Shelf) -> None:
    """At the end no load is left running."""
    shelf.door.clear()
    tasks = await _begun(lambda: asyncio.create_task(cache.fetch("a", 60, errand(clock=shelf.clock), shelf.load)), 3)
    await cache.close()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert ({type(one) for one in told}, cache._flights) == ({asyncio.CancelledError}, {})


async def _weights(memory: BoundedMemory, clock: ManualClock, **weights: int) -> None:
    for key, weight in weights.items():
        await memory.set(key, Thing(clock.now(), weight))


async def _left(memory: BoundedMemory) -> str:
    return "".join(memory._entries)


async def test_memory_forgets_what_was_longest_unused(clock: ManualClock) -> None:
    """Past the bound the longest unused entry goes first; reading one counts as using it."""
    memory = BoundedMemory(rows=10)
    await _weights(memory, clock, a=4, b=3, c=3)
    await memory.get("a")
    await _weights(memory, clock, d=2)
    assert (await _left(memory), memory.weight) == ("cad", 9)
    await _weights(memory, clock, e=9)
    assert (await _left(memory), memory.weight) == ("e", 9)


async def test_memory_counts_what_is_replaced_and_deleted_once(clock: ManualClock) -> None:
    """Putting a key again replaces its weight, deleting gives it back, and deleting nothing changes nothing."""
    memory = BoundedMemory(rows=10)
    await _weights(memory, clock, a=4)
    await _weights(memory, clock, a=6)
    assert memory.weight == 6
    assert (await memory.delete("a"), await memory.delete("a"), memory.weight) == (1, 0, 0)
    assert await memory.get("a") is None


async def test_memory_does_not_empty_itself_for_a_giant(clock: ManualClock) -> None:
    """An entry heavier than the bound is not kept, and does not drive the others out; its older copy is gone."""
    memory = BoundedMemory(rows=10)
    await _weights(memory, clock, a=4, b=3)
    await _weights(memory, clock, b=11)
    assert (await _left(memory), memory.weight) == ("a", 4)


async def test_memory_is_bounded_whatever_is_put(clock: ManualClock) -> None:
    """Ten thousand keys of an attacker's choosing weigh no more than the bound."""
    memory = BoundedMemory(rows=100)
    for number in range(10_000):
        await memory.set(f"{number}", Thing(clock.now()))
    assert (len(memory._entries), memory.weight) == (100, 100)
