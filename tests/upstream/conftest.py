"""What the tests of this room share: a rig around one source over a server of the test, and a cache with a shelf."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.clock import Clock, SystemClock
from tests.clocks import ManualClock
from tests.upstream.plain import Rig
from tests.upstream.shelf import Shelf

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
