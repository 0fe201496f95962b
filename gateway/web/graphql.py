"""The GraphQL endpoint: reads a request, executes it, and writes the answer in the media type that is accepted."""

import strawberry
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from gateway.errors import PersistedQueryNotFound, Unauthenticated
from gateway.schema.context import Context, Rooms
from gateway.web.answers import answer_of, error_answer, refusal, response_of
from gateway.web.auth import Door
from gateway.web.documents import Library
from gateway.web.exchange import HttpRefused, read_request
from gateway.web.negotiation import JSON, RESPONSE, media_type, prefers_html
from gateway.web.pages import CONSOLE, CONSOLE_HEADERS

ASKS = frozenset({"query", "documentId", "extensions"})
"""Parameters of a URL that asks something; without any of them a browser wants the page."""


class GraphQLEndpoint:
    """An ASGI application for one path: GraphQL over HTTP, and a console for browsers."""

    def __init__(self, schema: strawberry.Schema, rooms: Rooms, door: Door, library: Library) -> None:
        self._schema = schema
        self._rooms = rooms
        self._door = door
        self._library = library

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        accept = ", ".join(request.headers.getlist("accept"))
        if request.method == "GET" and ASKS.isdisjoint(request.query_params) and prefers_html(accept):
            return HTMLResponse(CONSOLE, headers=CONSOLE_HEADERS)
        kind = media_type(accept)
        if kind is None:
            refused = HttpRefused(406, "BAD_USER_INPUT", f"Accept {RESPONSE} or {JSON}.")
            return refusal(refused, JSON)
        try:
            return await self._executed(request, kind)
        except HttpRefused as refused:
            return refusal(refused, kind)

    async def _executed(self, request: Request, kind: str) -> Response:
        try:
            asker = self._door.identify(request.headers)
        except Unauthenticated as error:
            raise HttpRefused(401, error.code, str(error), {"www-authenticate": "Bearer"}) from None
        asked = await read_request(request)
        try:
            query = await self._library.text_of(asked)
        except PersistedQueryNotFound as error:
            return response_of(error_answer(error.code, str(error)), kind)
        result = await self._schema.execute(
            query,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            context_value=Context(self._rooms, asker),
        )
        return response_of(answer_of(result), kind)
