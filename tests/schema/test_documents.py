"""Documents as they are asked: every limit has its code and words over HTTP, and what is remembered is bounded."""

import asyncio
import threading

import pytest
from graphql import get_introspection_query
from graphql.validation.rules import overlapping_fields_can_be_merged as comparing

from gateway.schema.documents import COMPARISONS, ERRORS_TOLD, Documents
from gateway.sections import LimitSettings
from tests.schema.gateways import Client
from tests.schema.test_limits import doubling

COMPLEX = "DOCUMENT_TOO_COMPLEX"
NESTED = "{a" * 300 + "}" * 300
SAME_FIELDS = "{ " + "phoneNumbers { nodes { id e164 } } " * 150 + "}"

REFUSED = {
    "long": (
        "{ sources { name } } # " + "é" * 20_000,
        "The document is 40023 bytes long; 32768 is the limit: put values into variables, and ask in several requests.",
    ),
    "tokens": (
        "{ " + "a " * 2000 + "}",
        "Document contains more than 2000 tokens, which is the limit: ask in several requests.",
    ),
    "comments": (
        "#\n" * 201 + "{ sources { name } }",
        "Document contains more than 200 comments, which is the limit: ask in several requests.",
    ),
    "nested": (NESTED, "Document is nested too deeply, which is the limit: ask in several requests."),
    "deep": (
        "{ a" * 16 + "}" * 16,
        "The operation is 16 fields deep, its fragments written out; 15 is the limit: ask for less within one another.",
    ),
    "fields": (
        doubling(30, "name"),
        "The operation has 1073741824 fields, its fragments written out; 2000 is the limit: ask for fewer, or spread fragments less often.",
    ),
    "root fields": (
        "{ " + "sources { name } " * 31 + "}",
        "The operation has 31 fields at its root, its fragments written out; 30 is the limit: ask in several requests, or for many numbers in one field.",
    ),
    "aliases": (
        "{ sources { " + " ".join(f"a{k}: name" for k in range(31)) + " } }",
        "The operation has 31 aliases, its fragments written out; 30 is the limit: ask in several requests, or for many numbers in one field.",
    ),
    "directives": (
        "{ sources { name " + "@include(if: true) " * 51 + "} }",
        "The operation has 51 directives, its fragments written out; 50 is the limit: use fewer.",
    ),
    "definitions": (
        "{ sources { name } } " + "fragment F on Query { __typename } " * 100,
        "The document has 101 operations and fragments; 100 is the limit: leave out what is not used.",
    ),
    "comparisons": (
        "{ phoneNumbers { nodes { " + "... { alsoAt { id } } ... { alsoAt { e164 } } " * 110 + "} } }",
        "To validate the document would take more than 10000 comparisons of its fields, which is the limit: write fields that are meant to be one only once.",
    ),
}


@pytest.mark.parametrize(("document", "message"), REFUSED.values(), ids=REFUSED)
def test_every_limit_refuses_with_one_code_and_a_sentence(graph: Client, document: str, message: str) -> None:
    """A request error: a 400 without data, that names the number, the limit, and what to do."""
    reply = graph.ask(document)
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert reply.refusal == (COMPLEX, message)


def test_a_document_without_end_is_invalid(graph: Client) -> None:
    """A cycle of fragments is told as GraphQL's own rule tells it, with its place."""
    reply = graph.ask("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }")
    assert reply.refusal == ("GRAPHQL_VALIDATION_FAILED", 'Cannot spread fragment "A" within itself via "B".')
    assert reply.errors[0]["locations"]


def test_the_introspection_query_fits(graph: Client) -> None:
    """What tools ask to draw the schema is within every limit, with all its options."""
    document = get_introspection_query(specified_by_url=True, directive_is_repeatable=True, schema_description=True)
    assert graph.ask(document).data["__schema"]["queryType"]["name"] == "Query"


def test_few_errors_are_told(graph: Client) -> None:
    """Of a hundred faults of a document, or of its variables, five are told."""
    assert len(graph.ask("{ " + " ".join(f"a{k}" for k in range(30)) + " }").errors) == ERRORS_TOLD
    query = "query ($n: [E164!]!) { phoneNumbersByE164(e164s: $n) { e164 } }"
    assert graph.ask(query, {"n": ["x"] * 100}).codes == ["BAD_USER_INPUT"] * ERRORS_TOLD


def test_no_error_of_an_answer_is_left_out(graph: Client) -> None:
    """Each place that is null for an error has it, however many there are (GraphQL, 6.4.4)."""
    query = "{ " + " ".join(f'n{k}: phoneNumbers(after: "{k}") {{ complete }}' for k in range(7)) + " }"
    assert graph.ask(query).codes == ["CURSOR_INVALID"] * 7


def test_the_bound_on_validation_is_graphql_cores() -> None:
    """The number that graphql-core reads is ours."""
    assert comparing.get_complexity_budget() == COMPARISONS


def test_a_document_is_read_once() -> None:
    """The same text is the same document; of those beyond the room the longest unused are forgotten."""
    documents = Documents(LimitSettings(), characters_kept=10)
    first, second = documents.read("{ a }"), documents.read("{ b }")
    assert documents.read("{ a }") is first
    assert documents.read("{ c }") is documents.read("{ c }")
    assert documents.read("{ a }") is first
    assert documents.read("{ b }") is not second


def test_a_document_holds_no_circle_of_tokens() -> None:
    """None knows its neighbours, from the first to the last."""
    node = Documents(LimitSettings()).read("{ a b }").node
    tokens = [part.loc.start_token for part in (node, node.definitions[0]) if part.loc]
    tokens += [part.loc.end_token for part in (node, node.definitions[0]) if part.loc]
    assert [(token.prev, token.next) for token in tokens] == [(None, None)] * 4


def test_a_document_longer_than_the_room_is_read_and_forgotten() -> None:
    """It is answered like any other, and nothing is left of it."""
    documents = Documents(LimitSettings(), characters_kept=3)
    assert documents.read("{ a }").node.definitions
    assert documents.read("{ a }") is not documents.read("{ a }")
    assert not documents._kept
    assert documents._room == 3


LENGTHY = "{ phoneNumbers(first: 1) { nodes { id e164 } }" + " " * 500 + "}"


async def test_a_long_document_is_read_beside_the_loop() -> None:
    """In a thread of its own, and remembered once it came again; a short one is read at once."""
    documents = Documents(LimitSettings())
    first, second = await asyncio.gather(documents.read_beside(LENGTHY), documents.read_beside(LENGTHY))
    assert first is not second
    assert second is await documents.read_beside(LENGTHY) is documents.read(LENGTHY)
    assert (await documents.beside(threading.current_thread)).name.startswith("documents")
    reading = documents.read_beside("{ a }")
    with pytest.raises(StopIteration):
        reading.send(None)


def test_a_long_document_that_is_none_is_told(graph: Client) -> None:
    """What is wrong with it comes back from the thread, each time; what is good is answered each time."""
    wrong, broken = LENGTHY.replace("e164", "colour"), LENGTHY[:-1]
    for _ in range(2):
        assert set(graph.ask(wrong).codes) == {"GRAPHQL_VALIDATION_FAILED"}
        assert graph.ask(broken).codes == ["GRAPHQL_PARSE_FAILED"]
        assert len(graph.ask(LENGTHY).data["phoneNumbers"]["nodes"]) == 1
