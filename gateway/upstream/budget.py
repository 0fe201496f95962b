"""Turns at one source: so many calls at once, so many a minute, in a fair order, and not past anybody's time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import inf

from gateway.errors import SourceError, SourceRateLimited
from gateway.providers.protocol import Allowance, Source
from gateway.upstream.clock import Clock, Timer
from gateway.upstream.errand import Errand
from gateway.upstream.rate import Rate
from gateway.upstream.turns import Turns, Waiter


class Budget:
    """The turns of one source."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._title = source.title
        self._slots = source.settings.concurrency
        self._longest_call = source.settings.timeout
        self.rate = Rate(source.settings.calls_per_minute)
        self._clock = clock
        self._turns = Turns()
        self._alarm: Timer | None = None
        self._hold: tuple[float, SourceError] | None = None

    @asynccontextmanager
    async def turn(self, errand: Errand, seconds: float) -> AsyncIterator[None]:
        """Wait at most so long for a turn, which ends with the block.

        Raises:
            SourceRateLimited: there is none in that time, said as soon as it is known; with the wait until there may be.
            SourceError: the provider asked to be left alone for longer, with this error.
        """
        await self._begin(errand, seconds)
        try:
            yield
        finally:
            self._slots += 1
            self.rate.end(self._clock.monotonic())
            self._let_in()

    def hear(self, said: Sequence[Allowance], ended: int) -> None:
        """What a call brought about limits, to be told before its turn ends; ``rate.ended`` was ``ended`` when it left."""
        self.rate.hear(said, ended, self._clock.monotonic())

    def hold(self, error: SourceError) -> None:
        """The provider said with this error for how long it wants to be left alone; if it did, that is kept."""
        if error.retry_after_ms is not None:
            until = self._clock.monotonic() + error.retry_after_ms / 1000
            self._hold = (until, error)
            self.rate.hold(until)

    async def _begin(self, errand: Errand, seconds: float) -> None:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._turns.join(waiter, errand)
        self._let_in()
        if waiter.done():
            return
        if seconds < self._wait() < inf:
            self._turns.leave(waiter, errand)
            raise self._refusal()
        timer = self._clock.after(seconds, lambda: self._give_up(waiter))
        try:
            with errand.waiting(self._refusal):
                await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.exception() is None:
                self._return()
            raise
        finally:
            timer.cancel()
            self._turns.leave(waiter, errand)

    def _give_up(self, waiter: Waiter) -> None:
        if not waiter.done():
            waiter.set_exception(self._refusal())

    def _return(self) -> None:
        """Nobody took the turn that was given."""
        self._slots += 1
        self.rate.give_back()
        self._let_in()

    def _let_in(self) -> None:
        """Give turns to those who are next, as far as there are any; and look again when there will be more."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._turns and self._slots:
            wait = self._wait()
            if wait > 0:
                self._alarm = self._clock.after(wait, self._let_in) if wait < inf else None
                return
            waiter = self._turns.next()
            if not waiter.done():
                self._slots -= 1
                self.rate.take(self._clock.monotonic())
                waiter.set_result(None)

    def _wait(self) -> float:
        """Seconds until the rate allows a call."""
        now = self._clock.monotonic()
        return self.rate.opens_at(now) - now

    def _refusal(self) -> SourceError:
        now = self._clock.monotonic()
        if self._hold is not None and self._hold[0] > now:
            until, error = self._hold
            return type(error)(error.message, reason=error.reason, retry_after_ms=round((until - now) * 1000))
        wait = self._wait()
        msg = f"{self._title} may not be asked more often; there was no turn within the request's deadline."
        return SourceRateLimited(msg, retry_after_ms=round(1000 * (wait if 0 < wait < inf else self._longest_call)))
