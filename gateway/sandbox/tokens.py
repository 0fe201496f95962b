"""The sandbox's clock, and the access tokens its providers have issued."""

import time
from random import Random


class Clock:
    """Unix time in seconds, which a test can set forward."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._ahead += seconds

    def reset(self) -> None:
        """Return to the true time."""
        self._ahead = 0.0


class Tokens:
    """Bearer tokens and the time each of them ends."""

    def __init__(self, clock: Clock, random: Random, prefix: str) -> None:
        self._clock = clock
        self._random = random
        self._prefix = prefix
        self._ends: dict[str, float] = {}

    def issue(self, lifetime: float) -> str:
        """Make a token that lives for `lifetime` seconds."""
        token = f"{self._prefix}-{self._random.getrandbits(128):032x}"
        self._ends[token] = self._clock.now() + lifetime
        return token

    def accepts(self, token: str) -> bool:
        """Tell whether the token was issued and still lives."""
        return self._ends.get(token, 0.0) > self._clock.now()

    def revoke(self, token: str) -> None:
        """End one token."""
        self._ends.pop(token, None)

    def expire(self) -> None:
        """End every token."""
        self._ends.clear()
