"""What was read is kept: how long it is fresh, when it is refreshed, what stands in after a failure, what is forgotten."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from gateway.errors import SourceAuthFailed, SourceError, SourceForbidden, SourceTimeout, SourceUnavailable
from gateway.numbers.merge import Snapshot
from gateway.upstream.cache import NEGATIVE_SECONDS, Cache
from gateway.upstream.cache_memory import SOFT, SPREAD
from gateway.upstream.errand import Errand
from gateway.upstream.keys import number_key, scope_of
from tests.clocks import ManualClock
from tests.conftest import errand
from tests.upstream.shelf import DEPOT, LIST, ONE, OTHER, STALE, TTL, Shelf, Thing, begun, fetching, turns


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
    first = await cache.fetch("a", ttl, errand(10, allowed, clock), partial(shelf.load, negative=negative))
    clock.advance(fresh - 0.001)
    assert await cache.peek("a", ttl, errand(10, allowed, clock)) is first
    clock.advance(0.001)
    assert await cache.peek("a", ttl, errand(10, allowed, clock)) is None


@pytest.mark.parametrize(("ttl", "staleness"), [(0.0, None), (60.0, 0.0)], ids=["no ttl", "PT0S"])
async def test_nothing_is_fresh_enough(
    cache: Cache, shelf: Shelf, clock: ManualClock, ttl: float, staleness: float | None
) -> None:
    """With no time allowed every question is asked anew, even at the same moment."""
    allowed = None if staleness is None else timedelta(seconds=staleness)
    for _ in range(3):
        await cache.fetch("a", ttl, errand(10, allowed, clock), shelf.load)
    assert shelf.loads == 3


async def test_who_joins_a_load_knows_how_long_it_is_fresh(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """Whether there is something or nothing, and however many wait."""
    works = [errand(10, clock=clock) for _ in range(4)]
    told = zip("aabb", works, (False, False, True, True), strict=True)
    await asyncio.gather(*(cache.fetch(key, TTL, work, partial(shelf.load, negative=no)) for key, work, no in told))
    ends = [clock.now() + timedelta(seconds=seconds) for seconds in (TTL, TTL, NEGATIVE_SECONDS, NEGATIVE_SECONDS)]
    assert [work.until for work in works] == ends
    assert shelf.loads == 2


async def test_many_ask_once(cache: Cache, shelf: Shelf) -> None:
    """Fifty who fetch at once, and those who ask later, cost one load and are given the very same record."""
    shelf.door.clear()
    tasks = await begun(partial(fetching, cache, shelf), 50)
    shelf.door.set()
    things = [*await asyncio.gather(*tasks), await fetching(cache, shelf)]
    assert (len({id(thing) for thing in things}), shelf.loads) == (1, 1)


async def test_a_late_answer_is_kept(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """What arrives after its asker's deadline is there for the next one."""
    shelf.door.clear()
    async with asyncio.timeout(30):
        with pytest.raises(SourceTimeout):
            await cache.fetch(LIST, TTL, errand(0.02, clock=clock), shelf.load)
    shelf.door.set()
    await turns()
    assert await cache.peek(LIST, TTL, shelf.errand()) is not None


