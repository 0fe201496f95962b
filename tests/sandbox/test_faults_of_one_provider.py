"""The failures that only one provider's way of speaking allows."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from gateway.sandbox.accounts import CLOUDLX_CLIENT_ID, CLOUDLX_CLIENT_SECRET
from gateway.sandbox.callgear.errors import ERRORS, Mnemonic
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller


@pytest.mark.parametrize(
    ("fault", "listed", "checked", "unknown"),
    [
        ("failing_status_code", (200, -9999), (200, -9999), (200, -9999)),
        ("missing_payload", (200, 0), (200, 0), (404, 404)),
        ("string_status_code", (200, "0"), (200, "0"), (404, "404")),
    ],
)
async def test_status_codes_of_8x8(
    caller: Caller, fault: str, listed: object, checked: object, unknown: object
) -> None:
    """`statusCode` can say failure under a 200, be text, or be right while the payload is missing."""
    await caller.turn("8x8", fault=fault)
    replies = [await caller.eight_by_eight(tail) for tail in ("numbers", "numbers/65123456789", "numbers/1")]
    assert [(reply.status, reply.json["statusCode"]) for reply in replies] == [listed, checked, unknown]
    assert [set(reply.json) & {"numbers", "payload"} for reply in replies] == (
        [{"numbers"}, {"payload"}, set()] if fault == "string_status_code" else [set()] * 3
    )


async def test_platform_errors_of_8x8(caller: Caller) -> None:
    """Errors change into the platform's family by status; what was fine becomes its internal error."""
    await caller.turn("8x8", fault="platform_errors")
    replies = [
        await caller.eight_by_eight("numbers"),
        await caller.eight_by_eight("numbers/1"),
        await caller.eight_by_eight("numbers", key="wrong"),
    ]
    assert [(reply.status, reply.json["code"]) for reply in replies] == [(500, 2000), (404, 1300), (401, 1200)]


async def test_a_bad_client_of_cloudlx(caller: Caller) -> None:
    """The token endpoint says 500 of a client it does not know, and only the token endpoint does."""
    await caller.turn("cloudlx", fault="token_500_bad_client")
    client = {"client_id": CLOUDLX_CLIENT_ID, "client_secret": CLOUDLX_CLIENT_SECRET}
    reply = await caller.cloudlx_token(grant_type="client_credentials", **client)
    assert reply.status == 500
    assert reply.json == {"message": "Client authentication failed.", "status_code": 500}
    assert (await caller.cloudlx()).status == 200


@pytest.mark.parametrize(
    ("fault", "status_code", "mnemonic", "identifier"),
    [
        ("auth_in_200", 200, "access_token_invalid", 7),
        ("internal_error", 200, "internal_error", 7),
        ("limit_exceeded_minute", 200, "limit_exceeded", 7),
        ("limit_exceeded_day", 200, "limit_exceeded", 7),
        ("error_with_http_500", 500, "internal_error", 7),
        ("null_error_id", 200, "internal_error", None),
    ],
)
async def test_errors_of_callgear(
    caller: Caller, sandbox: Sandbox, fault: str, status_code: int, mnemonic: str, identifier: object
) -> None:
    """Errors of JSON-RPC come instead of the answer, and cost no point."""
    await caller.turn("callgear", fault=fault)
    reply = await caller.callgear()
    assert (reply.status, reply.json["id"]) == (status_code, identifier)
    assert reply.json["error"]["data"]["mnemonic"] == mnemonic
    assert "result" not in reply.json
    assert sandbox.callgear.points.metadata(sandbox.callgear.knobs.limits)["day_remaining"] == 750_000


@pytest.mark.parametrize("mnemonic", Mnemonic)
async def test_any_error_of_callgear(caller: Caller, mnemonic: Mnemonic) -> None:
    """Each error of the vendor's table can be had by its mnemonic, with its code and a text without gaps."""
    await caller.turn("callgear", fault="rpc_error", mnemonic=mnemonic, limits=None)
    error = (await caller.callgear()).json["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (ERRORS[mnemonic][0], mnemonic)
    assert "{" not in error["message"]


@pytest.mark.parametrize(
    ("fault", "test"),
    [
        ("wrong_id", lambda spoilt: spoilt["id"] == "someone-else" and "result" in spoilt),
        ("string_id", lambda spoilt: spoilt["id"] == "7" and "result" in spoilt),
        ("result_and_error", lambda spoilt: {"result", "error"} < set(spoilt)),
        ("neither", lambda spoilt: set(spoilt) == {"jsonrpc", "id"}),
        ("array_envelope", lambda spoilt: isinstance(spoilt, list) and "result" in spoilt[0]),
        ("empty_limits", lambda spoilt: spoilt["result"]["metadata"] == {"limits": {}, "total_items": 6000}),
        (
            "api_version_deprecated",
            lambda spoilt: spoilt["result"]["metadata"]["api_version"]["current_version_deprecated"] is True,
        ),
    ],
)
async def test_envelopes_of_callgear(caller: Caller, fault: str, test: Callable[[Any], bool]) -> None:
    """The envelope around a sound result can be wrong in each of these ways."""
    await caller.turn("callgear", fault=fault)
    assert test(msgspec.json.decode((await caller.callgear()).body))


async def test_metadata_failures_leave_errors_alone(caller: Caller) -> None:
    """Where there is no result its metadata cannot be spoilt."""
    await caller.turn("callgear", fault="empty_limits")
    assert (await caller.callgear({"limit": 0})).json["error"]["data"]["metadata"]["limits"] != {}


async def test_throttling_headers_of_cloudlx(caller: Caller) -> None:
    """CloudLX's framework adds its own headers to a 429."""
    await caller.turn("cloudlx", fault="http_429")
    reply = await caller.cloudlx()
    assert reply.json == {"message": "You have exceeded your rate limit.", "status_code": 429}
    assert (reply.headers["x-ratelimit-limit"], reply.headers["x-ratelimit-remaining"]) == ("60", "0")
    assert abs(int(reply.headers["x-ratelimit-reset"]) - time.time()) < 60
