"""Tokens that end: fetched once for all who wait, renewed before they end, never shown."""

import asyncio
from collections.abc import Awaitable, Callable

from gateway.errors import SourceError
from gateway.providers.protocol import Authenticates, Request, Response, Token
from gateway.telemetry import OK, Tell, TokenFetched, silence
from gateway.upstream.clock import Clock

EARLY = 0.1
"""A token is renewed when this part of its life, at most a minute, is left."""

Send = Callable[[Request, Callable[[Response], Token]], Awaitable[Token]]


class TokenHolder:
    """The token of one source; however many wait for it, the source is asked once."""

    def __init__(self, source: Authenticates, clock: Clock, tell: Tell = silence) -> None:
        self._source = source
        self._clock = clock
        self._tell = tell
        self._token: str | None = None
        self._ends: float | None = None
        self._failure: SourceError | None = None
        self._attempts = 0
        self._lock = asyncio.Lock()

    async def current(self, send: Send) -> str:
        """The token, fetched with ``send`` when there is none or it is about to end.

        Raises:
            SourceError: the source gave none; everybody who waited for that attempt is told so.
        """
        if (token := self._usable()) is not None:
            return token
        attempt = self._attempts
        async with self._lock:
            if (token := self._usable()) is not None:
                return token
            if attempt != self._attempts and self._failure is not None:
                raise self._failure
            return await self._fetched(send)

    async def _fetched(self, send: Send) -> str:
        """One attempt; one that was cancelled is none, and whoever waits next makes it."""
        try:
            fresh = await send(self._source.log_in(), self._source.read_token)
        except SourceError as error:
            self._attempts, self._failure = self._attempts + 1, error
            self._tell(TokenFetched(self._source.name, error.code))
            raise
        self._attempts, self._failure = self._attempts + 1, None
        self._keep(fresh)
        self._tell(TokenFetched(self._source.name, OK))
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
