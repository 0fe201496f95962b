"""Lists that are read because somebody must be told what changed, not because somebody asked for them.

A source without events is read again, when its copy is no longer fresh, only while somebody listens to it; a source
whose events do not add up is read once for each doubt.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import timedelta

from gateway.errors import SourceError
from gateway.numbers.search import Order, OrderField, Search
from gateway.upstream.changes import Hub
from gateway.upstream.clock import Clock
from gateway.upstream.errand import Errand, Priority
from gateway.upstream.events import Events
from gateway.upstream.inventory import Inventory
from gateway.upstream.policy import Caller

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often it is looked whether a list is due."""

SELDOM_SECONDS = 15.0
"""A source is not read for this purpose more often, whatever its ``ttl`` and however many doubts."""

_IN_ITS_OWN_ORDER = Search(order=Order(field=OrderField.SOURCE))


class Refresher:
    """Reads what is due, source by source side by side, until it is cancelled. ``seconds`` is the time for one list."""

    def __init__(
        self,
        callers: Mapping[str, Caller],
        inventory: Inventory,
        events: Events,
        hub: Hub,
        clock: Clock,
        seconds: float,
    ) -> None:
        self._callers = callers
        self._inventory = inventory
        self._events = events
        self._hub = hub
        self._clock = clock
        self._seconds = seconds
        self._read_at: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._events.doubt.clear()
            await self.refresh()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._events.doubt.wait()

    async def refresh(self) -> None:
        """Read what is due now."""
        due = [*self._due()]
        self._events.doubted.difference_update(due)
        await asyncio.gather(*map(self._read, due))

    def _due(self) -> Iterable[str]:
        now = self._clock.monotonic()
        for name, caller in self._callers.items():
            if caller.lists is None:
                continue
            wanted = name in self._events.doubted or name in self._hub.listened
            interval = 0.0 if name in self._events.doubted else caller.source.settings.ttl
            since = now - self._read_at.get(name, -float("inf"))
            if wanted and since >= max(interval, SELDOM_SECONDS):
                yield name

    async def _read(self, name: str) -> None:
        """A source that cannot be read is tried again when it is due again; so is one at which something unforeseen happens."""
        self._read_at[name] = self._clock.monotonic()
        deadline = self._clock.monotonic() + self._seconds
        anew = Errand(self._clock, deadline, timedelta(0), priority=Priority.REFRESH)
        try:
            with suppress(SourceError):
                await self._inventory.snapshot(name, _IN_ITS_OWN_ORDER, anew)
        except Exception:
            log.exception("unforeseen failure while %s was read for those who listen", name)
