"""What goes back: GraphQL results and refusals as JSON, each error with its code and each answer with its status."""

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import ExecutionResult
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from strawberry.types.execution import PreExecutionError

from gateway.errors import BadUserInput, GatewayError
from gateway.web.exchange import HttpRefused
from gateway.web.negotiation import JSON, RESPONSE

NOT_STORED = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "accept, authorization"}


def answer_of(result: Any) -> dict[str, Any]:  # noqa: ANN401 - one of Strawberry's execution results
    """A result as JSON; a request error, after which nothing was executed, has no ``data`` entry (GraphQL, 7.1.6)."""
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    if not _never_ran(result):
        answer["data"] = result.data
    return answer


def _never_ran(result: ExecutionResult | PreExecutionError) -> bool:
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and all(error.path is None for error in result.errors or ())


def error_answer(code: str, message: str) -> dict[str, Any]:
    """The answer to what was not executed."""
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def response_of(answer: dict[str, Any], kind: str) -> Response:
    """A GraphQL answer with its status: under plain JSON it is always 200 (GraphQL over HTTP, Status Codes)."""
    status = 400 if "data" not in answer and kind == RESPONSE else 200
    return json_response(answer, status, kind)


def refusal(refused: HttpRefused, kind: str) -> Response:
    """What was not even a GraphQL request."""
    return json_response(error_answer(refused.code, str(refused)), refused.status, kind, refused.headers)


def json_response(answer: object, status: int, kind: str, headers: Mapping[str, str] | None = None) -> Response:
    """JSON that nobody stores."""
    return Response(
        msgspec.json.encode(answer),
        status,
        headers={**NOT_STORED, **(headers or {})},
        media_type=f"{kind}; charset=utf-8",
    )


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
    answer = error_answer(GatewayError.code, "The gateway failed here; the failure is logged.")
    return json_response(answer, 500, JSON)


HANDLERS = {HTTPException: _nowhere, Exception: _failed}
"""What Starlette refuses by itself, and what nobody foresaw, told in JSON like everything else."""
