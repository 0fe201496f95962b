"""The control panel: knobs, reset, clock and the log of calls."""

import re
from typing import get_type_hints

import pytest
from starlette.applications import Starlette

from gateway.sandbox import accounts, knobs
from gateway.sandbox.faults import FAULTS
from gateway.sandbox.journal import LONGEST
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import VENDOR_TYPE, Caller

PROVIDERS = ["8x8", "webex", "cloudlx", "callgear"]


async def test_the_panel_lists_every_knob(caller: Caller, sandbox: Sandbox) -> None:
    """`GET /control` has every knob of every provider with its meaning and present value, and every failure."""
    await caller.turn("webex", latency=0.25)
    panel = (await caller.send("GET", "/control")).json
    assert list(panel["knobs"]) == PROVIDERS
    for name, simulator in sandbox.simulators.items():
        listed = panel["knobs"][name]
        assert set(listed) == set(get_type_hints(type(simulator.knobs)))
        assert all(set(knob) == {"meaning", "value"} and len(knob["meaning"]) > 10 for knob in listed.values())
    assert panel["knobs"]["webex"]["latency"]["value"] == 0.25
    assert panel["knobs"]["callgear"]["limits"]["value"] == {"day_limit": 750_000, "minute_limit": 15_000}
    assert set(panel["faults"]) == set(FAULTS)
    assert panel["faults"]["null_error_id"]["providers"] == ["callgear"]
    assert panel["faults"]["http_500"]["providers"] == PROVIDERS


def test_one_docstring_names_every_knob(app: Starlette) -> None:
    """The table above the knobs is complete and names nothing else."""
    table = (knobs.__doc__ or "").partition("\n`fault` takes")[0]
    simulators = app.state.sandbox.simulators.values()
    assert set(re.findall("`([a-z_]+)`", table)) == {name for s in simulators for name in get_type_hints(type(s.knobs))}


@pytest.mark.parametrize(
    ("provider", "turned", "names"),
    [
        ("webex", {"speed": 1}, "speed: there is no such knob; there are latency, hang"),
        ("8x8", {"page_cap": 1}, "page_cap"),
        ("webex", {"latency": "slow"}, "latency: Expected `float`, got `str`"),
        ("webex", {"latency": -1}, "latency"),
        ("webex", {"hang": 1}, "hang"),
        ("webex", {"link": "bad"}, "link"),
        ("webex", {"page_cap": 0}, "page_cap"),
        ("webex", {"fault": "fire"}, "fault: webex has no fire; it has hang"),
        ("webex", {"fault": "wrong_id"}, "fault: webex has no wrong_id"),
        ("webex", {"fault": 5}, "fault"),
        ("webex", {"fault_share": 1.5}, "fault_share"),
        ("callgear", {"mnemonic": "oops"}, "mnemonic: callgear has no oops"),
        ("callgear", {"limits": {"day_limit": -1}}, "limits"),
        ("callgear", {"limits": {"hour_limit": 1}}, "limits"),
    ],
)
async def test_refused_knobs(caller: Caller, provider: str, turned: dict[str, object], names: str) -> None:
    """A knob that does not exist or does not take the value is a 400 that names it, and nothing is turned."""
    reply = await caller.turn(provider, retry_after=9, **turned)
    assert reply.status == 400
    assert reply.json["error"].startswith(names)
    panel = (await caller.send("GET", "/control")).json
    assert panel["knobs"][provider]["retry_after"]["value"] == 1.0


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", "/control/twilio", b"{}", 404),
        ("PATCH", "/control/webex", b"{", 400),
        ("PATCH", "/control/webex", b"[]", 400),
        ("PATCH", "/control/webex", b"[" * 5000, 400),
        ("POST", "/control/clock", b'{"advance": "1"}', 400),
        ("POST", "/control/8x8/events", b'{"url": "http://x.invalid", "colour": 1}', 400),
        ("POST", "/control/8x8/events", b"{}", 400),
        ("POST", "/control/churn", b'{"changes": -1}', 400),
        ("GET", "/control/", b"", 404),
        ("PUT", "/control", b"", 405),
        ("GET", "/", b"", 404),
    ],
)
async def test_refused_requests(caller: Caller, method: str, path: str, body: bytes, status: int) -> None:
    """What the panel does not understand it refuses with a status of its own."""
    assert (await caller.send(method, path, data=body)).status == status


async def test_knobs_turned_directly_are_turned(caller: Caller, sandbox: Sandbox) -> None:
    """Tests in the same process may turn knobs without HTTP."""
    sandbox.webex.knobs.fault = "http_500"
    assert (await caller.webex()).status == 500


