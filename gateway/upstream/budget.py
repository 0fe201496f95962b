"""Turns at one source: so many calls at once, so many a minute, in a fair order, and not past anybody's time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import inf

from gateway.errors import SourceCircuitOpen, SourceError, SourceRateLimited
from gateway.providers.protocol import Allowance, Source
from gateway.telemetry import ABANDONED, OK, Tell, Waited, silence
from gateway.upstream.clock import Clock, Timer
from gateway.upstream.errand import Errand
from gateway.upstream.quota import Quota
from gateway.upstream.rate import Rate
from gateway.upstream.turns import Turns, Waiter


class Budget:
    """The turns of one source; with a ``quota``, as far as those of other processes leave some."""

    def __init__(self, source: Source, clock: Clock, tell: Tell = silence, quota: Quota | None = None) -> None:
        self._name = source.name
        self._title = source.title
        self._tell = tell
        self._slots = source.settings.concurrency
        self._longest_call = source.settings.timeout
        self.rate = Rate(source.settings.calls_per_minute)
        self._clock = clock
        self._quota = quota
        self._turns = Turns()
        self._until: dict[Waiter, float] = {}
        self._alarm: Timer | None = None
        self._hold: tuple[float, SourceError] | None = None

    @asynccontextmanager
    async def turn(self, errand: Errand, seconds: float) -> AsyncIterator[None]:
        """Wait at most so long for a turn, which ends with the block. One that the circuit broke off was none.

        Raises:
            SourceRateLimited: there is none in that time, said as soon as it is known; with the wait until there may be.
            SourceError: the provider asked to be left alone for longer, with this error.
        """
        await self._begin(errand, seconds)
        leave = self._end
        try:
            yield
        except SourceCircuitOpen:
            leave = self._return
            raise
        finally:
            leave()

    def hear(self, said: Sequence[Allowance], ended: int) -> None:
        """What a call brought about limits, to be told before its turn ends; ``rate.ended`` was ``ended`` when it left."""
        self.rate.hear(said, ended, self._clock.monotonic())

    def hold(self, error: SourceError) -> None:
        """The provider said with this error for how long it wants to be left alone; if it did, that is kept."""
        if error.retry_after_ms is not None:
            until = self._clock.monotonic() + error.retry_after_ms / 1000
            self._hold = (until, error)
            self.rate.hold(until)
            if self._quota is not None:
                self._quota.hold(error.retry_after_ms / 1000)

    async def _begin(self, errand: Errand, seconds: float) -> None:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._turns.join(waiter, errand)
        self._let_in()
        if waiter.done():
            return
        if seconds < self._wait() < inf:
            self._turns.leave(waiter, errand)
            self._tell(Waited(self._name, SourceRateLimited.code, 0.0))
            raise self._refusal()
        began, outcome = self._clock.monotonic(), SourceRateLimited.code
        self._until[waiter] = began + seconds
        timer = self._clock.after(seconds, lambda: self._give_up(waiter))
        try:
            with errand.waiting(self._refusal):
                await waiter
            outcome = OK
        except asyncio.CancelledError:
            outcome = ABANDONED
            if not waiter.cancelled() and waiter.exception() is None:
                self._return()
            raise
        finally:
            timer.cancel()
            del self._until[waiter]
            self._turns.leave(waiter, errand)
            self._tell(Waited(self._name, outcome, self._clock.monotonic() - began))

    def _give_up(self, waiter: Waiter) -> None:
        if not waiter.done():
            waiter.set_exception(self._refusal())

    def _end(self) -> None:
        """A call is over, whatever came of it."""
        self._slots += 1
        self.rate.end(self._clock.monotonic())
        if self._quota is not None:
            self._quota.end()
        self._let_in_who_can_wait()

    def _return(self) -> None:
        """Nobody made a call in the turn that was given."""
        self._slots += 1
        self.rate.give_back()
        if self._quota is not None:
            self._quota.give_back()
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
                break
            if self._quota is not None and not self._quota:
                self._quota.ask(min(len(self._turns), self._slots), self._let_in_who_can_wait)
                break
            waiter = self._turns.next()
            if not waiter.done():
                self._slots -= 1
                self.rate.take(self._clock.monotonic())
                if self._quota is not None:
                    self._quota.take()
                waiter.set_result(None)
        if self._quota:
            self._quota.release()  # a place that cannot be used now is kept from other processes

    def _let_in_who_can_wait(self) -> None:
        """There may be turns, or word of when there will be: who would have to wait too long is told so now."""
        wait = self._wait()
        if 0 < wait < inf:
            opens = self._clock.monotonic() + wait
            for waiter in [waiter for waiter, until in self._until.items() if until < opens]:
                self._give_up(waiter)
        self._let_in()

    def _wait(self) -> float:
        """Seconds until the rate allows a call, and the quota may."""
        now = self._clock.monotonic()
        opens = self.rate.opens_at(now)
        return (opens if self._quota is None else max(opens, self._quota.opens_at())) - now

    def _refusal(self) -> SourceError:
        now = self._clock.monotonic()
        if self._hold is not None and self._hold[0] > now:
            until, error = self._hold
            return type(error)(error.message, reason=error.reason, retry_after_ms=round((until - now) * 1000))
        wait = self._wait()
        msg = f"{self._title} may not be asked more often; there was no turn within the request's deadline."
        return SourceRateLimited(msg, retry_after_ms=round(1000 * (wait if 0 < wait < inf else self._longest_call)))
