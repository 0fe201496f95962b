"""Documents that clients registered by their hashes (automatic persisted queries), in a bounded part of the cache."""

import re
from datetime import datetime

from msgspec import Struct

from gateway.upstream.cache import Cache
from gateway.upstream.clock import Clock
from gateway.upstream.errand import Errand

BYTES_KEPT = 8 * 1024 * 1024
"""The estimated bytes of all documents together; what was longest unused is forgotten first."""

DAY = 24 * 60 * 60.0

HASH = re.compile("[0-9a-f]{64}")
"""A SHA-256 in lower-case hex; whatever else is asked for, nobody registered it."""


class KeptDocument(Struct, frozen=True):
    """One document, and when it was registered."""

    text: str
    as_of: datetime
    negative: bool = False

    @property
    def weight(self) -> int:
        """A document is one row."""
        return 1


class Documents:
    """Knows a registered document for a day; whoever asks for one that was forgotten registers it again."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock

    async def find(self, digest: str) -> str | None:
        """The document with that hash, None when nobody registered it."""
        if not HASH.fullmatch(digest):
            return None
        kept: KeptDocument | None = await self._cache.peek(_key(digest), DAY, Errand(self._clock, 0))
        return None if kept is None else kept.text

    async def keep(self, digest: str, text: str) -> None:
        """Register a document."""
        await self._cache.keep(_key(digest), KeptDocument(text, self._clock.now()))


def _key(digest: str) -> str:
    return f"documents/apq/{digest}"
