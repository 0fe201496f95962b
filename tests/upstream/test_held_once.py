"""What is known of a source's numbers and what is kept of its list are one set of records, not two."""

from datetime import timedelta

from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.merge import Snapshot
from gateway.numbers.search import Search
from gateway.schema.context import Rooms
from gateway.upstream.keys import whole_key
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, errand
from tests.upstream.telling import X, event, row


async def kept(opened: Rooms, clock: ManualClock) -> Snapshot:
    """The list as it is read now, and kept."""
    anew, inventory = errand(max_staleness=timedelta(0), clock=clock), opened.inventory
    await inventory.snapshot("voice_sg", Search(), anew)
    source = opened.callers["voice_sg"].lists
    assert source is not None
    found: Snapshot | None = await inventory._cache.peek(whole_key(source, EVERYTHING), 300, errand(clock=clock))
    assert found is not None
    return found


async def test_a_list_is_held_once(rooms: OpenRooms, clock: ManualClock) -> None:
    """What is known of a number and what the list says of it are the same record; of a list that repeats it, its parts are."""
    opened = await rooms(clock=clock)
    read = await kept(opened, clock)
    pool = opened.events._pools["voice_sg"]
    assert read.rows
    assert all(number is pool[number.e164].listed for number in read.rows)
    clock.advance(20)
    anew = await kept(opened, clock)
    assert {number.as_of for number in anew.rows} == {clock.now()}
    assert all(one.details is before.details for one, before in zip(anew.rows, read.rows, strict=True))


async def test_a_number_is_held_once(rooms: OpenRooms, clock: ManualClock) -> None:
    """What is known of numbers stands under the very texts that their records have."""
    opened = await rooms(clock=clock)
    await kept(opened, clock)
    await opened.events.receive("voice_sg", event(row(X)))
    assert await opened.events.held("voice_sg", [E164(X)])
    for e164, held in opened.events._pools["voice_sg"].items():
        number = held.listed or held.told
        assert number is not None
        assert number.e164 is e164
