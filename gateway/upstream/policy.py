"""How one source is asked: in turn, in time, again where that helps, not at all while it is down, and with which token."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, NamedTuple, TypeVar

from gateway.errors import (
    UNLISTED,
    SourceAuthFailed,
    SourceBadAnswer,
    SourceCircuitOpen,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnavailable,
    forget_frames,
)
from gateway.numbers.blocks import Listing
from gateway.providers import allowances
from gateway.providers.protocol import (
    Allowance,
    Authenticates,
    Lists,
    LooksUp,
    LooksUpMany,
    Meters,
    Rephrases,
    Request,
    Response,
    Sorts,
    Source,
)
from gateway.telemetry import (
    ABANDONED,
    LIST,
    OK,
    TOKEN,
    Called,
    CircuitChanged,
    Drifted,
    Retried,
    Tell,
    kinds_of,
    silence,
)
from gateway.upstream.budget import Budget
from gateway.upstream.circuit import Circuit, State, Ticket
from gateway.upstream.client import Transport
from gateway.upstream.clock import Clock, sleep
from gateway.upstream.credentials import TokenHolder
from gateway.upstream.errand import Errand
from gateway.upstream.quota import Quota
from gateway.upstream.retries import Retries
from gateway.upstream.shared import Shared

FAILURES = (SourceTimeout, SourceUnavailable, SourceBadAnswer)
"""What speaks against a source: it is not there, or talks nonsense. A refusal (4xx) does not, nor does a caller who left."""

T = TypeVar("T")
Read = Callable[[Response], T]


class Wanted(NamedTuple, Generic[T]):
    """How the answer to a request is read, and what it is wanted for."""

    read: Read[T]
    purpose: str


RESERVE = 0.02
"""The part of what is left of a request that a call may not use: its answer is still to be told."""

SLOW = 0.8
"""An answer that took this part of the source's time speaks against the source, as a failure does."""


