"""What an operation may cost: told on request, never less than what it takes, and refused beyond the limits."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.conftest import PATIENCE
from tests.profiles import examples
from tests.schema.gateways import Client, Json, Simulated, gateway


@pytest.fixture(scope="module")
def fresh(simulated: Simulated) -> Iterator[Client]:
    """A gateway that keeps nothing for longer than a moment, so that every operation asks its sources."""
    told = {"ttl": 0, "calls_per_minute": 1_000_000, "timeout": PATIENCE}
    sources = {name: {**held, **told} for name, held in simulated.sources.items()}
    with gateway(sources) as client:
        yield client


def cost_of(client: Client, query: str, variables: Mapping[str, object] | None = None) -> Json:
    """The cost as the answer tells it."""
    reply = client.ask(query, variables, extensions={"cost": True})
    cost: Json = reply.json["extensions"]["cost"]
    return cost


def test_the_cost_is_told_on_request(simulated: Simulated) -> None:
    """What was estimated, what it took, and what it may; an operation that does not ask has no ``extensions``."""
    with gateway({"epsilon": simulated.sources["epsilon"]}) as client:
        query = "{ phoneNumbers(first: 10) { nodes { e164 alsoAt { id } } } }"
        first, second = cost_of(client, query), cost_of(client, query)
        assert client.ask(query).json.keys() == {"data"}
        told = client.ask(query, extensions={"cost": "yes"}).json
    assert first["limit"] == {"calls": 2000, "rows": 50_000}
    assert first["estimated"]["rows"] == 10
    assert 0 < first["actual"]["calls"] <= first["estimated"]["calls"]
    assert second["estimated"]["calls"] == second["actual"]["calls"] == 0
    assert told.keys() == {"data"}


def test_what_costs_nothing_is_told_so(fresh: Client) -> None:
    """Fields that ask no source, an unknown id, and a refused argument are free."""
    query = '{ sources { name } node(id: "x") { id } phoneNumbers(first: -1) { complete } }'
    cost = cost_of(fresh, query)
    assert (cost["estimated"], cost["actual"]) == ({"calls": 0, "rows": 1}, {"calls": 0})


def test_a_null_where_none_may_be_is_told_in_its_place(fresh: Client) -> None:
    """A variable may be null though its argument may not: that fails its field alone, which costs nothing."""
    query = "query ($p: SourceFailurePolicy) { phoneNumbers(onSourceFailure: $p) { complete } sources { name } }"
    for _ in range(3):  # a document that comes again is planned
        told = fresh.ask(query, {"p": None}).json
        assert [(error["path"], error["extensions"]["code"]) for error in told["errors"]] == [
            (["phoneNumbers"], "BAD_USER_INPUT")
        ]
        assert told["data"]["phoneNumbers"] is None
        assert len(told["data"]["sources"]) == 5
    assert fresh.ask(query, {"p": None}, extensions={"cost": True}).json["extensions"]["cost"]["actual"] == {"calls": 0}


ROWS = {
    "{ phoneNumbers { nodes { id } } }": 50,
    "{ phoneNumbers(first: 7) { nodes { id } nodes { e164 } edges { node { id } } } }": 14,
    "{ phoneNumbers(last: 7) { totalCount } }": 0,
    "{ phoneNumbers(first: 7) { nodes { ...F } } } fragment F on PhoneNumber { alsoAt { alsoAt { id } } }": 7
    + 28
    + 112,
    "{ phoneNumbers(first: 7) { nodes { ... { alsoAt { id } } ... on PhoneNumber { alsoAt { e164 } } } } }": 7 + 28,
    "{ a: phoneNumbers(first: 2) { nodes { id } } b: phoneNumbers(first: 3) { nodes { id } } }": 5,
    '{ phoneNumber(e164: "+12056350001") { records { id } } }': 5,
    '{ phoneNumber(e164: "+12056350001", sources: ["london", "market"]) { records { id } outcomes { result } } }': 2,
    '{ phoneNumbersByE164(e164s: ["+12056350001", "+12056350001", "+12056350002"]) { records { id } } }': 15,
    '{ nodes(ids: ["a", "b", "c"]) { ... on PhoneNumber { alsoAt { id } } } }': 3 + 12,
    '{ node(id: "a") { id } }': 1,
}


@pytest.mark.parametrize(("query", "rows"), ROWS.items())
def test_rows_are_counted_through_every_list(fresh: Client, query: str, rows: int) -> None:
    """Each list of records counts as long as it may be: fields of one name are one, wherever they are written."""
    assert cost_of(fresh, query)["estimated"]["rows"] == rows


def test_the_filter_and_the_asker_narrow_the_cost(fresh: Client) -> None:
    """Sources that a filter excludes cost nothing."""
    everywhere = cost_of(fresh, "{ phoneNumbers { complete } }")["estimated"]["calls"]
    query = "query ($f: PhoneNumberFilter) { phoneNumbers(filter: $f) { complete } }"
    one = cost_of(fresh, query, {"f": {"sources": ["voice_sg"]}})["estimated"]["calls"]
    assert 0 < one < everywhere


def test_a_variable_that_is_wrong_is_told_as_ever(fresh: Client) -> None:
    """The estimate stands back where execution refuses."""
    query = "query ($n: Int) { phoneNumbers(first: $n) { complete } }"
    assert fresh.ask(query, {"n": "x"}).codes == ["BAD_USER_INPUT"]


NUMBERS = ["+12056350001", "+441245123456", "+65123456789", "+74993720692", "+442079460123", "+15550000000"]
IDS = ["bG9uZG9uOis0NDIwNzk0NjAxMjM", "bWFya2V0Ois0NDIwNzk0NjAxMjM", "nonsense"]
FILTERS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "sources": st.lists(st.sampled_from(["london", "market", "epsilon", "voice_sg", "dallas"]), max_size=3),
        "countries": st.lists(st.sampled_from(["GB", "US", "RU"]), min_size=1, max_size=2),
        "e164": st.fixed_dictionaries({"startsWith": st.sampled_from(["+44", "+1205", "+7"])})
        | st.fixed_dictionaries({"in": st.lists(st.sampled_from(NUMBERS), max_size=3)}),
    },
)
ORDERS = st.fixed_dictionaries(
    {"field": st.sampled_from(["E164", "COUNTRY", "SOURCE"])}, optional={"direction": st.sampled_from(["ASC", "DESC"])}
)
BELOW = st.sampled_from(
    [
        "complete",
        "totalCount",
        "nodes { id }",
        "totalCount nodes { id alsoAt { id } }",
        "edges { node { alsoAt { alsoAt { id } } } }",
    ]
)


@st.composite
def operations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Up to three fields of every kind that costs something, with their variables."""
    fields: list[str] = []
    declared: list[str] = []
    variables: dict[str, Any] = {}
    for place in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["list", "list", "one", "many", "node"]))
        if kind == "list":
            count = draw(st.sampled_from(["first", "last"])), draw(st.sampled_from([0, 1, 30, 1000]))
            variables[f"f{place}"] = draw(FILTERS)
            variables[f"o{place}"] = draw(ORDERS)
            declared += [f"$f{place}: PhoneNumberFilter", f"$o{place}: PhoneNumberOrder"]
            arguments = f"{count[0]}: {count[1]}, filter: $f{place}, orderBy: $o{place}"
            fields.append(f"a{place}: phoneNumbers({arguments}) {{ {draw(BELOW)} }}")
        elif kind == "one":
            fields.append(f'a{place}: phoneNumber(e164: "{draw(st.sampled_from(NUMBERS))}") {{ complete }}')
        elif kind == "many":
            variables[f"e{place}"] = draw(st.lists(st.sampled_from(NUMBERS), max_size=20))
            declared.append(f"$e{place}: [E164!]!")
            fields.append(f"a{place}: phoneNumbersByE164(e164s: $e{place}) {{ records {{ alsoAt {{ id }} }} }}")
        else:
            variables[f"i{place}"] = draw(st.lists(st.sampled_from(IDS), max_size=3))
            declared.append(f"$i{place}: [ID!]!")
            fields.append(f"a{place}: nodes(ids: $i{place}) {{ ... on PhoneNumber {{ alsoAt {{ id }} }} }}")
    head = f"query ({' '.join(declared)})" if declared else "query"
    return f"{head} {{ {' '.join(fields)} }}", variables


