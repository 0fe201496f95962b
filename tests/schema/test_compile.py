"""The operation compiler by itself: what it takes, what it leaves to graphql-core, and how it is bounded."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from hashlib import sha256
from types import SimpleNamespace
from typing import Annotated, Any

import msgspec
import pytest
import strawberry
from strawberry.extensions import FieldExtension

from gateway.errors import Forbidden
from gateway.schema import compile as compiler
from gateway.schema import compile_run
from gateway.schema.compile_run import Operations, executor_over
from tests.schema.gateways import Simulated, gateway

WHOLE = "{ thing { name size flag ratio items __typename late { name } other { ... on Thing { name } } } }"


class Guard(FieldExtension):
    """Refuses everybody."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **_: Any) -> Any:  # noqa: ANN401 - strawberry's signature
        """Nothing."""
        msg = f"You may not see {info.field_name} of {source.size}, nor ask {callable(next_)}."
        raise Forbidden(msg)


async def _late(thing: strawberry.Parent["Thing"]) -> "Thing | None":
    if isinstance(thing.after, Exception):
        raise thing.after
    return thing.after


def _name_of(thing: strawberry.Parent["Thing"]) -> str | None:
    return thing.name


def _sized(by: int) -> int:
    return by


@strawberry.type
class Lone:
    """Of the union, beside Thing."""

    name: str = "lone"

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        """By its class."""
        return isinstance(value, cls)


@strawberry.type
class Thing:
    """Whatever a test makes it."""

    name: str = 'a "name"\n\x01é'
    size: int | None = 3
    flag: bool = True
    ratio: float = 0.5
    items: list[str] = strawberry.field(default_factory=lambda: ["x", "y"])
    other: Annotated["Thing | Lone", strawberry.union("Either")] | None = None
    after: strawberry.Private["Thing | Exception | None"] = None
    late: "Thing | None" = strawberry.field(resolver=_late)
    sized: int = strawberry.field(resolver=_sized)
    guarded: str | None = strawberry.field(default="", extensions=[Guard()])
    called: str | None = strawberry.field(resolver=_name_of)
    barred: str | None = strawberry.field(resolver=_name_of, extensions=[Guard()])


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing | None:
        """What the test holds."""
        return info.context.thing  # type: ignore[no-any-return]


def _shown(schema: strawberry.Schema, query: str, thing: object) -> str:
    result = asyncio.run(schema.execute(query, context_value=SimpleNamespace(as_text=True, thing=thing)))
    errors = [error.formatted for error in result.errors or ()]
    return msgspec.json.encode({"data": result.data, "errors": errors}).decode()


def _answers(query: str, thing: object, times: int = 3) -> tuple[Operations, str]:
    """The answer of the compiling way, which must be the plain way's each time, and the compiled operations."""
    held = Operations()
    expected = _shown(strawberry.Schema(Query), query, thing)
    fast = strawberry.Schema(Query, execution_context_class=executor_over(held))
    assert [_shown(fast, query, thing) for _ in range(times)] == [expected] * times
    return held, expected


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Strawberry's own log of errors is beside the point."""
    logging.getLogger("strawberry.execution").disabled = True
    yield
    logging.getLogger("strawberry.execution").disabled = False


@pytest.mark.parametrize(
    ("query", "thing"),
    [
        ("{ thing { name size flag items called __typename } again: thing { name } }", Thing()),
        ("{ thing { size other { __typename ... on Lone { name } } } }", Thing(size=None, other=Lone())),
        ("{ thing { late { name late { name } } } }", Thing(after=Thing(after=Thing()))),
        ("{ thing { late { name } } }", Thing()),
        ("{ thing { name } }", None),
        ('{ __type(name: "Thing") { name } thing { name } }', Thing()),
    ],
)  # fmt: skip
def test_values_are_written_as_they_are(query: str, thing: Thing | None) -> None:
    """Text that needs escaping, nulls, lists, unions, and fields that wait, one under the other."""
    held, _ = _answers(query, thing)
    assert held.given_up == 0
    assert held.held > 0


