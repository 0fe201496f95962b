"""How much may be asked: so many operations a minute for each client, and so many at work at once for all."""

import asyncio
from math import ceil
from typing import Self

from gateway.errors import Overloaded, RateLimited
from gateway.sections import LimitSettings
from gateway.upstream.clock import Clock

MINUTE = 60.0

BURST = 0.25
"""The part of a minute's budget that may be spent at once."""

BUSY_MS = 1000
"""Milliseconds after which to come again when too much is at work."""


class Admission:
    """What every operation passes before work on it begins, however it comes."""

    def __init__(self, limits: LimitSettings, clock: Clock) -> None:
        self._budgets = Budgets(limits.queries_per_minute, clock)
        self._workplace = Workplace(limits.concurrent)

    def spend(self, name: str) -> None:
        """One operation of this client's.

        Raises:
            RateLimited: it has asked too often; nothing was spent.
        """
        self._budgets.spend(name)

    def place(self, name: str) -> "Place":
        """A place for one operation of this client's, until it is left.

        Raises:
            RateLimited: it has asked too often; nothing was spent.
            Overloaded: there is no place.
        """
        self.spend(name)
        return self._workplace.place()

    def expects_one(self) -> bool:
        """Whether there will be a place for an operation that has just come; see ``Workplace``."""
        return self._workplace.expects_one()

    def full(self) -> Overloaded:
        """What it is told otherwise."""
        return self._workplace.full()


class Budgets:
    """What each client has left; 0 a minute is no limit.

    The generic cell rate algorithm: one moment a client, at which all that it has asked is paid for. The clients are
    those of the settings, so there are few.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._each = MINUTE / per_minute if per_minute else 0.0
        self._burst = max(self._each, BURST * MINUTE)
        self._per_minute = per_minute
        self._clock = clock
        self._paid_at: dict[str, float] = {}

    def spend(self, name: str) -> None:
        """One operation of this client's.

        Raises:
            RateLimited: it has asked too often; nothing was spent.
        """
        if not self._per_minute:
            return
        now = self._clock.monotonic()
        paid_at = max(self._paid_at.get(name, now), now) + self._each
        if paid_at - now > self._burst:
            wait = ceil(1000 * (paid_at - now - self._burst))
            msg = f"{self._per_minute} operations a minute is the limit for {name}: ask again in {wait} ms."
            raise RateLimited(msg, retry_after_ms=wait)
        self._paid_at[name] = paid_at


class Workplace:
    """Room for so many operations at work; whoever finds none is told at once instead of waiting for nothing."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._coming = 0
        self.taken = 0

    def place(self) -> "Place":
        """A place, until it is left.

        Raises:
            Overloaded: there is none.
        """
        if self.taken >= self._places:
            raise self.full()
        self.taken += 1
        return Place(self)

    def expects_one(self) -> bool:
        """Whether there will be a place for one that has just come, which then is expected.

        What is read in one turn of the loop begins in the next one. It may be done before anything else is read, and
        never be seen at work together: counted by their places alone, any number could come at once.
        """
        if self.taken + self._coming >= self._places:
            return False
        if not self._coming:
            asyncio.get_running_loop().call_soon(self._begin)
        self._coming += 1
        return True

    def _begin(self) -> None:
        self._coming = 0

    def full(self) -> Overloaded:
        """There is no place."""
        msg = f"{self._places} operations are at work, which is the limit: ask again in {BUSY_MS} ms."
        return Overloaded(msg, retry_after_ms=BUSY_MS)


class Place:
    """One of the workplace's, or nowhere; leaving it twice is leaving it once. At the end of a block it is left."""

    def __init__(self, workplace: Workplace | None = None) -> None:
        self._workplace = workplace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give it to somebody else: the work is done, and what remains is to send it."""
        if self._workplace is not None:
            self._workplace.taken -= 1
            self._workplace = None
