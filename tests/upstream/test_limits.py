"""No provider is asked more often than it allows, whoever else spends of its limit, and clients wait in fair turns."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.errors import SourceRateLimited
from gateway.numbers.blocks import Block
from gateway.numbers.filters import Filter
from gateway.numbers.search import Search
from gateway.sandbox import accounts
from gateway.upstream.errand import Errand, Priority
from gateway.upstream.policy import Caller
from gateway.upstream.rate import MINUTE
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators

LIMIT = 20
BY_SETTING = {"calls_per_minute": LIMIT}
PROVIDERS = [
    pytest.param("8x8", "voice_sg", BY_SETTING, id="8x8"),
    pytest.param("webex", "dallas", BY_SETTING, id="Webex"),
    pytest.param("cloudlx", "epsilon", BY_SETTING, id="CloudLX"),
    pytest.param("cloudlx", "epsilon", {}, id="CloudLX, by X-RateLimit"),
    pytest.param("callgear", "market", {}, id="CallGear, by metadata.limits"),
]


class Passing:
    """Time of the gateway and of the simulators, which passes together; calls that are due are answered meanwhile."""

    def __init__(self, clock: ManualClock, sandbox: Simulators, caller: Caller) -> None:
        self._clock, self._sandbox, self._caller = clock, sandbox, caller
        sandbox.world.clock.advance(clock.now().timestamp() - sandbox.world.clock.now())

    async def seconds(self, seconds: int) -> None:
        """Let that time pass, one by one, and what may leave be answered."""
        for _ in range(seconds):
            self._clock.advance(1)
            self._sandbox.world.clock.advance(1)
            await asyncio.sleep(0)
            while self._caller._budget.rate._under_way:
                await asyncio.sleep(0.001)


class Crowd:
    """Clients that ask one source, each question anew; who was served, and after which wait."""

    def __init__(self, caller: Caller, clock: ManualClock) -> None:
        self.caller = caller
        self.clock = clock
        self.tasks: list[asyncio.Task[None]] = []
        self.served: Counter[str] = Counter()
        self.order: list[str] = []
        self.waits: dict[str, list[float]] = {"many": [], "few": []}
        self.refused: list[SourceRateLimited] = []

    def ask(self, client: str, seconds: float, priority: Priority = Priority.LOOKUP) -> None:
        """A question of that client, which has so many seconds."""
        self.tasks.append(asyncio.create_task(self._asked(client, seconds, priority)))

    async def _asked(self, client: str, seconds: float, priority: Priority) -> None:
        lists = self.caller.lists
        assert lists is not None
        begun = self.clock.monotonic()
        errand = Errand(self.clock, begun + seconds, timedelta(0), client=client, priority=priority)
        request = lists.ask(Block(0, 10), Filter())
        try:
            await self.caller.ask(request, lists.read, errand)
        except SourceRateLimited as error:
            self.refused.append(error)
            return
        self.served[client] += 1
        self.order.append(client)
        self.waits.setdefault(client, []).append(self.clock.monotonic() - begun)


def limit(sandbox: Simulators, provider: str, calls: int) -> None:
    """Let a provider answer no more than so many calls a minute."""
    limits = {"limits": {"minute_limit": calls}} if provider == "callgear" else {"calls_per_minute": calls}
    sandbox.turn(provider, **limits)


@pytest.mark.parametrize(("provider", "name", "settings"), PROVIDERS)
async def test_three_times_too_many_questions(
    rooms: OpenRooms,
    sandbox: Simulators,
    clock: ManualClock,
    provider: str,
    name: str,
    settings: dict[str, int],
) -> None:
    """For two minutes: the provider counts no call too many and is used to its limit, and both clients get the same."""
    limit(sandbox, provider, LIMIT)
    table = {**sandbox.sources[name], **settings}
    caller = (await rooms({name: table}, clock=clock)).callers[name]
    passing, crowd = Passing(clock, sandbox, caller), Crowd(caller, clock)
    for second in range(120):
        crowd.ask("few" if second % 3 == 2 else "many", seconds=40)
        await passing.seconds(1)
    await passing.seconds(40)
    await asyncio.gather(*crowd.tasks)
    assert sandbox.world.simulators[provider].violations == 0
    assert 2 * LIMIT - 4 <= sum(crowd.served.values()) <= 3 * LIMIT
    assert abs(crowd.served["many"] - crowd.served["few"]) <= LIMIT
    assert crowd.served.total() + len(crowd.refused) == 120
    print(
        provider,
        settings,
        crowd.served,
        {k: sum(v) / max(1, len(v)) for k, v in crowd.waits.items()},
        len(crowd.refused),
        crowd.order,
    )
