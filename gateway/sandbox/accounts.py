"""The accounts that exist in the sandbox, and the settings a gateway needs to use them."""

from base64 import b64encode
from typing import Final, TypeAlias

Settings: TypeAlias = dict[str, dict[str, object]]


def webex_id(kind: str, uuid: str) -> str:
    """Return a Webex identifier as its API writes it: unpadded base64 of `ciscospark://us/{kind}/{uuid}`."""
    return b64encode(f"ciscospark://us/{kind}/{uuid}".encode()).decode().rstrip("=")


SUBACCOUNT: Final = "MySubAccount"
SUBACCOUNT_WITHOUT_LIST: Final = "Masking-Only_2"
"""A second 8x8 subaccount: the check works, the list answers 404."""
EIGHT_BY_EIGHT_KEY: Final = "sandbox-8x8-api-key"
WEBHOOK_HEADER: Final = "Authorization"
WEBHOOK_SECRET: Final = "Bearer sandbox-8x8-webhook"  # noqa: S105 - made up, opens the sandbox alone

WEBEX_ORGANIZATION: Final = webex_id("ORGANIZATION", "96abc2aa-3dcc-11e5-a152-fe34819cdc9a")
DALLAS_UUID: Final = "8a5d5b1c-4c6f-4f6e-9b1a-0d6a1f0a2b3c"
LONDON_UUID: Final = "f0c1d2e3-5a4b-4c3d-8e2f-1a0b9c8d7e6f"
DALLAS: Final = webex_id("LOCATION", DALLAS_UUID)
LONDON: Final = webex_id("LOCATION", LONDON_UUID)
WEBEX_TOKEN: Final = "sandbox-webex-access-token"  # noqa: S105 - made up, opens the sandbox alone
WEBEX_TOKEN_WITHOUT_SCOPE: Final = "sandbox-webex-token-without-scope"  # noqa: S105 - made up, opens the sandbox alone
"""A valid token that lacks `spark-admin:telephony_config_read`: every call answers 403."""
WEBEX_CLIENT_ID: Final = "C0ffee5a9d1b"
WEBEX_CLIENT_SECRET: Final = "sandbox-webex-client-secret"  # noqa: S105 - made up, opens the sandbox alone
WEBEX_REFRESH_TOKEN: Final = "sandbox-webex-refresh-token"  # noqa: S105 - made up, opens the sandbox alone

CLOUDLX_CLIENT_ID: Final = "sandbox-cloudlx-client"
CLOUDLX_CLIENT_SECRET: Final = "sandbox-cloudlx-client-secret"  # noqa: S105 - made up, opens the sandbox alone
CLOUDLX_TOKEN: Final = "sandbox-cloudlx-access-token"  # noqa: S105 - made up, opens the sandbox alone
"""A token that never expires, for a source configured with `access_token` alone."""

CALLGEAR_KEY: Final = "sandbox-callgear-key"
CALLGEAR_AGENT_KEY: Final = "sandbox-callgear-agent-key"
"""An agent's key: calls without `user_id` are refused."""
CALLGEAR_USER_ID: Final = 4711
CALLGEAR_LOGIN: Final = "sandbox@callgear.example"
CALLGEAR_PASSWORD: Final = "sandbox-callgear-password"  # noqa: S105 - made up, opens the sandbox alone


def sources(base_url: str) -> Settings:
    """Return the `[sources.*]` tables of five sources in the sandbox at `base_url` (`http://127.0.0.1:9000`)."""
    webex: dict[str, object] = {
        "provider": "webex",
        "base_url": f"{base_url}/webex/v1",
        "org_id": WEBEX_ORGANIZATION,
        "access_token": WEBEX_TOKEN,
    }
    return {
        "voice_sg": _eight_by_eight(base_url, SUBACCOUNT),
        "dallas": webex | {"location_id": DALLAS},
        "london": webex | {"location_id": LONDON},
        "epsilon": _cloudlx(base_url) | {"client_id": CLOUDLX_CLIENT_ID, "client_secret": CLOUDLX_CLIENT_SECRET},
        "market": _callgear(base_url) | {"access_token": CALLGEAR_KEY},
    }


def variants(base_url: str) -> Settings:
    """Return further sources: the same providers reached with every other kind of credential they accept."""
    return {
        "masking": _eight_by_eight(base_url, SUBACCOUNT_WITHOUT_LIST),
        "dallas_refreshed": {
            "provider": "webex",
            "base_url": f"{base_url}/webex/v1",
            "location_id": DALLAS,
            "client_id": WEBEX_CLIENT_ID,
            "client_secret": WEBEX_CLIENT_SECRET,
            "refresh_token": WEBEX_REFRESH_TOKEN,
        },
        "epsilon_token": _cloudlx(base_url) | {"access_token": CLOUDLX_TOKEN},
        "market_login": _callgear(base_url) | {"login": CALLGEAR_LOGIN, "password": CALLGEAR_PASSWORD},
        "market_agent": _callgear(base_url) | {"access_token": CALLGEAR_AGENT_KEY, "user_id": CALLGEAR_USER_ID},
    }


def _eight_by_eight(base_url: str, subaccount: str) -> dict[str, object]:
    return {
        "provider": "8x8",
        "base_url": f"{base_url}/8x8",
        "subaccount_id": subaccount,
        "api_key": EIGHT_BY_EIGHT_KEY,
        "webhook_header": WEBHOOK_HEADER,
        "webhook_secret": WEBHOOK_SECRET,
    }


def _cloudlx(base_url: str) -> dict[str, object]:
    return {"provider": "cloudlx", "base_url": f"{base_url}/cloudlx/api", "currency": "GBP", "timezone": "UTC"}


def _callgear(base_url: str) -> dict[str, object]:
    return {"provider": "callgear", "base_url": f"{base_url}/callgear/v2.0", "currency": "USD"}
