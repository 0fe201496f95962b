"""The two usual designs: the place in the list is what the sources' offsets are, and nothing else."""

import asyncio
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from benchmarks.clock import Clock
from benchmarks.pages.designs import Page
from benchmarks.simulated import PATIENCE, Identity, World, settings_over
from gateway.numbers.blocks import Block, Listing
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.grid import cover
from gateway.settings import make_sources
from gateway.upstream.client import HttpTransport
from gateway.upstream.errand import Errand
from gateway.upstream.policy import Caller


class Offsets:
    """What both have in common: an offset for each source, and reading from there."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._settings = settings_over(world.url)
        self._clock = clock
        self._lengths = world.lengths
        self._offsets: dict[str, int] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        transport = HttpTransport.open(self._clock.now)
        self._open.push_async_callback(transport.close)
        self._callers = {
            name: Caller(held, transport, self._clock) for name, held in make_sources(self._settings).items()
        }
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def _ahead(self, count: int, *, backwards: bool) -> dict[str, list[Identity]]:
        """The next ``count`` rows of every source that has not ended, the nearest first."""
        if not self._offsets:
            self._offsets = dict(self._lengths) if backwards else dict.fromkeys(self._lengths, 0)
        spans = {
            name: (max(0, offset - count), min(count, offset)) if backwards else (offset, count)
            for name, offset in self._offsets.items()
        }
        read = await asyncio.gather(*(self._rows(name, *span) for name, span in spans.items()))
        if backwards:  # a list that has become shorter ends before its offset
            self._offsets = {
                name: start + len(rows) for (name, (start, _)), rows in zip(spans.items(), read, strict=True)
            }
        return {name: rows[::-1] if backwards else rows for name, rows in zip(spans, read, strict=True)}

    def _advance(self, name: str, count: int, *, ended: bool, backwards: bool) -> None:
        """Go on behind what was taken; a source has ended where it begins, or where no more rows come."""
        self._offsets[name] += -count if backwards else count
        if self._offsets[name] <= 0 if backwards else ended:
            del self._offsets[name]

    async def _rows(self, name: str, start: int, count: int) -> list[Identity]:
        """Rows by offset, with as few calls as the provider's paging allows."""
        caller = self._callers[name]
        source = caller.lists
        assert source is not None
        exact = source.paging.whole or source.paging.aligned
        blocks = cover(start, count, source.paging) if exact else [Block(start, count)]
        answers = await asyncio.gather(*(self._listing(caller, block) for block in blocks))
        return [
            (name, number.e164[1:])
            for block, listing in zip(blocks, answers, strict=True)
            for offset, number in listing.placed(block.start)
            if start <= offset < start + count
        ]

    async def _listing(self, caller: Caller, block: Block) -> Listing:
        source = caller.lists
        assert source is not None
        errand = Errand(self._clock, self._clock.monotonic() + PATIENCE)
        return await caller.ask(source.ask(block, EVERYTHING), source.read, errand)


class RoundRobin(Offsets):
    """A share of each page from each source; a source that gives less than its share has ended."""

    async def turn(self, size: int, *, backwards: bool) -> Page:
        """The next share of every source that has not ended."""
        share = max(1, size // len(self._lengths))
        ahead = await self._ahead(share, backwards=backwards)
        for name, rows in ahead.items():
            self._advance(name, share, ended=len(rows) < share, backwards=backwards)
        return Page([row for rows in ahead.values() for row in rows], bool(self._offsets))


class Vector(Offsets):
    """The smallest of the sources' next rows, again and again; each source goes on behind what was taken of it."""

    async def turn(self, size: int, *, backwards: bool) -> Page:
        """The next rows of the merged list, as far as the sources are in order."""
        ahead = await self._ahead(size, backwards=backwards)
        taken = dict.fromkeys(ahead, 0)
        page: list[Identity] = []
        while len(page) < size and (
            heads := [rows[taken[name]] for name, rows in ahead.items() if taken[name] < len(rows)]
        ):
            chosen = max(heads, key=_by_number) if backwards else min(heads, key=_by_number)
            taken[chosen[0]] += 1
            page.append(chosen)
        for name, count in taken.items():
            self._advance(name, count, ended=not ahead[name], backwards=backwards)
        return Page(page, bool(self._offsets))


def _by_number(row: Identity) -> tuple[str, str]:
    return row[1], row[0]
