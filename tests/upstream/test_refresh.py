"""Lists read for those who listen: only while somebody does, no more often than they grow old, and once for a doubt."""

import asyncio

import pytest

from gateway.numbers.blocks import Listing
from gateway.numbers.changes import Change
from gateway.numbers.model import Number
from gateway.providers.protocol import Response
from gateway.schema.context import Rooms
from gateway.upstream.refresh import SELDOM_SECONDS, Refresher
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.acme import Acme
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Checks
from tests.upstream.servers import answer, saying
from tests.upstream.servers import listening as listening_on
from tests.upstream.telling import X, event, row


@pytest.fixture
async def opened(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> Rooms:
    """Rooms over the simulators and the 8x8 subaccount without a list."""
    held: Rooms = await rooms({**sandbox.sources, "masking": sandbox.variants["masking"]}, clock=clock)
    return held


def refresher(rooms: Rooms, clock: ManualClock) -> Refresher:
    """What is under test."""
    return Refresher(rooms.callers, rooms.inventory, rooms.events, rooms.hub, clock, 45.0)


async def listening(rooms: Rooms, *names: str) -> asyncio.Task[Change]:
    """Somebody who waits for the next change of these sources."""
    stream = rooms.hub.changes(None, frozenset(names))
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await rooms.events._store.extent()  # asked after the listener's own question, and answered after it
    assert rooms.hub.listened == set(names)
    return waiting


async def test_nobody_listens(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """Then nothing is read."""
    await refresher(opened, clock).refresh()
    assert sandbox.calls() == []


async def test_what_changed_between_two_lists(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """The difference of a list to the one before is what a listener is told, and nothing of sources without listeners."""
    waiting = await listening(opened, "london")
    refreshing = refresher(opened, clock)
    await refreshing.refresh()
    await opened.events.close()  # the first list is written: counting begins there
    known = {number.e164: number for number in await held(opened, clock)}
    calls = len(sandbox.calls())
    await refreshing.refresh()
    assert len(sandbox.calls()) == calls, "its copy is still fresh"
    assert not waiting.done()
    sandbox.turn("webex", churn=30)
    clock.advance(opened.callers["london"].source.settings.ttl)
    await refreshing.refresh()
    assert {entry.provider for entry in sandbox.calls()} == {"webex"}
    async with asyncio.timeout(30):
        await waiting
    for change in await opened.events._store.after(0, 1000):
        assert (change.previous and change.previous.e164) == (change.e164 if change.e164 in known else None)
        known[change.e164] = change.known
        if change.number is None:
            del known[change.e164]
    assert {e164: number.raw_status for e164, number in known.items()} == {
        number.e164: number.raw_status for number in await held(opened, clock)
    }


async def held(rooms: Rooms, clock: ManualClock) -> tuple[Number, ...]:
    """What the copy at hand says that London holds."""
    kept = await rooms.inventory.kept("london", 300, errand(clock=clock))
    assert kept is not None
    return kept.rows


async def test_a_source_that_cannot_be_read(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """It is told nobody, and tried again when its list is due again."""
    sandbox.turn("webex", fault="http_500")
    waiting = await listening(opened, "london", "masking", "voice_sg")
    refreshing = refresher(opened, clock)
    await refreshing.refresh()
    failed = len(sandbox.calls("webex"))
    await refreshing.refresh()
    assert len(sandbox.calls("webex")) == failed > 0
    sandbox.turn("webex", fault=None)
    clock.advance(30)
    await refreshing.refresh()
    assert await held(opened, clock)
    waiting.cancel()


async def test_running(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """A doubt sets it off at once."""
    running = asyncio.create_task(refresher(opened, clock).run())
    await opened.events.receive("voice_sg", event(row(X)))
    async with asyncio.timeout(30):
        while not sandbox.calls("8x8") or await opened.events.doubts("voice_sg"):
            await asyncio.to_thread(lambda: None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_doubt(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """Events that do not add up have the list read once, and at most every now and then."""
    refreshing = refresher(opened, clock)
    await opened.events.receive("voice_sg", event(row(X)))
    assert (opened.events.doubted, opened.events.doubt.is_set()) == ({"voice_sg"}, True)
    await refreshing.refresh()
    assert len(sandbox.calls()) == 1
    assert not opened.events.doubted
    assert not await opened.events.doubts("voice_sg")
    await opened.events.receive("voice_sg", event(row("+651"), total=2))
    await refreshing.refresh()
    assert (len(sandbox.calls()), opened.events.doubted) == (1, {"voice_sg"})
    clock.advance(SELDOM_SECONDS)
    await refreshing.refresh()
    assert (len(sandbox.calls()), opened.events.doubted) == (2, set())


async def test_a_source_that_has_no_list_at_all(rig: OpenRig, clock: ManualClock) -> None:
    """There is nothing to read, whoever listens."""
    made = rig(Checks, "http://127.0.0.1:1", clock)
    stream = made.stored.hub.changes(None, frozenset({"depot"}))
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await made.stored.store.extent()
    assert made.stored.hub.listened == {"depot"}
    callers = {"depot": made.caller}
    await Refresher(callers, made.inventory, made.stored.events, made.stored.hub, clock, 45.0).refresh()
    assert made.caller.state == "UNKNOWN"
    waiting.cancel()


class Faulty(Acme):
    """Its adapter has a fault."""

    def read(self, response: Response) -> Listing:
        """Never comes to it."""
        raise ZeroDivisionError(response.status)


async def test_a_fault_of_one_source_ends_nothing(
    rig: OpenRig, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """What nobody foresaw in the reading of one source is logged; it does not end the reading of all for good."""
    async with listening_on(saying(answer())) as wire:
        made = rig(Faulty, wire.url, clock)
        made.stored.events.doubted.add("depot")
        await Refresher(
            {"depot": made.caller}, made.inventory, made.stored.events, made.stored.hub, clock, 45.0
        ).refresh()
    assert ("depot" in caplog.text, "ZeroDivisionError" in caplog.text, len(wire.heard)) == (True, True, 1)
