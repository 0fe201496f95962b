"""Look-ups batched across one request: whatever fields ask for, a source hears of all its numbers at once."""

from collections.abc import Sequence
from datetime import timedelta

from strawberry.dataloader import DataLoader

from gateway.numbers.e164 import E164
from gateway.upstream.errand import Errand
from gateway.upstream.lookups import Lookups, Outcome, Outcomes

Load = DataLoader[E164, Outcome]


class Loaders:
    """The data loaders of one request: one for each source and staleness asked for. Failures are values."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._loaders: dict[tuple[str, timedelta | None], Load] = {}
        self._told: dict[tuple[str, timedelta | None], Outcomes] = {}

    async def load(self, source: str, e164s: Sequence[E164], errand: Errand, *, alone: bool) -> list[Outcome]:
        """What one source says of each. ``alone``: no other field can ask at the same time, so nobody waits for others.

        A data loader costs 20 µs a request, and futures and a task for what is then one call anyway.
        """
        if not alone:
            return await self.at(source, errand).load_many(e164s)
        told = await self._lookups.at(source, list(dict.fromkeys(e164s)), errand)
        self._told[source, errand.max_staleness] = told
        return [told[e164] for e164 in e164s]

    def at(self, source: str, errand: Errand) -> Load:
        """The loader for one source; the first errand to ask is the one its calls are counted on."""
        key = (source, errand.max_staleness)
        loader = self._loaders.get(key)
        if loader is None:
            loader = self._loaders[key] = self._make(source, errand)
            loader.prime_many(self._told.get(key, {}))
        return loader

    def _make(self, source: str, errand: Errand) -> Load:
        lookups = self._lookups

        async def load(e164s: list[E164]) -> Sequence[Outcome]:
            outcomes = await lookups.at(source, e164s, errand)
            return [outcomes[e164] for e164 in e164s]

        return DataLoader(load_fn=load)
