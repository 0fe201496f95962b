"""The one stream of changes: replayed from the log, then live, without a seam; listeners cost no memory of their own.

For a subscription::

    async for change in rooms.hub.changes(after, sources):
        ...

``after`` is the ``sequence`` of the last change that was received, None for what happens from now on; ``sources`` are
the names whose changes are wanted. A ``Change`` (``numbers/changes.py``) has ``sequence``, ``kind`` (``ChangeKind``),
``source``, ``e164``, ``id``, ``at``, ``number`` (the record now, None for REMOVED) and ``previous`` (the record before,
None for ADDED). They come in the order of ``sequence``, each once.

The generator pulls: nothing is queued for a listener, who must not ask for the next change before the last one went
out. All share the same recent changes; who falls further behind than these reach is ended with ``ListenerTooSlow``,
whose ``sequence`` is the ``after`` to resume with. An ``after`` that the log does not hold any more, or never held,
raises ``CursorExpired`` before the first change. Leave the generator with ``aclose`` or by cancelling.
"""

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Protocol

from msgspec import Struct

from gateway.errors import CursorExpired, ListenerTooSlow, StoreUnavailable
from gateway.numbers.changes import Change

POLL_SECONDS = 0.2
"""How often the log is looked at for what other processes wrote, while somebody listens."""

BEHIND_AT_MOST = 5_000
"""Changes that a live listener may lag behind."""

BATCH = 500
"""Changes read from the log at once."""


class Extent(Struct, frozen=True):
    """What a log holds: the changes after ``removed`` up to ``head``."""

    removed: int
    head: int


class Log(Protocol):
    """The change log, whoever writes it."""

    async def extent(self) -> Extent:
        """What it holds now.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        ...

    async def after(self, sequence: int, limit: int) -> Sequence[Change]:
        """The changes that follow, at most ``limit``.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        ...


class Hub:
    """Hands the log on to all who listen; looks at it only while somebody does.

    ``poll`` is in seconds; ``behind`` is how many recent changes are kept at hand.
    """

    def __init__(self, log: Log, *, poll: float = POLL_SECONDS, behind: int = BEHIND_AT_MOST) -> None:
        self._log = log
        self._poll = poll
        self._behind = behind
        self._listened: Counter[str] = Counter()
        self._recent: list[Change] = []
        self._from = self._head = 0
        self._advanced = asyncio.Event()
        self._written = asyncio.Event()
        self._following: asyncio.Task[None] | None = None

    @property
    def listened(self) -> frozenset[str]:
        """The sources to whose changes somebody listens now."""
        return frozenset(self._listened)

    @property
    def head(self) -> int:
        """The last change that is at hand for those who listen."""
        return self._head

    def wake(self) -> None:
        """This process has written to the log."""
        self._written.set()

    async def changes(self, after: int | None, sources: frozenset[str]) -> AsyncGenerator[Change, None]:
        """The changes of these sources that follow ``after``, then those to come; see the module.

        Raises:
            CursorExpired: the log does not hold what follows ``after``.
            ListenerTooSlow: the listener fell too far behind.
            StoreUnavailable: the log cannot be read.
        """
        extent = await self._log.extent()
        position = extent.head if after is None else after
        if not extent.removed <= position <= extent.head:
            raise CursorExpired
        self._enter(sources, extent.head)
        try:
            while position < self._from:
                for change in await self._replayed(position):
                    position = change.sequence
                    if change.source in sources:
                        yield change
            while True:
                for change in await self._live(position):
                    position = change.sequence
                    if change.source in sources:
                        yield change
        finally:
            self._leave(sources)

    async def close(self) -> None:
        """Stop following the log."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)

    def _enter(self, sources: frozenset[str], head: int) -> None:
        self._listened.update(sources or {""})
        if self._following is None:
            self._recent, self._from, self._head = [], head, head
            self._following = asyncio.create_task(self._follow(), name="follow the change log")
            self._following.add_done_callback(lambda _: self._signal())

    def _leave(self, sources: frozenset[str]) -> None:
        self._listened -= Counter(sources or {""})
        if not self._listened and self._following is not None:
            self._following.cancel()
            self._following = None

    async def _replayed(self, position: int) -> Sequence[Change]:
        batch = await self._log.after(position, BATCH)
        if not batch or batch[0].sequence != position + 1:
            raise CursorExpired
        return batch

    async def _live(self, position: int) -> Sequence[Change]:
        """What is at hand after a position; waits until there is something."""
        while position >= self._head:
            if self._following is None or self._following.done():
                raise StoreUnavailable
            await self._advanced.wait()
        if position < self._from:
            raise ListenerTooSlow(position)
        start = bisect_right(self._recent, position, key=attrgetter("sequence"))
        return self._recent[start : start + BATCH]

    async def _follow(self) -> None:
        while True:
            self._written.clear()
            with suppress(StoreUnavailable):  # it is looked at again after a moment
                while batch := await self._log.after(self._head, BATCH):
                    self._take(batch)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._written.wait()

    def _take(self, batch: Sequence[Change]) -> None:
        self._recent += batch
        self._head = batch[-1].sequence
        if len(self._recent) > self._behind:
            self._from = self._recent[-self._behind - 1].sequence
            del self._recent[: -self._behind]
        self._signal()

    def _signal(self) -> None:
        self._advanced.set()
        self._advanced = asyncio.Event()
