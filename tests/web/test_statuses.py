"""GraphQL over HTTP, the rest: methods, media types on both sides, sizes, encodings, and clients that leave."""

import gzip
from socket import create_connection
from typing import Any

import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.web.exchange import BODY_BYTES, HttpRefused, read_request
from gateway.web.negotiation import media_type, prefers_html
from tests.schema.gateways import JSON, RESPONSE, Client, Simulated, gateway

SOURCES = b'{"query": "{ sources { name } }"}'


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "PROPFIND"])
def test_other_methods_are_refused(web: Client, method: str) -> None:
    """Nothing is asked but with GET and POST; the 405 says so, and names the methods of event streams beside them."""
    reply = web.send(method, "/graphql")
    assert (reply.status, reply.headers["allow"]) == (405, "DELETE, GET, POST, PUT")
    if method != "HEAD":
        assert reply.refusal == ("BAD_USER_INPUT", "GraphQL is asked with GET or POST.")


WEIGHED = [
    ("", JSON),
    ("*/*", JSON),
    ("application/*", JSON),
    (JSON, JSON),
    (RESPONSE, RESPONSE),
    (RESPONSE.upper(), RESPONSE),
    (f"{RESPONSE}, {JSON}", RESPONSE),
    (f"{JSON}, {RESPONSE}", JSON),
    (f"{JSON};q=0.8, {RESPONSE}", RESPONSE),
    (f"{JSON};q=0.5, {RESPONSE};q=0.6", RESPONSE),
    (f"{JSON}; q=0.9 ,{RESPONSE}; q=0.1", JSON),
    (f"{RESPONSE};q=0.1, */*", JSON),
    (f"{RESPONSE}, */*;q=0.1", RESPONSE),
    (f"{JSON};q=0, */*", RESPONSE),
    (f"application/*;q=0.2, {JSON};q=0.1", RESPONSE),
    (f"{RESPONSE}; charset=utf-8", RESPONSE),
    (f'{RESPONSE}; charset="UTF-8"', RESPONSE),
    (f"{RESPONSE}; charset=iso-8859-1, {JSON};q=0.1", JSON),
    (f"text/html;q=0.1, {JSON};q=0.2", JSON),
    ("text/event-stream, */*;q=0.5", JSON),
    (f"text/event-stream, multipart/mixed, {RESPONSE}", RESPONSE),
    (f"{JSON};q=0.1, {JSON}", JSON),
]


@pytest.mark.parametrize(("accept", "media"), WEIGHED)
def test_the_media_type_is_weighed(web: Client, accept: str, media: str) -> None:
    """The heaviest accepted type answers, the closest range weighing it; without a header it is plain JSON."""
    reply = web.send("POST", "/graphql", {"content-type": JSON} | ({"accept": accept} if accept else {}), SOURCES)
    assert (reply.status, reply.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert reply.data


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain",
        "*/*;q=0",
        f"{JSON};q=0",
        f"{JSON};q=0, {RESPONSE};q=0, */*",
        f"{JSON};q=heavy",
        f"{JSON};q=nan",
        f"{JSON};charset=latin-1",
        ",",
    ],
)
def test_nothing_of_ours_is_accepted(web: Client, accept: str) -> None:
    """A 406 says, in JSON after all, which types there are."""
    reply = web.send("POST", "/graphql", {"content-type": JSON, "accept": accept}, SOURCES)
    assert (reply.status, reply.headers["content-type"]) == (406, f"{JSON}; charset=utf-8")
    assert reply.refusal == ("BAD_USER_INPUT", f"Accept {RESPONSE} or {JSON}.")
    assert media_type(accept) is None


