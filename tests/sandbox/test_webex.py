"""Webex: listing, look-up, refusals, the `Link` header and the renewal of tokens."""

from typing import Any

import pytest
from yarl import URL

from gateway.sandbox import accounts
from gateway.sandbox.webex.inventory import EXAMPLES
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller, bearer

PATH = f"/webex/v1/telephony/config/locations/{accounts.DALLAS}/queues/availableNumbers"
NO_SCOPE = (
    "The server understood the request, but refused to fulfill it because the access token is missing required scopes or "
    "the user is missing required roles or licenses."
)
NO_TOKEN = "The request requires a valid access token set in the Authorization request header."
RENEWAL = {
    "grant_type": "refresh_token",
    "client_id": accounts.WEBEX_CLIENT_ID,
    "client_secret": accounts.WEBEX_CLIENT_SECRET,
    "refresh_token": accounts.WEBEX_REFRESH_TOKEN,
}


async def test_the_examples_of_the_vendor(caller: Caller) -> None:
    """The three rows of the vendor's page are found by the comma-separated filter, field by field."""
    numbers = ",".join(str(row["phoneNumber"]) for row in EXAMPLES)
    reply = await caller.webex({"phoneNumber": numbers})
    assert set(reply.json) == {"phoneNumbers"}
    assert sorted(reply.rows("webex"), key=lambda row: str(row["phoneNumber"])) == list(EXAMPLES)


async def test_a_page_begins_at_any_offset(caller: Caller) -> None:
    """`start` and `max` cut any window, and past the end there is an empty page; there is no total."""
    whole = (await caller.webex()).rows("webex")
    assert len(whole) == 400
    assert (await caller.webex({"start": "7", "max": "5"})).rows("webex") == whole[7:12]
    assert (await caller.webex({"start": "398", "max": "5"})).rows("webex") == whole[398:]
    assert (await caller.webex({"start": "400"})).rows("webex") == []


async def test_a_location_is_named_by_id_or_by_uuid(caller: Caller) -> None:
    """The base64 id and the bare uuid, which is 36 characters long as the page says, mean the same location."""
    by_id = await caller.webex(location=accounts.LONDON)
    by_uuid = await caller.webex(location=accounts.LONDON_UUID)
    assert by_id.rows("webex") == by_uuid.rows("webex") != (await caller.webex()).rows("webex")


async def test_an_unencoded_plus_matches_nothing(caller: Caller) -> None:
    """A `+` that was not percent-encoded arrives as a space, and the log shows it."""
    number = EXAMPLES[0]["phoneNumber"]
    url = URL(f"{caller.base_url}{PATH}?phoneNumber={number}", encoded=True)
    async with caller.session.get(url, headers=bearer(accounts.WEBEX_TOKEN)) as response:
        assert (await response.json())["phoneNumbers"] == []
    (call,) = (await caller.send("GET", "/control/calls")).json["calls"]
    assert call["query"] == {"phoneNumber": " 12056350001"}


async def test_a_repeated_filter_is_one_list(caller: Caller) -> None:
    """`phoneNumber` is an array: sent twice it means both."""
    url = URL(f"{caller.base_url}{PATH}?phoneNumber=%2B12056350001&phoneNumber=%2B12056350002", encoded=True)
    async with caller.session.get(url, headers=bearer(accounts.WEBEX_TOKEN)) as response:
        assert len((await response.json())["phoneNumbers"]) == 2


