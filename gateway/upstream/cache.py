"""What was read is kept: aiocache as the storage port, and our own rules on top.

One fetch for a key, however many ask (``flights``). A copy is fresh for its source's ttl; one in use is refreshed
before that. When the source does not answer, an old copy may stand in, marked as such. Failures are told to everyone
who waits and are never kept. Nothing that was heard before a source was forgotten is served or kept afterwards.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar, cast

from msgspec.structs import replace

from gateway.errors import SourceError
from gateway.numbers.e164 import E164
from gateway.providers.protocol import Source
from gateway.telemetry import CacheRead, Tell, silence
from gateway.upstream.cache_memory import BoundedMemory, Entry, Kept
from gateway.upstream.errand import Errand
from gateway.upstream.flights import Flights, Load
from gateway.upstream.keys import NUMBER, number_key, scope_of, scope_of_key, source_of_key
from gateway.upstream.shared import Shared

K = TypeVar("K", bound=Kept)
T = TypeVar("T")

NEGATIVE_SECONDS = 15.0
"""How long "there is no such number" is believed."""

FLIGHT_SECONDS = 10.0
"""How long a load may go on when nobody waits for it any more, or nobody did."""


DAY = 86_400.0


class Mark(NamedTuple):
    """How often a source was forgotten, here and by everybody: what began under another mark is not kept."""

    forgotten: int
    generation: str | None


class Cache:
    """The typed face of the storage, with single-flight. ``shared`` is the part that several processes have together."""

    def __init__(
        self,
        memory: BoundedMemory,
        shared: Shared | None = None,
        seconds: float = FLIGHT_SECONDS,
        tell: Tell = silence,
    ) -> None:
        self._store = memory
        self._shared = shared
        self._flights = Flights(seconds)
        self._tell = tell
        self._forgotten: Counter[str] = Counter()
        self._versions: Counter[str] = Counter()
        self._changes = 0

    async def peek(self, key: str, ttl: float, errand: Errand) -> Any | None:  # noqa: ANN401 - what was put there
        """What is kept under the key, if it is fresh enough for the errand; ``ttl`` in seconds."""
        entry = await self._fresh(key, await self.mark(scope_of_key(key)), ttl, errand)
        return None if entry is None else entry.value

    async def peek_many(self, keys: Sequence[str], ttl: float, errand: Errand) -> list[Any | None]:
        """What is kept under each key of one source, where it is fresh enough for the errand.

        Only what is found counts as read: the rest is looked for by ``fetch``.
        """
        if not keys or errand.asks_anew:
            return [None] * len(keys)
        mark = await self.mark(scope_of_key(keys[0]))
        held = [await self._held(key, mark) for key in keys]
        found = [entry.value if entry is not None and _takes(errand, entry.value, ttl) else None for entry in held]
        lacking = [place for place, value in enumerate(found) if value is None]
        if self._shared is not None and mark.generation is not None and lacking:
            others = await self._shared.get_many(mark.generation, [keys[place] for place in lacking])
            for place, value in zip(lacking, others, strict=True):
                if value is not None and _takes(errand, value, ttl):
                    found[place] = (await self._put(keys[place], mark, value)).value
        if hits := len(keys) - found.count(None):
            self._tell(CacheRead(source_of_key(keys[0]), "HIT", hits))
        return found

    async def keep(self, key: str, value: Kept, seconds: float = DAY) -> None:
        """Put something there; others may find it for ``seconds``."""
        await self.keep_many({key: value}, await self.mark(scope_of_key(key)), seconds)

    async def keep_many(self, values: Mapping[str, Kept], mark: Mark, seconds: float) -> None:
        """Put things of one source there that were asked for under ``mark``; others may find them for ``seconds``."""
        for key, value in values.items():
            await self._put(key, mark, value)
        if self._shared is not None and mark.generation is not None and values:
            await self._shared.put(mark.generation, values, seconds)

    async def fetch(
        self, key: str, ttl: float, errand: Errand, load: Callable[[Errand], Awaitable[K]], *, stale_ttl: float = 0.0
    ) -> K:
        """What is kept, else what ``load`` brings, which is kept; one load at a time for a key.

        ``load`` is given the errand it is done on. ``stale_ttl``: seconds for which an old copy may stand in when the
        source does not answer.

        Raises:
            SourceError: whatever ``load`` raised, to everyone who waits for it and is not helped by an old copy.
        """
        mark = await self.mark(scope_of_key(key))
        entry = None if errand.asks_anew else await self._fresh(key, mark, ttl, errand)
        self._tell(CacheRead(source_of_key(key), "MISS" if entry is None else "HIT"))
        if entry is not None:
            if not entry.refreshed:
                errand.relies(entry.value.as_of, entry.soft * ttl)  # then it is to be refreshed by somebody who asks
            if not entry.refreshed and errand.age(entry.value.as_of) >= entry.soft * ttl:
                entry.refreshed = True
                newer = entry.value.as_of + timedelta(microseconds=1)
                self._flights.refresh(key, mark, errand, self._loading(key, mark, ttl, newer, load, stale_ttl))
            return cast("K", entry.value)
        try:
            heard = await self._heard(key, mark, ttl, errand, load, stale_ttl)
        except SourceError as error:
            errand.lacks()
            old = await self.old(key, stale_ttl, errand, error)
            if old is None:
                raise
            return cast("K", old)
        errand.relies(heard.as_of, _believed(heard, ttl))
        return heard

    async def old(self, key: str, stale_ttl: float, errand: Errand, error: SourceError) -> Any | None:  # noqa: ANN401 - what was put there
        """An old copy to stand in after a failure, marked as stale: a copy with a ``stale`` field, or None.

        None when the failure does not pass by itself, when the copy is older than ``stale_ttl`` seconds or than the
        errand allows, or when it says that there is nothing: that is not believed so long.
        """
        if not error.retryable:
            return None
        entry = await self._fresh(key, await self.mark(scope_of_key(key)), stale_ttl, errand)
        if entry is None or entry.value.negative:
            return None
        value: Any = entry.value
        self._tell(CacheRead(source_of_key(key), "STALE"))
        return self._store.made(key, value, "stale", lambda: replace(value, stale=True))

    def made(self, key: str, origin: object, name: str, make: Callable[[], T]) -> T:
        """What ``make`` makes of a part of what is kept under the key; made once, and forgotten with it."""
        return self._store.made(key, origin, name, make)

    async def mark(self, scope: str) -> Mark:
        """What was forgotten of a scope so far."""
        generation = None if self._shared is None else await self._shared.generation(scope)
        return Mark(self._forgotten[scope], generation)

    @property
    def change(self) -> int | None:
        """Counts what was put there and forgotten of all scopes; None where other processes may forget."""
        return None if self._shared is not None else self._changes

    def versions(self, scopes: Sequence[str]) -> tuple[int, ...]:
        """Counts what was put there and forgotten of each scope."""
        return tuple([self._versions.get(scope, 0) for scope in scopes])

    async def forget(self, source: Source, e164: E164 | None = None) -> None:
        """Forget all that was heard of a source, or of one number there: lists go, for they may hold it.

        Whoever asks from now on gets nothing older, not from a load under way either.
        """
        scope = scope_of(source)
        self._forgotten[scope] += 1
        self._changed(scope)
        self._store.forget(scope, but="" if e164 is None else NUMBER)
        if e164 is not None:
            await self._store.delete(number_key(source, e164))
        if self._shared is not None:
            await self._shared.renew(scope)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._flights.close()
        if self._shared is not None:
            await self._shared.close()

    async def _fresh(self, key: str, mark: Mark, ttl: float, errand: Errand) -> Entry | None:
        entry = await self._held(key, mark)
        if entry is not None and _takes(errand, entry.value, ttl):
            return entry
        if self._shared is None or mark.generation is None:
            return None
        [value] = await self._shared.get_many(mark.generation, [key])
        return await self._put(key, mark, value) if value is not None and _takes(errand, value, ttl) else None

    async def _held(self, key: str, mark: Mark) -> Entry | None:
        """The entry of this process. While the shared cache is away everything is believed, else only what it knows."""
        entry = await self._store.get(key)
        known = entry is not None and (mark.generation is None or entry.generation == mark.generation)
        return entry if known else None

    async def _heard(
        self, key: str, mark: Mark, ttl: float, errand: Errand, load: Callable[[Errand], Awaitable[K]], stale_ttl: float
    ) -> K:
        """What a load brings; a load that began earlier may bring what is too old for this errand."""
        since = errand.now()
        loading = self._loading(key, mark, ttl, since, load, stale_ttl)
        value = await self._flights.share(key, mark, errand, loading)
        if value.as_of >= since or _takes(errand, value, ttl):
            return value
        return await self._flights.share(key, mark, errand, loading)

    def _loading(
        self,
        key: str,
        mark: Mark,
        ttl: float,
        since: datetime,
        load: Callable[[Errand], Awaitable[K]],
        stale_ttl: float,
    ) -> Load[K]:
        async def loaded(errand: Errand) -> K:
            if self._shared is None or mark.generation is None:
                value = await load(errand)
            else:
                value = await self._shared.load_once(
                    mark.generation,
                    key,
                    lambda kept: kept.as_of >= since or _takes(errand, kept, ttl),
                    lambda: load(errand),
                    ttl + stale_ttl,
                )
            return cast("K", (await self._put(key, mark, value)).value)

        return loaded

    async def _put(self, key: str, mark: Mark, value: Kept) -> Entry:
        entry, scope = Entry(key, value, mark.generation), scope_of_key(key)
        self._changed(scope)
        if self._forgotten[scope] == mark.forgotten:
            await self._store.set(key, entry)
        return entry

    def _changed(self, scope: str) -> None:
        self._versions[scope] += 1
        self._changes += 1


def _takes(errand: Errand, value: Kept, ttl: float) -> bool:
    return errand.takes(value.as_of, _believed(value, ttl))


def _believed(value: Kept, ttl: float) -> float:
    return min(ttl, NEGATIVE_SECONDS) if value.negative else ttl
