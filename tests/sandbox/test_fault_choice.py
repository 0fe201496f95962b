"""Which calls fail: by purpose, by share, by count."""

from collections import Counter

import pytest

from tests.sandbox.caller import PATHS, Caller, Json


@pytest.mark.parametrize(
    ("purpose", "failing"),
    [("list", {"list"}), ("lookup", {"lookup"}), ("token", {"token"}), ("any", {"list", "lookup", "token", "other"})],
)
@pytest.mark.parametrize("provider", PATHS)
async def test_failures_by_purpose(caller: Caller, provider: str, purpose: str, failing: set[str]) -> None:
    """`fault_on` chooses calls by what they are for, and the log says what each was for."""
    await caller.turn(provider, fault="http_503", fault_on=purpose)
    number = {"field": "phone_number", "operator": "=", "value": "1"}
    either = {"filters": [number, number], "condition": "or"}
    calls: dict[str, list[tuple[str, str, Json]]] = {
        "8x8": [
            ("GET", PATHS["8x8"], {}),
            ("GET", PATHS["8x8"] + "/1", {}),
            ("GET", "/8x8/api/v1/subaccounts/MySubAccount/webhooks", {}),
        ],
        "webex": [
            ("GET", PATHS["webex"], {}),
            ("GET", PATHS["webex"] + "?phoneNumber=1", {}),
            ("POST", "/webex/v1/access_token", {}),
            ("GET", "/webex/v1/people", {}),
        ],
        "cloudlx": [
            ("GET", "/cloudlx/api/numbers", {}),
            ("GET", "/cloudlx/api/numbers?search=1", {}),
            ("POST", "/cloudlx/api/oauth2/access-token", {}),
            ("GET", "/cloudlx/api", {}),
        ],
        "callgear": [
            ("POST", "/callgear/v2.0", {"method": "get.available_virtual_numbers", "params": {}}),
            ("POST", "/callgear/v2.0", {"method": "get.available_virtual_numbers", "params": {"filter": number}}),
            ("POST", "/callgear/v2.0", {"method": "get.available_virtual_numbers", "params": {"filter": either}}),
            ("POST", "/callgear/v2.0", {"method": "login.user", "params": {}}),
            ("POST", "/callgear/v2.0", {"method": "get.account", "params": {}}),
        ],
    }
    for method, path, request in calls[provider]:
        await caller.send(method, path, json={"jsonrpc": "2.0", "id": 1} | request)
    logged = (await caller.send("GET", "/control/calls")).json["calls"]
    assert len({call["errand"] for call in logged}) >= 3
    for call in logged:
        assert (call["status"] == 503) is (call["errand"] in failing)
        assert call["fault"] == ("http_503" if call["errand"] in failing else None)


async def test_failures_by_share(caller: Caller) -> None:
    """`fault_share` fails about that part of the calls, and none at 0."""
    await caller.turn("webex", fault="http_500", fault_share=0.5)
    seen = Counter([(await caller.webex({"max": "1"})).status for _ in range(100)])
    assert seen.keys() == {200, 500}
    assert 30 <= seen[500] <= 70
    await caller.turn("webex", fault_share=0)
    assert [(await caller.webex({"max": "1"})).status for _ in range(5)] == [200] * 5


async def test_failures_by_count(caller: Caller) -> None:
    """`fault_next` fails so many calls, counts them down, and then none."""
    await caller.turn("webex", fault="http_500", fault_next=2)
    assert [(await caller.webex({"max": "1"})).status for _ in range(4)] == [500, 500, 200, 200]
    knobs = (await caller.turn("webex")).json
    assert knobs["fault_next"]["value"] == 0
