"""The operation compiler by itself: what it writes, and what it leaves to graphql-core."""

import logging
import weakref
from collections.abc import Iterator
from decimal import Decimal

import pytest
from graphql import GraphQLScalarType

from gateway.schema import leaves
from tests.schema.things import Lone, Thing, answers

WHOLE = "{ thing { name size flag ratio items __typename late { name } other { ... on Thing { name } } } }"


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
        ("{ one: __typename thing { name } two: __typename }", Thing()),
        ("{ soon { name } thing { name } same { size } }", Thing()),
        ("{ ... @skip(if: true) { thing { name } } __typename }", Thing()),
    ],
)  # fmt: skip
def test_values_are_written_as_they_are(query: str, thing: Thing | None) -> None:
    """Text that needs escaping, nulls, lists, unions, and fields that wait, one under the other."""
    held, _ = answers(query, thing)
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
    held, _ = answers(query, thing)
    assert held.given_up == 1
    assert [record.name for record in caplog.records] == ["gateway.schema.compile_run"]


@pytest.mark.parametrize("asked", ["size", "size called", "size late { name }", "twin { name }"])
def test_what_rows_have_in_common_is_written_for_each(asked: str) -> None:
    """Rows that hold the same thing, another one, or none: with resolvers within it and without."""
    common = Thing(name="common", after=Thing(name="late"), twin=Thing(name="within"))
    parts = [Thing(twin=held) for held in (common, Thing(name="alone"), common, None)]
    held, answer = answers(f"{{ thing {{ parts {{ twin {{ name {asked} }} }} }} }}", Thing(parts=parts))
    assert (answer.count('"common"'), answer.count('"alone"')) == ((4, 2) if "called" in asked else (2, 1))
    assert held.given_up == 0


class Maker(Thing):
    """Has another twin each time."""

    def __getattribute__(self, name: str) -> object:
        """What a thing has, but for that."""
        return Thing(name=f"of {self.size}") if name == "twin" else super().__getattribute__(name)


def test_things_that_rows_make_anew_are_not_taken_for_each_other() -> None:
    """An identity is a thing's own only while it is held: what is made anew may come to lie where another lay."""
    _, answer = answers("{ thing { parts { twin { name } } } }", Thing(parts=[Maker(size=size) for size in range(9)]))
    assert [f'"of {size}"' in answer for size in range(9)] == [True] * 9


@pytest.mark.parametrize("name", ["guarded", "barred"])
def test_a_refusal_is_no_fault(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """The guard of a value and of a resolver: its refusal comes with its place, and nothing is logged of it: the next client may be let in."""
    held, answer = answers(f"{{ thing {{ name {name} }} }}", Thing())
    assert f'"{name}":null' in answer
    assert f'"path":["thing","{name}"]' in answer
    assert held.given_up == 2
    assert not caplog.records


def test_texts_of_scalars_are_held_as_long_as_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal amounts that are written differently stay so; beyond the bound all are forgotten, and written anew."""
    monkeypatch.setattr(leaves, "MOST_TEXTS", 2)
    kind = GraphQLScalarType("Amount", serialize=lambda amount: f"{amount:f}")
    texts = leaves.texts_of(kind)
    assert leaves.texts_of(kind) is texts
    short, long, third = Decimal("0.3"), Decimal("0.30"), Decimal("1E+1")
    assert [texts.made(amount) for amount in (short, long)] == ['"0.3"', '"0.30"']
    assert [texts[id(short)], texts[id(long)]] == ['"0.3"', '"0.30"']
    assert texts.made(third) == '"10"'
    assert dict(texts) == {id(third): '"10"'}


def test_a_held_text_has_its_value_held() -> None:
    """Otherwise another value could come to have its identity."""
    word = Lone()
    held = weakref.ref(word)
    leaves.texts_of(GraphQLScalarType("Word", serialize=lambda word: word.name)).made(word)
    del word
    assert held() is not None


def test_a_scalar_that_is_no_text_is_unlike() -> None:
    """A value that its scalar makes a number of is graphql-core's."""
    with pytest.raises(leaves.Unlike):
        leaves.texts_of(GraphQLScalarType("Ratio", serialize=float)).made(Decimal(1))