async def test_reset(caller: Caller, sandbox: Sandbox) -> None:
    """A reset brings back data, knobs, tokens, points, webhooks, clock and an empty log; the objects stay the same."""
    before = {provider: (await caller.read(provider)).rows(provider) for provider in PROVIDERS}
    client = {"client_id": accounts.CLOUDLX_CLIENT_ID, "client_secret": accounts.CLOUDLX_CLIENT_SECRET}
    token = (await caller.cloudlx_token(grant_type="client_credentials", **client)).json["access_token"]
    await caller.eight_by_eight("webhooks", "POST", body={"type": "VNU", "url": "http://x.example"})
    await caller.send("POST", "/control/clock", json={"advance": 100_000})
    for provider in PROVIDERS:
        await caller.turn(provider, churn=50)
        await caller.read(provider)
    simulators = dict(sandbox.simulators)
    assert (await caller.send("POST", "/control/reset")).status == 200
    assert (await caller.send("GET", "/control/calls")).json == {"calls": []}
    assert {provider: (await caller.read(provider)).rows(provider) for provider in PROVIDERS} == before
    assert (await caller.cloudlx(token=token)).status == 401
    assert (await caller.eight_by_eight("webhooks")).json["count"] == 0
    assert (await caller.callgear()).json["result"]["metadata"]["limits"]["day_remaining"] == 749_998
    assert sandbox.simulators == simulators


async def test_the_clock_can_be_set_forward(caller: Caller) -> None:
    """The clock of the sandbox moves by the seconds asked for."""
    first = (await caller.send("POST", "/control/clock", json={"advance": 0})).json["now"]
    second = (await caller.send("POST", "/control/clock", json={"advance": 3600})).json["now"]
    assert 3600 <= second - first < 3700


async def test_the_log_of_calls(caller: Caller) -> None:
    """Calls are logged in order with what was asked and answered, for one provider or for all, and can be forgotten."""
    await caller.webex({"max": "2", "phoneNumber": "+1,+2"})
    await caller.callgear({"limit": 1})
    await caller.cloudlx(token="wrong")
    calls = (await caller.send("GET", "/control/calls")).json["calls"]
    assert [(call["provider"], call["method"], call["status"]) for call in calls] == [
        ("webex", "GET", 200),
        ("callgear", "POST", 200),
        ("cloudlx", "GET", 401),
    ]
    assert calls[0]["path"] == f"/webex/v1/telephony/config/locations/{accounts.DALLAS}/queues/availableNumbers"
    assert calls[0]["query"] == {"max": "2", "phoneNumber": "+1,+2"}
    assert calls[0]["at"] <= calls[1]["at"] <= calls[2]["at"]
    assert (calls[1]["rpc_method"], calls[1]["rpc_params"]) == (
        "get.available_virtual_numbers",
        {"access_token": "***", "limit": 1},
    )
    assert (calls[2]["rpc_method"], calls[2]["rpc_params"]) == (None, None)
    assert (await caller.send("GET", "/control/calls?provider=cloudlx")).json["calls"] == calls[2:]
    assert (await caller.send("GET", "/control")).json["calls"] == {"webex": 1, "callgear": 1, "cloudlx": 1}
    await caller.send("DELETE", "/control/calls")
    assert (await caller.send("GET", "/control/calls")).json["calls"] == []


async def test_the_log_holds_no_credentials(caller: Caller) -> None:
    """Tokens, secrets and passwords are replaced, in bodies and in queries."""
    login = {"login": accounts.CALLGEAR_LOGIN, "password": accounts.CALLGEAR_PASSWORD}
    await caller.rpc({"jsonrpc": "2.0", "id": 1, "method": "login.user", "params": login})
    await caller.rpc({"jsonrpc": "2.0", "id": 1, "method": "login.user", "params": [accounts.CALLGEAR_PASSWORD]})
    await caller.rpc({"id": 1})
    client = {"client_id": "me", "client_secret": accounts.CLOUDLX_CLIENT_SECRET}
    await caller.send("POST", "/cloudlx/api/oauth2/access-token", params=client, headers={"Accept": VENDOR_TYPE})
    text = (await caller.send("GET", "/control/calls")).body.decode()
    for secret in (accounts.CALLGEAR_LOGIN, accounts.CALLGEAR_PASSWORD, accounts.CLOUDLX_CLIENT_SECRET):
        assert secret not in text
    assert '"client_id":"me"' in text


async def test_the_log_forgets_old_calls(caller: Caller, sandbox: Sandbox) -> None:
    """The log keeps so many calls and counts all of them."""
    await caller.webex()
    sandbox.journal.entries.extend([sandbox.journal.entries[0]] * LONGEST)
    await caller.webex()
    assert len(sandbox.journal.entries) == LONGEST
    assert sandbox.journal.counts["webex"] == 2
