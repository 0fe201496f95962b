"""How often a source may be asked: so many calls in any minute, and none while its provider wants to be left alone.

Pure: it is told the time, in monotonic seconds, and waits for nothing.
"""

from collections import deque
from collections.abc import Sequence
from math import inf

from gateway.providers.protocol import Allowance
from gateway.upstream.stated import Stated

MINUTE = 60.0


class Rate:
    """A bucket of ``calls_per_minute`` tokens, of which each comes back a minute after its call was over.

    So there is no minute with more calls than that, wherever it begins and however long an answer takes; a bucket
    that fills evenly lets nearly twice as many through in its first minute. A provider that states less is believed.
    """

    def __init__(self, calls_per_minute: int) -> None:
        self._configured = self._most = calls_per_minute
        self._under_way = 0
        self.ended = 0
        """How many calls are over since the beginning."""
        self._over: deque[float] = deque()
        self._held_until = -inf
        self._stated = Stated()

    def opens_at(self, now: float) -> float:
        """The earliest time for a call, ``now`` when it may leave at once; infinity when that hangs on calls under way."""
        while self._over and self._over[0] + MINUTE <= now:
            self._over.popleft()
        return max(self._token_at(now), self._held_until, self._stated.opens_at(now, self._under_way))

    def _token_at(self, now: float) -> float:
        lacking = self._under_way + len(self._over) + 1 - self._most
        if lacking <= 0:
            return now
        return self._over[lacking - 1] + MINUTE if lacking <= len(self._over) else inf

    def take(self, now: float) -> None:
        """A call leaves."""
        self._under_way += 1
        self._stated.take(now)

    def hear(self, said: Sequence[Allowance], ended: int, now: float) -> None:
        """What the answer to a call that is not over yet says of limits, which may be nothing.

        ``ended`` is how many were over when it left: of those it can be sure.
        """
        for one in said:
            if one.period == MINUTE and one.limit is not None:
                self._most = min(self._configured, one.limit)
        self._stated.hear(said, self.ended - ended + self._under_way - 1, now)

    def end(self, now: float) -> None:
        """A call is over, whatever came of it."""
        self._under_way -= 1
        self.ended += 1
        self._over.append(now)
        self._stated.end()

    def give_back(self) -> None:
        """The call never left."""
        self._under_way -= 1
        self._stated.give_back()

    def hold(self, until: float) -> None:
        """The provider wants to be left alone until then."""
        self._held_until = max(self._held_until, until)
