"""CallGear's filters against a plain reading of what they mean."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from gateway.sandbox.callgear.market import EXAMPLE
from tests.sandbox.caller import Caller, Json

Row: TypeAlias = dict[str, Any]


def simple(field: str, operator: str, value: object) -> Json:
    """Return a simple filter."""
    return {"field": field, "operator": operator, "value": value}


def tree(condition: str, *filters: Json) -> Json:
    """Return a filter tree."""
    return {"filters": list(filters), "condition": condition}


GOLD = simple("category", "=", "gold")
SILVER = simple("category", "=", "silver")
DUBAI = simple("location_mnemonic", "=", "dubai")
LONDON = simple("location_mnemonic", "=", "london")


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (simple("phone_number", "=", EXAMPLE), lambda row: row["phone_number"] == EXAMPLE),
        (GOLD, lambda row: row["category"] == "gold"),
        (simple("category", "!=", "usual"), lambda row: row["category"] != "usual"),
        (simple("category", "=", None), lambda row: row["category"] is None),
        ({"field": "category", "operator": "="}, lambda row: row["category"] is None),
        (simple("category", "!=", None), lambda row: row["category"] is not None),
        (simple("phone_number", "like", "971%"), lambda row: row["phone_number"].startswith("971")),
        (simple("phone_number", "like", "%77"), lambda row: row["phone_number"].endswith("77")),
        (simple("phone_number", "like", "%123%"), lambda row: "123" in row["phone_number"]),
        (
            simple("phone_number", "like", "7_9%1"),
            lambda row: row["phone_number"][::2][:2] == "79" and row["phone_number"].endswith("1"),
        ),
        (simple("location_mnemonic", "like", "m.k"), lambda _: False),
        (simple("location_mnemonic", "like", "MSK"), lambda _: False),
        (
            simple("phone_number", "regexp", "^44(20|161)"),
            lambda row: row["phone_number"].startswith(("4420", "44161")),
        ),
        (simple("category", "in", ["gold", "silver"]), lambda row: row["category"] in {"gold", "silver"}),
        (simple("category", "in", []), lambda _: False),
        (tree("or", GOLD, SILVER), lambda row: row["category"] in {"gold", "silver"}),
        (tree("and", GOLD, DUBAI), lambda row: (row["category"], row["location_mnemonic"]) == ("gold", "dubai")),
        (
            tree("or", tree("and", tree("or", GOLD, SILVER), DUBAI), LONDON),
            lambda row: (
                row["location_mnemonic"] == "london"
                or (row["location_mnemonic"] == "dubai" and row["category"] in {"gold", "silver"})
            ),
        ),
    ],
)
async def test_filters(caller: Caller, given: Json, means: Callable[[Row], bool]) -> None:
    """A filter leaves exactly the rows it means, in their order, and `total_items` counts them all."""
    whole = (await caller.callgear({"limit": 10_000})).rows("callgear")
    reply = await caller.callgear({"limit": 10_000, "filter": given})
    expected = [row for row in whole if means(row)]
    assert reply.rows("callgear") == expected
    assert reply.json["result"]["metadata"]["total_items"] == len(expected)


@pytest.mark.parametrize(
    ("given", "mnemonic", "field"),
    [
        ("category", "data_type_error", "filter"),
        (None, "data_type_error", "filter"),
        ({}, "required_parameter_missed", "filter.field"),
        ({"field": "category"}, "required_parameter_missed", "filter.operator"),
        (GOLD | {"extra": 1}, "unexpected_parameters", "filter.extra"),
        (GOLD | {"field": 5}, "data_type_error", "filter.field"),
        (GOLD | {"operator": None}, "data_type_error", "filter.operator"),
        (simple("id", "=", "1"), "unexpected_parameters", "filter.field"),
        (simple("monthly_charge", "=", "1"), "filter_prohibited", "filter.field"),
        (simple("location_name", "=", "Moscow"), "filter_prohibited", "filter.field"),
        (simple("phone_number", "<", "8"), "invalid_parameter_value", "filter.operator"),
        (simple("phone_number", "ilike", "8"), "invalid_parameter_value", "filter.operator"),
        (simple("phone_number", "=", 74993720692), "data_type_error", "filter.value"),
        (simple("phone_number", "like", None), "data_type_error", "filter.value"),
        (simple("phone_number", "in", "749"), "data_type_error", "filter.value"),
        (simple("phone_number", "in", [749]), "data_type_error", "filter.value"),
        (simple("phone_number", "regexp", "("), "invalid_parameter_value", "filter.value"),
        ({"filters": [GOLD]}, "required_parameter_missed", "filter.condition"),
        (tree("xor", GOLD), "invalid_parameter_value", "filter.condition"),
        (tree("and"), "invalid_parameter_value", "filter.filters"),
        (tree("and", GOLD) | {"field": "x"}, "unexpected_parameters", "filter.field"),
        ({"filters": GOLD, "condition": "and"}, "data_type_error", "filter.filters"),
        (tree("and", tree("or", GOLD, simple("min_charge", "=", "1"))), "filter_prohibited", "filter.field"),
    ],
)
async def test_refused_filters(caller: Caller, given: object, mnemonic: str, field: str) -> None:
    """Unknown fields, forbidden fields, wrong types and odd trees are refused by mnemonic and field."""
    error = (await caller.callgear({"filter": given})).json["error"]["data"]
    assert (error["mnemonic"], error["field"]) == (mnemonic, field)


async def test_trees_have_a_depth(caller: Caller) -> None:
    """Trees nest as deep as the pages show and further, but not for ever."""
    nested = GOLD
    for _ in range(9):
        nested = tree("and", nested)
    assert "result" in (await caller.callgear({"filter": nested})).json
    assert "error" in (await caller.callgear({"filter": tree("and", nested)})).json


async def test_in_can_be_forbidden(caller: Caller) -> None:
    """Whether this method allows `in` is not documented; without it an `or` of `=` does the same."""
    await caller.turn("callgear", in_allowed=False)
    error = (await caller.callgear({"filter": simple("category", "in", ["gold"])})).json["error"]["data"]
    assert (error["mnemonic"], error["value"]) == ("invalid_parameter_value", "in")
    assert "result" in (await caller.callgear({"filter": tree("or", GOLD, SILVER)})).json


async def test_filters_can_be_ignored(caller: Caller) -> None:
    """A service that ignores the filter answers all rows; a bad filter it still refuses."""
    await caller.turn("callgear", ignore_filter=True)
    assert (await caller.callgear({"filter": GOLD})).json["result"]["metadata"]["total_items"] == 6000
    assert "error" in (await caller.callgear({"filter": {}})).json
