"""Counting a document: what it stands for is counted right, and the work grows with its length alone."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import FieldNode, FragmentSpreadNode, GraphQLError, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import DocumentTooComplex
from gateway.schema.limits import MOST, Measure, check, measure
from gateway.sections import LimitSettings

NAMES = ["A", "B", "C", "D"]


def calls_of(counting: Callable[[], object]) -> int:
    """How many functions are called while something runs."""
    events: list[str] = []
    before = sys.getprofile()
    sys.setprofile(lambda _, event, __: events.append(event))
    try:
        counting()
    finally:
        sys.setprofile(before)
    return events.count("call") + events.count("c_call")


def doubling(levels: int, field: str = "x: name") -> str:
    """A document of ``levels`` fragments that stands for 2 ** levels times a field."""
    chain = " ".join(f"fragment F{k} on Query {{ ...F{k + 1} ...F{k + 1} }}" for k in range(levels))
    return f"{{ ...F0 }} {chain} fragment F{levels} on Query {{ {field} }}"


@settings(deadline=None)
@given(levels=st.integers(0, 120))
def test_the_work_is_linear_whatever_a_document_stands_for(levels: int) -> None:
    """Also of 2 ** 120 fields the work is counted in calls and bounded by what is written: two spreads a level."""
    document = parse(doubling(levels))
    assert calls_of(lambda: list(measure(document))) <= 64 * (levels + 2)
    [measured] = measure(document)
    assert measured.fields == measured.aliases == measured.root_fields == min(2**levels, MOST)


SELECTIONS = st.recursive(
    st.sampled_from(["a", "x: a", "a @d", "x: a @d @d", *(f"...{name}" for name in NAMES), "...B @d"]),
    lambda inner: st.builds(
        lambda opening, held: f"{opening} {{ {' '.join(held)} }}",
        st.sampled_from(["a", "y: b", "b @d", "...", "... on T", "... on T @d"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
BODIES = st.lists(SELECTIONS, min_size=1, max_size=3).map(" ".join)


def written_out(
    chosen: Any,  # noqa: ANN401 - a part of a document
    fragments: dict[str, Any],
    depth: int = 1,
) -> Iterator[Measure]:
    """Every field and directive that an operation stands for, one at a time: slow, and plain."""
    for held in () if chosen is None else chosen.selections:
        yield Measure(directives=len(held.directives or ()))
        if isinstance(held, FieldNode):
            yield Measure(depth, 1, depth == 1, held.alias is not None, 0)
            yield from written_out(held.selection_set, fragments, depth + 1)
        else:
            part = fragments.get(held.name.value) if isinstance(held, FragmentSpreadNode) else held
            yield from written_out(part and part.selection_set, fragments, depth)


@settings(deadline=None)
@given(query=BODIES, bodies=st.lists(BODIES, max_size=4))
def test_every_count_is_that_of_the_document_written_out(query: str, bodies: list[str]) -> None:
    """Against writing the fragments out; each spreads only later ones here, so there is an end."""
    parts = []
    for place, body in enumerate(bodies):
        for earlier in NAMES[: place + 1]:
            body = body.replace(f"...{earlier}", "z")  # noqa: PLW2901 - replaced step by step
        parts.append(f"fragment {NAMES[place]} on T {{ {body} }}")
    document = parse(f"query ($v: Int @d) @d {{ {query} }} {' '.join(parts)}")
    operation, *rest = document.definitions
    fragments = {part.name.value: part for part in rest}  # type: ignore[attr-defined]
    each = [Measure(directives=2), *written_out(operation.selection_set, fragments)]  # type: ignore[attr-defined]
    depths, *counts = zip(*each, strict=True)
    assert list(measure(document)) == [Measure(max(depths), *map(sum, counts))]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ ...A } fragment A on Q { a ...A }", 'Cannot spread fragment "A" within itself.'),
        (
            "{ ...A } fragment A on Q { a { ...B } } fragment B on Q { ... { ...A } }",
            'Cannot spread fragment "A" within itself via "B".',
        ),
        ("{ a } fragment B on Q { ...B }", 'Cannot spread fragment "B" within itself.'),
    ],
)
def test_a_fragment_without_end_is_refused(document: str, message: str) -> None:
    """Also one that no operation spreads, and through fields; the sentence is graphql-core's own."""
    with pytest.raises(GraphQLError) as refused:
        list(measure(parse(document)))
    assert refused.value.message == message


def test_each_operation_is_counted() -> None:
    """The largest may stand anywhere in the document."""
    measured = list(measure(parse("query A { a } query B { a { b } } fragment F on Q { a { b { c } } }")))
    assert [held.depth for held in measured] == [1, 2]
    assert [held.fields for held in measured] == [1, 2]


AT_LIMIT = LimitSettings(depth=3, fields=4, root_fields=2, aliases=1, directives=2, document_definitions=3)
FRAGMENT = "fragment F on Q { c d }"


@pytest.mark.parametrize(
    ("fits", "too_much", "message"),
    [
        (
            "{ a { b { c } } }",
            "{ a { b { c { d } } } }",
            "The operation is 4 fields deep, its fragments written out; 3 is the limit: ask for less within one another.",
        ),
        (
            "{ a { ...F ...F } } " + FRAGMENT.replace("d", ""),
            "{ a { ...F ...F } } " + FRAGMENT,
            "The operation has 5 fields, its fragments written out; 4 is the limit: ask for fewer, or spread fragments less often.",
        ),
        (
            "{ ...F } " + FRAGMENT,
            "{ a ...F } " + FRAGMENT,
            "The operation has 3 fields at its root, its fragments written out; 2 is the limit: ask in several requests, or for many numbers in one field.",
        ),
        (
            "{ x: a }",
            "{ a { x: b y: b } }",
            "The operation has 2 aliases, its fragments written out; 1 is the limit: ask in several requests, or for many numbers in one field.",
        ),
        (
            "{ a @d @d }",
            "query @d { a @d ... @d { b } }",
            "The operation has 3 directives, its fragments written out; 2 is the limit: use fewer.",
        ),
        (
            "query A { a } query B { a } fragment F on Q { a }",
            "query A { a } query B { a } fragment F on Q { a } fragment G on Q { a }",
            "The document has 4 operations and fragments; 3 is the limit: leave out what is not used.",
        ),
    ],
    ids=["depth", "fields", "root fields", "aliases", "directives", "definitions"],
)
def test_what_reaches_a_limit_fits_and_one_more_does_not(fits: str, too_much: str, message: str) -> None:
    """Each refusal names the number, the limit, and what to do."""
    check(parse(fits), AT_LIMIT)
    with pytest.raises(DocumentTooComplex) as refused:
        check(parse(too_much), AT_LIMIT)
    assert str(refused.value) == message


def test_a_count_that_was_not_finished_says_so() -> None:
    """Counting ends at 2 ** 31 - 1; the message does not pretend to know more."""
    with pytest.raises(DocumentTooComplex, match=f"has at least {MOST} fields, its"):
        check(parse(doubling(90)), LimitSettings())
