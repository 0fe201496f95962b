"""Time that passes only when it is told to."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that is set forward by hand."""

    def __init__(self) -> None:
        self._passed = 0.0

    def advance(self, seconds: float) -> None:
        """Let that time pass at once."""
        self._passed += seconds

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=self._passed)

    def after(self, seconds: float, act: Callable[[], object]) -> asyncio.TimerHandle:
        """Do something once that time has passed by the machine's clock: a source that hangs ends the measuring."""
        return asyncio.get_running_loop().call_later(seconds, act)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self._passed
