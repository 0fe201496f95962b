"""Processes that share a Valkey, at the worst moments: it goes away, someone leaves, what was given cannot be used."""

import asyncio
import os
import signal
import time

import pytest
from redis import Redis

from gateway.errors import SourceCircuitOpen
from gateway.providers.protocol import Allowance
from gateway.upstream.shared import APART_SECONDS
from tests.clocks import ManualClock
from tests.conftest import PATIENCE, errand
from tests.upstream.places import Process, calls, quota_of, under_way, used
from tests.upstream.shelf import until


async def test_nothing_is_left_behind_at_the_end(valkey: Redis, process: Process) -> None:
    """A place that is brought while the connections are given back is given back before them."""
    one = process(60.0)
    leaving = asyncio.create_task(used(one))
    await asyncio.wait([leaving], timeout=0)
    leaving.cancel()
    await asyncio.wait([leaving])
    await quota_of(one)._shared.close()
    assert (calls(valkey), quota_of(one)._shared._beside) == ({}, set())


async def test_places_that_cannot_be_used_are_given_back(valkey: Redis, process: Process) -> None:
    """Two places come for two who wait, and the provider allows one call: the other place is kept from nobody."""
    one, other = (process(60.0, concurrency=2, timeout=300) for _ in range(2))
    async with one.turn(errand(), PATIENCE):
        one.hear([Allowance(remaining=1, resets_in=1000.0)], 0)
    one.rate.hold(time.monotonic() + 0.05)  # so that both wait when places are asked for
    first = one.turn(errand(), PATIENCE)
    waiting = [asyncio.create_task(had) for had in (first.__aenter__(), used(one))]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    await until(lambda: under_way(valkey) == 1)
    await used(other)
    waiting[1].cancel()
    await asyncio.wait(waiting)
    await first.__aexit__(None, None, None)


async def test_a_turn_without_a_call_takes_none_from_others(valkey: Redis, process: Process) -> None:
    """Whom the circuit turns away when it is their turn has asked nothing: that counts for no minute, and no other process."""
    one, other = (process(60.0, calls_per_minute=1) for _ in range(2))
    left_alone = SourceCircuitOpen("It is left alone.")
    for _ in range(2):
        with pytest.raises(SourceCircuitOpen):
            async with one.turn(errand(), PATIENCE):
                raise left_alone
    await until(lambda: calls(valkey) == {})
    await used(other)


async def test_who_is_always_asking_leaves_room_for_others(valkey: Redis, process: Process) -> None:
    """A process whose own clients wait for each place that comes back takes turns with one that has a single client."""
    one, other = (process(60.0, concurrency=1) for _ in range(2))
    served = asyncio.Event()

    async def crowd() -> None:
        while not served.is_set():
            await used(one)

    crowds = [asyncio.create_task(crowd()) for _ in range(4)]
    await until(lambda: len(calls(valkey)) > len(crowds))
    await used(other, seconds=5.0)
    served.set()
    await asyncio.gather(*crowds)


async def test_what_a_valkey_did_not_hear_it_hears_later(valkey: Redis, process: Process, clock: ManualClock) -> None:
    """A call that was over while the Valkey took no word of it does not keep the others waiting until it must be dead."""
    one, other = process(60.0, away=clock, concurrency=1, timeout=300), process(60.0, concurrency=1)
    async with one.turn(errand(), PATIENCE):
        valkey.config_set("min-replicas-to-write", 1)
    await until(quota_of(one)._shared.is_apart)
    await used(one)
    valkey.config_set("min-replicas-to-write", 0)
    assert under_way(valkey) == 1
    clock.advance(APART_SECONDS)
    await used(one)
    await used(other)


async def test_places_whose_word_was_lost(
    valkey: Redis, process: Process, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Valkey that hangs gives a place to who asked before it hung, and no longer waits; it is given back later."""
    one = process(60.0, away=clock, concurrency=1, timeout=300)
    await used(one)
    await until(lambda: not quota_of(one)._shared._beside)  # its connection is free
    monkeypatch.setattr("gateway.upstream.shared.ANSWER_SECONDS", 0.1)
    pid = valkey.info("server")["process_id"]
    os.kill(pid, signal.SIGSTOP)
    await used(one)
    os.kill(pid, signal.SIGCONT)
    await until(lambda: under_way(valkey) == 1)
    clock.advance(APART_SECONDS)
    monkeypatch.undo()
    await used(one)
