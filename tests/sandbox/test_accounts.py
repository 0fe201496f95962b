"""The settings that the sandbox hands out open the sandbox."""

from typing import Any

import pytest

from gateway.sandbox import accounts
from gateway.sandbox.accounts import sources, variants
from tests.sandbox.caller import VENDOR_TYPE, Caller, bearer

KEYS = {
    "8x8": {"provider", "base_url", "subaccount_id", "api_key", "webhook_header", "webhook_secret"},
    "webex": {"provider", "base_url", "location_id", "org_id", "access_token"},
    "cloudlx": {"provider", "base_url", "client_id", "client_secret", "currency", "timezone"},
    "callgear": {"provider", "base_url", "access_token", "currency"},
}


def test_five_sources_in_the_form_of_the_settings() -> None:
    """`sources` names five sources, each with exactly the settings its provider needs."""
    tables = sources("http://sandbox.test")
    assert {name: table["provider"] for name, table in tables.items()} == {
        "voice_sg": "8x8",
        "dallas": "webex",
        "london": "webex",
        "epsilon": "cloudlx",
        "market": "callgear",
    }
    for table in tables.values():
        assert set(table) == KEYS[str(table["provider"])]
    assert [table["base_url"] for table in tables.values()] == [
        "http://sandbox.test/8x8",
        "http://sandbox.test/webex/v1",
        "http://sandbox.test/webex/v1",
        "http://sandbox.test/cloudlx/api",
        "http://sandbox.test/callgear/v2.0",
    ]


def test_webex_ids_have_the_real_form() -> None:
    """Location ids are the unpadded base64 of `ciscospark://us/LOCATION/<uuid>`, as in Webex's own examples."""
    assert accounts.DALLAS.startswith("Y2lzY29zcGFyazovL3VzL0xPQ0FUSU9OL")
    assert accounts.WEBEX_ORGANIZATION.startswith("Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi")
    assert "=" not in accounts.DALLAS + accounts.LONDON


@pytest.mark.parametrize("name", ["voice_sg", "dallas", "london", "epsilon", "market"])
async def test_every_source_answers(caller: Caller, name: str) -> None:
    """A client that knows nothing but the settings of a source gets its numbers."""
    table: dict[str, Any] = sources(caller.base_url)[name]
    base = str(table["base_url"]).removeprefix(caller.base_url)
    match table["provider"]:
        case "8x8":
            path = f"{base}/api/v1/subaccounts/{table['subaccount_id']}/numbers"
            reply = await caller.send("GET", path, headers=bearer(table["api_key"]))
        case "webex":
            path = f"{base}/telephony/config/locations/{table['location_id']}/queues/availableNumbers"
            query = {"orgId": table["org_id"]}
            reply = await caller.send("GET", path, params=query, headers=bearer(table["access_token"]))
        case "cloudlx":
            client = {"client_id": table["client_id"], "client_secret": table["client_secret"]}
            token = (await caller.cloudlx_token(grant_type="client_credentials", **client)).json["access_token"]
            reply = await caller.send("GET", f"{base}/numbers", headers=bearer(token) | {"Accept": VENDOR_TYPE})
        case _:
            params = {"access_token": table["access_token"]}
            request = {"jsonrpc": "2.0", "id": 1, "method": "get.available_virtual_numbers", "params": params}
            reply = await caller.send("POST", base, json=request)
    assert reply.status == 200
    assert len(reply.rows(str(table["provider"]))) >= 50


def test_variants_cover_the_other_credentials() -> None:
    """`variants` names a source for every further kind of credential, in the same form."""
    tables = variants("http://sandbox.test")
    assert tables["masking"]["subaccount_id"] == accounts.SUBACCOUNT_WITHOUT_LIST
    assert tables["dallas_refreshed"]["refresh_token"] == accounts.WEBEX_REFRESH_TOKEN
    assert tables["epsilon_token"]["access_token"] == accounts.CLOUDLX_TOKEN
    assert tables["market_login"]["login"] == accounts.CALLGEAR_LOGIN
    assert tables["market_agent"]["user_id"] == accounts.CALLGEAR_USER_ID
