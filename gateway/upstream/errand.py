"""What one request of a client brings along on every way to a source: its deadline, and what was spent."""

from collections import Counter
from datetime import datetime, timedelta
from enum import IntEnum

from gateway.upstream.clock import Clock


class Priority(IntEnum):
    """Who has the next turn at a source that may not be asked at once: the lowest first."""

    LOOKUP = 0
    """A client waits for it: a look-up, or a list."""
    REFRESH = 1
    """What is kept is made young again; nobody waits."""
    PREFETCH = 2
    """Somebody may want it."""


class Errand:
    """One field's work. ``max_staleness`` bounds the age of every copy it may be given; None leaves it to the sources.

    ``calls`` counts upstream calls by source: only those this errand itself set off. ``client`` is whose errand it is:
    clients have their turns in rotation.
    """

    def __init__(
        self,
        clock: Clock,
        deadline: float,
        max_staleness: timedelta | None = None,
        *,
        client: str = "",
        priority: Priority = Priority.LOOKUP,
    ) -> None:
        self._clock = clock
        self._deadline = deadline
        self.max_staleness = max_staleness
        self.client = client
        self.priority = priority
        self.calls: Counter[str] = Counter()

    def remaining(self) -> float:
        """Seconds until the request's deadline; negative once it has passed."""
        return self._deadline - self._clock.monotonic()

    def takes(self, as_of: datetime, ttl: float) -> bool:
        """Whether a copy of that age may be served without asking again; ``ttl`` is the source's own, in seconds."""
        allowed = timedelta(seconds=ttl)
        if self.max_staleness is not None:
            allowed = min(allowed, self.max_staleness)
        return self._clock.now() - as_of < allowed
