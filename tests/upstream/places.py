"""Processes that share a Valkey, as far as they ask a source together: budgets with connections of their own."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast

from redis import Redis

from gateway.upstream.budget import Budget
from gateway.upstream.cache_valkey import Valkey
from gateway.upstream.clock import Clock, SystemClock
from gateway.upstream.packing import Packing
from gateway.upstream.quota import Quota
from gateway.upstream.shared import Shared
from tests.conftest import PATIENCE, errand
from tests.contract.acme import Acme, AcmeSettings

SHORT = 0.3
"""Seconds for which a call counts in these tests, where a minute would be long."""

Process = Callable[..., Budget]
"""Opens the turns of one process at the depot: ``(period, port, away, **settings)``, ``away`` being its clock for that."""


@asynccontextmanager
async def processes(own_port: int) -> AsyncIterator[Process]:
    """Opens them over a Valkey, and closes them at the end."""
    async with AsyncExitStack() as opened:

        def opening(
            period: float = SHORT,
            port: int | None = None,
            away: Clock | None = None,
            **settings: Any,  # noqa: ANN401 - a source's
        ) -> Budget:
            told = {"provider": "acme", "base_url": "http://127.0.0.1", "api_key": "seKret", **settings}
            source, clock = Acme("depot", AcmeSettings.model_validate(told)), SystemClock()
            valkey = Valkey(f"redis://127.0.0.1:{port or own_port}/0", Packing([source], ()))
            shared = Shared(valkey, away or clock)
            opened.push_async_callback(shared.close)
            return Budget(source, clock, quota=Quota(source, shared, clock, period))

        yield opening


def quota_of(budget: Budget) -> Quota:
    """Its part of what is shared."""
    assert budget._quota is not None
    return budget._quota


async def used(budget: Budget, seconds: float = PATIENCE) -> float:
    """A turn that was waited for at most so long; when it was had."""
    async with budget.turn(errand(), seconds):
        return time.monotonic()


def counted(valkey: Redis) -> str:
    """The name under which the calls are counted."""
    [name] = valkey.keys("*/calls")
    return str(name)


def under_way(valkey: Redis) -> int:
    """The calls that are."""
    return sum(ends > now(valkey) for ends in calls(valkey).values())


def now(valkey: Redis) -> float:
    """Its clock, in milliseconds."""
    seconds, microseconds = valkey.time()
    return seconds * 1000 + microseconds / 1000


def calls(valkey: Redis) -> dict[str, float]:
    """When each call that is counted is over."""
    return {
        str(call): float(ends)
        for name in valkey.keys("*/calls")
        for call, ends in cast("list[tuple[str, float]]", valkey.zrange(name, 0, -1, withscores=True))
    }