async def test_nobody_joins_what_is_too_old_for_it(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """A load that brings what was heard before somebody asked serves that one only within its staleness."""
    copy = Thing(clock.now())

    async def load(own: Errand) -> Thing:
        loaded = await shelf.load(own)
        return copy if shelf.loads == 1 else loaded

    shelf.door.clear()
    first = await begun(lambda: cache.fetch(LIST, TTL, shelf.errand(), load))
    clock.advance(30)
    strict = await begun(lambda: cache.fetch(LIST, TTL, errand(45, timedelta(seconds=20), clock), load))
    lax = await begun(lambda: cache.fetch(LIST, TTL, errand(45, timedelta(seconds=40), clock), load))
    shelf.door.set()
    things = await asyncio.gather(*first, *strict, *lax)
    assert ([thing is copy for thing in things], shelf.loads) == ([True, False, True], 2)


async def test_what_is_put_there_is_there(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """What somebody puts there is found as long as it is new enough."""
    await cache.keep("documents/text/1", thing := Thing(clock.now()))
    assert await cache.peek("documents/text/1", TTL, shelf.errand()) is thing
    clock.advance(TTL)
    assert await cache.peek("documents/text/1", TTL, shelf.errand()) is None


async def test_a_copy_in_use_is_refreshed(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """Shortly before its end the old copy is served at once and a new one fetched, once; then that one is served."""
    old = await fetching(cache, shelf)
    clock.advance(TTL * SOFT - 0.001)
    assert await fetching(cache, shelf) is old
    await turns()
    assert shelf.loads == 1
    clock.advance(TTL * SPREAD + 0.001)
    shelf.door.clear()
    assert [await fetching(cache, shelf) for _ in range(5)] == [old] * 5
    await turns()
    assert shelf.loads == 2
    shelf.door.set()
    await turns()
    assert (await fetching(cache, shelf)).as_of == clock.now()
    assert shelf.loads == 2


async def test_a_refresh_that_fails_is_not_tried_again(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """A failed refresh leaves the copy fresh to its end and is not repeated; behind that the next asker loads."""
    old = await fetching(cache, shelf)
    clock.advance(TTL * (SOFT + SPREAD))
    shelf.fails = SourceUnavailable("Down.")
    for _ in range(3):
        assert await fetching(cache, shelf) is old
        await turns()
    assert shelf.loads == 2
    clock.advance(TTL)
    assert await fetching(cache, shelf) is not old
    assert shelf.loads == 3


async def test_copies_of_one_moment_are_not_refreshed_in_one(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """Of a hundred keys loaded together some are refreshed early, some late, and all within the spread."""
    keys = [f"depot/whole/{number}" for number in range(100)]
    for key in keys:
        await fetching(cache, shelf, key)
    refreshed = []
    for part in (SOFT, SPREAD / 2, SPREAD / 2):
        clock.advance(TTL * part)
        for key in keys:
            await fetching(cache, shelf, key)
        await turns()
        refreshed.append(shelf.loads - 100)
    assert refreshed[0] < 10
    assert 25 < refreshed[1] < 75
    assert refreshed[2] == 100


@pytest.mark.parametrize(
    ("age", "staleness", "served"),
    [(TTL, None, True), (STALE - 1, None, True), (STALE, None, False), (TTL, TTL + 1, True), (50.0, 50.0, False)],
    ids=["just expired", "long ago", "too long ago", "within staleness", "beyond staleness"],
)
async def test_an_old_copy_stands_in(
    cache: Cache, shelf: Shelf, clock: ManualClock, age: float, staleness: float | None, served: bool
) -> None:
    """After a failure the old copy is served, marked, with its time: no older than the error ttl and the staleness."""
    old = await fetching(cache, shelf)
    clock.advance(age)
    for _ in range(2):
        shelf.fails = SourceUnavailable("Down.")
        told = (await asyncio.gather(fetching(cache, shelf, staleness=staleness), return_exceptions=True))[0]
        assert (told == Thing(old.as_of, stale=True)) is served
        assert isinstance(told, SourceUnavailable) is not served
    assert (await fetching(cache, shelf, staleness=staleness)).stale is False
    assert shelf.loads == 4


@pytest.mark.parametrize("error", [SourceAuthFailed("No."), SourceForbidden("No.")], ids=lambda error: error.code)
async def test_a_refusal_is_not_covered_up(cache: Cache, shelf: Shelf, clock: ManualClock, error: SourceError) -> None:
    """A failure that somebody must mend is told as it is."""
    await fetching(cache, shelf)
    clock.advance(TTL)
    shelf.fails = error
    with pytest.raises(type(error)):
        await fetching(cache, shelf)


async def test_an_old_absence_is_not_believed(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """That there was no such number does not stand in for what the source says now, and nothing does when all is new."""
    shelf.fails = SourceUnavailable("Down.")
    with pytest.raises(SourceUnavailable):
        await fetching(cache, shelf)
    for ttl in (TTL, 5.0):
        asking = partial(cache.fetch, "a", ttl, shelf.errand(), partial(shelf.load, negative=True), stale_ttl=STALE)
        await asking()
        clock.advance(min(ttl, NEGATIVE_SECONDS))
        shelf.fails = SourceUnavailable("Down.")
        with pytest.raises(SourceUnavailable):
            await asking()


async def test_many_at_once(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """Things of one source are put and looked for together; what is too old for the errand is not among them."""
    keys = [number_key(DEPOT, number) for number in (ONE, OTHER)]
    mark = await cache.mark(scope_of(DEPOT))
    await cache.keep_many({keys[0]: (old := Thing(clock.now()))}, mark, TTL)
    clock.advance(10)
    await cache.keep_many({keys[1]: (new := Thing(clock.now()))}, mark, TTL)
    assert await cache.peek_many(keys, TTL, shelf.errand()) == [old, new]
    assert await cache.peek_many(keys, TTL, errand(10, timedelta(seconds=5), clock)) == [None, new]
    assert await cache.peek_many([], TTL, shelf.errand()) == []


async def test_what_is_made_of_a_copy_is_made_once(cache: Cache, shelf: Shelf, clock: ManualClock) -> None:
    """What is made of what is kept is made once a name and a copy, also of a copy that is marked stale."""
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    def of(held: Snapshot, name: str) -> object:
        return cache.made(LIST, held.rows, name, make)

    async def held(**failing: SourceError) -> Snapshot:
        shelf.fails = failing.get("error")
        return await cache.fetch(LIST, TTL, shelf.errand(), shelf.load_list, stale_ttl=STALE)

    first = of(await held(), "up")
    assert of(await held(), "up") is first
    assert of(await held(), "down") is not first
    clock.advance(TTL)
    [old] = await asyncio.gather(held(error=SourceUnavailable("Down.")))
    assert old.stale
    assert of(old, "up") is first
    await cache.forget(DEPOT)
    assert of(Snapshot(rows=(), as_of=clock.now(), sent=0), "up") is not first
    assert len(made) == 3


async def test_closing_stops_what_is_under_way(cache: Cache, shelf: Shelf) -> None:
    """At the end no load is left running."""
    shelf.door.clear()
    tasks = await begun(partial(fetching, cache, shelf), 3)
    await cache.close()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(one) for one in told} == {asyncio.CancelledError}
