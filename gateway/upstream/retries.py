"""When a question that failed is asked again: after a jittered wait, seldom, and never at a broken source's cost.

Pure: it is told what happened and says how long to wait; it waits for nothing.
"""

import random

from gateway.errors import SourceCircuitOpen, SourceError, SourceTimeout

FIRST_WAIT = 0.1
"""The longest wait before the first retry, in seconds; each further one may be twice as long ("full jitter")."""

EARNED = 0.1
"""What each question earns of a retry: a source that always fails is asked a tenth more often than it was."""

SAVED_AT_MOST = 10.0
AT_FIRST = 3.0


class Retries:
    """The retries of one source: at most ``most`` for a question, and a tenth of all questions together."""

    def __init__(self, most: int, chance: random.Random | None = None) -> None:
        self._most = most
        self._chance = chance or random.Random()  # noqa: S311 - spreads load, hides nothing
        self._saved = AT_FIRST

    def earn(self) -> None:
        """A question is asked for the first time."""
        self._saved = min(self._saved + EARNED, SAVED_AT_MOST)

    def wait(self, done: int, error: SourceError, left: float) -> float | None:
        """Seconds to wait before the question is asked again, ``done`` retries having failed; None: do not.

        ``left`` is how long the question still has. A wait that the provider asked for is kept, never shortened. After a
        timeout the source has had its time, and an open circuit is there to spare it.
        """
        if done >= self._most or not error.retryable or isinstance(error, SourceTimeout | SourceCircuitOpen):
            return None
        wait = self._chance.uniform(0.0, FIRST_WAIT * 2**done) + (error.retry_after_ms or 0) / 1000
        if wait >= left or self._saved < 1.0:
            return None
        self._saved -= 1.0
        return wait
