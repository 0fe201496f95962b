"""What the tests of this room share: a rig around one source over a server of the test."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from gateway.upstream.clock import Clock, SystemClock
from tests.upstream.plain import Rig

OpenRig = Callable[..., Rig]
"""Opens a rig: ``(kind, url, clock=…, **settings)``."""


@pytest.fixture
async def rig() -> AsyncIterator[OpenRig]:
    """Opens rigs, and closes them at the end."""
    async with AsyncExitStack() as opened:

        def opening(kind: Any, url: str, clock: Clock | None = None, **settings: Any) -> Rig:  # noqa: ANN401 - as Rig
            made = Rig(kind, url, clock or SystemClock(), **settings)
            opened.push_async_callback(made.close)
            return made

        yield opening
