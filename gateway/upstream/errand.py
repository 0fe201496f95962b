"""What one request of a client brings along on every way to a source: its deadline, and what was spent."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from gateway.errors import SourceError, SourceTimeout
from gateway.upstream.clock import Clock

FOREVER = datetime.max.replace(tzinfo=UTC)
NEVER = datetime.min.replace(tzinfo=UTC)
AT_ONCE = timedelta(0)
LONGEST = timedelta(days=1)
"""What an answer is made of is looked at again after that."""


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
    clients have their turns in rotation. ``asks_anew``: no copy will do, so nobody looks for one. ``until``: how long what
    it was given counts as fresh, FOREVER when it was given nothing that ages, NEVER when it was given something old, or
    lacks something.
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
        self._waits: list[Callable[[], SourceError]] = []
        self.max_staleness = max_staleness
        self.asks_anew = max_staleness is not None and max_staleness <= AT_ONCE
        self.client = client
        self.priority = priority
        self.calls: Counter[str] = Counter()
        self.until = FOREVER

    def remaining(self) -> float:
        """Seconds until the request's deadline; negative once it has passed."""
        return self._deadline - self._clock.monotonic()

    def now(self) -> datetime:
        """The time in UTC."""
        return self._clock.now()

    def age(self, as_of: datetime) -> float:
        """Seconds since then."""
        return (self._clock.now() - as_of).total_seconds()

    def takes(self, as_of: datetime, ttl: float) -> bool:
        """Whether a copy of that age may be served without asking again; ``ttl`` is the source's own, in seconds."""
        allowed = self._allowed(ttl)
        taken = self._clock.now() - as_of < allowed
        if taken:
            self.until = min(self.until, as_of + min(allowed, LONGEST))
        return taken

    def relies(self, as_of: datetime, seconds: float) -> None:
        """It was given something of that age, which counts as fresh for ``seconds``."""
        self.until = min(self.until, as_of + min(self._allowed(seconds), LONGEST))

    def lacks(self) -> None:
        """It was given something old, or not everything."""
        self.until = NEVER

    def _allowed(self, seconds: float) -> timedelta:
        allowed = timedelta(seconds=seconds)
        return allowed if self.max_staleness is None else min(allowed, self.max_staleness)

    def lengthened(self, seconds: float) -> "Errand":
        """The same work with ``seconds`` from now, if that is more: others may wait for it, or the cache."""
        deadline = max(self._deadline, self._clock.monotonic() + seconds)
        longer = Errand(self._clock, deadline, self.max_staleness, client=self.client, priority=self.priority)
        longer.calls = self.calls
        return longer

    def anew(self, seconds: float) -> "Errand":
        """Work of nobody's request, with ``seconds`` of its own, that takes no copy."""
        deadline = self._clock.monotonic() + seconds
        return Errand(self._clock, deadline, timedelta(0), client=self.client, priority=Priority.REFRESH)

    @contextmanager
    def waiting(self, told: Callable[[], SourceError]) -> Iterator[None]:
        """While this lasts, whoever runs out of time is told so instead of SOURCE_TIMEOUT."""
        self._waits.append(told)
        try:
            yield
        finally:
            self._waits.remove(told)

    def overdue(self) -> SourceError:
        """What to tell somebody whose deadline passed while this work was under way."""
        if self._waits:
            return self._waits[0]()
        return SourceTimeout("The request's deadline passed before the source had answered.")
