"""Operations that come again: what is planned, what is left to graphql-core, and how much is kept."""

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.errors import SourceTimeout
from gateway.schema import compile as compiler
from gateway.schema import plan
from gateway.schema.authority import Asker
from gateway.schema.compile_run import Operations
from gateway.schema.context import Context
from gateway.schema.graph import make_schema
from gateway.schema.quick import Admits
from tests.conftest import OpenRooms
from tests.schema.gateways import Simulated, gateway
from tests.schema.things import Json, Thing, answers

HUGE: Any = SimpleNamespace(length=1000)
EMPTY: Any = SimpleNamespace(length=0)


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ('{ picked(kinds: [LARGE], at: 3, wanted: {kind: LARGE, names: ["$"]}) }', [{}]),
        ("query ($k: [Kind!], $a: Int) { picked(kinds: $k, at: $a) }", [{}, {"k": "LARGE"}, {"k": ["SMALL"], "a": 5}]),
        ("query ($a: Int) { picked(at: $a) }", [{}, {"a": 4}, {"a": None}]),
        ("query ($b: Int) { picked(by: $b) }", [{}, {"b": 5}, {"b": None}]),
        ("query ($k: Kind!) { picked(wanted: {kind: $k}, kinds: [SMALL, $k]) }", [{"k": "LARGE"}, {"k": "SMALL"}]),
        ("query ($w: Wanted = {kind: LARGE}) { picked(wanted: $w) }", [{}, {"w": None}, {"w": {"names": ["a"]}}]),
        ('query ($n: String!, $m: String = "x") { picked(names: [$n, $m]) }', [{"n": "a", "m": "b"}, {"n": "a"}]),
        ('query ($n: String!) { picked(names: ["x", $n]) }', [{"n": "a"}]),
        ("query ($s: Boolean = true) { picked @skip(if: $s) __typename }", [{}, {"s": False}, {"s": None}, {"s": True}]),
    ],
)  # fmt: skip
def test_arguments_are_what_graphql_core_makes_of_them(query: str, variables: list[Json]) -> None:
    """Literals, variables that are given, left out or null, and defaults of both; each request has its own."""
    held = Operations()
    for given in [*variables, *variables, *variables]:
        answers(query, None, 1, given, held)
    assert held.given_up == 0
    assert all(operation.plan for operation in held._kept.values())


@pytest.mark.parametrize(
    ("query", "good", "wrong"),
    [
        ("query ($a: Int) { picked(at: $a) }", {"a": 1}, {"a": "x"}),
        ("query ($k: Kind!) { picked(kinds: [$k]) }", {"k": "LARGE"}, {}),
        ("query ($w: Wanted) { picked(wanted: $w) }", {}, {"w": {"kind": "HUGE"}}),
        ("query ($a: Int = 3) { picked(at: $a) }", {}, {"a": None}),
        ('query ($n: String = "x") { picked(names: [$n]) }', {}, {"n": None}),
    ],
)
def test_variables_that_are_wrong_are_graphql_cores(query: str, good: Json, wrong: Json) -> None:
    """Its errors, before a plan is made and after; the operation is compiled all the same for whoever asks well."""
    held = Operations()
    for given in (wrong, wrong, wrong, good, wrong, good):
        answers(query, None, 1, given, held)
    [operation] = held._kept.values()
    assert operation.plan is not None
    assert held.given_up == 0


def test_each_value_of_a_switch_has_a_plan() -> None:
    """What they select is decided before."""
    held = Operations()
    for on in (True, False, True, False, True, False):
        answers("query ($on: Boolean!) { thing { name @include(if: $on) size } }", Thing(), 1, {"on": on}, held)
    written = [operation.plan.length for operation in held._kept.values() if operation.plan]
    assert len(set(written)) == 2


async def _not_now(*_: object) -> bool:
    return False


async def _broken(*_: object) -> bool:
    raise KeyError


@pytest.mark.parametrize(("admits", "faults"), [(_not_now, 0), (_broken, 1)])
def test_what_may_not_begin_is_left_to_graphql_core(admits: Admits, faults: int) -> None:
    """Which looks closely, and tells what is wrong; a failure of the reckoning itself is told once and reaches nobody."""
    held, _ = answers("{ thing { name } }", Thing(), admits=admits)
    [operation] = held._kept.values()
    assert operation.plan is not None
    assert held.given_up == faults
    assert operation.given_up is bool(faults)


def test_what_fails_is_told_in_the_place_of_its_own() -> None:
    """A root field that fails leaves the others as they are written; each is asked once."""
    held, answer = answers("{ thing { name } picked soon { name } __typename }", ValueError("no"))
    assert '"picked":"None 2 4 None None"' in answer
    assert '"soon":null' in answer
    assert held.given_up == 0


@pytest.mark.parametrize("query", ["{ whole { name } }", "{ never whole { name } __typename }"])
def test_a_field_that_may_not_be_null_ends_the_others(query: str) -> None:
    """Its failure is that of the whole answer: nobody waits for what cannot be shown any more."""
    held, answer = answers(query, ValueError("no"))
    assert answer.startswith('{"data":null,"errors":[{')
    assert '"path":["whole"]' in answer
    assert held.given_up == 0


