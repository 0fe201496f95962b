"""A clock by hand, and one that tells who waits."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.upstream.clock import SystemClock, Timer


@dataclass(eq=False)
class ManualTimer:
    """What a manual clock will do."""

    at: float
    act: Callable[[], object]
    timers: "list[ManualTimer]"

    def cancel(self) -> None:
        """Do it not."""
        if self in self.timers:
            self.timers.remove(self)


class ManualClock:
    """A clock that stands still until it is advanced."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 1, 12, tzinfo=UTC)
        self._monotonic = 1000.0
        self._timers: list[ManualTimer] = []

    def advance(self, seconds: float) -> None:
        """Let that time pass at once, doing in order what is due meanwhile."""
        end = self._monotonic + seconds
        while due := [timer for timer in self._timers if timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self._timers.remove(first)
            self._pass(first.at - self._monotonic)
            first.act()
        self._pass(end - self._monotonic)

    def _pass(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def after(self, seconds: float, act: Callable[[], object]) -> "ManualTimer":
        """Do something once the clock was advanced so far."""
        timer = ManualTimer(self._monotonic + seconds, act, self._timers)
        self._timers.append(timer)
        return timer

    def now(self) -> datetime:
        """The time in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._monotonic


class WatchedClock(SystemClock):
    """The machine's clock, which remembers what anybody waits for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def after(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Do something once that time has passed, and remember how long that is."""
        self.waits.append(seconds)
        return super().after(seconds, act)
