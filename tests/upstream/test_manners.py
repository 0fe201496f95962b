"""A source is asked again seldom, left alone when it is down, waited for in a fair order, and never past a deadline."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import (
    SourceAuthFailed,
    SourceBadAnswer,
    SourceCircuitOpen,
    SourceError,
    SourceMisconfigured,
    SourceRateLimited,
    SourceTimeout,
    SourceUnavailable,
)
from gateway.numbers.search import Search
from gateway.upstream.budget import Budget
from gateway.upstream.circuit import State
from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import Errand, Priority
from gateway.upstream.rate import MINUTE, Rate
from gateway.upstream.retries import FIRST_WAIT, Retries
from tests.clocks import ManualClock
from tests.conftest import PATIENCE, errand
from tests.contract.acme import Acme
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Rig
from tests.upstream.servers import Heard, answer, listening, saying
from tests.upstream.test_policy import GOOD, ask

DOWN = answer(status=503)


async def outcome(rig: Rig, work: Errand | None = None) -> object:
    """What asking once comes to, an error as a value."""
    return (await asyncio.gather(ask(rig, work), return_exceptions=True))[0]


async def test_asked_again(rig: OpenRig) -> None:
    """Two failures that can pass are mended by two retries, all of them counted; a third failure is told."""
    async with listening(saying(DOWN, DOWN, GOOD, DOWN)) as wire:
        depot, work = rig(Acme, wire.url, retries=2, timeout=30), errand()
        assert (await ask(depot, work)).sent == 1
        assert (work.calls["depot"], len(wire.heard)) == (3, 3)
        with pytest.raises(SourceUnavailable):
            await ask(depot)
        assert len(wire.heard) < 6, "what was saved at first is used up"


async def test_a_tenth_more_calls(rig: OpenRig) -> None:
    """A source that always fails hears at most a tenth more than it is asked, and three."""
    async with listening(saying(DOWN)) as wire:
        depot = rig(Acme, wire.url, retries=2, timeout=30)
        for _ in range(40):
            assert isinstance(await outcome(depot), SourceUnavailable)
        assert 40 + 3 <= len(wire.heard) <= 1.1 * 40 + 3


@given(done=st.integers(0, 1), left=st.floats(0.0, 2.0), wait_ms=st.none() | st.integers(0, 1500))
def test_the_wait_before_a_retry(done: int, left: float, wait_ms: int | None) -> None:
    """It is what the provider asked for and a jitter that doubles; one that does not fit into the time is no retry."""
    error = SourceUnavailable("down", retry_after_ms=wait_ms)
    wait = Retries(2, random.Random(7)).wait(done, error, left)  # noqa: S311 - a test, the same each time
    least = (wait_ms or 0) / 1000
    if wait is not None:
        assert least <= wait <= min(left, least + FIRST_WAIT * 2**done)
    else:
        assert left <= least + FIRST_WAIT * 2**done


@pytest.mark.parametrize("kind", [SourceAuthFailed, SourceMisconfigured, SourceTimeout, SourceCircuitOpen])
def test_what_is_not_asked_again(kind: type[SourceError]) -> None:
    """Not what asking cannot mend, nor what has had its time, nor what is to be spared; and not a third time."""
    assert Retries(2).wait(0, kind("no"), 60.0) is None
    assert Retries(2).wait(2, SourceBadAnswer("nonsense"), 60.0) is None


async def test_the_wait_that_was_asked_for_is_kept(rig: OpenRig, clock: ManualClock) -> None:
    """After Retry-After nobody is let through before its time: they are told the same, with what is left of the wait."""
    async with listening(saying(answer(status=503, headers={"retry-after": "30"}), GOOD)) as wire:
        depot = rig(Acme, wire.url, clock, retries=2)
        assert isinstance(await outcome(depot, errand(20, clock=clock)), SourceUnavailable)
        clock.advance(10)
        told = await outcome(depot, errand(19, clock=clock))
        assert isinstance(told, SourceUnavailable)
        assert (told.retry_after_ms, len(wire.heard)) == (20_000, 1)
        waiting = asyncio.ensure_future(ask(depot, errand(21, clock=clock)))
        await asyncio.wait([waiting], timeout=0)
        clock.advance(20)
        assert (await waiting).sent == 1


async def test_left_alone_and_tried_again(rig: OpenRig, clock: ManualClock) -> None:
    """After five failures nobody asks: it is said at once, with the wait; then one probe, and all is well again."""
    async with listening(saying(*[DOWN] * 6, GOOD)) as wire:
        depot = rig(Acme, wire.url, clock, circuit_calls=5, circuit_pause=5)
        work = [await outcome(depot, errand(clock=clock)) for _ in range(6)]
        assert isinstance(work[5], SourceCircuitOpen)
        assert (work[5].retry_after_ms, len(wire.heard), depot.caller.state) == (5000, 5, "DOWN")
        for pause in (5, 10):
            clock.advance(pause)
            told = await asyncio.gather(*(outcome(depot, errand(clock=clock)) for _ in range(4)))
            assert sum(isinstance(one, SourceCircuitOpen) for one in told) == 3, "one probe, and no more"
        assert (depot.caller._circuit.state, len(wire.heard)) == (State.CLOSED, 7)
        assert (await ask(depot, errand(clock=clock))).sent == 1
        assert depot.caller.state == "UP"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429])
async def test_refusals_open_nothing(rig: OpenRig, status: int) -> None:
    """Somebody who refuses is there: the circuit stays closed."""
    async with listening(saying(answer(status=status))) as wire:
        depot = rig(Acme, wire.url, circuit_calls=1)
        for _ in range(3):
            assert not isinstance(await outcome(depot), SourceCircuitOpen)
        assert len(wire.heard) == 3


async def hang(heard: Heard, _: asyncio.StreamWriter) -> None:
    """Never answer."""
    await heard.rest.read()


async def test_leaving_and_haste_open_nothing(rig: OpenRig) -> None:
    """Neither a caller who leaves nor one who had little time speaks against the source; its own time run out does."""
    async with listening(hang) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, circuit_calls=1, timeout=1)
        leaving = asyncio.ensure_future(ask(depot))
        while not wire.heard:
            await asyncio.wait([leaving], timeout=0.01)
        leaving.cancel()
        await asyncio.wait([leaving])
        assert isinstance(await outcome(depot, errand(0.3)), SourceTimeout)
        assert depot.caller._circuit.state is State.CLOSED
        assert isinstance(await outcome(depot), SourceTimeout)
        assert isinstance(await outcome(depot), SourceCircuitOpen)


async def test_leaving_when_the_time_is_nearly_over_speaks_against_a_source(rig: OpenRig, clock: ManualClock) -> None:
    """A page gives up on all its blocks when the first has timed out: the others were no faster."""
    async with listening(hang) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, clock, circuit_calls=1, timeout=30)
        for passed, state in ((20, State.CLOSED), (25, State.OPEN)):
            leaving, before = asyncio.ensure_future(ask(depot, errand(clock=clock))), len(wire.heard)
            while len(wire.heard) == before:
                await asyncio.wait([leaving], timeout=0.01)
            clock.advance(passed)
            leaving.cancel()
            await asyncio.wait([leaving])
            assert depot.caller._circuit.state is state


def test_any_minute_has_no_more_calls() -> None:
    """Three times too many calls for two minutes: in no minute, wherever it begins, more leave than are allowed."""
    rate, left_at = Rate(30), [-MINUTE]
    for now in (tick / 4 for tick in range(480)):
        if rate.opens_at(now) <= now:
            rate.take(now)
            rate.end(now)
            left_at.append(now)
    assert max(sum(at <= other < at + MINUTE for other in left_at) for at in left_at) == 30
    assert len(left_at) == 1 + 60


async def test_turns_are_fair(rig: OpenRig, clock: ManualClock) -> None:
    """One client's crowd does not stand before another's few, and both before what nobody waits for."""
    order: list[str] = []
    async with listening(saying(GOOD)) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, clock, calls_per_minute=1, concurrency=1)
        await ask(depot, errand(clock=clock))

        async def queue(client: str, priority: Priority) -> None:
            end = clock.monotonic() + 10 * MINUTE
            await ask(depot, Errand(clock, end, client=client, priority=priority))
            order.append(client)

        ranks = [("pre", Priority.PREFETCH), ("young", Priority.REFRESH)]
        crowd = [*ranks, *[("many", Priority.LOOKUP)] * 3, *[("few", Priority.LOOKUP)] * 2]
        tasks = [asyncio.ensure_future(queue(*one)) for one in crowd]
        await asyncio.wait(tasks, timeout=0)
        for served in range(len(crowd)):
            clock.advance(MINUTE)
            while len(order) <= served:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=0.01)
        await asyncio.gather(*tasks)
    assert order == ["many", "few", "many", "few", "many", "young", "pre"]


async def test_no_turn_is_said_as_soon_as_it_is_known(rig: OpenRig, clock: ManualClock) -> None:
    """A wait that is longer than the time left is refused at once, with its length."""
    async with listening(saying(GOOD)) as wire:
        depot = rig(Acme, wire.url, clock, calls_per_minute=1)
        await ask(depot, errand(clock=clock))
        clock.advance(15)
        told = await outcome(depot, errand(10, clock=clock))
        assert isinstance(told, SourceRateLimited)
        assert told.retry_after_ms == 45_000


async def test_a_leaver_in_the_queue_disturbs_nobody(rig: OpenRig, clock: ManualClock) -> None:
    """Who leaves while waiting, or just as the turn comes, gives it to the next."""
    async with listening(saying(GOOD)) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, clock, calls_per_minute=1)
        await ask(depot, errand(clock=clock))
        tasks = [asyncio.ensure_future(ask(depot, errand(120, clock=clock))) for _ in range(4)]
        await asyncio.wait(tasks, timeout=0)
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        clock.advance(MINUTE)
        tasks[1].cancel()
        tasks[2].cancel()
        assert (await tasks[3]).sent == 1
        await asyncio.wait(tasks)
        assert [task.cancelled() for task in tasks] == [True, True, True, False]
        assert len(wire.heard) == 2


async def test_a_turn_that_was_given_is_kept(rig: OpenRig, clock: ManualClock) -> None:
    """Whose time runs out just after the turn was given has it; the next is not let in before it ends."""
    async with listening(saying(GOOD)) as wire, asyncio.timeout(PATIENCE):
        budget = Budget(rig(Acme, wire.url, calls_per_minute=1).source, clock)
        async with budget.turn(errand(clock=clock), 1):
            pass

        async def take() -> float:
            async with budget.turn(errand(clock=clock), MINUTE + 1):
                return clock.monotonic()

        waiting = asyncio.ensure_future(take())
        await asyncio.wait([waiting], timeout=0)
        clock.advance(MINUTE + 1)
        assert await waiting == clock.monotonic()


async def test_who_cannot_wait_that_long_is_told_as_soon_as_it_is_known(rig: OpenRig, clock: ManualClock) -> None:
    """While the one call of a minute is under way nobody knows when the next may leave; once it is over, all do."""
    async with listening(saying(GOOD)) as wire, asyncio.timeout(PATIENCE):
        budget = Budget(rig(Acme, wire.url, calls_per_minute=1).source, clock)

        async def take(seconds: float) -> None:
            async with budget.turn(errand(clock=clock), seconds):
                pass

        async with budget.turn(errand(clock=clock), 1):
            hasty, patient = (asyncio.ensure_future(take(seconds)) for seconds in (MINUTE - 1, MINUTE + 1))
            await asyncio.wait([hasty, patient], timeout=0)
        with pytest.raises(SourceRateLimited) as told:
            await hasty
        assert told.value.retry_after_ms == MINUTE * 1000
        clock.advance(MINUTE)
        await patient


async def test_who_queues_while_the_circuit_opens(rig: OpenRig) -> None:
    """Whoever waited for a turn when the source was found to be down is told so, and asks no more."""
    async with listening(saying(DOWN)) as wire:
        depot = rig(Acme, wire.url, concurrency=1, circuit_calls=1)
        told = await asyncio.gather(*(outcome(depot) for _ in range(3)))
        assert [type(one) for one in told] == [SourceUnavailable, SourceCircuitOpen, SourceCircuitOpen]
        assert len(wire.heard) == 1


async def test_who_waits_through_the_cache_is_told_so(rig: OpenRig) -> None:
    """At its deadline, while the load itself still waits behind a slow call: no turn, not that the source was slow."""
    release = asyncio.Event()

    async def held(_: Heard, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(GOOD)

    async with listening(held) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, concurrency=1, timeout=30)
        slow = asyncio.ensure_future(ask(depot))
        await asyncio.wait([slow], timeout=0)
        with pytest.raises(SourceRateLimited) as told:
            await depot.inventory.snapshot("depot", Search(), errand(0.2))
        assert told.value.retry_after_ms == 30_000
        release.set()
        assert (await slow).sent == 1


async def test_a_retry_that_has_no_turn(rig: OpenRig) -> None:
    """Where the rate leaves no room for the retry, what the source said is told."""
    async with listening(saying(DOWN, GOOD)) as wire:
        depot = rig(Acme, wire.url, SystemClock(), retries=2, calls_per_minute=1)
        assert isinstance(await outcome(depot), SourceUnavailable)
        assert len(wire.heard) == 1
