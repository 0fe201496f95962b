"""The GraphQL endpoint: reads a request, executes it, and writes the answer in the media type that is accepted."""

from collections.abc import Mapping
from typing import Any

import msgspec
import strawberry
from graphql import ExecutionResult
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from strawberry.types.execution import PreExecutionError

from gateway.errors import BadUserInput, Unauthenticated
from gateway.schema.context import Context, Rooms
from gateway.web.auth import Door
from gateway.web.exchange import HttpRefused, read_operation
from gateway.web.negotiation import JSON, RESPONSE, media_type, prefers_html
from gateway.web.pages import CONSOLE, CONSOLE_HEADERS

NOT_STORED = {"cache-control": "no-store", "x-content-type-options": "nosniff", "vary": "accept, authorization"}


class GraphQLEndpoint:
    """An ASGI application for one path: GraphQL over HTTP, and a console for browsers."""

    def __init__(self, schema: strawberry.Schema, rooms: Rooms, door: Door) -> None:
        self._schema = schema
        self._rooms = rooms
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        accept = ", ".join(request.headers.getlist("accept"))
        if request.method == "GET" and "query" not in request.query_params and prefers_html(accept):
            return HTMLResponse(CONSOLE, headers=CONSOLE_HEADERS)
        kind = media_type(accept)
        if kind is None:
            refused = HttpRefused(406, "BAD_USER_INPUT", f"Accept {RESPONSE} or {JSON}.")
            return _refusal(refused, JSON)
        try:
            return await self._executed(request, kind)
        except HttpRefused as refused:
            return _refusal(refused, kind)

    async def _executed(self, request: Request, kind: str) -> Response:
        try:
            asker = self._door.identify(request.headers)
        except Unauthenticated as error:
            raise HttpRefused(401, error.code, str(error), {"www-authenticate": "Bearer"}) from None
        operation = await read_operation(request)
        longest = self._rooms.limits.document_bytes
        if len(operation.query.encode()) > longest:
            raise HttpRefused(413, BadUserInput.code, f"The document is longer than {longest} bytes.")
        result = await self._schema.execute(
            operation.query,
            variable_values=operation.variables,
            operation_name=operation.operation_name,
            context_value=Context(self._rooms, asker, as_text=True),
        )
        return _written(result, kind)


def _written(result: Any, kind: str) -> Response:  # noqa: ANN401 - one of Strawberry's execution results
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [error.formatted for error in result.errors]
    refused = _never_ran(result)
    if not refused:
        answer["data"] = result.data
    status = 400 if refused and kind == RESPONSE else 200
    return _json(answer, status, kind, {})


def _never_ran(result: ExecutionResult | PreExecutionError) -> bool:
    """A request error: nothing was executed, so the answer has no ``data`` entry (GraphQL, 7.1.6)."""
    if isinstance(result, PreExecutionError):
        return True
    return result.data is None and all(error.path is None for error in result.errors or ())


def _refusal(refused: HttpRefused, kind: str) -> Response:
    answer = {"errors": [{"message": str(refused), "extensions": {"code": refused.code}}]}
    return _json(answer, refused.status, kind, refused.headers)


def _json(answer: dict[str, Any], status: int, kind: str, headers: Mapping[str, str]) -> Response:
    return Response(
        msgspec.json.encode(answer), status, headers={**NOT_STORED, **headers}, media_type=f"{kind}; charset=utf-8"
    )
