"""Answers in parts, batches, event streams of one answer, and the status codes of two editions."""

import json
from collections.abc import Iterator

import pytest

from tests.schema.gateways import JSON, RESPONSE, Client, Json, Simulated, gateway
from tests.web.frames import events_in, parts_in

DEFERRED = """{
  sources { name }
  phoneNumber(e164: "+12056350001") { e164 ... @defer(label: "records") { records { source { name } } } }
}"""
NAMES = [{"name": name} for name in ("dallas", "epsilon", "london", "market", "voice_sg")]
FOUND = [{"source": {"name": "dallas"}}]
WHOLE = {"sources": NAMES, "phoneNumber": {"e164": "+12056350001", "records": FOUND}}
PARTS = f"multipart/mixed, {RESPONSE}"


def sent(client: Client, body: object, accept: str = RESPONSE) -> tuple[int, str, bytes]:
    """The status, media type and content that come back."""
    reply = client.post(json.dumps(body).encode(), accept)
    return reply.status, reply.headers["content-type"], reply.content


@pytest.mark.parametrize("accept", [PARTS, f"multipart/mixed;deferSpec=20220824, {JSON};q=0.9"])
def test_what_is_deferred_comes_in_a_part_of_its_own(web: Client, accept: str) -> None:
    """The first part has the rest; the second says where it belongs, as both generations of clients want to hear it."""
    status, kind, content = sent(web, {"query": DEFERRED}, accept)
    first, *more = parts_in(content, "-")
    assert (status, kind) == (200, 'multipart/mixed; boundary="-"')
    assert first == {
        "data": {"sources": NAMES, "phoneNumber": {"e164": "+12056350001"}},
        "pending": [{"id": "0", "path": ["phoneNumber"], "label": "records"}],
        "hasNext": True,
    }
    assert more == [
        {
            "incremental": [{"id": "0", "path": ["phoneNumber"], "label": "records", "data": {"records": FOUND}}],
            "completed": [{"id": "0"}],
            "hasNext": False,
        }
    ]


@pytest.mark.parametrize("accept", [RESPONSE, JSON, f"multipart/mixed;q=0, {RESPONSE}"])
def test_without_parts_the_answer_is_whole(web: Client, accept: str) -> None:
    """A client that does not take parts gets everything at once, in what it takes."""
    _, kind, content = sent(web, {"query": DEFERRED}, accept)
    assert (kind.partition(";")[0], json.loads(content)) == (accept.rpartition(", ")[2], {"data": WHOLE})


def test_other_directives_stay(web: Client) -> None:
    """Only ``@defer`` is left out of a document that is answered whole."""
    query = '{ phoneNumber(e164: "+12") { ... @defer @skip(if: true) { e164 } complete @include(if: true) } }'
    assert list(json.loads(sent(web, {"query": query})[2])["data"]["phoneNumber"]) == ["complete"]


@pytest.mark.parametrize(
    "query", ["{ sources { name } } # @defer", "{ sources { name ... @defer(if: false) { name } } }"]
)
def test_what_has_no_parts_is_sent_whole(web: Client, query: str) -> None:
    """A client that takes parts gets plain JSON where there are none."""
    _, kind, content = sent(web, {"query": query}, PARTS)
    assert (kind, json.loads(content)) == (f"{RESPONSE}; charset=utf-8", {"data": {"sources": NAMES}})


def test_errors_of_a_part_have_codes(web: Client) -> None:
    """What fails in a deferred part is told there, with its place and code; unlabelled parts have no label."""
    query = "{ sources { name } ... @defer { phoneNumbers(first: -1) { complete } } }"
    _, last = parts_in(sent(web, {"query": query}, PARTS)[2], "-")
    [part] = last["incremental"]
    assert (part["path"], part["data"], "label" in part) == ([], {"phoneNumbers": None}, False)
    [error] = part["errors"]
    assert (error["path"], error["extensions"]) == (["phoneNumbers"], {"code": "BAD_USER_INPUT"})


