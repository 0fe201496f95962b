"""A GraphQL request as HTTP brings it, read and checked; anything wrong is a refusal with its status and code."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import ClientDisconnect, Request

BODY_BYTES = 1024 * 1024
"""A request body's length at most, where no setting says otherwise."""


class HttpRefused(Exception):
    """The request cannot be taken; ``status`` and ``code`` say why, the message says what to do."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class Operation(Struct, frozen=True):
    """What is to be executed."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


async def read_operation(request: Request, body_bytes: int = BODY_BYTES) -> Operation:
    """The operation of a GET or POST request (GraphQL over HTTP, Request).

    Raises:
        HttpRefused: 400 not well-formed, 405 wrong method, 413 too long, 415 wrong content type.
    """
    if request.method == "GET":
        return _operation(_from_url(request))
    if request.method != "POST":
        msg = "GraphQL is asked with GET or POST."
        raise HttpRefused(405, "BAD_USER_INPUT", msg, {"allow": "GET, POST"})
    _check_content_type(request)
    return _operation(_decoded(await _body(request, body_bytes), "The body"))


def _from_url(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _decoded(given[name].encode(), f"The URL's {name}")
    return given


def _check_content_type(request: Request) -> None:
    kind, *parameters = (part.strip() for part in request.headers.get("content-type", "").lower().split(";"))
    charsets = [part.partition("=")[2].strip('" ') for part in parameters if part.startswith("charset")]
    if kind != "application/json" or any(charset not in ("utf-8", "utf8") for charset in charsets):
        msg = "Send the body as content-type: application/json, in UTF-8."
        raise HttpRefused(415, "BAD_USER_INPUT", msg)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        msg = "Send the body without content-encoding."
        raise HttpRefused(415, "BAD_USER_INPUT", msg)


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


def _decoded(text: bytes, what: str) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        msg = f'{what} is not JSON: send an object like {{"query": "{{ sources {{ name }} }}"}}.'
        raise HttpRefused(400, "BAD_USER_INPUT", msg) from None
    if isinstance(given, list) and what == "The body":
        msg = "Batches are off: send one operation a request."
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    if given is None and what != "The body":
        return {}
    if not isinstance(given, dict):
        msg = f"{what} must be a JSON object."
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    return given


def _operation(given: dict[str, Any]) -> Operation:
    query = given.get("query")
    if not isinstance(query, str) or not query:
        msg = 'There is no query: send {"query": "{ sources { name } }"} as JSON, or ?query=… in the URL.'
        raise HttpRefused(400, "BAD_USER_INPUT", msg)
    for name, kind, words in (
        ("operationName", str, "a string"),
        ("variables", dict, "an object"),
        ("extensions", dict, "an object"),
    ):
        if given.get(name) is not None and not isinstance(given[name], kind):
            msg = f"{name} must be {words} or null."
            raise HttpRefused(400, "BAD_USER_INPUT", msg)
    return Operation(query, given.get("variables"), given.get("operationName") or None, given.get("extensions"))
