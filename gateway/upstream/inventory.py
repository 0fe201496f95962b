"""All sources as one list: reads each whole, drives the merge, and names what failed."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache

from msgspec.structs import replace

from gateway.errors import UNLISTED, SourceError, SourceMisconfigured, SourceTooLarge, SourceUnavailable, forget_frames
from gateway.numbers.blocks import Block, Listing, Paging, Part
from gateway.numbers.chain import chain
from gateway.numbers.chain_back import chain_back
from gateway.numbers.chain_page import Stream
from gateway.numbers.drain import drain
from gateway.numbers.filters import EVERYTHING, Facts, Filter, verdict
from gateway.numbers.merge import Ask, Snapshot, Whole, in_order, merge
from gateway.numbers.remarks import UNSORTED
from gateway.numbers.search import OrderField, Search
from gateway.numbers.windows import Range, Window
from gateway.providers.protocol import Lists, Source
from gateway.telemetry import Drifted, Tell, kinds_of_reading, silence
from gateway.upstream.cache import Cache
from gateway.upstream.clock import Clock
from gateway.upstream.drive import drive
from gateway.upstream.errand import Errand
from gateway.upstream.events import Events
from gateway.upstream.keys import key_of, whole_key
from gateway.upstream.policy import Caller
from gateway.upstream.sizes import BlockSize
from gateway.upstream.snapshots import as_listing, awaiting, marked

FEW = 2
"""Blocks of a list that are read whole rather than narrowed, so that the next filter finds everything at hand."""


def facts_of(source: Source) -> Facts:
    """What holds of every number of a source, whatever it answers."""
    return {
        "providers": frozenset({source.provider}),
        "sources": frozenset({source.name}),
        "availability": source.availabilities,
    }


class Inventory:
    """Every source's list, and the windows over them."""

    def __init__(
        self, callers: Mapping[str, Caller], cache: Cache, clock: Clock, events: Events, tell: Tell = silence
    ) -> None:
        self._callers = callers
        self._cache = cache
        self._clock = clock
        self._events = events
        self._tell = tell
        self._lengths: dict[str, int] = {}
        self._unsorted: set[str] = set()
        self._sizes = {name: BlockSize(caller.lists.paging) for name, caller in callers.items() if caller.lists}
        self.asked = lru_cache(1024)(self._not_excluded)
        """Those of the sources that a filter does not exclude."""
        self._sure = lru_cache(1024)(self._wanted_whole)

    def _not_excluded(self, names: tuple[str, ...], wanted: Filter) -> tuple[str, ...]:
        return tuple(name for name in names if verdict(wanted, facts_of(self._callers[name].source)) is not False)

    def _wanted_whole(self, names: tuple[str, ...], wanted: Filter) -> frozenset[str]:
        return frozenset(name for name in names if verdict(wanted, facts_of(self._callers[name].source)))

    def length(self, name: str) -> int | None:
        """How many rows a source sent when it was last read whole, None when it never was."""
        return self._lengths.get(name)

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
            by_number = await self._by_number(search, names, errand, counted=counted)

            async def either(ask: Ask) -> Snapshot | Listing:
                if isinstance(ask, Part):
                    return await self._sorted_part(ask, search.wanted, errand)
                if ask.source in by_number:
                    self._unsorted.add(ask.source)
                return await whole(ask)

            steps = merge(search, span, names, counted=counted, by_number=by_number)
            return marked(await drive(steps, either, errand))
        if span.last is not None:
            window = marked(await drive(chain_back(search, span, names), whole, errand))
        else:
            sure = self._sure(tuple(names), search.wanted)
            sizes = [(name, self._sizes.get(name)) for name in names]
            streams = [Stream(name, size.paging if size else None, sure=name in sure) for name, size in sizes]
            window = await drive(chain(search, span, streams), part, errand)
        return await self._counted(window, search, errand) if counted else window

    async def _by_number(
        self, search: Search, names: Sequence[str], errand: Errand, *, counted: bool
    ) -> dict[str, Paging]:
        """Sources that are better read in the order of their numbers than whole: they sort, and are long or unknown.

        One that was caught out of order is read whole from then on.
        """
        if search.order.field is not OrderField.E164 or counted:
            return {}
        found: dict[str, Paging] = {}
        for name in names:
            source = self._callers[name].sorts
            if source is None or name in self._unsorted or self._is_short(source):
                continue
            if await self.kept(name, source.settings.ttl, errand) is None:
                found[name] = self._sizes[name].paging
        return found

    def _is_short(self, source: Lists) -> bool:
        """Whether a list is known to cost a call or two to read whole."""
        return self._lengths.get(source.name, FEW * source.paging.size) < FEW * source.paging.size

    async def _sorted_part(self, ask: Part, pushed: Filter, errand: Errand) -> Listing:
        caller = self._callers[ask.source]
        source = caller.sorts
        assert source is not None
        request = source.ask_sorted(ask.block, pushed, descending=ask.descending is True)
        listing = await self._cache.fetch(
            key_of(source, request, "block"),
            source.settings.ttl,
            errand,
            lambda own: self._sizes[ask.source].watched(ask.block.size, caller.ask(request, source.read, own)),
            stale_ttl=source.settings.stale_ttl,
        )
        unfiltered = whole_key(source, pushed) == whole_key(source, EVERYTHING)
        if listing.total is not None and unfiltered and not listing.stale:
            self._lengths[ask.source] = listing.total
            whole = ask.block.start == 0 and listing.sent == listing.total < ask.block.size
            if whole and ask.descending is False:
                held = Snapshot(rows=listing.rows, as_of=listing.as_of, sent=listing.sent, skipped=listing.skipped)
                await self._cache.keep(whole_key(source, EVERYTHING), replace(held, drift=listing.drift))
        return listing

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
            _, held = await self._heard_or_kept(source, pushed, errand)
            return as_listing(held)
        request = source.ask(ask.block, pushed)
        return await self._cache.fetch(
            key_of(source, request, "block"),
            source.settings.ttl,
            errand,
            lambda own: self._sizes[ask.source].watched(ask.block.size, caller.ask(request, source.read, own)),
            stale_ttl=source.settings.stale_ttl,
        )

    async def _pushed(self, name: str, search: Search, errand: Errand) -> Filter:
        """What of the filter to push down: nothing where everything is at hand, or costs a call or two to read.

        In the sources' own order everything is pushed: offsets are those of the narrowed list, on every page alike.
        """
        source = self._callers[name].lists
        if source is None or search.order.field is OrderField.SOURCE:
            return search.wanted
        if self._is_short(source):
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
            return await self._events.merged(name, awaiting(self._clock.now()))
        key, held = await self._heard_or_kept(source, pushed, errand)
        if search.order.field is OrderField.SOURCE:
            return held
        order = f"{search.order.field.value}:{search.order.descending}"
        return replace(held, rows=self._cache.made(key, held.rows, order, lambda: in_order(held.rows, search)))

    async def kept(self, name: str, ttl: float, errand: Errand) -> Snapshot | None:
        """Everything a source holds, if it is at hand and was heard within ``ttl`` seconds; asks nobody."""
        source = self._callers[name].lists
        if source is None:
            return None
        kept: Snapshot | None = await self._cache.peek(whole_key(source, EVERYTHING), ttl, errand)
        if kept is None:
            return None
        merged = await self._events.merged(name, kept)
        return merged if errand.takes(merged.as_of, ttl) else None  # without a list, it is as old as its last event

    async def heard(self, name: str, errand: Errand, pushed: Filter = EVERYTHING) -> Snapshot:
        """As ``snapshot``, in the source's own order and never stale: what an old list lacks may be there by now.

        Raises:
            SourceError: the source could not be read in full.
        """
        source = self._callers[name].lists
        if source is None:
            return await self._events.merged(name, awaiting(self._clock.now()))
        return await self._whole(source, pushed, errand)

    async def kept_before(self, name: str, errand: Errand, error: SourceError) -> Snapshot | None:
        """Everything a source held when it last told, marked as stale, to stand in after a failure; asks nobody."""
        source = self._callers[name].lists
        if source is None:
            return None
        old: Snapshot | None = await self._cache.old(
            whole_key(source, EVERYTHING), source.settings.stale_ttl, errand, error
        )
        return None if old is None else await self._events.merged(name, old)

    async def _whole(self, source: Lists, pushed: Filter, errand: Errand, stale_ttl: float = 0.0) -> Snapshot:
        """The list in the source's own order, and what its events told."""
        read = await self._cache.fetch(
            whole_key(source, pushed),
            source.settings.ttl,
            errand,
            lambda own: self._read_whole(source, pushed, own),
            stale_ttl=stale_ttl,
        )
        return await self._events.merged(source.name, read)

    async def _heard_or_kept(self, source: Lists, pushed: Filter, errand: Errand) -> tuple[str, Snapshot]:
        """The list in the source's own order, and its key; when the source does not answer, an old one, or more of it."""
        try:
            held = await self._whole(source, pushed, errand, source.settings.stale_ttl)
        except SourceError as error:
            old = await self.kept_before(source.name, errand, error)
            if old is None:
                raise
            return whole_key(source, EVERYTHING), old
        return whole_key(source, pushed), held

    async def _read_whole(self, source: Lists, pushed: Filter, errand: Errand) -> Snapshot:
        caller = self._callers[source.name]
        unfiltered, asked = whole_key(source, pushed) == whole_key(source, EVERYTHING), self._clock.now()

        async def answer(block: Block) -> Listing:
            asking = caller.ask(source.ask(block, pushed), source.read, errand)
            return await self._sizes[source.name].watched(block.size, asking)

        paging = self._sizes[source.name].paging
        try:
            drained = await drive(drain(paging, self._lengths.get(source.name) if unfiltered else None), answer, errand)
        except (SourceTooLarge, SourceUnavailable) as error:
            if self._sizes[source.name].paging.size == paging.size:
                raise
            forget_frames(error)
            return await self._read_whole(source, pushed, errand)
        except SourceMisconfigured as error:
            if error.reason != UNLISTED:
                raise
            forget_frames(error)
            return awaiting(self._clock.now())
        told = [number.e164 for number in drained.rows] if caller.sorts else []
        drift = drained.drift if told == sorted(told) else (*drained.drift, UNSORTED)
        read = Snapshot(rows=drained.rows, as_of=drained.as_of, sent=drained.sent, skipped=drained.skipped, drift=drift)
        for kind in kinds_of_reading(read.drift):
            self._tell(Drifted(source.name, kind))
        if unfiltered:
            self._lengths[source.name] = drained.sent
            read = await self._events.observe(source.name, read, asked)
        return read
