"""CallGear: the envelope, the parameters, pages, sorts and selection."""

from collections.abc import AsyncIterator

import pytest

from gateway.sandbox import accounts
from gateway.sandbox.callgear.market import EXAMPLE
from tests.sandbox.caller import Caller, Json

FIELDS = [
    "phone_number",
    "category",
    "location_mnemonic",
    "location_name",
    "onetime_payment",
    "monthly_charge",
    "min_charge",
]
METHOD = "get.available_virtual_numbers"
PARAMS = {"access_token": accounts.CALLGEAR_KEY}
REQUEST = {"jsonrpc": "2.0", "id": 7, "method": METHOD, "params": PARAMS}


async def test_the_reply_of_the_vendors_page(caller: Caller) -> None:
    """The reply has the structure and the seven fields of the page; the number has digits and no plus."""
    reply = await caller.callgear({"filter": {"field": "phone_number", "operator": "=", "value": EXAMPLE}})
    assert reply.headers["content-type"] == "application/json; charset=UTF-8"
    assert (reply.json["jsonrpc"], reply.json["id"]) == ("2.0", 7)
    (row,) = reply.rows("callgear")
    assert list(row) == FIELDS
    assert (row["phone_number"], row["location_mnemonic"]) == ("74993720692", "msk")
    assert reply.json["result"]["metadata"]["total_items"] == 1


async def test_pages(caller: Caller) -> None:
    """A page has 1,000 rows unless said otherwise, at most 10,000; any offset is good, and past the end it is empty."""
    whole = (await caller.callgear({"limit": 10_000})).rows("callgear")
    assert len(whole) == 6000
    assert (await caller.callgear()).rows("callgear") == whole[:1000]
    assert (await caller.callgear({"offset": 5990, "limit": 20})).rows("callgear") == whole[5990:]
    end = await caller.callgear({"offset": 100_000})
    assert (end.rows("callgear"), end.json["result"]["metadata"]["total_items"]) == ([], 6000)


@pytest.mark.parametrize("identifier", [1, 0, -2.5, "a", "", "9" * 50])
async def test_the_id_comes_back(caller: Caller, identifier: object) -> None:
    """An id is text or a number and returns unchanged, with results and with errors."""
    good = await caller.rpc(REQUEST | {"id": identifier})
    bad = await caller.rpc(REQUEST | {"id": identifier, "method": "get.nothing"})
    assert good.json["id"] == bad.json["id"] == identifier


@pytest.mark.parametrize(
    ("request_body", "code", "mnemonic", "identifier"),
    [
        ([REQUEST], -32099, "batch_operations_not_supported", None),
        ([], -32099, "batch_operations_not_supported", None),
        ("text", -32600, "invalid_request", None),
        (REQUEST | {"jsonrpc": "1.0"}, -32600, "invalid_request", None),
        ({"id": 7, "method": METHOD, "params": PARAMS}, -32600, "invalid_request", None),
        ({"jsonrpc": "2.0", "method": METHOD, "params": PARAMS}, -32099, "notifications_not_supported", None),
        (REQUEST | {"id": None}, -32600, "invalid_request", None),
        (REQUEST | {"id": True}, -32600, "invalid_request", None),
        (REQUEST | {"method": 5}, -32600, "invalid_request", None),
        (REQUEST | {"params": [1]}, -32600, "invalid_request", None),
        ({"jsonrpc": "2.0", "id": 7, "method": METHOD}, -32600, "invalid_request", None),
        (REQUEST | {"method": "get.nothing"}, -32601, "method_not_found", 7),
        (REQUEST | {"params": {}}, -32602, "required_parameter_missed", 7),
        (REQUEST | {"params": {"access_token": 5}}, -32602, "data_type_error", 7),
        (REQUEST | {"params": {"access_token": "wrong"}}, -32001, "access_token_invalid", 7),
    ],
)
async def test_refused_envelopes(
    caller: Caller, request_body: object, code: int, mnemonic: str, identifier: object
) -> None:
    """What breaks the envelope or the credentials is an error in JSON-RPC, with HTTP 200 and without `limits`."""
    reply = await caller.rpc(request_body)
    assert (reply.status, reply.json["id"]) == (200, identifier)
    error = reply.json["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (code, mnemonic)
    assert set(error) == {"code", "message", "data"}
    assert set(error["data"]) == {"mnemonic", "field", "value", "params", "extended_helper", "metadata"}
    assert ("limits" in error["data"]["metadata"]) is (code == -32602)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/json; charset=cp1251"}, b"{}", 415),
        ({"Content-Type": "application/json; charset=UTF-8"}, b"{}", 200),
        ({"Content-Type": "Application/JSON"}, b"{", 200),
        ({"Content-Type": "application/json"}, b"[" * 5000, 200),
        ({"Content-Type": "application/json"}, b"\xff", 200),
    ],
)
async def test_transport_rules(caller: Caller, headers: dict[str, str], body: bytes, status: int) -> None:
    """JSON in UTF-8 is demanded by its header; a body that is not JSON is a parse error."""
    reply = await caller.send("POST", "/callgear/v2.0", headers=headers, data=body)
    assert reply.status == status
    if status == 200:
        assert reply.json["error"]["data"]["mnemonic"] == ("invalid_request" if body == b"{}" else "parse_error")


