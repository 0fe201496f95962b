"""Time, as one thing that can be handed in: nothing else in the gateway looks at a clock."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """Something that is to be done later."""

    def cancel(self) -> None:
        """Do it not; nothing happens where it is done already."""
        ...


class Clock(Protocol):
    """Wall time for what is shown, monotonic time for what is waited for."""

    def now(self) -> datetime:
        """The time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    def after(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Do something once that time has passed; within a running loop."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def after(self, seconds: float, act: Callable[[], object]) -> Timer:
        """Do something once that time has passed; within a running loop."""
        return asyncio.get_running_loop().call_later(seconds, act)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait for that time to pass."""
    passed = asyncio.Event()
    timer = clock.after(seconds, passed.set)
    try:
        await passed.wait()
    finally:
        timer.cancel()
