"""Documents that clients registered by their hashes (automatic persisted queries), in a bounded part of the cache."""

from datetime import datetime

from msgspec import Struct

from gateway.upstream.cache import Cache
from gateway.upstream.clock import Clock
from gateway.upstream.errand import Errand

BYTES_KEPT = 8 * 1024 * 1024
"""The size of all documents together; what was longest unused is forgotten first."""

DAY = 24 * 60 * 60.0


class KeptDocument(Struct, frozen=True):
    """One document, and when it was registered."""

    text: str
    as_of: datetime
    negative: bool = False

    @property
    def weight(self) -> int:
        """Its size in bytes."""
        return len(self.text.encode())


class Documents:
    """Knows a registered document for a day; whoever asks for one that was forgotten registers it again."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    async def find(self, digest: str) -> str | None:
        """The document with that hash, None when nobody registered it."""
        kept: KeptDocument | None = await self._cache.peek(f"document {digest}", DAY, Errand(self._clock, 0))
        return None if kept is None else kept.text

    async def keep(self, digest: str, text: str) -> None:
        """Register a document."""
        await self._cache.keep(f"document {digest}", KeptDocument(text, self._clock.now()))
