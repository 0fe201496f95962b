"""A circuit breaker: a source that keeps failing is left alone for a while, then asked once to see how it is.

Pure: it is told the time, in monotonic seconds, and waits for nothing.
"""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

WINDOW = 30.0
"""Seconds for which an outcome counts."""

LONGEST_PAUSE = 60.0
"""Seconds a source is left alone at most; each probe that fails doubles its pause."""


class State(Enum):
    """Closed lets every call through, open none, half open one: the probe."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Ticket(NamedTuple):
    """Leave to make one call; what comes of it counts only while the circuit has not changed meanwhile."""

    change: int


class _Outcome(NamedTuple):
    at: float
    bad: bool


class Circuit:
    """The circuit of one source.

    It opens when at least ``calls`` outcomes lie within the window and ``share`` of them are bad. It is left alone for
    ``pause`` seconds. Every ticket is given back exactly once: to ``succeeded``, ``failed`` or ``abandoned``.
    """

    def __init__(self, *, calls: int, share: float, pause: float) -> None:
        self._calls = calls
        self._share = share
        self._first_pause = self._pause = pause
        self._outcomes: deque[_Outcome] = deque()
        self._bad = 0
        self._change = 0
        self._opened_at = 0.0
        self._probing = False
        self.state = State.CLOSED

    def admit(self, now: float) -> Ticket | None:
        """Leave to make a call, None when there is none; the first who asks after the pause makes the probe."""
        if self.state is State.OPEN and self.remaining(now) <= 0:
            self._become(State.HALF_OPEN)
        if self.state is State.OPEN or self._probing:
            return None
        self._probing = self.state is State.HALF_OPEN
        return Ticket(self._change)

    def refuses(self, now: float) -> bool:
        """Whether ``admit`` would say no, without taking the probe."""
        return self._probing or (self.state is State.OPEN and self.remaining(now) > 0)

    def remaining(self, now: float) -> float:
        """Seconds until a call may be let through; 0 when that hangs on nothing but a probe under way."""
        return max(self._opened_at + self._pause - now, 0.0) if self.state is State.OPEN else 0.0

    def succeeded(self, ticket: Ticket, now: float) -> None:
        """The source answered well, and in good time."""
        if ticket.change != self._change:
            return
        if self.state is State.HALF_OPEN:
            self._pause = self._first_pause
            self._become(State.CLOSED)
        else:
            self._note(_Outcome(now, bad=False))

    def failed(self, ticket: Ticket, now: float) -> None:
        """The source did not answer, answered nonsense, or took nearly all the time it has."""
        if ticket.change != self._change:
            return
        if self.state is State.HALF_OPEN:
            self._pause = min(2 * self._pause, max(LONGEST_PAUSE, self._first_pause))
            self._open(now)
            return
        self._note(_Outcome(now, bad=True))
        if len(self._outcomes) >= self._calls and self._bad >= self._share * len(self._outcomes):
            self._open(now)

    def abandoned(self, ticket: Ticket) -> None:
        """Nothing was learned: the caller left, or had no time. Another may make the probe."""
        if ticket.change == self._change:
            self._probing = False

    def _open(self, now: float) -> None:
        self._opened_at = now
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state = state
        self._change += 1
        self._probing = False
        self._outcomes.clear()
        self._bad = 0

    def _note(self, outcome: _Outcome) -> None:
        self._outcomes.append(outcome)
        self._bad += outcome.bad
        while self._outcomes[0].at <= outcome.at - WINDOW:
            self._bad -= self._outcomes.popleft().bad