def test_several_accept_headers_are_one(web: Client) -> None:
    """A header written twice is one list (RFC 9110, 5.3)."""
    headers = [("content-type", JSON), ("accept", "text/plain"), ("accept", RESPONSE)]
    assert web.send("POST", "/graphql", headers, SOURCES).headers["content-type"] == f"{RESPONSE}; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        (f"text/html, {JSON};q=0.9", True),
        (f"{JSON}, text/html;q=0.9", False),
        ("text/html;q=0", False),
        ("text/*", False),
        ("*/*", False),
        ("", False),
        (RESPONSE, False),
    ],
)
def test_a_page_is_for_whoever_names_it(accept: str, page: bool) -> None:
    """A browser names text/html; programs that accept anything get data."""
    assert prefers_html(accept) is page


@pytest.mark.parametrize(
    "given",
    [
        "",
        "text/plain",
        "application/graphql",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-seq",
        "xapplication/json",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
    ],
)
def test_other_content_types_are_refused(web: Client, given: str) -> None:
    """A 415 says what to send; a content type is compared whole, so none that forms can send is taken."""
    headers = {"accept": RESPONSE} | ({"content-type": given} if given else {})
    reply = web.send("POST", "/graphql", headers, SOURCES)
    assert reply.status == 415
    assert reply.refusal == ("BAD_USER_INPUT", "Send the body as content-type: application/json, in UTF-8.")


@pytest.mark.parametrize(
    "given", ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;x=y"]
)
def test_json_in_utf8_is_taken(web: Client, given: str) -> None:
    """The content type is compared without regard to capitals, and UTF-8 may be said."""
    assert web.post(SOURCES, media_type=given).status == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip"])
def test_compressed_bodies_are_refused(web: Client, encoding: str) -> None:
    """Nothing is unpacked: a small body could hold gigabytes."""
    headers = {"content-type": JSON, "accept": RESPONSE, "content-encoding": encoding}
    reply = web.send("POST", "/graphql", headers, gzip.compress(SOURCES))
    assert reply.status == 415
    assert reply.refusal == ("BAD_USER_INPUT", "Send the body without content-encoding.")


def test_a_body_that_says_it_is_plain(web: Client) -> None:
    """``content-encoding: identity`` is none."""
    headers = {"content-type": JSON, "content-encoding": "identity"}
    assert web.send("POST", "/graphql", headers, SOURCES).status == 200


def test_a_body_has_a_largest_size(web: Client) -> None:
    """A megabyte is read; one byte more is a 413, whatever it holds."""
    full = SOURCES + b" " * (BODY_BYTES - len(SOURCES))
    assert web.post(full).status == 200
    reply = web.post(full + b" ")
    assert reply.status == 413
    assert reply.refusal == ("BAD_USER_INPUT", "The body is longer than 1048576 bytes.")


async def test_a_client_that_leaves_is_refused() -> None:
    """A request that ends in the middle is no request: nothing of it is executed."""
    messages: list[Message] = [
        {"type": "http.request", "body": SOURCES[:5], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}
    with pytest.raises(HttpRefused, match=r"The client left before its request was complete\.") as refused:
        await read_request(Request(scope, receive))
    assert (refused.value.status, messages) == (400, [])


def test_clients_that_leave_disturb_nobody(web: Client) -> None:
    """Connections that break off within head or body leave a gateway that answers the next caller."""
    host, port = web.url.removeprefix("http://").split(":")
    head = b"POST /graphql HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n"
    for sent in (head[:40], head, head + SOURCES):
        with create_connection((host, int(port)), timeout=10) as left:
            left.sendall(sent)
        assert web.post(SOURCES).status == 200


def test_a_document_has_a_largest_size(simulated: Simulated) -> None:
    """``limits.document_bytes`` counts bytes, not characters; a longer document is refused before it is parsed."""
    with gateway(simulated.sources, limits={"document_bytes": 60}) as client:
        document = "{ sources { name } } # " + "é" * 18
        assert client.ask(document + "e").data["sources"]
        reply = client.ask(document + "é")
    assert (reply.status, reply.codes) == (400, ["DOCUMENT_TOO_COMPLEX"])
    assert reply.refusal[1].startswith("The document is 61 bytes long; 60 is the limit:")
