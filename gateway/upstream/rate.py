"""How often a source may be asked: so many calls in any minute, and no more than the provider says are left.

Pure: it is told the time, in monotonic seconds, and waits for nothing.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from gateway.providers.protocol import Allowance

MINUTE = 60.0


@dataclass(slots=True)
class _Told:
    """What a provider said of one of its own periods: so many calls are left until it ends."""

    left: int
    ends: float


class Rate:
    """A bucket of ``calls_per_minute`` tokens, of which each comes back a minute after its call was over.

    So there is no minute with more calls than that, wherever it begins and however long an answer takes; a bucket
    that fills evenly lets nearly twice as many through in its first minute. What the provider says corrects it downward.
    """

    def __init__(self, calls_per_minute: int) -> None:
        self._most = calls_per_minute
        self._under_way = 0
        self._over: deque[float] = deque()
        self._told: dict[str, _Told] = {}
        self._held_until = -inf

    def opens_at(self, now: float) -> float:
        """The earliest time for a call, ``now`` when it may leave at once; infinity when that hangs on calls under way."""
        while self._over and self._over[0] + MINUTE <= now:
            self._over.popleft()
        self._told = {period: told for period, told in self._told.items() if told.ends > now}
        waits = [told.ends for told in self._told.values() if told.left <= 0]
        if self._under_way + len(self._over) >= self._most:
            waits.append(self._over[0] + MINUTE if self._over else inf)
        return max(now, self._held_until, *waits)

    def take(self) -> None:
        """A call leaves."""
        self._under_way += 1
        for told in self._told.values():
            told.left -= 1

    def end(self, now: float) -> None:
        """A call is over, whatever came of it."""
        self._under_way -= 1
        self._over.append(now)

    def give_back(self) -> None:
        """The call never left."""
        self._under_way -= 1
        for told in self._told.values():
            told.left += 1

    def learn(self, allowances: Sequence[Allowance], now: float) -> None:
        """The answer to a call under way says what is left; the other calls under way may not have been counted yet."""
        for said in allowances:
            self._told[said.period] = _Told(said.remaining - (self._under_way - 1), now + said.seconds)

    def hold(self, until: float) -> None:
        """The provider wants to be left alone until then."""
        self._held_until = max(self._held_until, until)
