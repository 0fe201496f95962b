"""CloudLX: pages by number, search, tokens, and the error bodies of its framework."""

import pytest

from gateway.sandbox.accounts import CLOUDLX_CLIENT_ID, CLOUDLX_CLIENT_SECRET, CLOUDLX_TOKEN
from gateway.sandbox.cloudlx.catalogue import EXAMPLE
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import VENDOR_TYPE, Caller, bearer

CLIENT = {
    "grant_type": "client_credentials",
    "client_id": CLOUDLX_CLIENT_ID,
    "client_secret": CLOUDLX_CLIENT_SECRET,
}
STRICT = "Accept header could not be properly parsed because of a strict matching process."
BAD_CREDENTIALS = "Failed to authenticate because of bad credentials or an invalid authorization header."
DENIED = "The resource owner or authorization server denied the request."


async def test_the_example_of_the_vendor(caller: Caller) -> None:
    """The row of the vendor's page is found by its digits, field by field, with both addresses."""
    reply = await caller.cloudlx({"search": "1245123456"})
    assert reply.json == {"numbers": [EXAMPLE], "num_results": 1, "paginates": False}
    assert reply.json["numbers"][0]["details"]["number_address"]["addressPostalCode"] == "NW2 1AA"


async def test_pages(caller: Caller) -> None:
    """Pages count from 1, have 50 rows unless said otherwise, and all rows stand in exactly one of them."""
    assert len((await caller.cloudlx()).rows("cloudlx")) == 50
    pages = [await caller.cloudlx({"max_per_page": "200", "page": str(page)}) for page in range(1, 8)]
    assert [len(page.rows("cloudlx")) for page in pages] == [200] * 6 + [0]
    assert len({row["uuid"] for page in pages for row in page.rows("cloudlx")}) == 1200
    assert {(page.json["num_results"], page.json["paginates"]) for page in pages} == {(1200, True)}


async def test_paginates_is_not_has_next_page(caller: Caller) -> None:
    """`paginates` says that the total exceeds the page size, on the last page too; it is false when all fit in one."""
    found = (await caller.cloudlx({"search": "4412456"})).json
    assert 0 < found["num_results"] < 50
    assert found["paginates"] is False
    last = (await caller.cloudlx({"search": "4412456", "max_per_page": "1", "page": str(found["num_results"])})).json
    assert (len(last["numbers"]), last["paginates"]) == (1, True)


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ({"max_per_page": "201"}, {"max_per_page": ["The max_per_page may not be greater than 200."]}),
        ({"max_per_page": "0"}, {"max_per_page": ["The max_per_page must be at least 1."]}),
        ({"page": "0"}, {"page": ["The page must be at least 1."]}),
        ({"page": "-1"}, {"page": ["The page must be an integer."]}),
        ({"search": "+44"}, {"search": ["The search must be an integer."]}),
        (
            {"search": "", "page": "x"},
            {"search": ["The search must be an integer."], "page": ["The page must be an integer."]},
        ),
        ({"per_page": "5"}, {"per_page": ["The per_page field is not allowed."]}),
    ],
)
async def test_unprocessable_queries(caller: Caller, query: dict[str, str], errors: dict[str, list[str]]) -> None:
    """A 422 names every field that is wrong."""
    reply = await caller.cloudlx(query)
    assert reply.status == 422
    assert reply.json == {"message": "422 Unprocessable Entity", "status_code": 422, "errors": errors}


async def test_queries_can_be_tolerated(caller: Caller) -> None:
    """With knobs, unknown parameters are ignored and the page size is clamped to 200."""
    await caller.turn("cloudlx", refuse_unknown_parameters=False, clamp_page_size=True)
    reply = await caller.cloudlx({"per_page": "5", "max_per_page": "1000"})
    assert len(reply.rows("cloudlx")) == 200


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        (bearer(CLOUDLX_TOKEN) | {"Accept": "application/json"}, 400, STRICT),
        (bearer(CLOUDLX_TOKEN) | {"Accept": "application/vnd.cloudlx.v2+json"}, 400, STRICT),
        (bearer(CLOUDLX_TOKEN), 400, STRICT),
        ({"Accept": VENDOR_TYPE}, 401, BAD_CREDENTIALS),
        ({"Accept": VENDOR_TYPE, "Authorization": f"Token {CLOUDLX_TOKEN}"}, 401, BAD_CREDENTIALS),
        ({"Accept": VENDOR_TYPE} | bearer("wrong"), 401, DENIED),
    ],
)
async def test_refused_headers(caller: Caller, headers: dict[str, str], status: int, message: str) -> None:
    """Without the vendor's media type, or a token that lives, there is an error body of the framework."""
    reply = await caller.send("GET", "/cloudlx/api/numbers", headers=headers)
    assert reply.status == status
    assert reply.json == {"message": message, "status_code": status}