async def test_chunked_bodies_are_refused(caller: Caller) -> None:
    """The length must be declared: a chunked body is a 411."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"{}"

    headers = {"Content-Type": "application/json"}
    reply = await caller.send("POST", "/callgear/v2.0", headers=headers, data=pieces())
    assert reply.status == 411


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/callgear/v2.0", 405),
        ("POST", "/callgear/v2.0/", 404),
        ("POST", "/callgear/2.0", 404),
        ("POST", "/callgear/", 404),
    ],
)
async def test_exactly_one_url(caller: Caller, method: str, path: str, status: int) -> None:
    """Only POST to `/v2.0` is served, `2.0` without the v is not; the refusal is the page of a web server."""
    reply = await caller.send(method, path, json=REQUEST)
    assert (reply.status, reply.headers["content-type"]) == (status, "text/html")


@pytest.mark.parametrize(
    ("params", "mnemonic", "field"),
    [
        ({"colour": 1}, "unexpected_parameters", "colour"),
        ({"limit": "10"}, "data_type_error", "limit"),
        ({"limit": True}, "data_type_error", "limit"),
        ({"limit": 1.5}, "data_type_error", "limit"),
        ({"limit": None}, "data_type_error", "limit"),
        ({"limit": 0}, "invalid_parameter_value", "limit"),
        ({"limit": 10_001}, "invalid_parameter_value", "limit"),
        ({"offset": -1}, "invalid_parameter_value", "offset"),
        ({"offset": 100_001}, "invalid_parameter_value", "offset"),
        ({"fields": "phone_number"}, "data_type_error", "fields"),
        ({"fields": [1]}, "data_type_error", "fields"),
        ({"fields": ["id"]}, "unexpected_parameters", "fields"),
        ({"sort": {"field": "phone_number"}}, "data_type_error", "sort"),
        ({"sort": ["phone_number"]}, "data_type_error", "sort"),
        ({"sort": [{"order": "asc"}]}, "required_parameter_missed", "sort.field"),
        ({"sort": [{"field": "phone_number", "dir": "asc"}]}, "unexpected_parameters", "sort.dir"),
        ({"sort": [{"field": "id"}]}, "unexpected_parameters", "sort.field"),
        ({"sort": [{"field": ["phone_number"]}]}, "unexpected_parameters", "sort.field"),
        ({"sort": [{"field": "monthly_charge"}]}, "sort_prohibited", "sort.field"),
        ({"sort": [{"field": "min_charge"}]}, "sort_prohibited", "sort.field"),
        ({"sort": [{"field": "phone_number", "order": "ASC"}]}, "invalid_parameter_value", "sort.order"),
        ({"sort": [{"field": "phone_number", "order": {}}]}, "invalid_parameter_value", "sort.order"),
        ({"user_id": "4711"}, "data_type_error", "user_id"),
        ({"user_id": True}, "data_type_error", "user_id"),
        ({"user_id": 1}, "forbidden", None),
    ],
)
async def test_refused_parameters(caller: Caller, params: Json, mnemonic: str, field: str | None) -> None:
    """Every parameter has a type, bounds and a list of words; the error names the parameter and is not charged."""
    error = (await caller.callgear(params)).json["error"]["data"]
    assert (error["mnemonic"], error["field"]) == (mnemonic, field)
    assert error["metadata"]["limits"]["minute_remaining"] == 15_000


@pytest.mark.parametrize("field", ["phone_number", "category", "location_mnemonic", "location_name"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_sorting(caller: Caller, field: str, order: str) -> None:
    """The four sortable fields sort both ways, nulls last when ascending, and ties by the next step."""
    steps = [{"field": field, "order": order}, {"field": "phone_number"}]
    rows = (await caller.callgear({"limit": 10_000, "sort": steps})).rows("callgear")
    expected = sorted(rows, key=lambda row: str(row["phone_number"]))
    expected.sort(key=lambda row: (row[field] is None, row[field] or ""), reverse=order == "desc")
    assert rows == expected


async def test_categories_can_sort_by_rank(caller: Caller) -> None:
    """Whether categories sort as words or by worth is not documented: both can be had."""
    sort = {"limit": 10_000, "sort": [{"field": "category"}]}
    by_word = [row["category"] for row in (await caller.callgear(sort)).rows("callgear")]
    await caller.turn("callgear", category_order="rank")
    by_rank = [row["category"] for row in (await caller.callgear(sort)).rows("callgear")]
    assert list(dict.fromkeys(by_word)) == ["bronze", "diamond", "gold", "platinum", "silver", "usual", None]
    assert list(dict.fromkeys(by_rank)) == ["usual", "bronze", "silver", "gold", "platinum", "diamond", None]


async def test_min_charge_can_be_sortable(caller: Caller) -> None:
    """The vendor's pages disagree about `min_charge`; a knob allows it."""
    await caller.turn("callgear", sort_by_min_charge=True)
    rows = (await caller.callgear({"sort": [{"field": "min_charge", "order": "desc"}], "limit": 5})).rows("callgear")
    assert [row["min_charge"] for row in rows] == [None] * 5


