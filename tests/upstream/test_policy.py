"""How one source is asked: so many at once, so many a minute, so long; and what is said of how it is doing."""

import asyncio
import gc
from collections.abc import Awaitable

import pytest

from gateway.errors import (
    AllSourcesFailed,
    SourceBadAnswer,
    SourceError,
    SourceMisconfigured,
    SourceRateLimited,
    SourceTimeout,
    SourceUnavailable,
)
from gateway.numbers.blocks import Block, Listing
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.providers.protocol import Response
from gateway.telemetry import Retried
from gateway.upstream.errand import Errand
from gateway.upstream.retries import FIRST_WAIT
from tests.clocks import ManualClock
from tests.conftest import PATIENCE, errand
from tests.contract.acme import Acme
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Rig, Unlisted, page
from tests.upstream.servers import Heard, Respond, answer, listening, saying

GOOD = answer(page(["+44201"]))


def ask(rig: Rig, work: Errand | None = None) -> Awaitable[Listing]:
    """The first block of the list."""
    source = rig.caller.lists
    assert source is not None
    return rig.caller.ask(source.ask(Block(0, 10), EVERYTHING), source.read, work or errand())


class Counter:
    """A server's handler that lets calls go only once ``enough`` have arrived, and knows how many were there at once."""

    def __init__(self, enough: int) -> None:
        self.most = 0
        self._there = 0
        self._gate = asyncio.Barrier(enough)

    async def __call__(self, _: Heard, writer: asyncio.StreamWriter) -> None:
        """Answer when the others have come."""
        self._there += 1
        self.most = max(self.most, self._there)
        await self._gate.wait()
        self._there -= 1
        writer.write(GOOD)


async def test_so_many_at_once(rig: OpenRig) -> None:
    """With ``concurrency = 3`` three calls are under way together, and never a fourth."""
    handler = Counter(3)
    async with listening(handler) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, concurrency=3)
        await asyncio.gather(*(ask(depot) for _ in range(12)))
        assert (handler.most, len(wire.heard)) == (3, 12)


async def test_so_many_a_minute(rig: OpenRig) -> None:
    """With ``calls_per_minute = 2`` the third call waits for its turn until the deadline, and is told why it had none."""
    async with listening(saying(GOOD)) as wire:
        depot = rig(Acme, wire.url, calls_per_minute=2)
        work = errand(0.5)
        told = await asyncio.gather(*(ask(depot, work) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in told) == ["Listing", "Listing", "SourceRateLimited"]
    assert len(wire.heard) == 2
    assert work.calls == {"depot": 2}, "a call that never left is not counted"


async def test_a_list_that_had_no_turn(rig: OpenRig) -> None:
    """A list whose next block had no turn before the deadline says so, and does not blame the source for being slow."""
    async with listening(saying(GOOD)) as wire:
        depot = rig(Acme, wire.url, calls_per_minute=1, block_size=1)
        with pytest.raises(SourceRateLimited):
            await depot.inventory.snapshot("depot", Search(), errand(0.4))
        window = depot.inventory.window(Search(), Range(), ["depot"], errand(0.4), counted=False)
        with pytest.raises(AllSourcesFailed) as told:
            await window
    assert isinstance(told.value.failures["depot"], SourceRateLimited)


def _held_until(release: asyncio.Event) -> Respond:
    async def respond(_: Heard, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(GOOD)

    return respond


async def test_waiting_costs_nothing(rig: OpenRig) -> None:
    """Who gives up waiting behind a slow call has used up nothing of the minute, and the slow one is not disturbed."""
    release = asyncio.Event()
    async with listening(_held_until(release)) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, concurrency=1, calls_per_minute=3)
        first = asyncio.ensure_future(ask(depot))
        await asyncio.wait([first], timeout=0)
        for _ in range(5):
            with pytest.raises(SourceRateLimited, match="more often"):
                await ask(depot, errand(0.02))
        release.set()
        await first
        await ask(depot)
        await ask(depot)
        assert len(wire.heard) == 3


async def test_slots_come_back(rig: OpenRig) -> None:
    """Calls that fail, time out or are cancelled give their slot back."""
    hang = asyncio.Event()
    left = [b"", answer(status=500)]

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        if left:
            await saying(left.pop())(heard, writer)
        else:
            await _held_until(hang)(heard, writer)

    async with listening(respond) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, concurrency=1, timeout=0.6)
        for error in (SourceUnavailable, SourceUnavailable, SourceTimeout):
            with pytest.raises(error):
                await ask(depot)
        leaving = asyncio.ensure_future(ask(depot))
        waiting = asyncio.ensure_future(ask(depot))
        await asyncio.wait([leaving, waiting], timeout=0)
        leaving.cancel()
        waiting.cancel()
        await asyncio.wait([leaving, waiting])
        hang.set()
        assert (await ask(depot)).sent == 1


@pytest.mark.parametrize(("own", "left"), [(0.3, 45.0), (45.0, 0.3)], ids=["its own time", "the deadline"])
async def test_the_shorter_time_counts(rig: OpenRig, own: float, left: float) -> None:
    """A call has the source's own time, but no more than what is left of the request's."""
    async with listening(_held_until(asyncio.Event())) as wire, asyncio.timeout(PATIENCE):
        with pytest.raises(SourceTimeout, match=r"within 0\.[123]"):
            await ask(rig(Acme, wire.url, timeout=own), errand(left))


async def test_too_late_to_ask(rig: OpenRig) -> None:
    """Behind the deadline nobody is asked any more."""
    async with listening(saying(GOOD)) as wire:
        work = errand(-1)
        with pytest.raises(SourceTimeout, match="before the source could be asked"):
            await ask(rig(Acme, wire.url), work)
    assert (wire.heard, work.calls) == ([], {})


async def test_state_is_what_was_heard_last(rig: OpenRig) -> None:
    """A source is UNKNOWN until it is asked, DOWN while it never answered, then UP, and DEGRADED when it stops."""
    async with listening(saying(answer(status=503), GOOD, answer(status=503), GOOD)) as wire:
        depot = rig(Acme, wire.url)
        states = [depot.caller.state]
        for _ in range(4):
            await asyncio.gather(ask(depot), return_exceptions=True)
            states.append(depot.caller.state)
    assert states == ["UNKNOWN", "DOWN", "UP", "DEGRADED", "UP"]


async def test_a_failure_holds_no_answer(rig: OpenRig, clock: ManualClock) -> None:
    """An answer that could not be read is let go before the question is asked again, and what is told does not lead to it."""
    async with listening(saying(answer("nonsense"))) as wire:
        depot = rig(Acme, wire.url, clock, retries=1)
        asking = asyncio.ensure_future(ask(depot, errand(clock=clock)))
        while not any(isinstance(fact, Retried) for fact in depot.facts):  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
        gc.collect()
        assert not any(isinstance(held, Response) for held in gc.get_objects())
        clock.advance(FIRST_WAIT)
        with pytest.raises(SourceBadAnswer) as told:
            await asking
        assert told.value.__cause__ is None or told.value.__cause__.__traceback__ is None
        assert [frame.name for frame in told.traceback] == ["test_a_failure_holds_no_answer"]


async def test_having_no_list_is_an_answer(rig: OpenRig) -> None:
    """A source that says that it has no list is not down: it can be asked number by number."""
    async with listening(saying(answer(status=404), answer(status=503))) as wire:
        depot = rig(Unlisted, wire.url)
        with pytest.raises(SourceMisconfigured):
            await ask(depot)
        assert depot.caller.state == "UP"
        with pytest.raises(SourceError):
            await ask(depot)
        assert depot.caller.state == "DEGRADED"
