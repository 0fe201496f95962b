"""What a provider says itself of how often it may still be asked; others who use the same account spend of it too.

Pure: it is told the time, in monotonic seconds, and waits for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from gateway.providers.protocol import Allowance

LONGEST = 3600.0
"""A provider whose period ends later is asked again after an hour, as one that asks for a longer wait is."""


ROUNDED = 1.5
"""Seconds by which two answers may differ on when the same period ends: they say it in whole ones."""


@dataclass(slots=True)
class _Period:
    """What is left until it ends, of which ``spared`` is for the others: so many they spent between two answers.

    ``probed``: it has ended, and a call is under way that will tell what is left now.
    """

    left: int
    ends: float
    spared: int = 0
    probed: bool = False

    def then(self, remaining: int, others: int, ends: float) -> "_Period":
        """What an answer says later. Where less remains than was left, others have spent the difference."""
        same = abs(ends - self.ends) <= ROUNDED
        spared = max(self.spared, self.left - remaining) if same else (self.spared + 1) // 2
        return _Period(remaining - others, ends, spared)


class Stated:
    """What is left to one source, by the length of the period; without a word of the provider there is no bound.

    Once a period has ended others may have begun to spend the next: one call goes ahead and brings word of it.
    """

    def __init__(self) -> None:
        self._periods: dict[float | None, _Period] = {}

    def opens_at(self, now: float, under_way: int) -> float:
        """The earliest time for a call; infinity when that hangs on what those under way bring word of.

        Until each of them is answered, others may spend as much as they did between two answers.
        """
        at = now
        for period in self._periods.values():
            if period.ends <= now:
                at = inf if period.probed else at
            elif period.left <= period.spared * (1 + under_way):
                at = inf if under_way else max(at, period.ends)
        return at

    def take(self, now: float) -> None:
        """A call leaves."""
        for period in self._periods.values():
            period.left -= 1
            period.probed = period.ends <= now

    def give_back(self) -> None:
        """The call never left."""
        for period in self._periods.values():
            period.left += 1
            period.probed = False

    def end(self) -> None:
        """A call is over; one that went ahead goes ahead no longer."""
        for period in self._periods.values():
            period.probed = False

    def hear(self, said: Sequence[Allowance], others: int, now: float) -> None:
        """What an answer says, which may not have counted the ``others`` that were under way beside its call.

        Where nothing is said any more, what had ended is forgotten.
        """
        kept = {length: period for length, period in self._periods.items() if period.ends > now}
        for one in said:
            ends = now + min(one.resets_in, LONGEST)
            before = self._periods.get(one.period) or _Period(one.remaining, ends)
            kept[one.period] = before.then(one.remaining, others, ends)
        self._periods = kept
