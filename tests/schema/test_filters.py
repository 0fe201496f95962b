"""Every field of the filter, alone and combined, against a naive reading of all rows."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.sandbox import accounts
from tests.schema.documents import Row, ids, page
from tests.schema.gateways import Client
from tests.schema.naive import TESTS, kept
from tests.schema.test_contract import CONTRACT

NONE_AT_ALL: list[str] = []

FILTERS: dict[str, Row] = {
    "nothing wanted": {},
    "the number": {"e164": {"equals": "+44 1245 123456"}},
    "some numbers": {"e164": {"in": ["+65123456789", "+12056350001", "+99999999"]}},
    "the number and some others": {"e164": {"equals": "+65123456789", "in": ["+65123456789", "+12056350001"]}},
    "the number and not itself": {"e164": {"equals": "+65123456789", "in": ["+12056350001"]}},
    "no number": {"e164": {"in": NONE_AT_ALL}},
    "first digits": {"e164": {"startsWith": "441245"}},
    "first digits with a plus": {"e164": {"startsWith": "+44 (1245)"}},
    "digits within": {"e164": {"contains": "650-0"}},
    "last digits": {"e164": {"endsWith": "0001"}},
    "digits on all sides": {"e164": {"startsWith": "+44", "contains": "7", "endsWith": "0"}},
    "a provider": {"providers": ["CLOUDLX"]},
    "two providers": {"providers": ["EIGHT_BY_EIGHT", "WEBEX"]},
    "no provider": {"providers": NONE_AT_ALL},
    "a source": {"sources": ["london"]},
    "two sources": {"sources": ["dallas", "voice_sg"]},
    "countries": {"countries": ["DE", "hk"]},
    "assignable": {"availability": ["ASSIGNABLE"]},
    "owned or released": {"availability": ["OWNED", "RELEASED"]},
    "released": {"availability": ["RELEASED"]},
    "expiring": {"lifecycle": ["EXPIRING", "CANCELLED"]},
    "an unknown lifecycle": {"lifecycle": ["UNKNOWN"]},
    "unhealthy": {"health": ["UNHEALTHY"]},
    "healthy": {"health": ["HEALTHY"]},
    "toll-free": {"numberTypes": ["TOLL_FREE"]},
    "service or mobile": {"numberTypes": ["SERVICE", "MOBILE"]},
    "categories": {"categories": ["Gold", "platinum"]},
    "a category nobody knows": {"categories": ["plutonium"]},
    "no condition on a place": {"location": {}, "sources": ["voice_sg"]},
    "a place's name": {"location": {"equals": "CHELMSFORD"}},
    "a place's code": {"location": {"equals": "1245"}},
    "a place's first letters": {"location": {"startsWith": "saint"}},
    "letters within": {"location": {"contains": "toll"}},
    "last letters": {"location": {"endsWith": "suburbs"}},
    "a Webex location": {"location": {"equals": accounts.LONDON}},
    "several conditions on a place": {"location": {"startsWith": "m", "contains": "nic", "endsWith": "H"}},
    "a price range": {"monthlyPrice": {"currency": "USD", "min": "30", "max": "95.25"}},
    "a lowest price": {"monthlyPrice": {"currency": "usd", "min": "400"}},
    "a highest price": {"monthlyPrice": {"currency": "GBP", "max": "0.3"}},
    "any price in a currency": {"monthlyPrice": {"currency": "SGD"}},
    "a currency nobody asks for": {"monthlyPrice": {"currency": "JPY"}},
    "usable": {"usableForNewSessions": True},
    "not usable": {"usableForNewSessions": False},
    "conditions hold together": {"providers": ["CLOUDLX"], "countries": ["GB"], "lifecycle": ["ACTIVE"]},
    "and": {"and": [{"countries": ["US"]}, {"numberTypes": ["TOLL_FREE"]}]},
    "or": {"or": [{"countries": ["SG"]}, {"categories": ["gold"]}]},
    "not": {"not": {"or": [{"providers": ["CALLGEAR"]}, {"countries": ["GB", "US"]}]}},
    "and of nothing": {"and": NONE_AT_ALL, "countries": ["DE"]},
    "or of nothing": {"or": NONE_AT_ALL},
    "not nothing": {"not": {}},
    "not the unusable": {"providers": ["EIGHT_BY_EIGHT"], "not": {"usableForNewSessions": False}},
    "deep": {
        "and": [{"or": [{"not": {"countries": ["GB"]}}, {"location": {"contains": "lon"}}]}, {"sources": ["epsilon"]}]
    },
    "nulls mean nothing": {"countries": ["DE"], "providers": None, "e164": None, "and": None, "not": None},
}


def check(graph: Client, everything: list[Row], wanted: Row) -> None:
    """The count, the first and the last thousand rows are those that the naive reading keeps."""
    expected = [row["id"] for row in kept(wanted, everything)]
    first = page(graph, first=1000, filter=wanted)
    assert (first["totalCount"], ids(first)) == (len(expected), expected[:1000])
    if len(expected) > 1000:
        assert ids(page(graph, last=1000, filter=wanted)) == expected[-1000:]


@pytest.mark.parametrize("wanted", FILTERS.values(), ids=FILTERS)
def test_each_filter_keeps_what_it_says(graph: Client, everything: list[Row], wanted: Row) -> None:
    """A filter gives exactly the rows that its words mean, over all sources at once."""
    check(graph, everything, wanted)


def test_the_examples_tell_filters_apart(everything: list[Row]) -> None:
    """Every field of the contract's filter stands above, in a filter that keeps some rows and drops others."""
    contract = CONTRACT.type_map["PhoneNumberFilter"]
    assert isinstance(contract, GraphQLInputObjectType)
    some = everything[::5]
    telling = {field for wanted in FILTERS.values() if 0 < len(kept(wanted, some)) < len(some) for field in wanted}
    assert telling == set(contract.fields) == set(TESTS)


