"""CallGear's points and limits, its keys, and the sessions of its logins."""

from typing import Any

import pytest

from gateway.sandbox import accounts
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller, Json

REQUEST = {"jsonrpc": "2.0", "id": 7}
LOGIN = {"login": accounts.CALLGEAR_LOGIN, "password": accounts.CALLGEAR_PASSWORD}


async def test_only_successes_cost_a_point(caller: Caller, sandbox: Sandbox) -> None:
    """Points go down by one with each success; errors report the limits and cost nothing."""
    sandbox.clock.advance(60 - sandbox.clock.now() % 60)

    async def remaining(params: Json) -> tuple[int, int]:
        reply = (await caller.callgear(params)).json
        metadata = reply["result"]["metadata"] if "result" in reply else reply["error"]["data"]["metadata"]
        limits = metadata["limits"]
        assert 1 <= limits["minute_reset"] <= 60
        assert 1 <= limits["day_reset"] <= 86_400
        assert (limits["day_limit"], limits["minute_limit"]) == (750_000, 15_000)
        return limits["day_remaining"], limits["minute_remaining"]

    assert await remaining({"limit": 1}) == (749_999, 14_999)
    assert await remaining({"limit": 0}) == (749_999, 14_999)
    assert await remaining({"limit": 1}) == (749_998, 14_998)


async def test_limits_end_and_renew(caller: Caller, sandbox: Sandbox) -> None:
    """A used-up minute is refused until the next one, a used-up day until the next day."""
    sandbox.clock.advance(60 - sandbox.clock.now() % 60)
    await caller.turn("callgear", limits={"day_limit": 3, "minute_limit": 2})

    async def outcome() -> Any:  # noqa: ANN401 - a word or a piece of JSON
        reply = (await caller.callgear({"limit": 1})).json
        return "fine" if "result" in reply else reply["error"]

    assert [await outcome(), await outcome()] == ["fine", "fine"]
    error = await outcome()
    assert error["code"] == -32029
    assert error["message"] == "Limit per minute has been exceeded. Value of current limit per minute is 2"
    assert error["data"]["params"] == {"limit_type": "minute", "limit_max_value": 2}
    assert error["data"]["metadata"]["limits"]["minute_remaining"] == 0
    sandbox.clock.advance(60)
    assert await outcome() == "fine"
    assert (await outcome())["data"]["params"] == {"limit_type": "day", "limit_max_value": 3}
    sandbox.clock.advance(86_400)
    assert await outcome() == "fine"


async def test_no_limits(caller: Caller) -> None:
    """When limits are not applied the metadata does not mention them."""
    await caller.turn("callgear", limits=None)
    good = (await caller.callgear({"limit": 1})).json["result"]["metadata"]
    bad = (await caller.callgear({"limit": 0})).json["error"]["data"]["metadata"]
    assert (good, bad) == ({"total_items": 6000}, {})


async def test_an_agent_needs_a_user_id(caller: Caller) -> None:
    """An agent's key is refused without `user_id`; a customer may send it and need not."""
    agent = accounts.CALLGEAR_AGENT_KEY
    error = (await caller.callgear(token=agent)).json["error"]["data"]
    assert (error["mnemonic"], error["field"]) == ("required_parameter_missed", "user_id")
    user = {"user_id": accounts.CALLGEAR_USER_ID}
    assert "result" in (await caller.callgear(user, token=agent)).json
    assert "result" in (await caller.callgear(user)).json


async def test_a_session_lives_an_hour(caller: Caller, sandbox: Sandbox) -> None:
    """`login.user` answers a token and the second it ends; a dead session is an unknown token."""
    started = int(sandbox.clock.now())
    data = (await caller.rpc(REQUEST | {"method": "login.user", "params": LOGIN})).json["result"]["data"]
    assert set(data) == {"access_token", "expire_at", "app_id"}
    assert 3600 <= data["expire_at"] - started <= 3605
    assert "result" in (await caller.callgear(token=data["access_token"])).json
    sandbox.clock.advance(3601)
    error = (await caller.callgear(token=data["access_token"])).json["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (-32001, "access_token_invalid")


@pytest.mark.parametrize(
    ("params", "mnemonic"),
    [
        (LOGIN | {"password": "wrong"}, "auth_error"),
        (LOGIN | {"login": "wrong"}, "auth_error"),
        ({"login": "x"}, "required_parameter_missed"),
        (LOGIN | {"password": 5}, "data_type_error"),
        (LOGIN | {"access_token": "x"}, "unexpected_parameters"),
    ],
)
async def test_refused_logins(caller: Caller, params: Json, mnemonic: str) -> None:
    """A login with anything wrong gives no session."""
    reply = await caller.rpc(REQUEST | {"method": "login.user", "params": params})
    assert reply.json["error"]["data"]["mnemonic"] == mnemonic


async def test_sessions_end_by_logout_and_by_knob(caller: Caller) -> None:
    """`logout.user` ends one session, `expire_tokens` all of them; keys stay good."""

    async def session() -> str:
        reply = await caller.rpc(REQUEST | {"method": "login.user", "params": LOGIN})
        return str(reply.json["result"]["data"]["access_token"])

    first, second = await session(), await session()
    out = await caller.callgear(method="logout.user", token=first)
    assert out.json["result"]["data"] == {"success": True}
    assert "error" in (await caller.callgear(token=first)).json
    assert "result" in (await caller.callgear(token=second)).json
    await caller.turn("callgear", expire_tokens=True)
    assert "error" in (await caller.callgear(token=second)).json
    assert "result" in (await caller.callgear()).json
