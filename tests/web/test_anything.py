"""Whatever is sent, the endpoint answers in JSON with a code, and never fails."""

import string

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.schema.gateways import JSON, RESPONSE, Client, Headers, Reply

TOKENS = string.ascii_letters + string.digits + '-*/+.;=, q"0\xe9'
VALUES = st.text(TOKENS, max_size=40).map(str.strip)
SIGNS = ["{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "=", "|", "&", "...", "\ufeff"]
WORDS = [
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "sources",
    "name",
    "__typename",
    "phoneNumbers",
    "first",
    "nodes",
    "Query",
    "null",
    "__schema",
]
PHRASES = ["$a", "1", "-1e9", '"x"', '"""y"""', '(e164: "+12")', "(first: 1)", "@skip(if: true)", "# note\n", "\\u00e9"]
DOCUMENTS = st.text(max_size=60) | st.lists(st.sampled_from(SIGNS + WORDS + PHRASES), max_size=25).map(" ".join)
PIECES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=8), part, max_size=3),
    max_leaves=8,
)
OPERATIONS = st.fixed_dictionaries(
    {}, optional={"query": DOCUMENTS | PIECES, "variables": PIECES, "operationName": PIECES, "extensions": PIECES}
)
BODIES = (
    st.binary(max_size=80)
    | PIECES.map(msgspec.json.encode)
    | OPERATIONS.map(msgspec.json.encode)
    | OPERATIONS.map(msgspec.json.encode).flatmap(lambda whole: st.integers(0, len(whole)).map(lambda cut: whole[:cut]))
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "content-type": st.just(JSON) | st.just(f"{JSON}; charset=utf-8") | VALUES,
        "accept": st.sampled_from([RESPONSE, JSON, "text/html", "*/*"]) | VALUES,
        "authorization": st.just("Bearer x") | VALUES,
        "content-encoding": st.sampled_from(["identity", "gzip"]) | VALUES,
        "if-none-match": VALUES,
        "x-anything": VALUES,
    },
)
URLS = st.text(string.ascii_letters + string.digits + "%&=?/+-.:{}$[]!'()*,;@~_", max_size=60)


def check(reply: Reply) -> None:
    """An answer that every client can read: JSON that is either data or errors with codes, and no failure."""
    assert reply.status < 500
    assert reply.headers["content-type"].partition(";")[0] in {JSON, RESPONSE}
    assert reply.errors or reply.json["data"] is not None
    assert (reply.status == 200) or "data" not in reply.json


@settings(max_examples=300, deadline=None)
@given(content=BODIES, headers=HEADERS)
@example(content=b'{"query": "{ sources { name } }"}', headers={"content-type": JSON})
def test_any_body_and_headers(web: Client, content: bytes, headers: Headers) -> None:
    """Generated bodies under generated headers."""
    check(web.send("POST", "/graphql", headers, content))


@settings(max_examples=200, deadline=None)
@given(operation=OPERATIONS, accept=st.sampled_from([RESPONSE, JSON]))
def test_any_operation(web: Client, operation: dict[str, object], accept: str) -> None:
    """Generated documents, variables, names and extensions, in a request that is otherwise good."""
    check(web.post(msgspec.json.encode(operation), accept))


@settings(max_examples=150, deadline=None)
@given(query=URLS)
@example(query="query=%00")
@example(query="query=%ed%a0%80&variables={")
@example(query="&&&===")
def test_any_query_string(web: Client, query: str) -> None:
    """Generated query strings of a GET."""
    check(web.send("GET", f"/graphql?{query}"))


@settings(max_examples=150, deadline=None)
@given(path=URLS, method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"]))
def test_any_path(web: Client, path: str, method: str) -> None:
    """Nothing that is asked of any path is a failure of the gateway's."""
    assert web.send(method, f"/{path}").status < 500
