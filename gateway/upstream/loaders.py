"""Look-ups batched across one request: whatever fields ask for, a source hears of all its numbers at once."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import timedelta

from strawberry.dataloader import DataLoader

from gateway.numbers.e164 import E164
from gateway.upstream.errand import Errand
from gateway.upstream.lookups import Lookups, Outcome, Outcomes

Load = DataLoader[E164, Outcome]


class Loaders:
    """The data loaders of one request: one for each source and staleness asked for. Failures are values.

    A batch is a task of the data loader's own: it ends with the task in which the loaders were made.
    """

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._request = asyncio.current_task()
        self._loaders: dict[tuple[str, timedelta | None], Load] = {}

    def at(self, source: str, errand: Errand) -> Load:
        """The loader for one source; the first errand to ask is the one its calls are counted on."""
        key = (source, errand.max_staleness)
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = self._make(source, errand)
        return loader

    def _make(self, source: str, errand: Errand) -> Load:
        async def load(e164s: list[E164]) -> Sequence[Outcome]:
            outcomes = await self._while_asked(self._lookups.at(source, e164s, errand))
            return [outcomes[e164] for e164 in e164s]

        return DataLoader(load_fn=load)

    async def _while_asked(self, work: Coroutine[None, None, Outcomes]) -> Outcomes:
        request, batch = self._request, asyncio.current_task()
        assert request is not None
        assert batch is not None

        def leave(_: object) -> None:
            batch.cancel()

        request.add_done_callback(leave)
        try:
            return await work
        finally:
            request.remove_done_callback(leave)