def test_a_request_error_is_no_part(web: Client) -> None:
    """A document that cannot be executed is refused as always."""
    status, kind, content = sent(web, {"query": "{ ... @defer { colour } }"}, PARTS)
    assert (status, kind) == (400, f"{RESPONSE}; charset=utf-8")
    assert json.loads(content)["errors"][0]["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


def test_stream_is_unknown(web: Client) -> None:
    """Of the two directives for parts, lists have none."""
    assert web.ask("{ sources @stream { name } }").codes == ["GRAPHQL_VALIDATION_FAILED"]


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("{ sources { name } }", {"data": {"sources": NAMES}}),
        ("{ colour }", {"errors": [{"extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}]}),
    ],
)
def test_a_query_may_be_answered_by_events(web: Client, query: str, answer: Json) -> None:
    """A client that takes nothing but events gets one and the end; request errors too (GraphQL over SSE)."""
    status, kind, content = sent(web, {"query": query}, "text/event-stream")
    assert (status, kind) == (200, "text/event-stream; charset=utf-8")
    assert b"\r" not in content
    (_, first, told), (_, last, nothing) = events_in(content.decode())
    assert (first, last, nothing) == ("next", "complete", None)
    told["errors"] = [{"extensions": error["extensions"]} for error in told.get("errors", [])]
    assert told == {"errors": [], **answer}


@pytest.fixture(scope="module")
def batching(simulated: Simulated) -> Iterator[Client]:
    """A gateway that takes three operations at once."""
    with gateway(simulated.sources, limits={"batch": 3}) as client:
        yield client


def test_a_batch_is_answered_in_order(batching: Client) -> None:
    """Each operation has its own answer; what is wrong with one leaves the others alone."""
    batch = [
        {"query": "{ __typename }"},
        {"query": "{ colour }"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
    ]
    status, kind, content = sent(batching, batch)
    first, *others = json.loads(content)
    assert (status, kind, first) == (200, f"{RESPONSE}; charset=utf-8", {"data": {"__typename": "Query"}})
    codes = [error["extensions"]["code"] for answer in others for error in answer["errors"]]
    assert codes == ["GRAPHQL_VALIDATION_FAILED", "PERSISTED_QUERY_NOT_FOUND"]
    assert json.loads(sent(batching, [{"query": ""}])[2])[0]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("batch", "words"),
    [
        ([], "A batch has 1 to 3 operations, and this one has 0"),
        ([{"query": "{ __typename }"}] * 4, "A batch has 1 to 3 operations, and this one has 4"),
        ([5], "Each of a batch must be a JSON object."),
        ([{"query": 5}], "query must be a string or null."),
    ],
)
def test_batches_that_are_none(batching: Client, batch: list[object], words: str) -> None:
    """A batch has its bounds, and is refused as a whole when one of its entries is no operation."""
    status, _, content = sent(batching, batch)
    assert status == 400
    assert words in json.loads(content)["errors"][0]["message"]


CODES = [
    ("{ sources { name } }", 200, 200),
    ("{ phoneNumbers(first: -1) { complete } sources { name } }", 200, 294),
    ("{", 400, 400),
    ("{ colour }", 400, 422),
    ("query A { __typename } query B { __typename }", 400, 422),
]


@pytest.fixture(scope="module")
def drafted(simulated: Simulated) -> Iterator[Client]:
    """A gateway with the status codes of the edition of 2026-09."""
    with gateway(simulated.sources, server={"status_codes": "draft"}) as client:
        yield client


@pytest.mark.parametrize(("query", "audited", "draft"), CODES)
def test_the_status_codes_of_two_editions(web: Client, drafted: Client, query: str, audited: int, draft: int) -> None:
    """400 for every request error or 422 for what can be parsed; 200 or 294 for data with errors; JSON is always 200."""
    assert (web.ask(query).status, drafted.ask(query).status) == (audited, draft)
    content = json.dumps({"query": query}).encode()
    assert (web.post(content, JSON).status, drafted.post(content, JSON).status) == (200, 200)


def test_without_accept_the_newer_edition_has_the_newer_type(web: Client, drafted: Client) -> None:
    """What an absent Accept header means was changed."""
    kinds = [
        client.send("POST", "/graphql", {"content-type": JSON}, b'{"query": "{ __typename }"}').headers["content-type"]
        for client in (web, drafted)
    ]
    assert kinds == [f"{JSON}; charset=utf-8", f"{RESPONSE}; charset=utf-8"]
