"""How one source is asked: how often, how many at once, how long, and with which token."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TypeVar

from aiolimiter import AsyncLimiter

from gateway.errors import (
    UNLISTED,
    SourceAuthFailed,
    SourceError,
    SourceMisconfigured,
    SourceRateLimited,
    SourceTimeout,
)
from gateway.providers.protocol import (
    Authenticates,
    Lists,
    LooksUp,
    LooksUpMany,
    Rephrases,
    Request,
    Response,
    Sorts,
    Source,
)
from gateway.upstream.client import Transport
from gateway.upstream.clock import Clock
from gateway.upstream.credentials import TokenHolder
from gateway.upstream.errand import Errand

T = TypeVar("T")
Read = Callable[[Response], T]

MINUTE = 60.0


class Caller:
    """Asks one source. Every call to it goes through here, look-ups and lists and log-ins alike.

    ``lists``, ``sorts``, ``looks_up`` and ``looks_up_many`` are the source again where it has that capability, else None.
    """

    def __init__(self, source: Source, transport: Transport, clock: Clock) -> None:
        self.source = source
        self._transport = transport
        self._clock = clock
        self._slots = asyncio.Semaphore(source.settings.concurrency)
        self._rate = AsyncLimiter(source.settings.calls_per_minute, MINUTE)
        self._tokens = TokenHolder(source, clock) if isinstance(source, Authenticates) and source.exchanges else None
        self._rephrases = source if isinstance(source, Rephrases) else None
        self.lists = source if isinstance(source, Lists) else None
        self.sorts = source if isinstance(source, Sorts) and source.paging.sorts else None
        self.looks_up = source if isinstance(source, LooksUp) else None
        self.looks_up_many = source if isinstance(source, LooksUpMany) else None
        self.last_error: SourceError | None = None
        self.answered = False

    @property
    def state(self) -> str:
        """UNKNOWN until it was asked, then UP, DEGRADED (it answered well before) or DOWN (it never did)."""
        if self.last_error is None:
            return "UP" if self.answered else "UNKNOWN"
        return "DEGRADED" if self.answered else "DOWN"

    async def ask(self, request: Request, read: Read[T], errand: Errand) -> T:
        """The answer to an unsigned request, read.

        Raises:
            SourceError: there was no usable answer within the source's time and the errand's deadline.
        """
        try:
            answer = await self._ask_in_its_ways(request, read, errand)
        except SourceError as error:
            self._note(None if error.reason == UNLISTED else error)  # "there is no list" is an answer
            raise
        self._note(None)
        return answer

    def _note(self, error: SourceError | None) -> None:
        self.last_error, self.answered = error, self.answered or error is None

    async def prepare(self) -> None:
        """Fetch a token before anybody waits for it; a failure will be told to whoever asks first."""
        if self._tokens is not None:
            errand = Errand(self._clock, self._clock.monotonic() + self.source.settings.timeout)
            with suppress(SourceError):
                await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))

    async def _ask_in_its_ways(self, request: Request, read: Read[T], errand: Errand) -> T:
        try:
            return await self._ask_with_token(request, read, errand)
        except SourceMisconfigured as refusal:
            other = self._rephrases.rephrase(request, refusal.reason) if self._rephrases else None
            if other is None:
                raise
        return await self._ask_in_its_ways(other, read, errand)

    async def _ask_with_token(self, request: Request, read: Read[T], errand: Errand) -> T:
        if self._tokens is None:
            return await self._once(request, None, read, errand)
        token = await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))
        try:
            return await self._once(request, token, read, errand)
        except SourceAuthFailed:
            self._tokens.forget(token)
        token = await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))
        return await self._once(request, token, read, errand)

    async def _log_in(self, request: Request, read: Read[T], errand: Errand) -> T:
        async with self._turn(errand) as seconds:
            response = await self._transport.send(request, seconds)
        return read(response)

    async def _once(self, request: Request, token: str | None, read: Read[T], errand: Errand) -> T:
        signed = self.source.sign(request, token)
        async with self._turn(errand) as seconds:
            errand.calls[self.source.name] += 1
            response = await self._transport.send(signed, seconds)
        return read(response)

    @asynccontextmanager
    async def _turn(self, errand: Errand) -> AsyncIterator[float]:
        """Wait for a turn, but not past the deadline; then what is left of it, at most the source's own time.

        The slot comes first: whoever gives up waiting for one has used up nothing of the rate.
        """
        async with AsyncExitStack() as turn:
            msg = f"{self.source.title} may not be asked more often; the request's deadline passed while it waited."
            told = SourceRateLimited(msg)
            try:
                with errand.waiting(told):
                    async with asyncio.timeout(errand.remaining()):
                        await turn.enter_async_context(self._slots)
                        await self._rate.acquire()
            except TimeoutError:
                raise told from None
            seconds = min(self.source.settings.timeout, errand.remaining())
            if seconds <= 0:
                msg = "The request's deadline passed before the source could be asked."
                raise SourceTimeout(msg)
            yield seconds