@pytest.mark.parametrize(
    ("query", "token", "location", "status", "description"),
    [
        ({}, "", accounts.DALLAS, 401, NO_TOKEN),
        ({}, "wrong", accounts.DALLAS, 401, NO_TOKEN),
        ({}, accounts.WEBEX_TOKEN_WITHOUT_SCOPE, accounts.DALLAS, 403, NO_SCOPE),
        ({"orgId": "another"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 403, NO_SCOPE),
        ({}, accounts.WEBEX_TOKEN, "nowhere", 404, "The requested resource could not be found."),
        ({"start": "x"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "start must be an integer of at least 0"),
        ({"start": "-1"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "start must be an integer of at least 0"),
        ({"start": "1.0"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "start must be an integer of at least 0"),
        ({"start": "٣"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "start must be an integer of at least 0"),
        ({"start": "9" * 5000}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "start must be an integer of at least 0"),
        ({"max": "0"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "max must be an integer of at least 1"),
        ({"max": "null"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "max must be an integer of at least 1"),
        ({"limit": "5"}, accounts.WEBEX_TOKEN, accounts.DALLAS, 400, "Unknown query parameter: limit"),
    ],
)
async def test_refusals(
    caller: Caller, query: dict[str, str], token: str, location: str, status: int, description: str
) -> None:
    """Errors have a message, details and a tracking id, which the header `trackingid` repeats."""
    reply = await caller.webex(query, token=token, location=location)
    assert reply.status == status
    assert set(reply.json) == {"message", "errors", "trackingId"}
    assert reply.json["errors"] == [{"description": description}]
    assert reply.json["trackingId"] == reply.headers["trackingid"]
    assert reply.headers["trackingid"].startswith("ROUTERGW_")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", PATH, 405),
        ("GET", "/webex/v1/access_token", 405),
        ("GET", "/webex/v1/people", 404),
        ("GET", PATH + "/", 404),
        ("GET", PATH.replace("/v1/", "/v2/"), 404),
    ],
)
async def test_other_paths_and_methods(caller: Caller, method: str, path: str, status: int) -> None:
    """Nothing but the documented methods on the documented paths is served."""
    assert (await caller.send(method, path, headers=bearer(accounts.WEBEX_TOKEN))).status == status


async def test_unknown_parameters_can_be_tolerated(caller: Caller) -> None:
    """With the knob off an unknown query parameter is ignored."""
    await caller.turn("webex", refuse_unknown_parameters=False)
    assert (await caller.webex({"limit": "5"})).status == 200


async def test_max_is_clamped_silently(caller: Caller) -> None:
    """A larger `max` than the cap is not refused: fewer rows come, and the link goes on from there."""
    await caller.turn("webex", page_cap=100)
    reply = await caller.webex({"max": "250", "start": "50"})
    assert len(reply.rows("webex")) == 100
    assert "max=100&start=150" in reply.headers["link"].replace("start=150&max=100", "max=100&start=150")


@pytest.mark.parametrize(
    ("mode", "origin", "query"),
    [
        ("good", "{base}", {"max": "10", "start": "30"}),
        ("https_https", "https,{https}", {"max": "10", "start": "30"}),
        ("max_null", "{base}", {"max": "null", "start": "30"}),
        ("other_host", "http://elsewhere.invalid", {"max": "10", "start": "30"}),
        ("repeating", "{base}", {"max": "10", "start": "20"}),
    ],
)
async def test_link_header(caller: Caller, mode: str, origin: str, query: dict[str, str]) -> None:
    """The link names the next page the true way, without a space, or in one of the ways seen broken."""
    await caller.turn("webex", link=mode)
    link = (await caller.webex({"max": "10", "start": "20", "orgId": accounts.WEBEX_ORGANIZATION})).headers["link"]
    start = origin.format(base=caller.base_url, https=caller.base_url.replace("http:", "https:"))
    assert link.startswith(f"<{start}{PATH}?")
    assert link.endswith('>;rel="next"')
    following = URL(link.removeprefix("<").partition(">")[0].removeprefix("https,"))
    assert dict(following.query) == query | {"orgId": accounts.WEBEX_ORGANIZATION}


async def test_following_links_walks_the_whole_list(caller: Caller) -> None:
    """The good link leads through all rows once, and the last page has none."""
    rows: list[Any] = []
    reply = await caller.webex({"max": "150"})
    rows += reply.rows("webex")
    while "link" in reply.headers:
        target = reply.headers["link"].removeprefix(f"<{caller.base_url}").partition(">")[0]
        reply = await caller.send("GET", target, headers=bearer(accounts.WEBEX_TOKEN))
        rows += reply.rows("webex")
    assert rows == (await caller.webex()).rows("webex")


async def test_an_absent_link(caller: Caller) -> None:
    """The published specification declares no link on this list: it can be left out."""
    await caller.turn("webex", link="absent")
    assert "link" not in (await caller.webex({"max": "10"})).headers


async def test_large_pages_can_time_out(caller: Caller) -> None:
    """A `max` above the knob is a 504 that advises to reduce it, the default of 2000 too."""
    await caller.turn("webex", timeout_above=500)
    reply = await caller.webex()
    assert (reply.status, (await caller.webex({"max": "500"})).status) == (504, 200)
    assert "please try to reduce it" in reply.json["message"]


@pytest.mark.parametrize("location", ["london", accounts.LONDON, accounts.LONDON_UUID])
async def test_one_location_can_be_forbidden(caller: Caller, location: str) -> None:
    """A token without rights for one location is refused there and nowhere else."""
    await caller.turn("webex", location_forbidden=location)
    assert (await caller.webex(location=accounts.LONDON)).status == 403
    assert (await caller.webex(location=accounts.DALLAS)).status == 200


async def test_a_refresh_token_buys_an_access_token(caller: Caller, sandbox: Sandbox) -> None:
    """The renewal answers lifetimes in seconds; its token works until it ends, and not a moment longer."""
    reply = await caller.send("POST", "/webex/v1/access_token", data=RENEWAL)
    assert reply.json.items() >= {"expires_in": 1_209_600, "refresh_token_expires_in": 7_776_000}.items()
    assert reply.json["refresh_token"] == accounts.WEBEX_REFRESH_TOKEN
    token = reply.json["access_token"]
    assert (await caller.webex(token=token)).status == 200
    sandbox.clock.advance(1_209_599)
    assert (await caller.webex(token=token)).status == 200
    sandbox.clock.advance(2)
    assert (await caller.webex(token=token)).status == 401
    assert (await caller.webex()).status == 200


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"grant_type": "client_credentials"}, 400),
        ({"client_id": "wrong"}, 401),
        ({"client_secret": "wrong"}, 401),
        ({"refresh_token": "wrong"}, 401),
        ({"surplus": "1"}, 401),
    ],
)
async def test_wrong_renewals(caller: Caller, changed: dict[str, str], status: int) -> None:
    """A renewal with anything wrong gives no token."""
    reply = await caller.send("POST", "/webex/v1/access_token", data=RENEWAL | changed)
    assert (reply.status, "access_token" in reply.json) == (status, False)


async def test_a_renewal_must_be_a_form(caller: Caller) -> None:
    """The token endpoint takes a form, not JSON."""
    assert (await caller.send("POST", "/webex/v1/access_token", json=RENEWAL)).status == 415


async def test_issued_tokens_can_be_ended(caller: Caller) -> None:
    """`expire_tokens` ends what was issued, once; the configured token stays good, and new ones are good again."""
    old = (await caller.send("POST", "/webex/v1/access_token", data=RENEWAL)).json["access_token"]
    await caller.turn("webex", expire_tokens=True)
    assert (await caller.webex(token=old)).status == 401
    new = (await caller.send("POST", "/webex/v1/access_token", data=RENEWAL)).json["access_token"]
    assert [(await caller.webex(token=token)).status for token in (new, accounts.WEBEX_TOKEN)] == [200, 200]


async def test_token_lifetime(caller: Caller) -> None:
    """A lifetime of no seconds makes tokens that are never good."""
    await caller.turn("webex", token_lifetime=0)
    reply = await caller.send("POST", "/webex/v1/access_token", data=RENEWAL)
    assert reply.json["expires_in"] == 0
    assert (await caller.webex(token=reply.json["access_token"])).status == 401