def few(values: list[Any]) -> st.SearchStrategy[list[Any]]:
    """A few of some values."""
    return st.lists(st.sampled_from(values), max_size=3)


LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "e164": st.fixed_dictionaries(
            {},
            optional={
                "in": few(["+12056350001", "+441245123456", "+65123456789", "+74993720692", "+442079460123"]),
                "startsWith": st.sampled_from(["+44", "7", "1205", ""]),
                "contains": st.sampled_from(["00", "123", ""]),
                "endsWith": st.sampled_from(["1", "89", ""]),
            },
        ),
        "providers": few(["CALLGEAR", "CLOUDLX", "EIGHT_BY_EIGHT", "WEBEX"]),
        "sources": few(["dallas", "epsilon", "london", "market", "voice_sg"]),
        "countries": few(["GB", "US", "SG", "RU", "DE", "AE"]),
        "availability": few(["PURCHASABLE", "ASSIGNABLE", "OWNED", "RELEASED", "UNKNOWN"]),
        "lifecycle": few(["AVAILABLE", "RESERVED", "ACTIVE", "EXPIRING", "INACTIVE", "CANCELLED", "UNKNOWN"]),
        "health": few(["HEALTHY", "UNHEALTHY", "UNKNOWN"]),
        "numberTypes": few(["GEOGRAPHIC", "MOBILE", "TOLL_FREE", "SERVICE", "STANDARD", "UNKNOWN"]),
        "categories": few(["usual", "Bronze", "GOLD"]),
        "location": st.fixed_dictionaries({}, optional={"contains": st.sampled_from(["ondon", "m", "12"])}),
        "monthlyPrice": st.fixed_dictionaries(
            {"currency": st.sampled_from(["USD", "GBP"])},
            optional={"min": st.sampled_from(["0", "0.30", "5"]), "max": st.sampled_from(["5.0", "30", "2000"])},
        ),
        "usableForNewSessions": st.booleans(),
    },
)
TREES = st.recursive(
    LEAVES,
    lambda part: st.fixed_dictionaries(
        {},
        optional={
            "and": st.lists(part, max_size=2),
            "or": st.lists(part, max_size=3),
            "not": part,
            "countries": few(["GB"]),
        },
    ),
    max_leaves=5,
)


SEVENS: Row = {"e164": {"endsWith": "7"}}


@pytest.fixture(scope="module")
def sevens(everything: list[Row]) -> list[Row]:
    """A tenth of all rows."""
    return kept(SEVENS, everything)


@settings(max_examples=40, deadline=None)
@given(wanted=TREES)
def test_any_combination_keeps_what_it_says(graph: Client, sevens: list[Row], wanted: Row) -> None:
    """Random trees of and, or and not agree with the naive reading, whatever is pushed to the providers."""
    check(graph, sevens, {"and": [SEVENS, wanted]})


def test_a_source_that_cannot_match_is_not_asked(graph: Client) -> None:
    """The filter excludes places before they are asked: they are reported as SKIPPED, and the page is complete."""
    query = """{ phoneNumbers(first: 1, filter: {providers: [WEBEX], sources: ["london", "market"]}) {
        complete sources { source { name } status rowsRead rowsKept upstreamCalls error { code } gap { after before } } } }"""
    held = graph.ask(query).data["phoneNumbers"]
    reports = {report["source"]["name"]: report for report in held["sources"]}
    assert held["complete"]
    assert {name: report["status"] for name, report in reports.items()} == {
        "dallas": "SKIPPED",
        "epsilon": "SKIPPED",
        "london": "OK",
        "market": "SKIPPED",
        "voice_sg": "SKIPPED",
    }
    del reports["london"]
    for report in reports.values():
        spent = (report["rowsRead"], report["rowsKept"], report["upstreamCalls"], report["error"], report["gap"])
        assert spent == (0, 0, 0, None, None)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"sources": ["paris", "london"]}, "There is no source named 'paris'; the sources are dallas, epsilon"),
        ({"not": {"sources": ["rome"]}}, "There is no source named 'rome'"),
        ({"or": [{"and": [{"sources": ["oslo"]}]}]}, "There is no source named 'oslo'"),
        ({"e164": {"startsWith": "twelve"}}, "e164.startsWith takes digits, and 'twelve' has others."),
        ({"e164": {"contains": "+12"}}, "e164.contains takes digits"),
        ({"e164": {"endsWith": "%"}}, "e164.endsWith takes digits"),
        ({"e164": {"startsWith": "٤٤"}}, "e164.startsWith takes digits"),
        (
            {"monthlyPrice": {"currency": "USD", "min": "2", "max": "1"}},
            "monthlyPrice can never match: min 2 is above max 1.",
        ),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(graph: Client, wanted: Row, words: str) -> None:
    """A mistake is told in words as BAD_USER_INPUT on the field, instead of an empty page."""
    reply = graph.ask("query ($f: PhoneNumberFilter) { phoneNumbers(filter: $f) { complete } }", {"f": wanted})
    assert (reply.status, reply.json["data"]) == (200, {"phoneNumbers": None})
    code, message = reply.refusal
    assert code == "BAD_USER_INPUT"
    assert words in message
