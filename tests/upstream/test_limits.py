"""No provider is asked more often than it allows, whoever else spends of its limit, and clients wait in fair turns."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from gateway.errors import SourceRateLimited
from gateway.numbers.blocks import Block
from gateway.numbers.filters import Filter
from gateway.providers.protocol import Allowance
from gateway.upstream.errand import Errand
from gateway.upstream.policy import Caller
from gateway.upstream.rate import MINUTE, Rate
from gateway.upstream.stated import LONGEST
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators

LIMIT = 20
BY_SETTING = {"calls_per_minute": LIMIT}
PROVIDERS = [
    pytest.param("8x8", "voice_sg", BY_SETTING, id="8x8"),
    pytest.param("webex", "dallas", BY_SETTING, id="Webex"),
    pytest.param("cloudlx", "epsilon", BY_SETTING, id="CloudLX"),
    pytest.param("cloudlx", "epsilon", {}, id="CloudLX by its headers"),
    pytest.param("callgear", "market", {}, id="CallGear by its metadata"),
]


def limit(sandbox: Simulators, clock: ManualClock, provider: str) -> None:
    """Let a provider answer so many calls a minute; its clock says what the gateway's does."""
    limits = {"limits": {"minute_limit": LIMIT}} if provider == "callgear" else {"calls_per_minute": LIMIT}
    sandbox.turn(provider, **limits)
    sandbox.world.clock.advance(clock.now().timestamp() - sandbox.world.clock.now())


class Crowd:
    """Clients that ask one source, each question anew: who was served, and who was told that there was no turn."""

    def __init__(self, clock: ManualClock, sandbox: Simulators) -> None:
        self.clock = clock
        self.sandbox = sandbox
        self.tasks: list[asyncio.Task[None]] = []
        self.served: Counter[str] = Counter()
        self.refused: list[SourceRateLimited] = []

    def ask(self, caller: Caller, client: str, seconds: float) -> None:
        """A question of that client, which has so many seconds."""
        self.tasks.append(asyncio.create_task(self._asked(caller, client, seconds)))

    async def pass_time(self, seconds: int, *callers: Caller) -> None:
        """Let that time pass here and at the simulators, second by second; what may leave meanwhile is answered."""
        for _ in range(seconds):
            self.clock.advance(1)
            self.sandbox.world.clock.advance(1)
            await asyncio.sleep(0)
            while any(caller._budget.rate._under_way for caller in callers):
                await asyncio.wait(self.tasks, timeout=0.001)

    async def _asked(self, caller: Caller, client: str, seconds: float) -> None:
        lists = caller.lists
        assert lists is not None
        errand = Errand(self.clock, self.clock.monotonic() + seconds, timedelta(0), client=client)
        try:
            await caller.ask(lists.ask(Block(0, 10), Filter()), lists.read, errand)
            self.served[client] += 1
        except SourceRateLimited as error:
            self.refused.append(error)


@pytest.mark.parametrize(("provider", "name", "settings"), PROVIDERS)
async def test_three_times_too_many_questions(
    rooms: OpenRooms,
    sandbox: Simulators,
    clock: ManualClock,
    provider: str,
    name: str,
    settings: dict[str, int],
) -> None:
    """For two minutes: the provider counts no call too many, gives all it has, and both clients get as much of it."""
    limit(sandbox, clock, provider)
    opened = await rooms({name: {**sandbox.sources[name], **settings}}, clock=clock)
    caller, crowd = opened.callers[name], Crowd(clock, sandbox)
    for second in range(120):
        crowd.ask(caller, "few" if second % 3 == 2 else "many", seconds=40)
        await crowd.pass_time(1, caller)
    first_two = crowd.served.copy()
    await crowd.pass_time(40, caller)
    await asyncio.gather(*crowd.tasks)
    assert sandbox.world.simulators[provider].violations == 0
    assert 2 * LIMIT - 4 <= first_two.total() <= 2 * LIMIT
    assert crowd.served["few"] >= 0.4 * crowd.served.total(), "a third of the questions, and half of the turns"
    assert crowd.served.total() + len(crowd.refused) == 120
    assert all(error.retry_after_ms for error in crowd.refused)


@pytest.mark.parametrize(("provider", "name"), [("cloudlx", "epsilon"), ("callgear", "market")])
async def test_others_use_the_same_account(
    rooms: OpenRooms, sandbox: Simulators, clock: ManualClock, provider: str, name: str
) -> None:
    """Two gateways that know nothing of one another ask as often as they can: the provider counts no call too many."""
    limit(sandbox, clock, provider)
    tables = {name: sandbox.sources[name]}
    callers = [(await rooms(tables, clock=clock)).callers[name] for _ in range(2)]
    crowd = Crowd(clock, sandbox)
    for _ in range(150):
        for client, caller in zip("ab", callers, strict=True):
            crowd.ask(caller, client, seconds=20)
            await crowd.pass_time(1, *callers)
    await crowd.pass_time(20, *callers)
    await asyncio.gather(*crowd.tasks)
    assert sandbox.world.simulators[provider].violations == 0
    assert crowd.served.total() >= 5 * LIMIT - 10, "of five minutes"
    assert min(crowd.served.values()) > LIMIT


