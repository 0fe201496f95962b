"""The storage that processes share: aiocache's Redis backend over a Redis or Valkey, with its traps closed."""

from aiocache import RedisCache
from aiocache.serializers import BaseSerializer
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript

from gateway.upstream.cache_memory import Kept
from gateway.upstream.packing import Packing

PREFIX = "numbers-gateway"
"""Every name of ours begins with it: the database may be somebody else's too."""

CONNECTIONS = 32
CONNECT_SECONDS = 0.5


class _Packed(BaseSerializer):  # type: ignore[misc]  # aiocache ships no types
    """aiocache's way of turning values into bytes: a pair of an adapter's slug and a value goes in, a value comes out."""

    DEFAULT_ENCODING = None

    def __init__(self, packing: Packing) -> None:
        super().__init__()
        self._packing = packing

    def dumps(self, value: tuple[str, Kept]) -> bytes:
        return self._packing.packed(*value)

    def loads(self, value: bytes | None) -> Kept | None:
        return None if value is None else self._packing.unpacked(value)


class Valkey(RedisCache):  # type: ignore[misc]  # aiocache ships no types
    """aiocache's Redis backend with a URL of its own, connections that are waited for, and no way to empty a database."""

    def __init__(self, url: str, packing: Packing) -> None:
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, socket_connect_timeout=CONNECT_SECONDS, retry=Retry(NoBackoff(), 1)
        )
        super().__init__(
            serializer=_Packed(packing), namespace=PREFIX, timeout=None, connection_pool_class=lambda **_: pool
        )
        self._scripts: dict[str, AsyncScript] = {}

    def script(self, text: str) -> AsyncScript:
        """A script in Lua, to be called with names and arguments; its text is sent where the server has it not yet."""
        if text not in self._scripts:
            self._scripts[text] = self.client.register_script(text)
        return self._scripts[text]

    async def take(self, name: str, token: str, seconds: float) -> bool:
        """Put a token under a whole name that has none, for a while; whether it had none."""
        return bool(await self.client.set(name, token, nx=True, px=millis(seconds)))

    async def extend(self, name: str, token: str, seconds: float) -> None:
        """Leave the token there for longer, if it is still there."""
        await self._cas(name, token, token, ttl=float(seconds))

    async def release(self, name: str, token: str) -> None:
        """Take the token away, if it is still there."""
        await self._redlock_release(name, token)

    async def _clear(self, *_: object, **__: object) -> bool:
        msg = "A database that others may use is never emptied."
        raise NotImplementedError(msg)

    async def _close(self, *_: object, **__: object) -> None:
        await self.client.aclose()


def millis(seconds: float) -> int:
    """Whole milliseconds, one at least: a server refuses none."""
    return max(1, round(seconds * 1000))
