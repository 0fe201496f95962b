"""Whether anything new was told is known without waiting, for a moment after the store was asked."""

from gateway.upstream.events import OTHERS_SECONDS
from tests.clocks import ManualClock
from tests.upstream.stores import Stored
from tests.upstream.telling import X, eight_by_eight, event, row


async def test_a_change_is_known_of_for_a_moment(clock: ManualClock) -> None:
    """Every word moves it, and the store is asked again after a while; where no source tells anything, nobody asks."""
    stored, silent = Stored({"voice_sg": eight_by_eight()}, clock), Stored({}, clock)
    await stored.events.settle()
    before = stored.events.change
    await stored.events.receive("voice_sg", event(row(X)))
    await stored.events.settle()
    assert (before, stored.events.change) == (0, 1)
    clock.advance(OTHERS_SECONDS)
    await silent.events.settle()
    assert (stored.events.change, silent.events.change) == (None, 0)
    for one in (stored, silent):
        await one.close()