async def test_what_is_left_of_a_day(rooms: OpenRooms, sandbox: Simulators, clock: ManualClock) -> None:
    """The last points of a day are spent one by one; who asks then is told so at once, with the wait, and nobody is asked."""
    limit(sandbox, clock, "callgear")
    sandbox.turn("callgear", limits={"day_limit": 3})
    caller, crowd = (
        (await rooms({"market": sandbox.sources["market"]}, clock=clock)).callers["market"],
        Crowd(clock, sandbox),
    )
    for _ in range(5):
        crowd.ask(caller, "one", seconds=20)
        await crowd.pass_time(1, caller)
    await asyncio.gather(*crowd.tasks)
    assert (crowd.served["one"], sandbox.world.callgear.violations) == (3, 0)
    assert [error.retry_after_ms for error in crowd.refused] == [3_599_000, 3_598_000], (
        "the day ends later than in an hour"
    )


class Told:
    """A rate at one moment, told of answers one by one."""

    def __init__(self, calls_per_minute: int = 600) -> None:
        self.rate = Rate(calls_per_minute)
        self.now = 0.0

    def call(self, *said: Allowance) -> None:
        """A call, and what its answer says."""
        ended = self.rate.ended
        self.rate.take(self.now)
        self.rate.hear(said, ended, self.now)
        self.rate.end(self.now)

    @property
    def wait(self) -> float:
        """Seconds until a call may leave."""
        return self.rate.opens_at(self.now) - self.now


def test_a_lower_limit_is_believed_at_once_and_a_higher_one_up_to_the_setting() -> None:
    """What the provider says of the minute stands in for ``calls_per_minute``, which stays the most."""
    told = Told(4)
    told.call(Allowance(100, 60.0, limit=2, period=MINUTE))
    assert told.wait == 0
    told.call(Allowance(100, 60.0, limit=2, period=MINUTE))
    assert told.wait == MINUTE
    told.rate.take(told.now)
    told.rate.hear(
        [Allowance(100, 60.0, limit=9, period=MINUTE), Allowance(100, 60.0, limit=1, period=86_400.0)], 2, 0.0
    )
    told.rate.end(told.now)
    assert told.wait == 0
    told.call()
    assert told.wait == MINUTE


def test_calls_under_way_are_not_counted_yet() -> None:
    """An answer says nothing of those that left beside it: each of them may be one less, also one that ended meanwhile."""
    told = Told()
    for _ in range(3):
        told.rate.take(told.now)
    told.rate.hear([Allowance(3, 30.0)], 0, told.now)
    told.rate.end(told.now)
    assert told.wait == 0, "two are under way"
    told.rate.take(told.now)
    assert told.wait == float("inf"), "their answers will say"
    told.rate.hear([Allowance(3, 30.0)], 0, told.now)
    assert told.wait == float("inf"), "one had ended, two are under way"
    told.rate.hear([Allowance(3, 30.0)], 1, told.now)
    assert told.wait == 0, "two are under way"
    told.rate.take(told.now)
    assert told.wait == float("inf")
    told.rate.give_back()
    assert told.wait == 0


def test_one_goes_ahead_when_a_period_ends() -> None:
    """Nobody knows what others have spent of the new one: one call brings word of it, and if it brings none all may go."""
    told = Told()
    told.call(Allowance(0, 30.0))
    assert told.wait == 30
    for brought in ([], [Allowance(5, 60.0)]):
        told.call(Allowance(0, 30.0))
        told.now += 30
        assert told.wait == 0
        told.rate.take(told.now)
        assert told.wait == float("inf")
        told.rate.give_back()
        assert told.wait == 0
        told.rate.take(told.now)
        told.rate.hear(brought, told.rate.ended, told.now)
        assert told.wait == 0
        told.rate.end(told.now)
    told.call(Allowance(0, 30.0))
    told.now += 30
    told.rate.take(told.now)
    told.rate.end(told.now)
    assert told.wait == 0, "the one that went ahead left without a word"


def test_as_many_are_left_as_others_spend() -> None:
    """What disappears between two answers was spent by others: so much is left to them, and half of it a period later."""
    told = Told()
    told.call(Allowance(20, 30.0))
    told.call(Allowance(15, 30.9))
    told.call(Allowance(5, 30.0))
    assert told.wait == 30, "others spent four, then nine"
    told.call(Allowance(10, 30.0))
    assert told.wait == 0
    told.now += 30
    told.call(Allowance(4, 60.0))
    assert told.wait == 60
    told.call(Allowance(5, 90.0))
    assert told.wait == 0


def test_nobody_is_left_alone_for_ever() -> None:
    """A period that is said to end in ten years ends in an hour."""
    told = Told()
    told.call(Allowance(0, 3e8))
    assert told.wait == LONGEST
