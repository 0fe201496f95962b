"""What goes back: GraphQL results and refusals as JSON, each error with its code and each answer with its status."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.errors import BadUserInput, GatewayError
from gateway.schema.codes import UNFORESEEN, extensions_of
from gateway.telemetry import Refused, Tell, silence
from gateway.web.exchange import HttpRefused
from gateway.web.negotiation import JSON, RESPONSE
from gateway.web.requests import bound_headers

NOT_STORED = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "accept, authorization"}

SAFE_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""Of every answer that does not say otherwise: it loads nothing, is framed nowhere, and is what it says it is."""

Head: TypeAlias = Iterable[tuple[bytes, bytes]]


def with_safe(head: Head) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, with those of every answer."""
    given = list(head)
    names = {name for name, _ in given}
    return [*given, *(pair for pair in SAFE_HEADERS if pair[0] not in names)]


class Answer(Response):
    """A response that tells of the errors in it when it is sent; ``codes`` are theirs."""

    codes: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell, then send."""
        tell_codes(scope, self.codes)
        await super().__call__(scope, receive, send)


def teller(scope: Scope) -> Tell:
    """Who is told what happens in the application that a request came to."""
    tell: Tell = getattr(scope["app"].state, "tell", silence)
    return tell


def tell_codes(scope: Scope, codes: Iterable[str]) -> None:
    """A client is told errors with these codes."""
    for code in codes:
        teller(scope)(Refused(code))


def codes_of(answer: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """The codes of an answer's errors; of a batch those of each answer, of an answer in parts those of each part."""
    for one in answer if isinstance(answer, list) else [answer]:
        for error in one.get("errors") or ():
            yield error.get("extensions", {}).get("code", GatewayError.code)
        yield from codes_of(one.get("incremental") or [])


def error_answer(code: str, message: str) -> dict[str, Any]:
    """The answer to what was not executed."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


FAILED = error_answer(GatewayError.code, UNFORESEEN)
"""The answer where the gateway itself is at fault."""


def refused_answer(error: GatewayError) -> dict[str, Any]:
    """The answer to what one of our errors kept from being executed."""
    return {"errors": [{"message": str(error), "extensions": extensions_of(error)}]}


def status_of(answer: dict[str, Any], kind: str, *, draft: bool) -> int:
    """The status of an answer that the gateway is able to give; under plain JSON it is always 200 (GraphQL over HTTP, Status Codes).

    The official audits want 400 for every request error; the edition of 2026-09 (``draft``) keeps that for documents
    that cannot be parsed, says 422 for the others, and 294 for an answer with both data and errors.
    """
    if answer is FAILED:
        return 500
    if kind != RESPONSE:
        return 200
    if "data" in answer:
        return 294 if draft and "errors" in answer else 200
    parsed = answer["errors"][0]["extensions"]["code"] != "GRAPHQL_PARSE_FAILED"
    return 422 if draft and parsed else 400


def refusal(refused: HttpRefused, kind: str) -> Response:
    """What was not even a GraphQL request."""
    return json_response(error_answer(refused.code, str(refused)), refused.status, kind, refused.headers)


def json_response(answer: object, status: int, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that nobody stores."""
    response = Answer(
        msgspec.json.encode(answer),
        status,
        headers={**NOT_STORED, **(headers or {})},
        media_type=f"{kind}; charset=utf-8",
    )
    response.codes = tuple(codes_of(answer))
    return response


async def _nowhere(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    taken = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    words = {
        404: "There is nothing at this address: GraphQL is asked at /graphql.",
        405: f"This address takes {taken} only.",
    }
    answer = error_answer(BadUserInput.code, words.get(error.status_code, error.detail))
    return json_response(answer, error.status_code, JSON, error.headers)


async def _failed(_: Request, __: Exception) -> Response:
    return json_response(FAILED, 500, JSON, bound_headers())


HANDLERS = {HTTPException: _nowhere, Exception: _failed}
"""What Starlette refuses by itself, and what nobody foresaw, told in JSON like everything else."""
