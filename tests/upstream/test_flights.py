"""One load for a key, whoever asks or leaves: shared, told to all, ended by the last to leave, and finished when late."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from gateway.errors import SourceRateLimited, SourceTimeout, SourceUnavailable
from gateway.upstream.errand import Errand
from gateway.upstream.flights import Flights
from tests.conftest import errand
from tests.garbage import searching
from tests.upstream.shelf import Shelf, Thing, begun, turns

LONG = 60.0


@pytest.fixture
def flights() -> Flights:
    """No load under way."""
    return Flights(LONG)


def asking(
    flights: Flights, shelf: Shelf, key: str = "a", mark: int = 0, work: Errand | None = None
) -> Callable[[], Coroutine[Any, Any, Thing]]:
    """A way to ask for a key."""
    return partial(flights.share, key, mark, work or shelf.errand(), shelf.load)


async def test_one_load_for_five_hundred(flights: Flights, shelf: Shelf) -> None:
    """Five hundred who ask at once share one load and the very same record; another key has a load of its own."""
    shelf.door.clear()
    tasks = await begun(asking(flights, shelf), 500)
    [other] = await begun(asking(flights, shelf, "b"))
    shelf.door.set()
    things = await asyncio.gather(*tasks)
    assert (len({id(thing) for thing in things}), shelf.loads) == (1, 2)
    assert await other is not things[0]


async def test_what_landed_is_over(flights: Flights, shelf: Shelf) -> None:
    """Whoever asks after a load has ended begins another; nothing is kept here."""
    first = await asking(flights, shelf)()
    assert await asking(flights, shelf)() is not first
    assert (shelf.loads, flights._latest, flights._tasks) == (2, {}, set())


async def test_whoever_leaves_leaves_alone(flights: Flights, shelf: Shelf) -> None:
    """Neither the one who began a load nor one who joined it takes it along when cancelled."""
    shelf.door.clear()
    tasks = await begun(asking(flights, shelf), 4)
    for leaving in (tasks[0], tasks[2]):
        leaving.cancel()
    await asyncio.wait([tasks[0], tasks[2]])
    shelf.door.set()
    assert await tasks[1] is await tasks[3]
    assert shelf.loads == 1


async def test_the_last_to_leave_ends_it(flights: Flights, shelf: Shelf) -> None:
    """When all who waited are cancelled the load is, and whoever comes in that moment begins another."""
    shelf.door.clear()
    tasks = await begun(asking(flights, shelf), 3)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    [late] = await begun(asking(flights, shelf))
    await turns()
    assert (shelf.loads, shelf.ended) == (2, 1)
    shelf.door.set()
    assert isinstance(await late, Thing)


async def test_a_load_that_failed_just_now_is_not_joined(flights: Flights, shelf: Shelf) -> None:
    """Whoever comes between its failure and the word of it, with more time than it had, begins another: once, not for ever."""
    shelf.door.clear()
    [hasty] = await begun(asking(flights, shelf, work=shelf.errand(1)))
    shelf.clock.advance(LONG + 1)
    shelf.fails = SourceTimeout("Late.")
    shelf.door.set()
    patient = asyncio.create_task(asking(flights, shelf, work=shelf.errand(10 * LONG))())  # right behind the load
    assert isinstance(await patient, Thing)
    with pytest.raises(SourceTimeout):
        await hasty
    assert shelf.loads == 2


async def test_a_load_that_landed_just_now_is_not_joined(flights: Flights, shelf: Shelf) -> None:
    """Whoever comes between its end and the word of it is not given, once more, what may be too old for them."""
    shelf.door.clear()
    [first] = await begun(asking(flights, shelf))
    shelf.door.set()
    late = asyncio.create_task(asking(flights, shelf)())  # right behind the load
    assert await late is not await first
    assert shelf.loads == 2


async def test_a_dying_load_is_not_joined(flights: Flights, shelf: Shelf) -> None:
    """A load that takes a while to end after it was cancelled is nobody's any more."""
    [first] = await begun(lambda: flights.share("a", 0, shelf.errand(), _stubborn))
    first.cancel()
    await asyncio.wait([first])
    assert isinstance(await asking(flights, shelf)(), Thing)
    await flights.close()


async def _stubborn(_: Errand) -> Thing:
    try:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # it never comes
    except asyncio.CancelledError:
        return await asyncio.Event().wait()  # type: ignore[return-value]  # as above


async def test_a_failure_reaches_each_once(flights: Flights, shelf: Shelf) -> None:
    """All who wait are told the same failure; the next who asks starts anew."""
    shelf.fails = failure = SourceUnavailable("Down.")
    shelf.door.clear()
    tasks = await begun(asking(flights, shelf), 50)
    shelf.door.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert {id(error) for error in told} == {id(failure)}
    await asking(flights, shelf)()
    assert shelf.loads == 2


@pytest.mark.parametrize("fails", [None, SourceUnavailable("Down.")], ids=["good", "failing"])
async def test_a_late_answer_is_waited_for(flights: Flights, shelf: Shelf, fails: Exception | None) -> None:
    """At its deadline an asker is told SOURCE_TIMEOUT; the load goes on to its end, and a failure disturbs nobody."""
    shelf.door.clear()
    shelf.fails = fails
    async with asyncio.timeout(30):
        with pytest.raises(SourceTimeout):
            await asking(flights, shelf, work=errand(0.02, clock=shelf.clock))()
    assert (shelf.ended, len(flights._tasks)) == (0, 1)
    shelf.door.set()
    await turns()
    assert (shelf.ended, flights._tasks) == (1, set())