async def test_accept_may_name_more_than_the_vendors_type(caller: Caller) -> None:
    """The media type is found among others; with the knob off none is needed."""
    accept = {"Accept": f"text/html, {VENDOR_TYPE};q=0.9"}
    assert (await caller.send("GET", "/cloudlx/api/numbers", headers=bearer(CLOUDLX_TOKEN) | accept)).status == 200
    await caller.turn("cloudlx", strict_accept=False)
    assert (await caller.send("GET", "/cloudlx/api/numbers", headers=bearer(CLOUDLX_TOKEN))).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/cloudlx/api/numbers", 405),
        ("GET", "/cloudlx/api/oauth2/access-token", 405),
        ("GET", "/cloudlx/api/available_numbers", 404),
        ("POST", "/cloudlx/api/oauth2/other", 404),
        ("GET", "/cloudlx/numbers", 404),
    ],
)
async def test_other_paths_and_methods(caller: Caller, method: str, path: str, status: int) -> None:
    """Nothing but the documented methods on the documented paths is served."""
    reply = await caller.send(method, path, headers={"Accept": VENDOR_TYPE})
    assert (reply.status, reply.json["status_code"]) == (status, status)


@pytest.mark.parametrize("how", ["json", "data", "params"])
async def test_client_credentials(caller: Caller, how: str) -> None:
    """Credentials are taken as JSON, as a form or in the query; the type of the token is the odd one of the vendor."""
    headers = {"Accept": VENDOR_TYPE}
    reply = await caller.send("POST", "/cloudlx/api/oauth2/access-token", headers=headers, **{how: CLIENT})
    assert set(reply.json) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (reply.json["token_type"], reply.json["expires_in"]) == ("client_credentials", 3600)
    assert (await caller.cloudlx(token=reply.json["access_token"])).status == 200


async def test_a_token_ends_after_an_hour(caller: Caller, sandbox: Sandbox) -> None:
    """The token is good for 3600 seconds; the refresh token buys another one, once."""
    first = (await caller.cloudlx_token(**CLIENT)).json
    sandbox.clock.advance(3601)
    assert (await caller.cloudlx(token=first["access_token"])).status == 401
    renewal = CLIENT | {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = await caller.cloudlx_token("refresh-token", **renewal)
    assert (await caller.cloudlx(token=second.json["access_token"])).status == 200
    again = await caller.cloudlx_token("refresh-token", **renewal)
    assert (again.status, again.json["message"]) == (401, DENIED)


@pytest.mark.parametrize(
    ("sent", "knobs", "status", "message"),
    [
        ({"grant_type": "password"}, {}, 400, 'The request is missing the "grant_type" parameter.'),
        ({"client_id": "wrong"}, {}, 401, "Client authentication failed."),
        ({"client_secret": "wrong"}, {"bad_client_status": 500}, 500, "Client authentication failed."),
    ],
)
async def test_refused_grants(
    caller: Caller, sent: dict[str, str], knobs: dict[str, object], status: int, message: str
) -> None:
    """A wrong grant is a 400; a wrong client is a 401, or a 500 as on some installations."""
    await caller.turn("cloudlx", **knobs)
    reply = await caller.cloudlx_token(**CLIENT | sent)
    assert reply.status == status
    assert reply.json == {"message": message, "status_code": status}


async def test_a_token_request_that_is_not_json(caller: Caller) -> None:
    """A body that says it is JSON and is not holds no grant."""
    headers = {"Accept": VENDOR_TYPE, "Content-Type": "application/json"}
    reply = await caller.send("POST", "/cloudlx/api/oauth2/access-token", headers=headers, data=b"{")
    assert reply.status == 400


async def test_issued_tokens_can_be_ended(caller: Caller) -> None:
    """`expire_tokens` ends what was issued; the configured token stays good."""
    token = (await caller.cloudlx_token(**CLIENT)).json["access_token"]
    await caller.turn("cloudlx", expire_tokens=True)
    assert [(await caller.cloudlx(token=given)).status for given in (token, CLOUDLX_TOKEN)] == [401, 200]


@pytest.mark.parametrize(
    ("knobs", "search", "found"),
    [
        ({}, "441245123456", True),
        ({}, "00123456", False),
        ({"search_loses_zeros": True}, "00123456", True),
        ({"search_in": "local"}, "123456", True),
        ({"search_in": "local"}, "1245123456", False),
        ({"ignore_filter": True}, "999999999999", False),
    ],
)
async def test_search(caller: Caller, knobs: dict[str, object], search: str, *, found: bool) -> None:
    """`search` looks for digits in the whole number or, by a knob, in its local part, and may lose leading zeros."""
    await caller.turn("cloudlx", **knobs)
    numbers = [row.get("number_e164") for row in (await caller.cloudlx({"search": search})).rows("cloudlx")]
    assert (EXAMPLE["number_e164"] in numbers) is found
    assert bool(numbers) is (found or "ignore_filter" in knobs)


@pytest.mark.parametrize(
    ("knobs", "page", "total", "paginates"),
    [
        ({"total_off_by": 3}, 1, 1203, True),
        ({"total_is_page_count": True}, 1, 200, True),
        ({"paginates_lies": True}, 1, 1200, False),
    ],
)
async def test_totals_lie(caller: Caller, knobs: dict[str, object], page: int, total: int, *, paginates: bool) -> None:
    """`num_results` can be off, or count one page; `paginates` can say the opposite."""
    await caller.turn("cloudlx", **knobs)
    reply = await caller.cloudlx({"max_per_page": "200", "page": str(page)})
    assert (reply.json["num_results"], reply.json["paginates"]) == (total, paginates)


async def test_default_page_size(caller: Caller) -> None:
    """The page size for a query without one is a knob."""
    await caller.turn("cloudlx", default_page_size=31)
    assert len((await caller.cloudlx()).rows("cloudlx")) == 31
