"""What a request brings along on its way: a deadline, an age that is allowed, and the count of its calls."""

from datetime import UTC, timedelta

from gateway.upstream.clock import SystemClock
from gateway.upstream.errand import FOREVER, NEVER, Errand, Priority
from tests.clocks import ManualClock
from tests.conftest import errand


def test_time_runs_out(clock: ManualClock) -> None:
    """What remains is told by the clock that was handed in, and goes below nothing."""
    work = errand(10, clock=clock)
    remaining = []
    for seconds in (0, 4, 6, 5):
        clock.advance(seconds)
        remaining.append(work.remaining())
    assert remaining == [10, 6, 0, -5]


def test_an_age_is_allowed(clock: ManualClock) -> None:
    """A copy is taken while it is younger than both its source's ttl and the asked staleness."""
    then = clock.now()
    clock.advance(5)
    assert [errand(10, clock=clock).takes(then, ttl) for ttl in (4, 5, 6)] == [False, False, True]
    asked = errand(10, timedelta(seconds=5.5), clock)
    assert [asked.takes(then, ttl) for ttl in (5, 6, 60)] == [False, True, True]
    assert not errand(10, timedelta(0), clock).takes(clock.now(), 60)


def test_how_long_what_it_was_given_is_fresh(clock: ManualClock) -> None:
    """As long as the shortest of what it was given, within its own bound and a day; nothing old is ever fresh."""
    then, work = clock.now(), errand(10, clock=clock)
    assert work.until == FOREVER
    assert not work.takes(then, 0)
    assert work.until == FOREVER
    assert work.takes(then, 1e12)
    assert work.until == then + timedelta(days=1)
    work.relies(then, 60)
    assert work.until == then + timedelta(seconds=60)
    assert work.takes(then, 90)
    assert work.until == then + timedelta(seconds=60)
    bounded = errand(10, timedelta(seconds=5), clock)
    bounded.relies(then, 60)
    assert bounded.until == then + timedelta(seconds=5)
    bounded.lacks()
    assert bounded.until == NEVER


def test_whose_work_it_is(clock: ManualClock) -> None:
    """A load stands in the queue as the client who set it off; what only refreshes stands behind."""
    work = Errand(clock, clock.monotonic() + 1, client="crm", priority=Priority.PREFETCH)
    longer, refresh = work.lengthened(5), work.anew(5)
    assert (longer.client, longer.priority, longer.remaining()) == ("crm", Priority.PREFETCH, 5)
    assert (refresh.client, refresh.priority, refresh.remaining()) == ("crm", Priority.REFRESH, 5)


def test_the_machines_clock() -> None:
    """Wall time is in UTC, and monotonic time never goes back."""
    clock = SystemClock()
    moments = [clock.monotonic() for _ in range(100)]
    assert (clock.now().tzinfo, moments) == (UTC, sorted(moments))
