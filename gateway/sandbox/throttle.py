"""How many calls a minute a provider answers, and how many came beyond that."""

from math import ceil

from gateway.sandbox.tokens import Clock

MINUTE = 60


class Throttle:
    """The calls of the present minute, which begins with its first call; `violations` counts those beyond the limit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls = 0
        self._ends = 0
        self.violations = 0

    def admits(self, limit: int) -> bool:
        """Count a call, and tell whether it is within the limit."""
        now = self._clock.now()
        if now >= self._ends:
            self._calls, self._ends = 0, int(now) + MINUTE
        self._calls += 1
        beyond = self._calls > limit
        self.violations += beyond
        return not beyond

    def wait(self) -> int:
        """Return the whole seconds until the next minute begins."""
        return ceil(self._ends - self._clock.now())

    def headers(self, limit: int) -> tuple[tuple[str, str], ...]:
        """Return the present state as `X-RateLimit-*`; the reset is in Unix time."""
        state = {"limit": limit, "remaining": max(0, limit - self._calls), "reset": self._ends}
        return tuple((f"x-ratelimit-{name}", str(value)) for name, value in state.items())