async def test_sorts_can_be_ignored(caller: Caller) -> None:
    """A service that ignores the sort answers in its usual order."""
    await caller.turn("callgear", ignore_sort=True)
    usual = (await caller.callgear()).rows("callgear")
    assert (await caller.callgear({"sort": [{"field": "phone_number"}]})).rows("callgear") == usual


async def test_selection(caller: Caller) -> None:
    """`fields` leaves the named fields, in the order of the method."""
    rows = (await caller.callgear({"fields": ["min_charge", "phone_number"], "limit": 3})).rows("callgear")
    assert [list(row) for row in rows] == [["phone_number", "min_charge"]] * 3


@pytest.mark.parametrize(
    ("form", "russian", "british"),
    [
        ("7", "74993720692", "442079460123"),
        ("8", "84993720692", "442079460123"),
        ("+", "+74993720692", "+442079460123"),
        ("national", "4993720692", "442079460123"),
    ],
)
async def test_phone_formats(caller: Caller, form: str, russian: str, british: str) -> None:
    """Russian numbers can be written in their national ways, and filters see what is written."""
    await caller.turn("callgear", phone_format=form)
    query = {"filter": {"field": "phone_number", "operator": "in", "value": [russian, british]}}
    rows = (await caller.callgear(query)).rows("callgear")
    assert {row["phone_number"] for row in rows} == {russian, british}


@pytest.mark.parametrize(("knobs", "total"), [({"total_off_by": -1}, 5999), ({"total_is_page_count": True}, 10)])
async def test_totals_lie(caller: Caller, knobs: dict[str, object], total: int) -> None:
    """`total_items` can be off by some, as seen live, or count the page alone."""
    await caller.turn("callgear", **knobs)
    reply = await caller.callgear({"limit": 10})
    assert reply.json["result"]["metadata"]["total_items"] == total
