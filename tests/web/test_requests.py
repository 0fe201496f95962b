"""GraphQL over HTTP, the request: methods, bodies and URLs, and what is refused with which status."""

from urllib.parse import quote, urlencode

import msgspec
import pytest

from tests.schema.gateways import JSON, RESPONSE, Client, Json

NAMES = ["dallas", "epsilon", "london", "market", "voice_sg"]
SOURCES = "{ sources { name } }"
ANSWER = {"data": {"sources": [{"name": name} for name in NAMES]}}
TWO = "query One { sources { name } } query Two { __typename }"


def test_post(web: Client) -> None:
    """A POST of JSON is answered in the accepted media type, is not stored, and is not guessed at."""
    reply = web.ask(SOURCES)
    assert (reply.status, reply.json) == (200, ANSWER)
    assert reply.headers["content-type"] == f"{RESPONSE}; charset=utf-8"
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["vary"] == "accept, authorization"
    assert "server" not in reply.headers


GET = {
    "a query": {"query": SOURCES},
    "variables": {
        "query": "query ($e: E164!) { phoneNumber(e164: $e, sources: []) { e164 } }",
        "variables": '{"e": "+12"}',
    },
    "null variables": {"query": SOURCES, "variables": "null"},
    "extensions": {"query": SOURCES, "extensions": '{"any": ["thing"]}'},
    "an operation's name": {"query": TWO, "operationName": "Two"},
    "an empty name": {"query": SOURCES, "operationName": ""},
}


@pytest.mark.parametrize("parameters", GET.values(), ids=GET)
def test_get(web: Client, parameters: dict[str, str]) -> None:
    """A GET takes query, variables and extensions in JSON, and operationName from the URL."""
    reply = web.send("GET", f"/graphql?{urlencode(parameters)}", {"accept": RESPONSE})
    assert (reply.status, "errors" in reply.json) == (200, False)
    assert reply.json["data"]


def test_variables_of_the_url_are_used(web: Client) -> None:
    """A plus in the URL is sent encoded, and arrives as a plus."""
    reply = web.send("GET", f"/graphql?{urlencode(GET['variables'])}")
    assert reply.data == {"phoneNumber": {"e164": "+12"}}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "There is no query"),
        ("query=", "There is no query"),
        ("variables={}", "There is no query"),
        (f"query={quote(SOURCES)}&variables=x", "The URL's variables is not JSON"),
        (f"query={quote(SOURCES)}&variables=[1]", "The URL's variables must be a JSON object."),
        (f"query={quote(SOURCES)}&variables=%ff", "The URL's variables is not JSON"),
        (f"query={quote(SOURCES)}&variables={'[' * 9000}", "The URL's variables is not JSON"),
        (f"query={quote(SOURCES)}&extensions=3", "The URL's extensions must be a JSON object."),
        (f"query={quote('mutation { buy }')}", "The mutation operation is not supported"),
    ],
)
def test_bad_urls(web: Client, query: str, words: str) -> None:
    """A GET that is not well-formed is a 400 with a sentence, and has no ``data``."""
    reply = web.send("GET", f"/graphql?{query}", {"accept": RESPONSE})
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert words in reply.refusal[1]


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "The body is not JSON"),
    "half": (b'{"query": "{', "The body is not JSON"),
    "broken UTF-8": (b'{"query": "\xff"}', "The body is not JSON"),
    "UTF-16": ('{"query": "{ __typename }"}'.encode("utf-16"), "The body is not JSON"),
    "a lone surrogate": (b'{"query": "\\ud800"}', "The body is not JSON"),
    "deep arrays": (b"[" * 100_000, "The body is not JSON"),
    "deep objects": (b'{"a":' * 100_000, "The body is not JSON"),
    "an endless integer": (
        b'{"query": "{ __typename }", "variables": {"a": %s}}' % (b"1" * 6000),
        "The body is not JSON",
    ),
    "NaN": (b"NaN", "The body is not JSON"),
    "NaN within": (b'{"query": "{ __typename }", "variables": {"a": NaN}}', "The body is not JSON"),
    "a huge exponent": (b'{"query": "{ __typename }", "variables": {"a": 1e999}}', "The body is not JSON"),
    "a number": (b"1", "The body must be a JSON object."),
    "a text": (b'"{ __typename }"', "The body must be a JSON object."),
    "null": (b"null", "The body must be a JSON object."),
    "true": (b"true", "The body must be a JSON object."),
    "an empty batch": (b"[]", "Batches are off: send one operation a request."),
    "a batch": (b'[{"query": "{ __typename }"}]', "Batches are off: send one operation a request."),
    "no query": (b"{}", "There is no query"),
    "an empty query": (b'{"query": ""}', "There is no query"),
    "a null query": (b'{"query": null}', "There is no query"),
    "a query in a list": (b'{"query": ["{ __typename }"]}', "query must be a string or null."),
    "a number for a query": (b'{"query": 5}', "query must be a string or null."),
    "a number for a name": (
        b'{"query": "{ __typename }", "operationName": 1}',
        "operationName must be a string or null.",
    ),
    "a list for variables": (b'{"query": "{ __typename }", "variables": []}', "variables must be an object or null."),
    "a text for variables": (b'{"query": "{ __typename }", "variables": "{}"}', "variables must be an object or null."),
    "a text for extensions": (
        b'{"query": "{ __typename }", "extensions": "x"}',
        "extensions must be an object or null.",
    ),
}


