"""A change log in memory, with knobs for what a store can do: be pruned, fail, and be written by others."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.errors import StoreUnavailable
from gateway.numbers.changes import Change
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number, Observation, Origin, Record
from gateway.upstream.changes import Extent

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def number(e164: str, source: str = "voice_sg") -> Number:
    """A number that a source told of."""
    origin = Origin(provider="EIGHT_BY_EIGHT", source=source, via=Observation.WEBHOOK, as_of=NOW)
    return Number(e164=E164(e164), origin=origin, details=Record())


class MemoryLog:
    """Changes without gaps, those up to ``removed`` forgotten."""

    def __init__(self) -> None:
        self.written: list[Change] = []
        self.removed = 0
        self.reads = 0
        self._failures = 0
        self._failed = asyncio.Event()

    def append(self, count: int = 1, source: str = "voice_sg") -> None:
        """Write changes of one source."""
        for _ in range(count):
            sequence = len(self.written) + 1
            held = number(f"+65{sequence:08}", source)
            self.written.append(Change(number=held, previous=None, at=NOW, sequence=sequence))

    async def fail(self, times: int) -> None:
        """Let so many of the next reads fail, and wait until they have."""
        self._failures = times
        await self._failed.wait()

    async def extent(self) -> Extent:
        """What it holds."""
        return Extent(self.removed, len(self.written))

    async def after(self, sequence: int, limit: int) -> Sequence[Change]:
        """What follows."""
        self.reads += 1
        if self._failures:
            self._failures -= 1
            if not self._failures:
                self._failed.set()
            raise StoreUnavailable
        return self.written[max(sequence, self.removed) :][:limit]
