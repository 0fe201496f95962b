"""A GraphQL request as HTTP brings it, read and checked; anything wrong is a refusal with its status and code."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

from gateway.web.trusted import bare

BODY_BYTES = 1024 * 1024
"""A request body's length at most, where no setting says otherwise."""

ENTRIES: tuple[tuple[str, type, str], ...] = (
    ("query", str, "a string"),
    ("documentId", str, "a string"),
    ("doc_id", str, "a string"),
    ("id", str, "a string"),
    ("operationName", str, "a string"),
    ("variables", dict, "an object"),
    ("extensions", dict, "an object"),
)
"""What a request may hold; anything else is passed over."""


class HttpRefused(Exception):
    """The request cannot be taken; ``status`` and ``code`` say why, the message says what to do."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class Asked(Struct, frozen=True):
    """What is to be executed: a document by its text, by its id or hash, or both."""

    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


async def read_request(request: Request, body_bytes: int = BODY_BYTES, batch: int = 1) -> Asked | list[Asked]:
    """What a GET or POST request asks (GraphQL over HTTP, Request); a list for a batch, of ``batch`` at most.

    Raises:
        HttpRefused: 400 not well-formed, 405 wrong method, 413 too long, 415 wrong content type.
    """
    return asked_in(request, await content_of(request, body_bytes), batch)


async def content_of(request: Request, body_bytes: int) -> bytes:
    """What a request asks, as it came: the query of a GET's URL, the body of a POST.

    Raises:
        HttpRefused: 405 wrong method, 413 too long, 415 wrong content type.
    """
    if request.method == "GET":
        return bytes(request.scope["query_string"])
    if request.method != "POST":
        msg = "GraphQL is asked with GET or POST."
        raise HttpRefused(405, "BAD_USER_INPUT", msg, {"allow": "DELETE, GET, POST, PUT"})
    _check_content_type(request)
    return await _body(request, body_bytes)


def asked_in(request: Request, content: bytes, batch: int) -> Asked | list[Asked]:
    """What the content asks.

    Raises:
        HttpRefused: 400 not well-formed.
    """
    if request.method == "GET":
        return asked_of(_from_url(request))
    given = _decoded(content, "The body")
    if isinstance(given, list):
        _check_batch(given, batch)
        return [asked_of(_object(one, "Each of a batch")) for one in given]
    return asked_of(_object(given, "The body"))


def _check_batch(given: list[Any], most: int) -> None:
    if most == 1:
        msg = "Batches are off: send one operation a request."
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    if not 1 <= len(given) <= most:
        msg = f"A batch has 1 to {most} operations, and this one has {len(given)}: send several."
        raise HttpRefused(400, "BAD_USER_INPUT", msg)


def _from_url(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in given:
            what = f"The URL's {name}"
            given[name] = _object(_decoded(given[name].encode(), what) or {}, what)
    return given


def _check_content_type(request: Request) -> None:
    if not is_json(request.headers.get("content-type", "")):
        msg = "Send the body as content-type: application/json, in UTF-8."
        raise HttpRefused(415, "BAD_USER_INPUT", msg)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        msg = "Send the body without content-encoding."
        raise HttpRefused(415, "BAD_USER_INPUT", msg)


@lru_cache(256)
def is_json(content_type: str) -> bool:
    """Whether that names JSON in UTF-8."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
    return kind == "application/json" and all(charset in ("utf-8", "utf8") for charset in charsets)


async def _body(request: Request, longest: int) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > longest:
                msg = f"The body is longer than {longest} bytes."
                raise HttpRefused(413, "BAD_USER_INPUT", msg)
    except ClientDisconnect:
        msg = "The client left before its request was complete."
        raise HttpRefused(400, "BAD_USER_INPUT", msg) from None
    return bytes(body)


def _decoded(text: bytes, what: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError):
        msg = f'{what} is not JSON: send an object like {{"query": "{{ sources {{ name }} }}"}}.'
        raise HttpRefused(400, "BAD_USER_INPUT", msg) from None


def _object(given: object, what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        msg = f"{what} must be a JSON object."
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    return given


def asked_of(given: dict[str, Any]) -> Asked:
    """What a JSON object asks.

    Raises:
        HttpRefused: 400 an entry is of another type than it must be.
    """
    for name, kind, words in ENTRIES:
        if given.get(name) is not None and not isinstance(given[name], kind):
            msg = f"{name} must be {words} or null."
            raise HttpRefused(400, "BAD_USER_INPUT", msg)
    return Asked(
        query=given.get("query") or None,
        document_id=_document_id(given),
        variables=given.get("variables"),
        operation_name=given.get("operationName") or None,
        extensions=given.get("extensions"),
    )


def _document_id(given: dict[str, Any]) -> str | None:
    """How documents are named: GraphQL over HTTP's own way, Relay's two, and Apollo's."""
    for name in ("documentId", "doc_id", "id"):
        if given.get(name):
            return bare(given[name])
    persisted = (given.get("extensions") or {}).get("persistedQuery")
    if persisted is None:
        return None
    if not isinstance(persisted, dict) or persisted.get("version") != 1 or not _is_text(persisted.get("sha256Hash")):
        msg = 'extensions.persistedQuery must be {"version": 1, "sha256Hash": "…"}.'
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    return str(persisted["sha256Hash"])


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