@pytest.mark.parametrize(
    ("query", "thing"),
    [
        (WHOLE, Thing()),
        ("{ thing { name } }", Thing(name=5)),  # type: ignore[arg-type]
        ("{ thing { name } }", Thing(name=None)),  # type: ignore[arg-type]
        ("{ thing { size } }", Thing(size=True)),
        ("{ thing { size } }", Thing(size=2**31)),
        ("{ thing { flag } }", Thing(flag=1)),  # type: ignore[arg-type]
        ("{ thing { items } }", Thing(items={"x": 1})),  # type: ignore[arg-type]
        ("{ thing { other { __typename } } }", Thing(other=7)),  # type: ignore[arg-type]
        ("{ thing { late { name } } }", Thing(after=ValueError("no"))),
        ("{ thing { late { name late { name } } } }", Thing(after=Thing(after=ValueError("no")))),
        ("{ thing { late { name } items } }", Thing(items=5)),  # type: ignore[arg-type]
        ("{ thing { late { name } } }", Thing(after=Thing(name=None))),  # type: ignore[arg-type]
    ],
)
def test_what_is_not_as_its_type_says_is_left_to_graphql_core(
    query: str, thing: Thing, caplog: pytest.LogCaptureFixture
) -> None:
    """The plain answer with the plain errors; it is counted once, told once, and not tried again."""
    held, _ = _answers(query, thing)
    assert held.given_up == 1
    assert [record.name for record in caplog.records] == ["gateway.schema.compile_run"]


@pytest.mark.parametrize("name", ["guarded", "barred"])
def test_a_refusal_is_no_fault(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The guard of a value and of a resolver: its refusal comes with its place, and nothing is logged of it: the next client may be let in."""
    held, answer = _answers(f"{{ thing {{ name {name} }} }}", Thing())
    assert f'"{name}":null' in answer
    assert f'"path":["thing","{name}"]' in answer
    assert held.given_up == 2
    assert not caplog.records


def test_a_failed_root_field_is_not_compiled() -> None:
    """An exception for a value is graphql-core's business."""
    held, answer = _answers("{ thing { name } }", ValueError("no"))
    assert '"thing":null' in answer
    assert held.given_up == 0


@pytest.mark.parametrize("query", ["{ thing { sized(by: 2) } }", "{ thing { name " + "late { name " * 60 + "}" * 62])
def test_what_is_not_supported_is_left_to_graphql_core(query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field with arguments below the root, and code beyond the bound."""
    monkeypatch.setattr(compiler, "MOST_LINES", 200)
    held, _ = _answers(query, Thing())
    [operation] = held._kept.values()
    assert operation.fields == {"thing": None}
    assert held.given_up == 0


def test_what_may_be_deferred_is_left_to_graphql_core() -> None:
    """Answers in parts are graphql-core's, and a document that only speaks of them is no loss."""
    held, _ = _answers("{ thing { name } } # @defer", Thing())
    assert not held._seen
    assert not held._kept


def test_a_fault_of_the_compiler_reaches_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises, the client has its answer; the fault is counted and told once."""

    def broken(*_: object) -> None:
        raise KeyError

    monkeypatch.setattr(compile_run, "compiled", broken)
    held, _ = _answers("{ thing { name } }", Thing())
    assert held.given_up == 1
    assert len(caplog.records) == 1


def test_the_first_sight_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked once costs a mark, and the marks are bounded."""
    monkeypatch.setattr(compile_run, "SEEN", 2)
    held = Operations()
    keys = [(f"{{ a{place} }}", None, ()) for place in range(4)]
    assert [held.find(key) for key in keys] == [None] * 4
    assert held.held == 0
    assert held.find(keys[0]) is None
    assert held.find(keys[3]) is not None


def test_compiled_operations_are_bounded_by_bytes() -> None:
    """The least recently used goes first, and takes its bytes along; what outgrows everything is not kept."""
    held = Operations(most_bytes=100)
    first, second, third = ((letter * 20, None, ()) for letter in "abc")
    for key in (first, second):
        assert held.find(key) is None
        assert held.find(key) is not None
    assert held.find(first) is not None
    held.find(third)
    operation = held.find(third)
    assert operation is not None
    assert set(held._kept) == {first, third}
    assert held.held == 80
    held.keep(third, operation, "huge", compiler.Written(str, (), 1000))
    assert not held._kept
    held.keep(third, operation, "late", None)
    assert held.held == 0


def test_guarded_fields_are_refused_the_same_way(simulated: Simulated) -> None:
    """Without addresses:read the address is null with FORBIDDEN, whichever way the answer is written."""
    query = (
        "{ phoneNumbers(filter: {providers: [CLOUDLX]}) { nodes { details { ... on CloudLXDetails { uuid numberAddress"
        " { city addressLine1 } } } } } }"
    )
    asks = {"asks": {"key_sha256": sha256(b"key").hexdigest()}}
    with gateway(simulated.sources, clients=asks) as client:
        known = type(client)(client.url, "key")
        answers = [known.ask(query) for _ in range(3)]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert set(answers[0].codes) == {"FORBIDDEN"}
