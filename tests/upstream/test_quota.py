"""Processes that share a Valkey ask a source together no more often than one may alone, and at once no more than may.

Budgets with connections of their own stand for processes; the last test has real ones.
"""

import asyncio
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.request import Request, urlopen

import pytest
from redis import Redis

from gateway.errors import SourceError, SourceRateLimited
from gateway.upstream.quota import RETURN, SPARE_SECONDS
from tests.conftest import PATIENCE, Simulators, errand
from tests.upstream.places import SHORT, Process, calls, counted, now, quota_of, under_way, used
from tests.upstream.processes import served
from tests.upstream.shelf import until
from tests.valkeys import valkey_server

FREE = 8
"""Turns at once, by default."""


async def test_they_have_one_limit(valkey: Redis, process: Process) -> None:
    """Of twelve who want a turn at two processes six have one, and the others are told when there will be more, at once."""
    both = [process(60.0, calls_per_minute=6) for _ in range(2)]
    began = time.monotonic()
    told = await asyncio.gather(*(used(budget) for budget in both * 6), return_exceptions=True)
    refused = [one for one in told if isinstance(one, SourceRateLimited)]
    assert (len(told) - len(refused), len(refused)) == (6, 6)
    assert all(50_000 < (one.retry_after_ms or 0) <= 60_000 for one in refused)
    assert time.monotonic() - began < PATIENCE
    assert len(calls(valkey)) == 6
    await until(lambda: not under_way(valkey))


async def test_places_come_back(valkey: Redis, process: Process) -> None:
    """One who waits has the first turn after the period of the first call that is over, wherever that was made."""
    one, other = (process(calls_per_minute=3) for _ in range(2))
    first = await used(one)
    await asyncio.gather(used(one), used(one))
    assert SHORT <= await used(other) - first < SPARE_SECONDS
    assert valkey.pttl(counted(valkey)) > 0, "a source that nobody asks any more is forgotten"


async def test_slow_calls_count_from_their_end(valkey: Redis, process: Process) -> None:
    """While all that may be made are under way it is not known when the next may leave; there is one all the same."""
    one, other = (process(calls_per_minute=1) for _ in range(2))
    async with one.turn(errand(), PATIENCE):
        waiting = asyncio.create_task(used(other))
        await until(lambda: "cmdstat_zrange" in valkey.info("commandstats"))
        ended = time.monotonic()
    assert SHORT <= await waiting - ended < SPARE_SECONDS


async def test_at_once_they_ask_no_more_than_one_may(valkey: Redis, process: Process) -> None:
    """The source's concurrency holds for all processes together."""
    one, other = (process(concurrency=2) for _ in range(2))
    async with one.turn(errand(), PATIENCE), one.turn(errand(), PATIENCE):
        waiting = asyncio.create_task(used(other))
        with pytest.raises(SourceRateLimited):
            await used(other, seconds=0.1)
        assert under_way(valkey) == 2
    await waiting


async def test_all_leave_alone_who_wants_to_be(valkey: Redis, process: Process) -> None:
    """What a provider asked one process for, the other does as well; what is shorter than is known changes nothing."""
    one, other = (process() for _ in range(2))
    error = SourceError("Later.", retry_after_ms=60_000)
    one.hold(error)
    await until(lambda: bool(valkey.keys("*/held")))
    one.hold(SourceError("Soon.", retry_after_ms=5))
    with pytest.raises(SourceRateLimited) as told:
        await used(other)
    assert 50_000 < (told.value.retry_after_ms or 0) <= 60_000


async def test_places_of_who_died_come_back(valkey: Redis, process: Process) -> None:
    """A call whose end nobody told counts as over once it cannot be under way any more, and for its time after that."""
    one, other = (process(60.0, calls_per_minute=2, concurrency=1, timeout=1) for _ in range(2))
    await one.turn(errand(), PATIENCE).__aenter__()
    [(place, ends)] = calls(valkey).items()
    assert 5_000 < ends - now(valkey) <= 6_000
    valkey.zadd(counted(valkey), {place: ends - 6_000})
    await used(other)
    with pytest.raises(SourceRateLimited):
        await used(other)


async def test_places_that_nobody_wants_any_more_are_given_back(valkey: Redis, process: Process) -> None:
    """Whoever leaves while a place is asked for, or just as it came, takes none from the other process."""
    one, other = (process(60.0, calls_per_minute=1) for _ in range(2))
    leaving = asyncio.create_task(used(one))
    await asyncio.wait([leaving], timeout=0)
    leaving.cancel()
    await until(lambda: "cmdstat_zrem" in valkey.info("commandstats"))
    leaving = asyncio.create_task(used(one))
    await until(lambda: one._slots < FREE)
    leaving.cancel()
    await used(other)
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_without_the_valkey_each_counts_for_itself(process: Process) -> None:
    """A source can be asked as before."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    budget = process(port=port, calls_per_minute=2)
    told = await asyncio.gather(*(used(budget) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in told] == [float, float, SourceRateLimited]
    assert len(quota_of(budget)._untold[RETURN]) == 1, "only what may have been heard is to be told again"


@pytest.mark.timeout(300)
def test_two_gateways_ask_no_more_than_one_may(sandbox: Simulators) -> None:
    """Each is asked for ten numbers at a source that may be asked ten times a minute: ten calls, and ten times no turn."""
    source = {"dallas": sandbox.sources["dallas"] | {"calls_per_minute": 10}}

    def answered(task: tuple[str, str]) -> str:
        query = f'{{ phoneNumber(e164: "{task[1]}") {{ outcomes {{ result error {{ code }} }} }} }}'
        body = json.dumps({"query": query}).encode()
        with urlopen(Request(task[0], body, {"content-type": "application/json"}), timeout=50) as response:  # noqa: S310 - a loopback URL
            [outcome] = json.loads(response.read())["data"]["phoneNumber"]["outcomes"]
        return str(outcome["error"] and outcome["error"]["code"])

    with valkey_server() as valkey, ExitStack() as opened, ThreadPoolExecutor(20) as askers:
        url = f"valkey://127.0.0.1:{valkey.port}/0"
        gateways = [opened.enter_context(served(source, redis_url=url)) for _ in range(2)]
        tasks = [(gateways[number % 2], f"+1206555{number:04}") for number in range(20)]
        told = list(askers.map(answered, tasks))
    assert (told.count("None"), told.count("SOURCE_RATE_LIMITED")) == (10, 10)
    assert len(sandbox.calls("webex")) == 10
