"""Tokens that end: fetched once for all who wait, renewed before they end, never shown."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.providers.protocol import Authenticates, Request, Response, Token
from gateway.upstream.clock import Clock

EARLY = 0.1
"""A token is renewed when this part of its life, at most a minute, is left."""

Send = Callable[[Request, Callable[[Response], Token]], Awaitable[Token]]


class TokenHolder:
    """The token of one source; however many wait for it, the source is asked once."""

    def __init__(self, source: Authenticates, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._token: str | None = None
        self._ends: float | None = None
        self._lock = asyncio.Lock()

    async def current(self, send: Send) -> str:
        """The token, fetched with ``send`` when there is none or it is about to end.

        Raises:
            SourceError: the source gave none.
        """
        if (token := self._usable()) is not None:
            return token
        async with self._lock:
            if (token := self._usable()) is not None:
                return token
            fresh = await send(self._source.log_in(), self._source.read_token)
            self._keep(fresh)
            return fresh.value

    def _usable(self) -> str | None:
        ended = self._ends is not None and self._clock.monotonic() >= self._ends
        return None if ended else self._token

    def _keep(self, fresh: Token) -> None:
        self._token = fresh.value
        self._ends = None
        if fresh.lifetime is not None:
            self._ends = self._clock.monotonic() + fresh.lifetime - min(60.0, EARLY * fresh.lifetime)

    def forget(self, token: str) -> None:
        """The source refused this token; one that was fetched meanwhile stays."""
        if self._token == token:
            self._token = None