class Caller:
    """Asks one source. Every call to it goes through here, look-ups and lists and log-ins alike.

    ``lists``, ``sorts``, ``looks_up`` and ``looks_up_many`` are the source again where it has that capability, else None.
    """

    def __init__(
        self, source: Source, transport: Transport, clock: Clock, tell: Tell = silence, shared: Shared | None = None
    ) -> None:
        self.source = source
        self._transport = transport
        self._clock = clock
        self._tell = tell
        self._budget = Budget(source, clock, tell, None if shared is None else Quota(source, shared, clock))
        self._retries = Retries(source.settings.retries)
        self._circuit = Circuit(
            calls=source.settings.circuit_calls,
            share=source.settings.circuit_share,
            pause=source.settings.circuit_pause,
        )
        self._tokens = (
            TokenHolder(source, clock, tell) if isinstance(source, Authenticates) and source.exchanges else None
        )
        self._meters = source if isinstance(source, Meters) else None
        self._rephrases = source if isinstance(source, Rephrases) else None
        self.lists = source if isinstance(source, Lists) else None
        self.sorts = source if isinstance(source, Sorts) and source.paging.sorts else None
        self.looks_up = source if isinstance(source, LooksUp) else None
        self.looks_up_many = source if isinstance(source, LooksUpMany) else None
        self._failing = False
        self.answered = False

    @property
    def state(self) -> str:
        """UNKNOWN until it was asked, then UP, DEGRADED (it answered well before) or DOWN (it never did).

        A source that is left alone is not UP, whatever it answered to older questions.
        """
        if not self._failing and self._circuit.state is State.CLOSED:
            return "UP" if self.answered else "UNKNOWN"
        return "DEGRADED" if self.answered else "DOWN"

    async def ask(self, request: Request, read: Read[T], errand: Errand, purpose: str = LIST) -> T:
        """The answer to an unsigned request, read; ``purpose`` is LIST or LOOK_UP.

        Raises:
            SourceError: there was no usable answer within the source's time and the errand's deadline.
        """
        try:
            answer = await self._ask_in_its_ways(request, Wanted(read, purpose), errand)
        except SourceError as error:
            self._note(failing=error.reason != UNLISTED)  # "there is no list" is an answer
            forget_frames(error)
            raise
        self._note(failing=False)
        return answer

    def _note(self, *, failing: bool) -> None:
        self._failing, self.answered = failing, self.answered or not failing

    async def prepare(self) -> None:
        """Fetch a token before anybody waits for it; a failure will be told to whoever asks first."""
        if self._tokens is not None:
            errand = Errand(self._clock, self._clock.monotonic() + self.source.settings.timeout)
            with suppress(SourceError):
                await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))

    async def _ask_in_its_ways(self, request: Request, wanted: Wanted[T], errand: Errand) -> T:
        try:
            return await self._ask_with_token(request, wanted, errand)
        except SourceMisconfigured as refusal:
            other = self._rephrases.rephrase(request, refusal.reason) if self._rephrases else None
            if other is None:
                raise
        return await self._ask_in_its_ways(other, wanted, errand)

    async def _ask_with_token(self, request: Request, wanted: Wanted[T], errand: Errand) -> T:
        if self._tokens is None:
            return await self._patiently(request, None, wanted, errand)
        token = await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))
        try:
            return await self._patiently(request, token, wanted, errand)
        except SourceAuthFailed:
            self._tokens.forget(token)
        token = await self._tokens.current(lambda ask, take: self._log_in(ask, take, errand))
        return await self._patiently(request, token, wanted, errand)

    async def _log_in(self, request: Request, read: Read[T], errand: Errand) -> T:
        """One attempt: a log-in that is repeated blindly can lock an account."""
        async with self._turn(errand, errand.remaining()) as ticket:
            return await self._once(request, Wanted(read, TOKEN), self._ends(errand), ticket, 1)

    async def _patiently(self, request: Request, token: str | None, wanted: Wanted[T], errand: Errand) -> T:
        """The answer, asked for again where that helps: all attempts together have the time that the source has."""
        outcome = await self._tried(self.source.sign(request, token), wanted, errand)
        if not isinstance(outcome, SourceError):
            return outcome
        try:
            raise outcome
        finally:
            del outcome  # an error that its own frame holds is a circle

    async def _tried(self, signed: Request, wanted: Wanted[T], errand: Errand) -> T | SourceError:
        self._retries.earn()
        async with self._turn(errand, errand.remaining()) as ticket:
            ends = self._ends(errand)
            outcome = await self._outcome(signed, wanted, errand, ends, ticket, 1)
        attempt = 1
        while isinstance(outcome, SourceError):
            wait = self._retries.wait(attempt - 1, outcome, ends - self._clock.monotonic())
            if wait is None:
                return outcome
            self._tell(Retried(self.source.name, outcome.code))
            await sleep(self._clock, wait)
            attempt += 1
            try:
                async with self._turn(errand, ends - self._clock.monotonic()) as ticket:
                    outcome = await self._outcome(signed, wanted, errand, ends, ticket, attempt)
            except SourceError:
                return outcome
        return outcome

    @asynccontextmanager
    async def _turn(self, errand: Errand, seconds: float) -> AsyncIterator[Ticket]:
        """A turn within that time, and leave to make a call."""
        if seconds <= 0:
            msg = "The request's deadline passed before the source could be asked."
            raise SourceTimeout(msg)
        if self._circuit.refuses(self._clock.monotonic()):
            raise self._left_alone()
        async with self._budget.turn(errand, seconds):
            before = self._circuit.state
            ticket = self._circuit.admit(self._clock.monotonic())
            self._tell_change(before)
            if ticket is None:
                raise self._left_alone()
            yield ticket

    def _ends(self, errand: Errand) -> float:
        """When an answer must be there: within the source's own time, and early enough to be told."""
        timeout: float = self.source.settings.timeout
        return self._clock.monotonic() + min(timeout, errand.remaining() * (1 - RESERVE))

    async def _outcome(
        self, signed: Request, wanted: Wanted[T], errand: Errand, ends: float, ticket: Ticket, attempt: int
    ) -> T | SourceError:
        errand.calls[self.source.name] += 1
        try:
            return await self._once(signed, wanted, ends, ticket, attempt)
        except SourceError as error:
            forget_frames(error)
            return error

    async def _once(self, signed: Request, wanted: Wanted[T], ends: float, ticket: Ticket, attempt: int) -> T:
        """One call, and what it says of the source's health."""
        began, outcome = self._clock.monotonic(), ABANDONED
        try:
            response = await self._sent(signed, ends - began)
            answer = wanted.read(response)
            outcome = OK
        except SourceError as error:
            outcome = error.code
            self._budget.hold(error)
            self._judge(ticket, error, began, ends)
            raise
        except BaseException as error:
            self._judge(ticket, error, began, ends)
            raise
        finally:
            seconds = self._clock.monotonic() - began
            self._tell(Called(self.source.name, outcome, seconds, wanted.purpose, attempt))
        self._judge(ticket, None, began, ends)
        if isinstance(answer, Listing) and answer.drift:
            for kind in kinds_of(answer.drift):
                self._tell(Drifted(self.source.name, kind))
        return answer

    async def _sent(self, signed: Request, seconds: float) -> Response:
        """The answer, whatever it says; what it says of limits is heard at once."""
        said: list[Allowance] = []
        ended = self._budget.rate.ended
        try:
            response = await self._transport.send(signed, seconds)
            in_headers = allowances.in_headers(response)
            said += [] if in_headers is None else [in_headers]
            said += self._meters.allowances(response) if self._meters else []
            return response
        finally:
            self._budget.hear(said, ended)

    def _judge(self, ticket: Ticket, error: BaseException | None, began: float, ends: float) -> None:
        """Tell the circuit. A timeout of a call that had little time says nothing; a refusal shows that somebody is there.

        A call that was broken off says nothing either, unless nearly all its time was over: a page gives up on all its
        blocks when one of them has timed out, and no block of it was any faster.
        """
        now, timeout, before = self._clock.monotonic(), self.source.settings.timeout, self._circuit.state
        slow = now - began >= SLOW * timeout
        hasty = isinstance(error, SourceTimeout) and ends - began < timeout / 2
        broken_off = error is not None and not isinstance(error, SourceError)
        if hasty or (broken_off and not slow):
            self._circuit.abandoned(ticket)
        elif slow or isinstance(error, FAILURES):
            self._circuit.failed(ticket, now)
        else:
            self._circuit.succeeded(ticket, now)
        self._tell_change(before)

    def _tell_change(self, before: State) -> None:
        if self._circuit.state is not before:
            self._tell(CircuitChanged(self.source.name, self._circuit.state.name))

    def _left_alone(self) -> SourceCircuitOpen:
        wait = self._circuit.remaining(self._clock.monotonic())
        msg = f"{self.source.title} has failed so often that it is left alone for a while."
        return SourceCircuitOpen(msg, retry_after_ms=round(1000 * wait))
