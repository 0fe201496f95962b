"""What the four simulators have in common: a name, knobs, data, and an answer for every call."""

from abc import ABC, abstractmethod
from dataclasses import replace
from http import HTTPStatus
from random import Random
from typing import ClassVar

from gateway.sandbox.exchange import Answer, Call, Errand
from gateway.sandbox.knobs import Knobs
from gateway.sandbox.stock import Stock
from gateway.sandbox.throttle import Throttle
from gateway.sandbox.tokens import Clock


class Simulator(ABC):
    """One provider's API; equal seeds make equal data and equal answers."""

    name: ClassVar[str]
    """The provider's name in `/control/{name}`, in the call log and, below `/`, in URLs."""
    identity: ClassVar[frozenset[str]]
    """Fields that say which number a row is about; damaged rows keep them unless they are meant to be unreadable."""
    words: ClassVar[frozenset[str]]
    """Fields whose values are words out of an open list."""

    knobs: Knobs
    random: Random
    stocks: dict[str, Stock]

    def __init__(self, seed: int, clock: Clock, rows: int | None = None) -> None:
        """Make the data; `rows` is how many each of its lists has, by default the provider's usual number."""
        self.seed = seed
        self.clock = clock
        self.rows = rows
        self._beginning = self.stock(self.begin("numbers"))
        self.reset()

    def begin(self, seed_of: str) -> Random:
        """Return a generator of pseudo-random numbers that depends on the seed, the provider and `seed_of` alone."""
        return Random(f"{self.seed} {self.name} {seed_of}")  # noqa: S311 - test data must be repeatable, not secret

    def churn(self, changes: int) -> None:
        """Change the data `changes` times at random."""
        stocks = list(self.stocks.values())
        for _ in range(changes):
            self.random.choice(stocks).churn(self.random, 1)

    def reset(self) -> None:
        """Return to the data of the beginning; a simulator adds its knobs, tokens and counters."""
        self.random = self.begin("calls")
        self.throttle = Throttle(self.clock)
        self.stocks = {name: stock.copy() for name, stock in self._beginning.items()}

    @property
    def violations(self) -> int:
        """How many calls came although a limit was used up."""
        return self.throttle.violations

    def limited(self, call: Call) -> Answer:
        """Answer a call, unless it is one more than `calls_per_minute` allows."""
        limit = self.knobs.calls_per_minute
        if limit is None:
            return self.answer(call)
        if self.throttle.admits(limit):
            answer = self.answer(call)
        else:
            refused = self.refusal(HTTPStatus.TOO_MANY_REQUESTS)
            answer = replace(refused, headers=(*refused.headers, ("retry-after", str(self.throttle.wait()))))
        return replace(answer, headers=(*answer.headers, *self.stated(limit)))

    def stated(self, _limit: int) -> tuple[tuple[str, str], ...]:
        """Return the headers in which the provider tells its limit; most have none."""
        return ()

    @abstractmethod
    def stock(self, random: Random) -> dict[str, Stock]:
        """Make the data: the lists of the provider by name."""

    @abstractmethod
    def errand(self, call: Call) -> Errand:
        """Tell what a call is for."""

    @abstractmethod
    def answer(self, call: Call) -> Answer:
        """Answer a call as the provider would."""

    @abstractmethod
    def refusal(self, status: int) -> Answer:
        """Return the provider's error body for an HTTP status."""
