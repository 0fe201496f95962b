"""What events told is part of every answer: of a source with a list, of one without, and beside single checks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import UNLISTED, CursorExpired, SourceMisconfigured
from gateway.numbers.blocks import Block, Part
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.merge import Snapshot
from gateway.numbers.search import Order, OrderField, Search
from gateway.sandbox import accounts
from gateway.schema.context import Rooms
from gateway.upstream.database import migrate
from gateway.upstream.events import OTHERS_SECONDS
from gateway.upstream.lookups import Failed, Looked
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators, errand
from tests.upstream.stores import Stored, settled
from tests.upstream.telling import X, Y, eight_by_eight, event, row

OWN, BY_NUMBER = Search(order=Order(field=OrderField.SOURCE)), Search()
LISTLESS, HELD = accounts.SUBACCOUNT_WITHOUT_LIST, "+65123456789"  # a number of the simulator's pool


def listless(*rows: dict[str, object], **more: Any) -> bytes:  # noqa: ANN401 - what ``event`` takes
    """An event of the subaccount that has no list."""
    return event(*rows, account=LISTLESS, **more)


def shown(snapshot: Snapshot) -> dict[str, str | None]:
    """Numbers and their statuses."""
    return {number.e164: number.raw_status for number in snapshot.rows}


async def look_up(rooms: Rooms, name: str, e164: str) -> Looked:
    """What a source is said to hold."""
    outcome = (await rooms.lookups.at(name, [E164(e164)], errand(clock=rooms.clock)))[E164(e164)]
    assert isinstance(outcome, Looked)
    return outcome


async def whole(rooms: Rooms, name: str, search: Search = BY_NUMBER) -> Snapshot:
    """Everything a source is said to hold."""
    return await rooms.inventory.snapshot(name, search, errand(clock=rooms.clock))


@pytest.fixture
async def opened(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> Rooms:
    """Rooms over the simulators' sources, and over the 8x8 subaccount without a list."""
    sources = {**sandbox.sources, "masking": sandbox.variants["masking"]}
    held: Rooms = await rooms(sources, clock=clock)
    return held


