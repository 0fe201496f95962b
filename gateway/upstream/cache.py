"""What was read is kept: aiocache as the storage port, and our own rules on top.

One fetch for a key, however many ask; a caller who leaves does not stop the fetch for the others; failures are told
to everyone who waits and are never kept. The storage is bounded: aiocache's own memory cache is not.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer

from gateway.errors import SourceError, SourceTimeout
from gateway.upstream.errand import Errand


class Kept(Protocol):
    """What can be kept: it knows when it was heard, and how much it weighs in rows."""

    @property
    def as_of(self) -> datetime:
        """When it was heard."""
        ...

    @property
    def weight(self) -> int:
        """Rows it holds, at least 1."""
        ...

    @property
    def negative(self) -> bool:
        """Whether it says that there is nothing, which is believed only briefly."""
        ...


K = TypeVar("K", bound=Kept)
T = TypeVar("T")

NEGATIVE_SECONDS = 15.0
"""How long "there is no such number" is believed."""

ROWS_KEPT = 500_000
"""The weight of all entries together; about 150 MB of numbers."""


class BoundedMemory(BaseCache):  # type: ignore[misc]  # aiocache ships no types
    """An aiocache backend in this process that forgets what was longest unused once it holds too much."""

    def __init__(self, rows: int = ROWS_KEPT) -> None:
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._rows = rows
        self._entries: OrderedDict[str, Kept] = OrderedDict()
        self.weight = 0

    async def _get(self, key: str, **options: Any) -> Kept | None:  # noqa: ANN401, ARG002 - the signature is aiocache's
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    async def _set(self, key: str, value: Kept, **options: Any) -> bool:  # noqa: ANN401, ARG002 - the signature is aiocache's
        await self._delete(key)
        if value.weight > self._rows:
            return False  # it would drive everything else out, and then itself
        self._entries[key] = value
        self.weight += value.weight
        while self.weight > self._rows:
            _, forgotten = self._entries.popitem(last=False)
            self.weight -= forgotten.weight
        return True

    async def _delete(self, key: str, **options: Any) -> int:  # noqa: ANN401, ARG002 - the signature is aiocache's
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.weight -= entry.weight
        return 1


class _Flight(NamedTuple):
    """A load under way, and whose time it has."""

    task: asyncio.Task[Any]
    errand: Errand


class Cache:
    """The typed face of the storage, with single-flight."""

    def __init__(self, store: BaseCache) -> None:
        self._store = store
        self._flights: dict[str, _Flight] = {}

    async def peek(self, key: str, ttl: float, errand: Errand) -> Any | None:  # noqa: ANN401 - what was put there
        """What is kept under the key, if it is fresh enough for the errand; ``ttl`` in seconds."""
        kept = cast("Kept | None", await self._store.get(key))
        if kept is None:
            return None
        return kept if errand.takes(kept.as_of, min(ttl, NEGATIVE_SECONDS) if kept.negative else ttl) else None

    async def keep(self, key: str, value: Kept) -> None:
        """Put something there."""
        await self._store.set(key, value)

    async def fetch(self, key: str, ttl: float, errand: Errand, load: Callable[[], Awaitable[K]]) -> K:
        """What is kept, else what ``load`` brings, which is kept; one load at a time for a key.

        Raises:
            SourceError: whatever ``load`` raised, to everyone who waits for it.
        """
        kept = await self.peek(key, ttl, errand)
        if kept is not None:
            return cast("K", kept)
        return await self.share(key, errand, lambda: self._load(key, load))

    async def share(self, key: str, errand: Errand, load: Callable[[], Coroutine[None, None, T]]) -> T:
        """What ``load`` brings, one load at a time for a key; nothing is kept.

        Raises:
            SourceTimeout: the load is somebody else's, and this errand's deadline passed before it was done.
            SourceError: whatever ``load`` raised, to everyone who waits for it; but not to those who still have time
                when it failed for want of time.
        """
        while (begun := self._flights.get(key)) is not None:
            try:
                return cast("T", await _joined(begun.task, errand))
            except SourceError:
                if begun.errand.remaining() > 0 or errand.remaining() <= 0:
                    raise
        task = asyncio.create_task(load(), name=f"fetch {key}")
        self._flights[key] = _Flight(task, errand)
        task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def _load(self, key: str, load: Callable[[], Awaitable[K]]) -> K:
        value = await load()
        await self._store.set(key, value)
        return value

    def _landed(self, key: str, task: asyncio.Task[Any]) -> None:
        del self._flights[key]
        if not task.cancelled():
            task.exception()  # told to those who waited; nobody may be left to ask

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _joined(task: asyncio.Task[Any], errand: Errand) -> Any:  # noqa: ANN401 - what the load brings
    try:
        async with asyncio.timeout(errand.remaining()):
            return await asyncio.shield(task)
    except TimeoutError:
        msg = "The request's deadline passed before the source had answered."
        raise SourceTimeout(msg) from None
