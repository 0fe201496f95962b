"""What sources tell unasked: kept before it is acknowledged, and part of every answer from then on.

What events told is at hand in memory, as the store has it, and is merged into whatever is read of a source: no copy
has to be thrown away when an event arrives, and a source without a list is answered from its events alone.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from math import inf

from msgspec.structs import replace

from gateway.errors import StoreUnavailable
from gateway.numbers import reconcile
from gateway.numbers.e164 import E164
from gateway.numbers.merge import Snapshot
from gateway.numbers.model import Number
from gateway.numbers.reconcile import NOTHING_HELD, Held
from gateway.providers.protocol import Receives, Source
from gateway.upstream.changes import Hub
from gateway.upstream.clock import Clock
from gateway.upstream.store import Known, News, Receipt, Store

OTHERS_SECONDS = 0.25
"""How long what other processes wrote may stay unseen by a query of this one."""

PATIENCE_SECONDS = 2.0
"""How long a query waits for what the store has; with one that does not answer it goes on with what is at hand."""

FIRST_SECONDS = 30.0
"""How long it waits while nothing is at hand: a process that has just begun reads all that was ever told."""

REPEATED_WITHIN = timedelta(minutes=1)
"""A list that says the same again within this time is not written again."""


class Events:
    """The events of all sources that tell any.

    ``doubted`` holds the sources that may have other numbers than are known; ``doubt`` is set when one is added.
    ``outcomes`` counts what became of events, for each source: ``kept``, ``duplicate``, and the codes of refusals;
    those of unknown sources stand under no name.
    """

    def __init__(self, store: Store, sources: Mapping[str, Source], hub: Hub, clock: Clock) -> None:
        self._store = store
        self._sources = sources
        self._hub = hub
        self._clock = clock
        self._receivers = {name: source for name, source in sources.items() if isinstance(source, Receives)}
        self._pools: dict[str, dict[E164, Held]] = {name: {} for name in self._receivers}
        self._known: dict[str, Known] = {}
        self._revisions = dict.fromkeys(self._receivers, 0)
        self._revision = 0
        self._merged: dict[str, tuple[tuple[object, ...], Snapshot]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._asked: dict[str, tuple[datetime, datetime]] = {}
        self._synced = -inf
        self._writes, self._seen = 0, (-1, 0)
        self._reading: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self.doubted: set[str] = set()
        self.doubt = asyncio.Event()
        self.outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def receiver(self, name: str) -> Receives | None:
        """The source, where it is one that tells events."""
        return self._receivers.get(name)

    async def receive(self, name: str, body: bytes) -> Receipt:
        """Keep an event; durable when this returns.

        Raises:
            BadUserInput: it is not an event of this source; the message names the place.
            StoreUnavailable: it could not be kept; the sender should try again.
        """
        at = self._clock.now()
        receipt = await self._store.receive(name, body, self._receivers[name].receive(body, at), at)
        self._written()
        if await self.doubts(name):
            self.doubted.add(name)
            self.doubt.set()
        return receipt

    async def observe(self, name: str, read: Snapshot, asked: datetime) -> Snapshot:
        """A list was read to its end: what differs from before goes into the log, while anybody needs that.

        It comes back made of what is at hand, where that is the same. ``asked`` is when the reading began: what was heard
        since may be missing from it. Whoever asked for the list waits only where events are merged into it, and a store
        that cannot be written keeps nobody from reading.
        """
        self._asked[name] = (read.as_of, asked)
        if name in self._receivers:
            read = await self._shared(name, read)
            if not await self._repeats(name, read, asked):
                await self._observed(name, read, asked)
                read = await self._shared(name, read)
            return read
        if name in self._hub.listened:
            writing = asyncio.create_task(self._observed(name, read, asked), name=f"observe {name}")
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
        return read

    async def close(self) -> None:
        """Finish what is being written, and read no more."""
        await asyncio.gather(*self._writing)
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])

    async def _observed(self, name: str, read: Snapshot, asked: datetime) -> None:
        with suppress(StoreUnavailable):
            await self._store.observe(name, read.rows, asked, read.as_of, whole=not read.skipped)
            self._written()

    async def _shared(self, name: str, read: Snapshot) -> Snapshot:
        """The list, made of what is at hand where that says the same."""
        await self._sync()
        return replace(read, rows=reconcile.shared(self._pools[name], read.rows))

    async def _repeats(self, name: str, read: Snapshot, asked: datetime) -> bool:
        """Whether a list says nothing that is not known, and was known lately: then there is nothing to write."""
        await self._sync()
        known, pool = self._known.get(name), self._pools[name]
        if known is None or known.full_at is None or read.as_of - known.full_at >= REPEATED_WITHIN or read.skipped:
            return False
        count = self._count(name)
        if known.total == count == len(read.rows) and reconcile.echoes(pool, read.rows, asked):
            self._merged[name] = (self._mark(name, read), read)
            return True
        anew, differences = reconcile.listed(pool, read.rows, asked, read.as_of, whole=True, first=False)
        repeated = all(reconcile.repeats(held, pool.get(e164)) for e164, held in anew.items())
        return repeated and not differences and known.total == count

    async def keep_history(self, days: float) -> None:
        """Forget events and changes that are older, now and every hour, until cancelled."""
        await self._store.forget_regularly(self._clock, days)

    @property
    def change(self) -> int | None:
        """Another one whenever anything was written of any source; None while the store may have news (``settle``)."""
        return self._revision if not self._receivers or self._is_fresh() else None

    async def settle(self) -> None:
        """Look whether the store has news."""
        if self._receivers:
            await self._sync()

    def revisions(self, names: Sequence[str]) -> tuple[int, ...]:
        """Counts what was written of each source; 0 for one that tells nothing."""
        return tuple([self._revisions.get(name, 0) for name in names])

    async def doubts(self, name: str) -> bool:
        """Whether a source was never told in full, or counts other numbers itself than are known."""
        await self._sync()
        known = self._known.get(name)
        return known is None or known.full_at is None or known.total not in (None, self._count(name))

    async def held(self, name: str, wanted: Sequence[E164]) -> Mapping[E164, Held]:
        """What is known of some numbers of a source; nothing of one that tells nothing."""
        if name not in self._receivers:
            return {}
        await self._sync()
        pool = self._pools[name]
        return {e164: pool[e164] for e164 in wanted if e164 in pool}

    async def merged(self, name: str, read: Snapshot) -> Snapshot:
        """A source's list with what its events told; of a source without one, what they told alone.

        That is ``awaiting`` until the source was told in full, and while its own count says that some are missing.
        """
        if name not in self._receivers:
            return read
        await self._sync()
        mark = self._mark(name, read)
        kept, merged = self._merged.get(name, ((), read))
        if kept != mark:
            merged = await self._alone(name, read) if read.awaiting else self._with_list(name, read)
            self._merged[name] = (mark, merged)
        return merged

    def _mark(self, name: str, read: Snapshot) -> tuple[object, ...]:
        """What a list with its events was made of."""
        return (self._revisions[name], read.as_of, read.awaiting, read.stale, len(read.rows))

    async def _alone(self, name: str, read: Snapshot) -> Snapshot:
        known = self._known.get(name)
        if known is None:
            return read
        rows = tuple(self._present(name))
        doubted = await self.doubts(name)
        remark = f"events told of {len(rows)} numbers, the source counts {known.total}"
        drift = (remark,) if known.total not in (None, len(rows)) else ()
        return Snapshot(rows=rows, as_of=known.heard_at, sent=len(rows), awaiting=doubted, drift=drift)

    def _with_list(self, name: str, read: Snapshot) -> Snapshot:
        pool, whole = self._pools[name], not read.skipped
        came, asked = self._asked.get(name, (None, read.as_of))
        if came != read.as_of:  # another process read it, and took no longer than a source may
            asked = read.as_of - timedelta(seconds=self._sources[name].settings.timeout)
        anew, _ = reconcile.listed(pool, read.rows, asked, read.as_of, whole=whole, first=True)
        order = dict.fromkeys([*(number.e164 for number in read.rows), *pool])
        held = (anew.get(e164) or pool.get(e164, NOTHING_HELD) for e164 in order)
        return replace(read, rows=tuple(number for word in held if (number := word.number) is not None))

    def _count(self, name: str) -> int:
        return sum(held.removed is None for held in self._pools[name].values())

    def _present(self, name: str) -> list[Number]:
        return [number for held in self._pools[name].values() if (number := held.number) is not None]

    def _written(self) -> None:
        self._writes += 1
        self._hub.wake()

    async def _sync(self) -> None:
        """Bring what is at hand to what the store has; one that cannot be read, or not in time, leaves it as it is."""
        if not self._is_fresh() and self._reading is not None:  # what was written since it began may be missing from it
            await self._looked.wait()
        if self._is_fresh():
            return
        if self._reading is None:
            self._looked = asyncio.Event()
            self._reading = asyncio.create_task(self._read(self._looked), name="read the store")
        reading = self._reading
        await self._looked.wait()
        if reading.done():
            reading.result()

    async def _read(self, looked: asyncio.Event) -> None:
        """One look at the store, for all who wait for one; whoever leaves, it goes on."""
        began, seen = self._clock.monotonic(), (self._writes, self._hub.head)
        alarm = self._clock.after(FIRST_SECONDS if self._synced == -inf else PATIENCE_SECONDS, looked.set)
        try:
            self._take(await self._store.news(self._revision, self._receivers))
            self._synced, self._seen = began, seen
        except StoreUnavailable:
            self._synced, self._seen = self._clock.monotonic(), seen
        finally:
            alarm.cancel()
            self._reading = None
            looked.set()

    def _take(self, news: News) -> None:
        self._revision = news.revision
        self._known |= news.sources
        for name in news.sources.keys() | news.numbers.keys():
            self._pools[name] |= news.numbers.get(name, {})
            self._revisions[name] = news.revision

    def _is_fresh(self) -> bool:
        """Whether nothing was written here or told to a listener since, nor long enough ago elsewhere."""
        return self._seen == (self._writes, self._hub.head) and self._clock.monotonic() - self._synced < OTHERS_SECONDS
