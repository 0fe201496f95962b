"""The committed schema is the real one, and everything that the contract fixes is in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql.utilities import find_breaking_changes
from graphql.utilities.print_schema import print_input_value

from gateway.schema.graph import make_schema, sdl

COMMITTED = Path(__file__).parents[2] / "schema.graphql"
CONTRACT = build_schema(Path(__file__).with_name("contract.graphql").read_text(encoding="utf-8"))
REAL = build_schema(sdl(make_schema()))


def own_types(schema: GraphQLSchema) -> list[GraphQLNamedType]:
    """The types that a schema defines itself."""
    return [
        kind
        for kind in schema.type_map.values()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    ]


PROMISED = own_types(CONTRACT)


def promises(kind: GraphQLNamedType) -> Iterator[str]:
    """Everything that a client may rely on in a type, one line for each element."""
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        yield from (f"implements {face.name}" for face in kind.interfaces)
        for name, field in kind.fields.items():
            yield f"{name}: {field.type}"
            yield from (f"{name}({print_input_value(key, argument)})" for key, argument in field.args.items())
    elif isinstance(kind, GraphQLInputObjectType):
        yield from (print_input_value(name, field) for name, field in kind.fields.items())
    elif isinstance(kind, GraphQLEnumType):
        yield from kind.values
    elif isinstance(kind, GraphQLUnionType):
        yield from (f"| {member.name}" for member in kind.types)
    else:
        assert isinstance(kind, GraphQLScalarType)
        yield "scalar"


def described(kind: GraphQLNamedType) -> Iterator[tuple[str, str | None]]:
    """The elements of a type, each with its description."""
    yield kind.name, kind.description
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        for name, field in kind.fields.items():
            yield f"{kind.name}.{name}", field.description
            yield from ((f"{kind.name}.{name}({key})", held.description) for key, held in field.args.items())
    if isinstance(kind, GraphQLInputObjectType):
        yield from ((f"{kind.name}.{name}", field.description) for name, field in kind.fields.items())
    if isinstance(kind, GraphQLEnumType):
        yield from ((f"{kind.name}.{name}", value.description) for name, value in kind.values.items())


def test_the_committed_schema_is_the_real_one() -> None:
    """Whoever reads ``schema.graphql`` reads what is served; ``gateway schema print > schema.graphql`` mends it."""
    assert COMMITTED.read_text(encoding="utf-8") == sdl(make_schema())


@pytest.mark.parametrize("promised", PROMISED, ids=lambda kind: kind.name)
def test_everything_the_contract_fixes_is_there(promised: GraphQLNamedType) -> None:
    """Fields, arguments, nullability, defaults, values, members and interfaces are those of the contract; more may be."""
    real = REAL.type_map.get(promised.name)
    assert type(real) is type(promised)
    assert set(promises(promised)) - set(promises(real)) == set()


def test_what_was_added_breaks_nobody() -> None:
    """A client written against the contract is valid: no added argument or input field is required of it."""
    assert find_breaking_changes(CONTRACT, REAL) == []


def test_every_element_says_what_it_is() -> None:
    """Types, fields, arguments, enum values and input fields all carry a description."""
    bare = [place for kind in own_types(REAL) for place, words in described(kind) if not (words or "").strip()]
    assert bare == []
