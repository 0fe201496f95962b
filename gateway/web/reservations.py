"""GraphQL over SSE, single connection mode: one event stream carries the answers of many operations.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

A reservation lives in the process that made it: behind several workers, a client must reach the same one each time.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import aclosing
from typing import cast

from gateway.errors import BadUserInput
from gateway.schema.authority import Asker
from gateway.web.exchange import HttpRefused
from gateway.web.execution import Execution, Operation, Told
from gateway.web.streams import Answers

AT_MOST = 1000
"""Reservations of one process."""

WAITING = 16
"""Answers that wait for the stream to be read; then operations wait too."""


class Reservation:
    """A place for one event stream, and the operations whose answers go there."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.taken = False
        self.operations: dict[str, asyncio.Task[None]] = {}
        self.told: asyncio.Queue[tuple[asyncio.Task[None], Told]] = asyncio.Queue(WAITING)


class _Answers:
    """What a stream carries; with the stream end the reservation and all its operations, also if nothing was read yet."""

    def __init__(self, reservation: Reservation, forget: Callable[[], object]) -> None:
        self._reservation = reservation
        self._forget = forget

    def __aiter__(self) -> "_Answers":
        return self

    async def __anext__(self) -> Told:
        while True:
            task, told = await self._reservation.told.get()
            if not task.cancelling():  # a stopped operation has nothing to say any more
                return told

    async def aclose(self) -> None:
        self._forget()
        tasks = list(self._reservation.operations.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Reservations:
    """All reservations of this process, each for so many operations at once.

    ``patience`` is in seconds, and how long a reservation waits for its stream.
    """

    def __init__(self, execution: Execution, operations: int, patience: float = 30.0) -> None:
        self._execution = execution
        self._operations = operations
        self._patience = patience
        self._held: dict[str, Reservation] = {}

    def reserve(self, asker: Asker) -> str:
        """The token of a new one.

        Raises:
            HttpRefused: 503 there are too many.
        """
        if len(self._held) >= AT_MOST:
            msg = "Too many event streams are reserved: try again in a moment, or use a stream for each operation."
            raise HttpRefused(503, BadUserInput.code, msg, {"retry-after": "5"})
        token = secrets.token_urlsafe(24)
        self._held[token] = Reservation(asker)
        asyncio.get_running_loop().call_later(self._patience, self._forget_unused, token)
        return token

    def find(self, token: str | None, asker: Asker) -> Reservation:
        """The reservation with that token.

        Raises:
            HttpRefused: 404 the asker has none.
        """
        held = self._held.get(token or "")
        if held is None or held.asker != asker:
            msg = "There is no such reservation: make one with PUT, and send its token as X-GraphQL-Event-Stream-Token."
            raise HttpRefused(404, BadUserInput.code, msg)
        return held

    def open(self, token: str, reservation: Reservation) -> Answers:
        """The one stream of a reservation; both end together.

        Raises:
            HttpRefused: 409 it is open already.
        """
        if reservation.taken:
            msg = "The stream of this reservation is open already: make another one with PUT."
            raise HttpRefused(409, BadUserInput.code, msg)
        reservation.taken = True
        return _Answers(reservation, lambda: self._held.pop(token))

    def start(self, reservation: Reservation, name: object, operation: Operation) -> None:
        """Run an operation, whose answers go to the stream under its name.

        Raises:
            HttpRefused: 400 it has no name, 409 another one has it, 503 there are too many under way.
        """
        if not isinstance(name, str) or not name:
            msg = "extensions.operationId must be a text: it names the operation's answers in the stream."
            raise HttpRefused(400, BadUserInput.code, msg)
        if name in reservation.operations:
            msg = f"An operation {name[:40]!r} is under way already: choose another operationId."
            raise HttpRefused(409, BadUserInput.code, msg)
        if len(reservation.operations) >= self._operations:
            msg = f"This stream has {self._operations} operations under way: stop one first, or reserve another stream."
            raise HttpRefused(503, BadUserInput.code, msg)
        reservation.operations[name] = asyncio.create_task(self._run(reservation, name, operation))

    @staticmethod
    def stop(reservation: Reservation, name: str | None) -> None:
        """End an operation; one that has ended already is no matter."""
        task = reservation.operations.pop(name or "", None)
        if task is not None:
            task.cancel()

    async def _run(self, reservation: Reservation, name: str, operation: Operation) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        async with aclosing(self._execution.stream(operation, reservation.asker)) as stream:
            async for told in stream:
                await reservation.told.put((task, Told({"id": name, "payload": told.answer})))
        await reservation.told.put((task, Told({"id": name})))
        del reservation.operations[name]  # before the client can read that

    def _forget_unused(self, token: str) -> None:
        held = self._held.get(token)
        if held is not None and not held.taken:
            for task in self._held.pop(token).operations.values():
                task.cancel()
