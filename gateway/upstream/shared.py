"""What several processes keep together, and how one of them asks for all; without it each does as if it were alone.

A source's generation stands in every name: whoever renews it makes all that was kept, or is about to be, unreachable.
A lease, a name that ends by itself, is held while one process asks; the others wait for what it brings, and one of
them takes its place when it dies.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from redis.exceptions import RedisError

from gateway.upstream.cache_memory import Kept
from gateway.upstream.cache_valkey import Valkey
from gateway.upstream.clock import Clock

K = TypeVar("K", bound=Kept)
T = TypeVar("T")

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0
"""How long an answer of the shared cache is waited for."""

APART_SECONDS = 5.0
"""How long it is left alone after it did not answer."""

LEASE_SECONDS = 2.0
"""How long a process that has died still holds the others up."""

PAUSE_SECONDS = 0.02
"""How often those who wait look whether what they wait for is there."""

GENERATION_SECONDS = 30 * 86_400.0


class Shared:
    """The shared cache, or its absence: no method raises because of it."""

    def __init__(self, store: Valkey, clock: Clock, lease: float = LEASE_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self._apart_until: float | None = None
        self._unrenewed: set[str] = set()
        self._beside: set[asyncio.Task[object]] = set()

    async def generation(self, scope: str) -> str | None:
        """What stands in the scope's names now; None while the shared cache is away."""
        if scope in self._unrenewed and not await self.renew(scope):
            return None
        return await self._try(lambda: self._generation(scope), None)

    async def _generation(self, scope: str) -> str:
        name = self._name(f"{scope}/generation")
        held = await self._store.client.get(name)
        if held is None:
            await self._store.take(name, secrets.token_hex(8), GENERATION_SECONDS)
            held = await self._store.client.get(name)
        return cast("bytes", held).decode()

    async def renew(self, scope: str) -> bool:
        """Make everything that is kept of a scope unreachable; made up for later when the shared cache is away."""
        self._unrenewed.add(scope)
        name, token = self._name(f"{scope}/generation"), secrets.token_hex(8)
        done = await self._try(lambda: self._store.client.set(name, token, ex=int(GENERATION_SECONDS)), None)
        if done is not None:
            self._unrenewed.discard(scope)
        return done is not None

    async def get_many(self, generation: str, keys: Sequence[str]) -> Sequence[Kept | None]:
        """What is kept under each key."""
        names = [_of_generation(key, generation) for key in keys]
        return await self._try(lambda: self._store.multi_get(names), [None] * len(names))

    async def put(self, generation: str, values: Mapping[str, Kept], seconds: float) -> None:
        """Keep values for that long."""
        parcels = [(_of_generation(key, generation), (key.partition("/")[0], value)) for key, value in values.items()]
        await self._try(lambda: self._store.multi_set(parcels, ttl=max(1.0, seconds)), None)

    async def load_once(
        self,
        generation: str,
        key: str,
        accepts: Callable[[Kept], bool],
        load: Callable[[], Awaitable[K]],
        seconds: float,
    ) -> K:
        """What ``load`` brings, which is kept for ``seconds``; or what another process brought that ``accepts`` takes.

        Raises:
            SourceError: what ``load`` raised.
        """
        async with self._leading(f"{_of_generation(key, generation)}/lease") as lead:
            while True:
                leads = await lead()
                [kept] = await self.get_many(generation, [key])
                if kept is not None and accepts(kept):
                    return cast("K", kept)
                if leads:
                    value = await load()
                    await self.put(generation, {key: value}, seconds)
                    return value
                await asyncio.sleep(PAUSE_SECONDS)

    @asynccontextmanager
    async def _leading(self, key: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
        """A way to ask for the lease, which is kept up once it is held and given back at the end."""
        name, token = self._name(key), secrets.token_hex(8)
        beats: list[asyncio.Task[None]] = []

        async def lead() -> bool:
            """Whether this process leads now; each does while the shared cache is away."""
            held = await self._try(lambda: self._store.take(name, token, self._lease), True)
            if held:
                beats.append(asyncio.create_task(self._beat(name, token)))
            return held

        try:
            yield lead
        finally:
            for beat in beats:
                beat.cancel()
                await self._try(lambda: self._store.release(name, token), None)

    async def _beat(self, name: str, token: str) -> None:
        while True:
            await asyncio.sleep(self._lease / 4)
            await self._try(lambda: self._store.extend(name, token, self._lease), None)

    async def run(self, script: str, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:  # noqa: ANN401 - the script's own
        """What a script answers that works on what is kept under these keys; None while the shared cache is away."""
        names = [self._name(key) for key in keys]
        return await self._try(lambda: self._store.script(script)(names, arguments), None)

    def is_apart(self) -> bool:
        """Whether it is away, and nobody asks it now."""
        return self._apart_until is not None and self._clock.monotonic() < self._apart_until

    def beside(self, work: Coroutine[None, None, object]) -> None:
        """Have something done for which nobody waits, before the connections are given back."""
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _try(self, work: Callable[[], Awaitable[T]], otherwise: T) -> T:
        """What the shared cache answers; ``otherwise`` when it does not, and for a while after that.

        Then one asks again, and the others go on without until that one was answered.
        """
        if self.is_apart():
            return otherwise
        apart = self._apart_until
        if apart is not None:
            self._apart_until = self._clock.monotonic() + APART_SECONDS
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await work()
        except (RedisError, OSError, TimeoutError) as error:
            self._apart_until = self._clock.monotonic() + APART_SECONDS
            if apart is None:
                log.warning(
                    "The shared cache does not answer (%s); each process keeps for itself.", type(error).__name__
                )
            return otherwise
        self._apart_until = None
        return answer

    def _name(self, key: str) -> str:
        return cast("str", self._store.build_key(key))

    async def close(self) -> None:
        """Give the connections back."""
        while self._beside:  # what is done may leave more to do
            await asyncio.gather(*self._beside, return_exceptions=True)
        await self._store.close()


def _of_generation(key: str, generation: str) -> str:
    return f"{generation}/{key}"
