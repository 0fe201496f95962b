"""Limits a minute that every simulator can have, and how it counts who does not keep them."""

import pytest

from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import PATHS, Caller

PROVIDERS = list(PATHS)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_more_than_so_many_a_minute(caller: Caller, sandbox: Sandbox, provider: str) -> None:
    """The minute begins with its first call; what comes beyond the limit is told for how long, and is counted."""
    sandbox.clock.advance(1 - sandbox.clock.now() % 1)
    await caller.turn(provider, calls_per_minute=2)
    replies = [await caller.read(provider) for _ in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 429, 429]
    assert 55 <= int(replies[3].headers["retry-after"]) <= 60
    panel = (await caller.send("GET", "/control")).json
    assert panel["violations"] == {name: 2 if name == provider else 0 for name in PROVIDERS}
    sandbox.clock.advance(60)
    assert (await caller.read(provider)).status == 200
    await caller.turn(provider, calls_per_minute=None)
    assert (await caller.read(provider)).status == 200
    assert (await caller.read(provider)).status == 200


async def test_cloudlx_tells_its_limit(caller: Caller, sandbox: Sandbox) -> None:
    """Where there is a limit every answer has the framework's headers, once."""
    await caller.turn("cloudlx", calls_per_minute=1)
    told = []
    for _ in range(2):
        headers = (await caller.read("cloudlx")).headers
        told.append((headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]))
        assert 50 <= int(headers["x-ratelimit-reset"]) - sandbox.clock.now() <= 60
    assert told == [("1", "0"), ("1", "0")]
    await caller.turn("cloudlx", calls_per_minute=None)
    assert "x-ratelimit-limit" not in (await caller.read("cloudlx")).headers


async def test_points_that_were_used_up_are_violations(caller: Caller, sandbox: Sandbox) -> None:
    """CallGear's own limits are counted with them."""
    await caller.turn("callgear", limits={"day_limit": 1})
    await caller.read("callgear")
    await caller.read("callgear")
    assert sandbox.callgear.violations == 1
