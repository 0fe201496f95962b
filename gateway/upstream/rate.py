"""How often a source may be asked: so many calls in any minute, and none while its provider wants to be left alone.

Pure: it is told the time, in monotonic seconds, and waits for nothing.
"""

from collections import deque
from math import inf

MINUTE = 60.0


class Rate:
    """A bucket of ``calls_per_minute`` tokens, of which each comes back a minute after its call was over.

    So there is no minute with more calls than that, wherever it begins and however long an answer takes; a bucket
    that fills evenly lets nearly twice as many through in its first minute.
    """

    def __init__(self, calls_per_minute: int) -> None:
        self._most = calls_per_minute
        self._under_way = 0
        self._over: deque[float] = deque()
        self._held_until = -inf

    def opens_at(self, now: float) -> float:
        """The earliest time for a call, ``now`` when it may leave at once; infinity when that hangs on calls under way."""
        while self._over and self._over[0] + MINUTE <= now:
            self._over.popleft()
        if self._under_way + len(self._over) < self._most:
            return max(now, self._held_until)
        return max(self._over[0] + MINUTE if self._over else inf, self._held_until)

    def take(self) -> None:
        """A call leaves."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """A call is over, whatever came of it."""
        self._under_way -= 1
        self._over.append(now)

    def give_back(self) -> None:
        """The call never left."""
        self._under_way -= 1

    def hold(self, until: float) -> None:
        """The provider wants to be left alone until then."""
        self._held_until = max(self._held_until, until)