OTHERS = """query ($f0: PhoneNumberFilter, $o0: PhoneNumberOrder) {
    phoneNumbers(first: 30, filter: $f0, orderBy: $o0) { totalCount nodes { id alsoAt { id } } } }"""
COUNTED = """query ($f0: PhoneNumberFilter, $o0: PhoneNumberOrder) {
    phoneNumbers(last: 0, filter: $f0, orderBy: $o0) { totalCount } }"""


@pytest.mark.timeout(examples(300, 14_400))
@settings(max_examples=examples(40, 20_000), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(operation=(OTHERS, {"f0": {}, "o0": {"field": "E164"}}))
@example(operation=(COUNTED, {"f0": {"sources": ["epsilon"]}, "o0": {"field": "SOURCE"}}))
@given(operation=operations())
def test_the_estimate_is_never_below_what_it_takes(fresh: Client, operation: tuple[str, dict[str, Any]]) -> None:
    """Whatever is asked in whatever combination, the sources hear no more calls than were estimated."""
    reply = fresh.ask(*operation, extensions={"cost": True}).json
    cost = reply["extensions"]["cost"]
    assert "errors" not in reply, msgspec.json.format(msgspec.json.encode(reply["errors"]))
    assert cost["actual"]["calls"] <= cost["estimated"]["calls"]


@pytest.fixture(scope="module")
def strict(simulated: Simulated) -> Iterator[Client]:
    """A gateway whose operations may take few calls and rows."""
    with gateway(simulated.sources, limits={"calls": 150, "rows": 60}) as client:
        yield client


def test_too_many_calls_are_refused(strict: Client, simulated: Simulated) -> None:
    """Before the first call, with the number, the limit, and the fields that would fit."""
    before = sum(map(simulated.calls, simulated.world.simulators))
    fields = " ".join(
        f'n{k}: phoneNumbers(filter: {{e164: {{startsWith: "{k}"}}}}) {{ complete }}' for k in range(1, 4)
    )
    reply = strict.ask(f"{{ {fields} }}")
    [error] = reply.errors
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert error["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert error["extensions"]["cost"] > error["extensions"]["limit"] == 150
    assert error["message"].startswith(f"The operation could take {error['extensions']['cost']} upstream calls; 150 is")
    assert sum(map(simulated.calls, simulated.world.simulators)) == before


def test_what_is_at_hand_is_not_refused(simulated: Simulated) -> None:
    """What would be too much to read is nothing once it was read; another that is not at hand is refused still."""
    sources = {name: {**simulated.sources[name], "ttl": 10_000} for name in ("london", "dallas")}
    listing = '{ phoneNumbers(first: 5, filter: {sources: ["%s"]}) { complete } }'
    with gateway(sources, limits={"calls": 30}) as client:
        assert client.ask(listing % "london").data["phoneNumbers"]["complete"]
        both = "{ a: phoneNumbers(first: 5) { complete } b: phoneNumbers(first: 6) { complete } }"
        assert client.ask(both).codes == ["QUERY_TOO_COSTLY"]
        assert client.ask(listing % "dallas").data["phoneNumbers"]["complete"]
        assert client.ask(both).data["b"]["complete"]


def test_too_many_rows_are_refused(strict: Client) -> None:
    """With what would fit: the first fields together, or fewer rows where one alone is too much."""
    query = 'a: phoneNumber(e164: "+12056350001") {{ records {{ id }} }} b: nodes(ids: {}) {{ id }}'.format('["x"]')
    many = f"{query} c: phoneNumbersByE164(e164s: {msgspec.json.encode(NUMBERS * 2).decode()}) {{ records {{ id }} }}"
    assert strict.ask(f"{{ {many} }}").refusal == (
        "QUERY_TOO_COSTLY",
        "The operation could bring 66 rows; 60 is the limit: a, b would fit into one request, and the rest into others.",
    )
    assert strict.ask('{ phoneNumbers(first: 61, filter: {sources: ["voice_sg"]}) { nodes { id } } }').refusal == (
        "QUERY_TOO_COSTLY",
        "The operation could bring 61 rows; 60 is the limit: ask for fewer rows at once.",
    )
    assert strict.ask('{ phoneNumbers(first: 60, filter: {sources: ["voice_sg"]}) { nodes { id } } }').data


EXACT = {
    "a look-up that is asked again for what the first answer lacked": (
        'phoneNumbersByE164(e164s: ["+12056350001", "+15550000000"], sources: ["dallas"]) { complete }',
        2,
    ),
    "one that was never asked before, at a source with checks": (
        'phoneNumber(e164: "+65123456789", sources: ["voice_sg"]) { complete }',
        1,
    ),
    "a list without pages": ('phoneNumbers(filter: {sources: ["voice_sg"]}) { complete }', 1),
}


@pytest.mark.parametrize(("field", "calls"), EXACT.values(), ids=EXACT)
def test_what_is_known_for_certain_is_estimated_exactly(fresh: Client, field: str, calls: int) -> None:
    """Where the way to ask leaves no choice the estimate is the number of calls."""
    cost = cost_of(fresh, f"{{ {field} }}")
    assert (cost["estimated"]["calls"], cost["actual"]["calls"]) == (calls, calls)