def test_lists_that_are_awaited_in_their_places_are_graphql_cores() -> None:
    """One of them may fail by itself."""
    held, answer = answers("{ things { name } }", ValueError("no"))
    assert '"things":[null,null]' in answer
    [operation] = held._kept.values()
    assert operation.given_up
    assert held.given_up == 0


def test_a_failed_root_field_is_not_compiled() -> None:
    """An exception for a value is graphql-core's business."""
    held, answer = answers("{ thing { name } }", ValueError("no"))
    assert '"thing":null' in answer
    assert held.given_up == 0


@pytest.mark.parametrize(
    "query",
    [
        "{ thing { sized(by: 2) } }",
        "{ thing { name " + "late { name " * 60 + "}" * 62,
        '{ __type(name: "Thing") { name } thing { name } }',
        "{ barred thing { name } }",
        "{ thing { nothing } }",
        "query A { thing { name } } query B { thing { size } }",
        "{ thing { name }",
    ],
)
def test_what_is_not_supported_is_left_to_graphql_core(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field with arguments below the root, code beyond the bound, what is not asked of a resolver alone, and mistakes."""
    monkeypatch.setattr(compiler, "MOST_LINES", 200)
    held, _ = answers(query, Thing())
    [operation] = held._kept.values()
    assert operation.given_up
    assert operation.plan is None
    assert held.given_up == 0


def test_what_may_be_deferred_is_left_to_graphql_core() -> None:
    """Answers in parts are graphql-core's, and a document that only speaks of them is no loss."""
    held, _ = answers("{ thing { name } } # @defer", Thing())
    assert not held._sightings._marks
    assert not held._kept


def test_a_fault_of_the_compiler_reaches_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises, the client has its answer; the fault is counted and told once."""

    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(plan, "compiled", broken)
    held, _ = answers("{ thing { name } }", Thing())
    assert held.given_up == 1
    assert len(caplog.records) == 1


def test_the_first_sight_keeps_nothing() -> None:
    """What is asked once costs a mark; what is asked again is kept."""
    held = Operations()
    first, second = ("{ a }", None, ()), ("{ b }", None, ())
    assert [held.find(first), held.find(second), held.held] == [None, None, 0]
    assert held.find(second) is not None
    assert held.held > 0


def test_compiled_operations_are_bounded_by_bytes() -> None:
    """The least recently used goes first, and takes its bytes along; what outgrows everything is not kept."""
    held = Operations(most_bytes=3000)
    first, second, third = ((letter * 20, None, ()) for letter in "abc")
    found = {}
    for key in (first, second, third):
        assert held.find(key) is None
        kept = held.find(key)
        assert kept is not None
        found[key] = kept
    assert held.find(first) is found[first]
    assert held.held == 120
    held.keep(third, found[third], EMPTY)
    assert set(held._kept) == {first, second, third}
    held.keep(first, found[first], EMPTY)
    assert set(held._kept) == {first}
    assert held.held == 2040
    held.keep(second, found[second], EMPTY)
    assert held.held == 2040
    held.keep(first, found[first], HUGE)
    assert not held._kept
    assert held.held == 0


def test_guarded_fields_are_refused_the_same_way(simulated: Simulated) -> None:
    """Without addresses:read the address is null with FORBIDDEN, whichever way the answer is written.

    Errors stand in the order of the document, although the last of its fields fails before the first has an answer.
    """
    query = (
        "{ phoneNumbers(filter: {providers: [CLOUDLX]}) { nodes { details { ... on CloudLXDetails { uuid numberAddress"
        " { city addressLine1 } } } } } mistaken: phoneNumbers(first: -1) { complete } }"
    )
    asks = {"asks": {"key_sha256": sha256(b"key").hexdigest()}}
    with gateway(simulated.sources, clients=asks) as client:
        known = type(client)(client.url, "key")
        answers = [known.ask(query) for _ in range(3)]
    assert {answer.content for answer in answers} == {answers[0].content}
    *refused, mistaken = answers[0].codes
    assert (set(refused), mistaken) == ({"FORBIDDEN"}, "BAD_USER_INPUT")


async def test_what_began_is_not_reckoned_again(rooms: OpenRooms) -> None:
    """A list may turn out to be longer than it was taken for; what its reading gave is told all the same."""
    opened = await rooms(limits={"calls": 1})
    schema, asker = make_schema(opened.limits), Asker("anyone", tuple(opened.callers), None)

    async def asked(resolved: Json | None) -> list[Any]:
        context = Context(opened, asker)
        context.resolved = resolved
        result = await schema.execute("{ phoneNumbers { complete } }", context_value=context)
        return [error.extensions["code"] for error in result.errors]  # type: ignore[union-attr, index]  # every error has one

    assert await asked(None) == ["QUERY_TOO_COSTLY"]
    assert await asked({"phoneNumbers": SourceTimeout("late")}) == ["SOURCE_TIMEOUT"]