async def test_a_list_and_its_events(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """What an event changes, adds and removes is in every order of the list at once, and nobody is asked again for it."""
    before = await whole(opened, "voice_sg")
    calls = len(sandbox.calls())
    clock.advance(60)
    await opened.events.receive("voice_sg", event(row(HELD, 1, "Expiring"), row(X), total=len(before.rows) + 1))
    after = shown(await whole(opened, "voice_sg", OWN))
    assert after == shown(await whole(opened, "voice_sg")) == {**shown(before), HELD: "Expiring", X: "Active"}
    assert [*after][-1] == X, "in the source's own order, what is new comes last"
    ordered = [number.e164 for number in (await whole(opened, "voice_sg")).rows]
    assert ordered == sorted(ordered)
    kept = await opened.inventory.kept("voice_sg", 300, errand(clock=clock))
    assert kept is not None
    assert shown(kept) == after
    clock.advance(60)
    await opened.events.receive("voice_sg", event(row(X, 2), kind="SNAPSHOT"))
    assert shown(await whole(opened, "voice_sg")) == {X: "Active"}
    assert len(sandbox.calls()) == calls
    assert not opened.events.doubted


async def test_what_a_list_repeats_is_not_written_again(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """Within a minute of the last time; what is different is written at once."""

    async def revision(seconds: float) -> int:
        clock.advance(seconds)
        anew = errand(max_staleness=timedelta(0), clock=clock)
        await opened.inventory.snapshot("voice_sg", BY_NUMBER, anew)
        return await settled(opened.events)

    first = await revision(0)
    assert [await revision(20), await revision(20)] == [first, first]
    second = await revision(20)  # it is known anew that this is everything
    sandbox.world.simulators["8x8"].churn(5)
    third = await revision(1)
    await opened.events.receive("voice_sg", event(total=999))
    assert await opened.events.doubts("voice_sg")
    fourth = await revision(1)
    assert first < second < third < fourth == await revision(1)
    assert not await opened.events.doubts("voice_sg")


async def test_one_says_more_than_the_other(opened: Rooms, clock: ManualClock) -> None:
    """The list knows the number's type, the event its newest status: the record has both."""
    [listed] = [number for number in (await whole(opened, "voice_sg")).rows if number.e164 == HELD]
    clock.advance(60)
    await opened.events.receive("voice_sg", event(row(HELD, 1, "Expiring")))
    [both] = [number for number in (await whole(opened, "voice_sg")).rows if number.e164 == HELD]
    assert (both.raw_status, both.observed_via.value, both.as_of) == ("Expiring", "WEBHOOK", clock.now())
    assert listed.said_type is not None
    assert (both.said_type, both.provisioned_at) == (listed.said_type, listed.provisioned_at)


async def test_a_source_without_a_list(opened: Rooms, clock: ManualClock) -> None:
    """Nothing is known before its events; then what they told, as awaiting until they told everything; then that."""
    nothing = await whole(opened, "masking")
    assert (nothing.awaiting, nothing.rows) == (True, ())
    with pytest.raises(SourceMisconfigured) as unlisted:
        await opened.inventory._part(Part("masking", Block(0, 1)), EVERYTHING, errand(clock=clock))
    assert unlisted.value.reason == UNLISTED
    await opened.events.receive("masking", listless(row(X), total=2))
    some = await whole(opened, "masking")
    assert (some.awaiting, shown(some)) == (True, {X: "Active"})
    assert some.drift == ("events told of 1 numbers, the source counts 2",)
    await opened.events.receive("masking", listless(row(Y), total=2))
    assert (await whole(opened, "masking")).awaiting, "the count fits, but it was never told in full"
    await opened.events.receive("masking", listless(row(X), row(Y), kind="SNAPSHOT"))
    full = await whole(opened, "masking")
    assert (full.awaiting, shown(full), full.drift) == (False, {X: "Active", Y: "Active"}, ())
    assert (full.as_of, full.sent) == (clock.now(), 2)
    part = await opened.inventory._part(Part("masking", Block(0, 1)), EVERYTHING, errand(clock=clock))
    assert (part.rows, part.sent, part.total) == (full.rows, 2, 2)
    assert await opened.inventory.kept("masking", 60, errand(clock=clock)) is not None
    clock.advance(301)
    await whole(opened, "masking")
    assert await opened.inventory.kept("masking", 60, errand(clock=clock)) is None, "as old as its last event"
    await opened.events.receive("masking", listless(row(X, 1), total=3))
    assert (await whole(opened, "masking")).awaiting, "it counts more than was told"


async def test_a_check_and_events(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """Just told, a number is not asked for; later the check is asked, and what only events say is kept; the newer word counts."""
    held = str(sandbox.world.simulators["8x8"].stocks[LISTLESS].rows[0]["msisdn"])
    await opened.events.receive("masking", listless(row(held), row(X)))
    calls = len(sandbox.calls())
    told = await look_up(opened, "masking", held)
    assert told.number is not None
    assert (told.number.raw_status, len(sandbox.calls())) == ("Active", calls)
    clock.advance(61)
    checked = await look_up(opened, "masking", held)
    assert checked.number is not None
    assert (checked.number.observed_via.value, checked.number.raw_status) == ("CHECK", "Active")
    assert (await look_up(opened, "masking", X)).number is None, "the source says that it is gone"
    assert len(sandbox.calls()) == calls + 2
    clock.advance(1)
    await opened.events.receive("masking", listless(row(held, 2), kind="SNAPSHOT"))
    told = await look_up(opened, "masking", held)
    assert told.number is not None
    assert (told.number.observed_via.value, told.number.updated_at) == ("WEBHOOK", clock.now() + timedelta(seconds=58))
    clock.advance(1)
    await opened.events.receive("masking", listless(row("+651", 2), kind="SNAPSHOT"))
    assert (await look_up(opened, "masking", held)).number is None
    assert len(sandbox.calls()) == calls + 2
    assert (await look_up(opened, "masking", "+651")).number is not None


async def test_a_check_that_is_older_than_the_event(opened: Rooms, clock: ManualClock) -> None:
    """A copy of "there is no such number" gives way to the event that told of it."""
    assert (await look_up(opened, "masking", Y)).number is None
    clock.advance(1)
    await opened.events.receive("masking", listless(row(Y)))
    assert (await look_up(opened, "masking", Y)).number is not None


async def test_a_failed_check_stays_one(opened: Rooms, sandbox: Simulators, clock: ManualClock) -> None:
    """What was told long ago does not make an answer of an outage."""
    await opened.events.receive("masking", listless(row(X)))
    clock.advance(61)
    sandbox.turn("8x8", fault="http_500")
    [outcomes] = await asyncio.gather(opened.lookups.at("masking", [E164(X)], errand(clock=clock)))
    assert isinstance(outcomes[E164(X)], Failed)


async def test_an_event_while_a_list_is_under_way(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> None:
    """A number that is told while a list is read, and missing there, is shown; what is missing for longer is gone."""
    opened = await rooms({"voice_sg": sandbox.sources["voice_sg"]}, clock=clock)
    await opened.events.receive("voice_sg", event(row(X)))
    assert X in shown(await whole(opened, "voice_sg"))
    clock.advance(400)
    assert X not in shown(await whole(opened, "voice_sg"))
    assert not (await opened.events.held("voice_sg", [E164(X)]))[E164(X)].number


@pytest.fixture
async def pair(tmp_path: Path, clock: ManualClock) -> AsyncIterator[tuple[Stored, Stored]]:
    """Two processes over one store."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    async with AsyncExitStack() as opened:
        made = [Stored({"voice_sg": eight_by_eight()}, clock, url) for _ in range(2)]
        for stored in made:
            opened.push_async_callback(stored.close)
        yield made[0], made[1]


async def test_several_processes(pair: tuple[Stored, Stored], clock: ManualClock) -> None:
    """What one receives a listener at the other hears, and then it is known there; without a listener, a moment later."""
    one, other = pair
    assert await other.events.held("voice_sg", [E164(X)]) == {}
    stream = other.hub.changes(None, frozenset({"voice_sg"}))
    heard = asyncio.ensure_future(anext(stream))
    await other.store.extent()  # asked after the listener's own question, and answered after it
    await one.events.receive("voice_sg", event(row(X)))
    async with asyncio.timeout(30):
        assert (await heard).e164 == X
        assert (await other.events.held("voice_sg", [E164(X)])).keys() == {X}
    await stream.aclose()
    await one.events.receive("voice_sg", event(row(Y)))
    for seconds, there in ((0, set()), (OTHERS_SECONDS, {Y})):
        clock.advance(seconds)
        assert (await other.events.held("voice_sg", [E164(Y)])).keys() == there
    assert await settled(one.events) == await settled(other.events) == 2


@pytest.mark.parametrize(("seconds", "there"), [(1, True), (3, False)])
async def test_a_list_that_another_process_read(clock: ManualClock, seconds: float, there: bool) -> None:
    """When it was asked for is not known here: what was told within a source's time before it came may be missing from it."""
    stored = Stored({"voice_sg": eight_by_eight(timeout=2)}, clock)
    await stored.events.receive("voice_sg", event(row(X)))
    read = Snapshot(rows=(), as_of=clock.now() + timedelta(seconds=seconds), sent=0)
    assert (X in shown(await stored.events.merged("voice_sg", read))) is there
    await stored.close()


async def test_sources_that_tell_nothing(opened: Rooms) -> None:
    """They are left as they are."""
    assert opened.events.receiver("london") is None
    assert opened.events.revisions(("london",)) == (0,)
    assert await opened.events.held("london", [E164(X)]) == {}
    read = await whole(opened, "london")
    assert await opened.events.merged("london", read) is read
    assert (await opened.events._store.extent()).head == 0


async def test_history_is_kept_for_its_time(clock: ManualClock) -> None:
    """What is older than the days that were set is forgotten; a listener that comes back later than that is told so."""
    stored = Stored({"voice_sg": eight_by_eight()}, clock)
    await stored.events.receive("voice_sg", event(row(X)))
    clock.advance(7 * 86_400 + 1)
    await stored.events.receive("voice_sg", event(row(Y)))
    keeping = asyncio.create_task(stored.events.keep_history(7))
    async with asyncio.timeout(30):
        while (await stored.store.extent()).removed == 0:
            assert not keeping.done()
    with pytest.raises(CursorExpired):
        await anext(stored.hub.changes(0, frozenset({"voice_sg"})))
    assert (await anext(stored.hub.changes(1, frozenset({"voice_sg"})))).e164 == Y
    assert (await stored.events.held("voice_sg", [E164(X)])).keys() == {X}
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await stored.close()