async def test_a_deadline_that_comes_as_a_cancellation(flights: Flights, shelf: Shelf) -> None:
    """Who is cancelled because the deadline has passed does not end the load either."""
    shelf.door.clear()
    [only] = await begun(asking(flights, shelf, work=shelf.errand(5)))
    shelf.clock.advance(6)
    only.cancel()
    await asyncio.wait([only])
    await turns()
    assert (shelf.ended, len(flights._tasks)) == (0, 1)
    await flights.close()


async def test_a_load_has_time_of_its_own(flights: Flights, shelf: Shelf) -> None:
    """It may take as long as its asker or as every load, whichever is longer; its calls are counted for the asker."""
    hurried, patient = shelf.errand(1), shelf.errand(100)
    await asking(flights, shelf, "a", work=hurried)()
    await asking(flights, shelf, "b", work=patient)()
    assert [own.remaining() for own in shelf.errands] == [LONG, 100.0]
    assert [own.calls is work.calls for own, work in zip(shelf.errands, (hurried, patient), strict=True)] == [True] * 2


async def test_want_of_time_is_not_passed_on(flights: Flights, shelf: Shelf) -> None:
    """When a load fails because its time is up, those who have time left make one more, together."""
    shelf.door.clear()
    shelf.fails = SourceTimeout("The deadline passed.")
    [leader] = await begun(asking(flights, shelf, work=shelf.errand(1)))
    shelf.clock.advance(1)
    joined = await begun(asking(flights, shelf, work=shelf.errand(100)), 20)
    [hurried] = await begun(asking(flights, shelf, work=shelf.errand(LONG)))
    leader.cancel()
    shelf.clock.advance(LONG)
    shelf.door.set()
    assert isinstance((await asyncio.gather(hurried, return_exceptions=True))[0], SourceTimeout)
    assert len({id(thing) for thing in await asyncio.gather(*joined)}) == 1
    assert shelf.loads == 2


async def test_who_waits_for_a_turn_is_told_so(flights: Flights, shelf: Shelf) -> None:
    """At the deadline an asker is told what the load waited for at that moment."""

    async def queued(own: Errand) -> Thing:
        with own.waiting(lambda: SourceRateLimited("It may not be asked more often.", retry_after_ms=700)):
            await shelf.door.wait()
        return await shelf.load(own)

    shelf.door.clear()
    async with asyncio.timeout(30):
        with pytest.raises(SourceRateLimited) as told:
            await flights.share("a", 0, errand(0.02, clock=shelf.clock), queued)
    assert told.value.retry_after_ms == 700
    shelf.door.set()
    await turns()
    assert shelf.errands[0].overdue().code == "SOURCE_TIMEOUT"


async def test_what_was_forgotten_is_not_joined(flights: Flights, shelf: Shelf) -> None:
    """Under another mark another load begins; each ends with its own, in whichever order they land."""
    shelf.door.clear()
    [before] = await begun(asking(flights, shelf, mark=0))
    [after] = await begun(asking(flights, shelf, mark=1))
    assert shelf.loads == 2
    shelf.door.set()
    assert await before is not await after
    shelf.door.clear()
    [before] = await begun(asking(flights, shelf, mark=0))
    [after] = await begun(asking(flights, shelf, mark=1))
    before.cancel()
    await turns()
    [joined] = await begun(asking(flights, shelf, mark=1))
    shelf.door.set()
    assert await joined is await after
    await turns()
    assert (flights._latest, flights._tasks) == ({}, set())


async def test_a_refresh_needs_nobody(flights: Flights, shelf: Shelf) -> None:
    """A refresh runs once however often it is begun, with time of its own, takes no copy, and can be joined and left."""
    shelf.door.clear()
    for _ in range(3):
        flights.refresh("a", 0, shelf.errand(1), shelf.load)
    [joined] = await begun(asking(flights, shelf))
    joined.cancel()
    await asyncio.wait([joined])
    own = shelf.errands[0]
    assert (shelf.loads, own.remaining(), own.takes(shelf.clock.now(), 60.0)) == (1, LONG, False)
    shelf.door.set()
    await turns()
    assert (shelf.ended, shelf.loads) == (1, 1)


async def test_closing_stops_what_is_under_way(flights: Flights, shelf: Shelf) -> None:
    """At the end no load is left running, forgotten ones included."""
    shelf.door.clear()
    tasks = [*await begun(asking(flights, shelf, mark=0), 2), *await begun(asking(flights, shelf, mark=1))]
    await flights.close()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert ({type(one) for one in told}, flights._tasks, shelf.ended) == ({asyncio.CancelledError}, set(), 2)


async def test_a_failure_is_gone_once_it_was_told(flights: Flights, shelf: Shelf) -> None:
    """Nothing of a load that failed lies about until garbage is searched for, whoever makes do without it."""
    found: set[str] = set()
    shelf.fails = SourceUnavailable("down")
    with searching(found):
        with suppress(SourceUnavailable):
            await asking(flights, shelf)()
        await turns()
    assert (found, shelf.loads) == (set(), 1)


async def test_a_mistake_shows_its_place(flights: Flights, shelf: Shelf) -> None:
    """What nobody foresaw is told with the frames it went through, for the log."""
    shelf.fails = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError) as told:
        await asking(flights, shelf)()
    assert "load" in [frame.name for frame in told.traceback]
