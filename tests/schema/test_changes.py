"""How changes of a schema are weighed."""

import pytest

from gateway.schema.changes import changes
from gateway.schema.graph import make_schema, sdl

KEPT = 'enum Kind { A }\n"Asks."\ntype Query { a(first: Int): Int, b: Kind }\n'


@pytest.mark.parametrize(
    ("current", "told"),
    [
        (KEPT.replace(", b: Kind", ""), ["BREAKING  Field Query.b was removed."]),
        (
            KEPT.replace("first: Int", "first: Int!"),
            ["BREAKING  Argument Query.a(first:) has changed type from Int to Int!."],
        ),
        (KEPT.replace("{ A }", "{ A B }"), ["DANGEROUS Enum value Kind.B was added."]),
        (KEPT.replace("b: Kind", "b: Kind, c: Int"), ["safe      Field Query.c was added."]),
        (f"# a remark\n{KEPT}", []),
        (KEPT, []),
    ],
)
def test_changes_are_weighed_by_what_clients_feel(current: str, told: list[str]) -> None:
    """What fails valid documents is breaking, what may surprise is dangerous, the rest is safe; a layout is no change."""
    assert changes(KEPT, current) == told


def test_the_worst_comes_first() -> None:
    """Of several changes the breaking ones are read first, then the dangerous ones."""
    current = KEPT.replace("b: Kind", "c: Kind").replace("{ A }", "{ A B }")
    assert [line.split()[0] for line in changes(KEPT, current)] == ["BREAKING", "DANGEROUS", "safe"]


def test_the_own_schema_is_read() -> None:
    """The whole schema, with all that Strawberry writes, is compared with itself and with one that lacks a field."""
    own = sdl(make_schema())
    assert changes(own, own) == []
    told = changes(own, own.replace("nationalFormat: String!", "localFormat: String!"))
    assert told == [
        "BREAKING  Field PhoneNumber.nationalFormat was removed.",
        "safe      Field PhoneNumber.localFormat was added.",
    ]


@pytest.mark.parametrize("kept", ["type Query {", "type Query { a: Missing }", "", "\0"])
def test_what_is_no_schema_is_told(kept: str) -> None:
    """Text that cannot be read, and text that names what it does not define, are one error with one line."""
    with pytest.raises(ValueError, match=r"^is not a GraphQL schema \([^\n]+\)$"):
        changes(kept, KEPT)