@pytest.mark.parametrize("accept", [RESPONSE, JSON])
@pytest.mark.parametrize(("content", "words"), BODIES.values(), ids=BODIES)
def test_bodies_that_are_no_request(web: Client, content: bytes, words: str, accept: str) -> None:
    """Whatever the body holds, the answer is a 400 in JSON with BAD_USER_INPUT and a sentence, under either media type."""
    reply = web.post(content, accept)
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert reply.headers["content-type"] == f"{accept}; charset=utf-8"
    code, message = reply.refusal
    assert code == "BAD_USER_INPUT"
    assert words in message


@pytest.mark.parametrize("more", [{"operationName": None}, {"variables": None}, {"extensions": None}, {"extra": 1}])
def test_nulls_and_extra_entries_are_fine(web: Client, more: Json) -> None:
    """Optional entries may be null, and unknown ones are passed over."""
    assert web.post(msgspec.json.encode({"query": SOURCES, **more})).json == ANSWER


REQUEST_ERRORS: dict[str, tuple[Json, str]] = {
    "cut off": ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
    "unknown field": ({"query": "{ colour }"}, "GRAPHQL_VALIDATION_FAILED"),
    "no operation": ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED"),
    "a variable of the wrong type": (
        {"query": "query ($n: E164!) { phoneNumber(e164: $n) { e164 } }", "variables": {"n": 5}},
        "BAD_USER_INPUT",
    ),
    "two operations and no name": ({"query": TWO}, "BAD_USER_INPUT"),
    "two operations and an empty name": ({"query": TWO, "operationName": ""}, "BAD_USER_INPUT"),
    "another name": ({"query": TWO, "operationName": "Three"}, "BAD_USER_INPUT"),
    "a name where there is none": ({"query": SOURCES, "operationName": "One"}, "BAD_USER_INPUT"),
}


@pytest.mark.parametrize(("asked", "code"), REQUEST_ERRORS.values(), ids=REQUEST_ERRORS)
def test_request_errors_have_no_data(web: Client, asked: Json, code: str) -> None:
    """Nothing ran: no ``data``, 400 under the new media type and 200 under plain JSON."""
    content = msgspec.json.encode(asked)
    new, old = web.post(content), web.post(content, JSON)
    assert (new.status, set(new.json), new.codes) == (400, {"errors"}, [code])
    assert (old.status, old.json) == (200, new.json)


@pytest.mark.parametrize(("name", "data"), [("One", ANSWER["data"]), ("Two", {"__typename": "Query"})])
def test_the_named_operation_runs(web: Client, name: str, data: object) -> None:
    """Of two operations the named one runs."""
    assert web.ask(TWO, operationName=name).json == {"data": data}


def test_an_error_within_is_not_a_request_error(web: Client) -> None:
    """Once something ran, the status is 200 under both media types, and ``data`` is there."""
    content = b'{"query": "{ phoneNumbers(first: -1) { complete } sources { name } }"}'
    for accept in (RESPONSE, JSON):
        reply = web.post(content, accept)
        assert (reply.status, reply.json["data"]) == (200, {"phoneNumbers": None, **ANSWER["data"]})
        assert reply.codes == ["BAD_USER_INPUT"]
