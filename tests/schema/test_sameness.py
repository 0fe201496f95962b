"""Compiled and plain: whichever way an answer is written, it is the same to the byte."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.app import create_app
from gateway.schema.graph import make_schema, sdl
from tests.clocks import ManualClock
from tests.conftest import NO_FILES, PATIENCE, Gateway, settings_of
from tests.schema.documents import NUMBER, PAGE
from tests.schema.gateways import Simulated
from tests.schema.operations import Asked, operations

Same: TypeAlias = Callable[..., dict[str, Any]]

EXAMPLES = 5000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 150
KEY = {"cursor_key": "the same in every gateway"}
COMPUTED = {**NO_FILES, "answer_bytes": 0}
WIDE = {"deadline": PATIENCE, "aliases": 10_000, "directives": 10_000, "root_fields": 10_000}
"""Random documents are switched and renamed more than anybody's."""


@pytest.fixture(scope="module")
def same(simulated: Simulated) -> Iterator[Same]:
    """Asks a compiling gateway and a plain one twice each, and gives their answer; another one fails the test."""
    with asyncio.Runner() as runner:
        opened = AsyncExitStack()

        async def opening(*, compiled: bool) -> Gateway:
            server = {**KEY, "compiled": compiled}
            clock = ManualClock()
            app = create_app(
                settings_of(simulated.sources, {"server": server, "limits": WIDE, "state": COMPUTED}), clock
            )
            await opened.enter_async_context(app.router.lifespan_context(app))
            return Gateway(app)

        fast, plain = (runner.run(opening(compiled=compiled)) for compiled in (True, False))

        def once(query: str, variables: Mapping[str, Any] | None) -> dict[str, Any]:
            answer, expected = (runner.run(gateway.ask(query, variables)) for gateway in (fast, plain))
            assert answer.content.decode() == expected.content.decode()
            return answer.body

        def ask(query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
            once(query, variables)
            return once(query, variables)

        yield ask
        runner.run(opened.aclose())


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.timeout(3600)
def test_random_operations_are_answered_the_same(same: Same, data: st.DataObject) -> None:
    """Fragments, aliases, variables, switches, unions, lists, errors: the same text whichever way it was written."""
    query, variables = data.draw(_OPERATIONS)
    same(query, variables)


_OPERATIONS: st.SearchStrategy[Asked] = operations(sdl(make_schema()))


@pytest.mark.parametrize(
    "query",
    [
        "{ phoneNumbers(first: 300) { nodes { ...Whole } } }" + NUMBER,
        """{ phoneNumbers(first: 20) { nodes { alsoAt { id alsoAt { id source { name } } } } sources { ...R } } }
        fragment R on SourceReport { source { name } status rowsRead upstreamCalls asOf error { code } gap { after } }""",
        '{ nodes(ids: ["x"]) { id } phoneNumber(e164: "+441245123456") { e164 records { id } outcomes { result } } }',
        '{ a: phoneNumbers(first: -1) { complete } b: sources { name } c: node(id: "x") { id } __typename }',
        "{ __schema { queryType { name } } sources { name } }",
    ],
)
def test_chosen_operations_are_answered_the_same(same: Same, query: str) -> None:
    """Every field of a number, nested look-ups, partial failures, unknown ids, and introspection beside data."""
    assert same(query)["data"]


def test_a_page_keeps_its_cursors(same: Same) -> None:
    """A cursor that the compiled way wrote continues where it says."""
    first = same(PAGE, {"first": 3})["data"]["phoneNumbers"]
    second = same(PAGE, {"first": 3, "after": first["pageInfo"]["endCursor"]})["data"]["phoneNumbers"]
    assert len({node["id"] for node in first["nodes"] + second["nodes"]}) == 6


def test_switches_have_their_own_code(same: Same) -> None:
    """The same document with other values of its switches is another operation."""
    query = "query Q($on: Boolean!) { sources { name @include(if: $on) provider @skip(if: $on) } }"
    assert set(same(query, {"on": True})["data"]["sources"][0]) == {"name"}
    assert set(same(query, {"on": False})["data"]["sources"][0]) == {"provider"}
