"""A plain HTTP client of the sandbox, for the tests: it knows the providers' URLs and nothing of their answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from aiohttp import ClientSession

from gateway.sandbox import accounts

Json: TypeAlias = dict[str, Any]
VENDOR_TYPE = "application/vnd.cloudlx.v1+json"
ROWS_AT = {"8x8": ("numbers",), "webex": ("phoneNumbers",), "cloudlx": ("numbers",), "callgear": ("result", "data")}
"""Where the rows stand in each provider's list."""
PATHS = {
    "8x8": "/8x8/api/v1/subaccounts/MySubAccount/numbers",
    "webex": f"/webex/v1/telephony/config/locations/{accounts.DALLAS}/queues/availableNumbers",
    "cloudlx": "/cloudlx/api/numbers",
    "callgear": "/callgear/v2.0",
}
"""Where each provider's list is."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer as it came off the socket, undecoded."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body as a JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, Any])

    def rows(self, provider: str) -> list[Any]:
        """The rows of a provider's list."""
        found: Any = self.json
        for step in ROWS_AT[provider]:
            found = found[step]
        return list(found)


class Caller:
    """Calls to one running sandbox."""

    def __init__(self, session: ClientSession, base_url: str) -> None:
        self.session = session
        self.base_url = base_url

    async def send(self, method: str, path: str, **options: Any) -> Reply:  # noqa: ANN401 - passed on to aiohttp
        """Send any request; redirects are not followed."""
        options.setdefault("allow_redirects", False)
        async with self.session.request(method, self.base_url + path, **options) as response:
            return Reply(response.status, response.headers, await response.read())

    async def eight_by_eight(
        self,
        tail: str,
        method: str = "GET",
        *,
        key: str = accounts.EIGHT_BY_EIGHT_KEY,
        subaccount: str = accounts.SUBACCOUNT,
        body: object = None,
    ) -> Reply:
        """Call 8x8 below a subaccount."""
        path = f"/8x8/api/v1/subaccounts/{subaccount}/{tail}"
        return await self.send(method, path, headers=bearer(key), json=body)

    async def webex(
        self,
        query: Mapping[str, str] | None = None,
        *,
        location: str = accounts.DALLAS,
        token: str = accounts.WEBEX_TOKEN,
    ) -> Reply:
        """List the available numbers of a Webex location."""
        path = f"/webex/v1/telephony/config/locations/{location}/queues/availableNumbers"
        return await self.send("GET", path, params=query, headers=bearer(token))

    async def cloudlx(self, query: Mapping[str, str] | None = None, *, token: str = accounts.CLOUDLX_TOKEN) -> Reply:
        """List CloudLX numbers."""
        headers = {"Accept": VENDOR_TYPE} | bearer(token)
        return await self.send("GET", "/cloudlx/api/numbers", params=query, headers=headers)

    async def cloudlx_token(self, endpoint: str = "access-token", **sent: str) -> Reply:
        """Ask CloudLX for a token, as JSON."""
        path = f"/cloudlx/api/oauth2/{endpoint}"
        return await self.send("POST", path, json=sent, headers={"Accept": VENDOR_TYPE})

    async def callgear(
        self,
        params: Json | None = None,
        *,
        method: str = "get.available_virtual_numbers",
        token: str = accounts.CALLGEAR_KEY,
    ) -> Reply:
        """Call a CallGear method with a key."""
        sent = {"access_token": token} | (params or {})
        return await self.rpc({"jsonrpc": "2.0", "id": 7, "method": method, "params": sent})

    async def rpc(self, request: object) -> Reply:
        """Post any JSON to CallGear."""
        return await self.send("POST", "/callgear/v2.0", json=request)

    async def read(self, provider: str) -> Reply:
        """List a provider in the plainest way."""
        match provider:
            case "8x8":
                return await self.eight_by_eight("numbers")
            case "webex":
                return await self.webex()
            case "cloudlx":
                return await self.cloudlx()
            case _:
                return await self.callgear()

    async def turn(self, provider: str, **knobs: object) -> Reply:
        """Turn knobs by way of the control panel."""
        return await self.send("PATCH", f"/control/{provider}", json=knobs)


def bearer(token: str) -> dict[str, str]:
    """Return the Authorization header of a token."""
    return {"Authorization": f"Bearer {token}"}
