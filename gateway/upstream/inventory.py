"""All sources as one list: reads each whole, drives the merge, and names what failed."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from gateway.errors import UNLISTED, SourceError, SourceMisconfigured
from gateway.numbers.blocks import Block, Listing
from gateway.numbers.chain import Part, Stream, chain
from gateway.numbers.chain_back import chain_back
from gateway.numbers.drain import drain
from gateway.numbers.filters import EVERYTHING, Facts, Filter, verdict
from gateway.numbers.merge import Snapshot, Whole, in_order, merge
from gateway.numbers.search import OrderField, Search
from gateway.numbers.windows import Range, Window
from gateway.providers.protocol import Lists, Request, Source
from gateway.upstream.cache import Cache
from gateway.upstream.clock import Clock
from gateway.upstream.drive import drive
from gateway.upstream.errand import Errand
from gateway.upstream.events import Events
from gateway.upstream.policy import Caller

FEW = 2
"""Blocks of a list that are read whole rather than narrowed, so that the next filter finds everything at hand."""


def key_of(source: Source, request: Request, purpose: str) -> str:
    """The cache key of an unsigned request at a source; requests hold no secret, and keys hold no request."""
    digest = hashlib.blake2b(msgspec.msgpack.encode(request), digest_size=16).hexdigest()
    return f"{source.slug}/{source.version}/{source.name}/{purpose}/{digest}"


def facts_of(source: Source) -> Facts:
    """What holds of every number of a source, whatever it answers."""
    return {
        "providers": frozenset({source.provider}),
        "sources": frozenset({source.name}),
        "availability": source.availabilities,
    }


class Inventory:
    """Every source's list, and the windows over them."""

    def __init__(self, callers: Mapping[str, Caller], cache: Cache, clock: Clock, events: Events) -> None:
        self._callers = callers
        self._cache = cache
        self._clock = clock
        self._events = events
        self._lengths: dict[str, int] = {}

    def asked(self, names: Sequence[str], wanted: Filter) -> list[str]:
        """Those of the sources that the filter does not exclude."""
        return [name for name in names if verdict(wanted, facts_of(self._callers[name].source)) is not False]

    async def window(
        self, search: Search, span: Range, names: Sequence[str], errand: Errand, *, counted: bool
    ) -> Window:
        """One page over the named sources.

        Raises:
            AllSourcesFailed: not one of them could be read.
        """

        async def whole(ask: Whole) -> Snapshot:
            return await self.snapshot(ask.source, search, errand, await self._pushed(ask.source, search, errand))

        async def part(ask: Part) -> Listing:
            return await self._part(ask, search.wanted, errand)

        if search.order.field is not OrderField.SOURCE:
            return await drive(merge(search, span, names, counted=counted), whole, errand)
        if span.last is not None:
            window = await drive(chain_back(search, span, names), whole, errand)
        else:
            streams = [Stream(name, lists.paging if (lists := self._callers[name].lists) else None) for name in names]
            window = await drive(chain(search, span, streams), part, errand)
        return await self._counted(window, search, errand) if counted else window

    async def _counted(self, window: Window, search: Search, errand: Errand) -> Window:
        """The window with totals: in the cheap order they are what costs, so they are read only when wanted."""
        counts = await asyncio.gather(*(self._count(read.source, search, errand) for read in window.reads))
        reads = tuple(replace(read, total=count) for read, count in zip(window.reads, counts, strict=True))
        known = [count for count in counts if count is not None]
        return replace(window, reads=reads, total=sum(known) if len(known) == len(counts) else None)

    async def _count(self, name: str, search: Search, errand: Errand) -> int | None:
        try:
            held = await self.snapshot(name, search, errand, await self._pushed(name, search, errand))
        except SourceError:
            return None
        return None if held.awaiting else sum(map(search.admits, held.rows))

    async def _part(self, ask: Part, pushed: Filter, errand: Errand) -> Listing:
        caller = self._callers[ask.source]
        source = caller.lists
        assert source is not None
        if source.paging.whole:
            return _listing(await self._whole(source, pushed, errand))
        request = source.ask(ask.block, pushed)
        return await self._cache.fetch(
            key_of(source, request, "block"),
            source.settings.ttl,
            errand,
            lambda: caller.ask(request, source.read, errand),
        )

    async def _pushed(self, name: str, search: Search, errand: Errand) -> Filter:
        """What of the filter to push down: nothing where everything is at hand, or costs a call or two to read.

        In the sources' own order everything is pushed: offsets are those of the narrowed list, on every page alike.
        """
        source = self._callers[name].lists
        if source is None or search.order.field is OrderField.SOURCE:
            return search.wanted
        if self._lengths.get(name, FEW * source.paging.size) < FEW * source.paging.size:
            return EVERYTHING
        kept = await self.kept(name, source.settings.ttl, errand)
        return search.wanted if kept is None else EVERYTHING

    async def snapshot(self, name: str, search: Search, errand: Errand, pushed: Filter = EVERYTHING) -> Snapshot:
        """Everything a source holds of ``pushed``, in the search's order; from the cache when that is fresh enough.

        However many orders are asked for, the source is read once.

        Raises:
            SourceError: the source could not be read in full.
        """
        source = self._callers[name].lists
        if source is None:
            return await self._events.merged(name, self._awaiting())
        if search.order.field is OrderField.SOURCE:
            return await self._whole(source, pushed, errand)

        async def ordered() -> Snapshot:
            held = await self._whole(source, pushed, errand)
            return replace(held, rows=in_order(held.rows, search))

        revision = await self._events.revision(name)
        purpose = f"{search.order.field.value}:{search.order.descending}:{revision}"
        return await self._cache.fetch(_whole_key(source, pushed, purpose), source.settings.ttl, errand, ordered)

    async def kept(self, name: str, ttl: float, errand: Errand) -> Snapshot | None:
        """Everything a source holds, if it is at hand and was heard within ``ttl`` seconds; asks nobody."""
        source = self._callers[name].lists
        if source is None:
            return None
        kept: Snapshot | None = await self._cache.peek(_whole_key(source, EVERYTHING), ttl, errand)
        if kept is None:
            return None
        merged = await self._events.merged(name, kept)
        return merged if errand.takes(merged.as_of, ttl) else None  # without a list, it is as old as its last event

    async def _whole(self, source: Lists, pushed: Filter, errand: Errand) -> Snapshot:
        """The list in the source's own order, and what its events told."""
        read = await self._cache.fetch(
            _whole_key(source, pushed), source.settings.ttl, errand, lambda: self._read_whole(source, pushed, errand)
        )
        return await self._events.merged(source.name, read)

    async def _read_whole(self, source: Lists, pushed: Filter, errand: Errand) -> Snapshot:
        caller = self._callers[source.name]
        unfiltered, asked = _whole_key(source, pushed) == _whole_key(source, EVERYTHING), self._clock.now()

        async def answer(block: Block) -> Listing:
            return await caller.ask(source.ask(block, pushed), source.read, errand)

        try:
            drained = await drive(
                drain(source.paging, self._lengths.get(source.name) if unfiltered else None), answer, errand
            )
        except SourceMisconfigured as error:
            if error.reason == UNLISTED:
                return self._awaiting()
            raise
        read = Snapshot(
            rows=drained.rows,
            as_of=drained.as_of,
            sent=drained.sent,
            skipped=drained.skipped,
            drift=drained.drift,
        )
        if unfiltered:
            self._lengths[source.name] = drained.sent
            await self._events.observe(source.name, read, asked)
        return read

    def _awaiting(self) -> Snapshot:
        """A source that has no list: only its events can tell what it holds."""
        return Snapshot(rows=(), as_of=self._clock.now(), sent=0, awaiting=True)


def _listing(whole: Snapshot) -> Listing:
    """A list that has no pages, as its one block.

    Raises:
        SourceMisconfigured: there is no list, and what events told is not everything.
    """
    if whole.awaiting:
        msg = "There is no list, and its events have not told everything yet."
        raise SourceMisconfigured(msg, reason=UNLISTED)
    skipped = whole.skipped
    return Listing(
        rows=whole.rows,
        sent=len(whole.rows) + skipped,
        as_of=whole.as_of,
        total=len(whole.rows) + skipped,
        skipped=skipped,
        drift=whole.drift,
        holes=tuple(range(len(whole.rows), len(whole.rows) + skipped)),
    )


def _whole_key(source: Lists, pushed: Filter, order: str = "own") -> str:
    """Filters of which the source is told the same share what was read."""
    return key_of(source, source.ask(Block(0, source.paging.size), pushed), f"whole:{order}")
