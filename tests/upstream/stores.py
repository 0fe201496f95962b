"""The store and what stands on it, over a database of the tests."""

from collections.abc import Mapping

from gateway.providers.protocol import Source
from gateway.upstream.changes import Hub
from gateway.upstream.clock import Clock
from gateway.upstream.database import Database
from gateway.upstream.events import Events
from gateway.upstream.store import Store


class Stored:
    """Store, hub and events of these sources; in memory unless a URL is given. ``close`` gives the threads back."""

    def __init__(self, sources: Mapping[str, Source], clock: Clock, url: str = "sqlite://") -> None:
        self.database = Database.open(url)
        self.store = Store(self.database, sources)
        self.hub = Hub(self.store)
        self.events = Events(self.store, sources, self.hub, clock)

    async def close(self) -> None:
        """End what runs."""
        await self.hub.close()
        await self.events.close()
        await self.database.close()


async def settled(events: Events) -> int:
    """What was written of the source, once it is settled that there is no more; the change is the same until more comes."""
    await events.settle()
    revision, change = events.revisions(("voice_sg",)), events.change
    await events.settle()
    assert (events.revisions(("voice_sg",)), events.change) == (revision, change)
    assert change is not None
    return revision[0]
