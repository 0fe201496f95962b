"""One load for a key, however many ask: whoever leaves leaves alone, and the last to leave ends it.

A load is a task of its own with time of its own. Somebody whose deadline passes is told so, and the load goes on: what
it brings feeds the cache. Somebody who is cancelled no longer waits, and what nobody waits for is ended.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar, cast

from gateway.errors import SourceError, forget_frames
from gateway.upstream.errand import Errand

T = TypeVar("T")
Load = Callable[[Errand], Coroutine[None, None, T]]


class Flight:
    """A load under way. ``owed``: it is finished although nobody waits. ``mark``: what was forgotten when it began."""

    def __init__(self, task: asyncio.Task[Any], errand: Errand, mark: Hashable) -> None:
        self.task = task
        self.errand = errand
        self.mark = mark
        self.owed = False
        self._waiting = 0

    @property
    def lost(self) -> bool:
        """Whether it brings nothing to who comes now: it is being ended, or it has landed, of which all who waited are told."""
        return self.task.done() or self.task.cancelling() > 0

    async def landing(self, errand: Errand) -> Any:  # noqa: ANN401 - what the load brings
        """What the load brings.

        Raises:
            SourceError: the load failed, or this errand's deadline passed before it was done.
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(errand.remaining()):
                return await asyncio.shield(self.task)
        except TimeoutError:
            self.owed = True
            raise self.errand.overdue() from None
        except asyncio.CancelledError:
            self.owed = self.owed or errand.remaining() <= 0
            raise
        finally:
            self._waiting -= 1
            if not (self._waiting or self.owed):
                self.task.cancel()
            del self  # an error holds this frame, and the task the error


class Flights:
    """The loads under way, by key; ``seconds`` is how long one may go on after its asker's deadline."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._latest: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def share(self, key: str, mark: Hashable, errand: Errand, load: Load[T]) -> T:
        """What ``load`` brings; one that is under way is joined unless something was forgotten since it began.

        Raises:
            SourceError: whatever the load raised, once to everyone who waits for it, but not to those who still have
                time when it failed for want of time; or the errand's deadline passed before it was done.
        """
        while True:
            flight = self._joinable(key, mark) or self._begin(key, mark, errand.lengthened(self._seconds), load)
            try:
                return cast("T", await flight.landing(errand))
            except SourceError:
                if flight.errand.remaining() > 0 or errand.remaining() <= 0:
                    raise
            finally:
                del flight  # as above

    def refresh(self, key: str, mark: Hashable, errand: Errand, load: Load[T]) -> None:
        """Begin a load that nobody waits for, unless one is under way."""
        if self._joinable(key, mark) is None:
            self._begin(key, mark, errand.anew(self._seconds), load).owed = True

    def _joinable(self, key: str, mark: Hashable) -> Flight | None:
        flight = self._latest.get(key)
        return flight if flight is not None and flight.mark == mark and not flight.lost else None

    def _begin(self, key: str, mark: Hashable, errand: Errand, load: Load[T]) -> Flight:
        task = asyncio.create_task(load(errand), name=f"fetch {key}")
        flight = self._latest[key] = Flight(task, errand, mark)
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._landed(key, flight))
        return flight

    def _landed(self, key: str, flight: Flight) -> None:
        self._tasks.discard(flight.task)
        if self._latest.get(key) is flight:
            del self._latest[key]
        error = None if flight.task.cancelled() else flight.task.exception()  # nobody may be left to ask
        if isinstance(error, SourceError):
            forget_frames(error)

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
