"""Something to keep and something to load it from, for the tests of the cache."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from gateway.numbers.e164 import E164
from gateway.numbers.merge import Snapshot
from gateway.providers.protocol import Request
from gateway.upstream.cache import Cache
from gateway.upstream.errand import Errand
from gateway.upstream.keys import key_of
from tests.clocks import ManualClock
from tests.conftest import errand
from tests.contract.acme import Acme, AcmeSettings

TTL, STALE = 100.0, 900.0
DEPOT = Acme("depot", AcmeSettings(provider="acme", base_url="http://127.0.0.1", api_key="seKret"))
ANNEX = Acme("annex", DEPOT.settings)
LIST, ONE, OTHER = key_of(DEPOT, Request("GET", "/"), "whole"), E164("+4930111"), E164("+4930222")


class Thing(Struct, frozen=True):
    """Something to keep."""

    as_of: datetime
    weight: int = 1
    negative: bool = False
    stale: bool = False
    text: str = ""


class Shelf:
    """Loads things, and counts how often; the door can be shut while a load is under way; ``fails`` fails one load."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.loads = 0
        self.ended = 0
        self.fails: Exception | None = None
        self.errands: list[Errand] = []
        self.door = asyncio.Event()
        self.door.set()

    async def load(self, own: Errand, *, negative: bool = False) -> Thing:
        """One load."""
        self.loads += 1
        self.errands.append(own)
        try:
            await self.door.wait()
        finally:
            self.ended += 1
        fails, self.fails = self.fails, None
        if fails is not None:
            raise fails
        return Thing(self.clock.now(), negative=negative)

    async def load_list(self, own: Errand) -> Snapshot:
        """An empty list."""
        return Snapshot(rows=(), as_of=(await self.load(own)).as_of, sent=0)

    def errand(self, seconds: float = 45.0) -> Errand:
        """Work on the shelf's clock."""
        return errand(seconds, clock=self.clock)


async def begun(work: Callable[[], Any], count: int = 1) -> list[asyncio.Task[Any]]:
    """So many tasks, each as far as it comes by itself."""
    tasks = [asyncio.create_task(work()) for _ in range(count)]
    await turns()
    return tasks


async def turns() -> None:
    """Let everybody go on as far as they come."""
    for _ in range(20):
        await asyncio.sleep(0)


def fetching(cache: Cache, shelf: Shelf, key: str = LIST, staleness: float | None = None) -> Coroutine[Any, Any, Thing]:
    """What is kept for TTL seconds, and may stand in for STALE."""
    allowed = None if staleness is None else timedelta(seconds=staleness)
    return cache.fetch(key, TTL, errand(10, allowed, shelf.clock), shelf.load, stale_ttl=STALE)
