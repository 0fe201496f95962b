"""The GraphQL endpoint: reads a request, executes it, and writes the answer in the media type that is accepted."""

import asyncio
from functools import partial
from typing import Any, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import BadUserInput, PersistedQueryNotFound, RequestRefused, Unauthenticated
from gateway.schema.authority import INTROSPECTION, Asker
from gateway.settings import Settings
from gateway.web.answers import NOT_STORED, error_answer, json_response, refusal, refused_answer, status_of
from gateway.web.auth import Door
from gateway.web.budget import Admission
from gateway.web.documents import Library
from gateway.web.exchange import Asked, HttpRefused, asked_in, content_of, read_request
from gateway.web.execution import Execution, NeedsStream, Operation, Stream, Told
from gateway.web.kept import SERVED, Asking, KeptAnswers
from gateway.web.limits import ASKER, ASKING
from gateway.web.negotiation import (
    EVENTS,
    JSON,
    RESPONSE,
    media_type,
    prefers_html,
    stream_type,
    takes_parts,
    unnamed_type,
)
from gateway.web.pages import PAGE
from gateway.web.presence import ClientGone, while_present
from gateway.web.requests import note_operation
from gateway.web.reservations import Reservations
from gateway.web.streams import EVENT_STREAM, PATCHES, PAYLOADS, SHARED, Streamed

TOKEN = "x-graphql-event-stream-token"  # noqa: S105 - the name of a header

SUBSCRIBE = "A subscription is a stream: accept text/event-stream, or multipart/mixed;subscriptionSpec=1.0, or open a WebSocket here."


class Wants(NamedTuple):
    """What a client takes: the media type for one answer, None when it takes streams only; and where a stream resumes.

    ``headers`` are those it asked with, which must let it in for as long as a stream lasts.
    """

    kind: str | None
    accept: str
    after: str | None
    headers: Headers


class GraphQLEndpoint:
    """An ASGI application for one path: GraphQL over HTTP, and a page for browsers."""

    def __init__(
        self,
        execution: Execution,
        door: Door,
        library: Library,
        admission: Admission,
        kept: KeptAnswers,
        settings: Settings,
        ending: asyncio.Event,
    ) -> None:
        self._execution = execution
        self._kept = kept
        self._door = door
        self._library = library
        self._admission = admission
        self._reservations = Reservations(execution, settings.limits.socket_operations)
        self._body_bytes = settings.limits.body_bytes
        self._unnamed = unnamed_type(settings.server)
        self._draft = settings.server.status_codes == "draft"
        self._heartbeat = settings.server.heartbeat
        self._batch = settings.limits.batch
        self._ending = ending

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._answer(Request(scope, receive))
        except ClientGone:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> ASGIApp:
        accept = ", ".join(request.headers.getlist("accept"))
        if _wants_page(request, accept) and self._door.admits(request.headers, INTROSPECTION):
            return PAGE.answer(request)
        kind = media_type(accept or self._unnamed)
        if kind is None and stream_type(accept) is None:
            refused = HttpRefused(406, BadUserInput.code, f"Accept {RESPONSE} or {JSON}.")
            return refusal(refused, JSON)
        try:
            asker = self._asker(request)
            token = _token(request)
            if token is not None or request.method == "PUT":
                return await self._shared(request, asker, token)
            content = await content_of(request, self._body_bytes)
            asking = Asking(asker, kind or "", request.method, content)
            kept = await self._kept.find(asking)
            if kept is not None:
                request.scope[SERVED] = True
                return kept
            asked = asked_in(request, content, self._batch)
            async with while_present(request.receive):
                wants = Wants(kind, accept, request.headers.get("last-event-id") or None, request.headers)
                return await self._executed(asked, asking, wants)
        except HttpRefused as refused:
            return refusal(refused, kind or JSON)
        except PersistedQueryNotFound as error:
            return self._response(refused_answer(error), kind or JSON)

    def _asker(self, request: Request) -> Asker:
        known: Asker | None = request.scope.get(ASKER)
        if known is not None:
            return known
        try:
            return self._door.identify(request.headers)
        except Unauthenticated as error:
            raise HttpRefused(401, error.code, str(error), {"www-authenticate": "Bearer"}) from None

    async def _shared(self, request: Request, asker: Asker, token: str | None) -> ASGIApp:
        """A step of GraphQL over SSE in its single connection mode."""
        if request.method == "PUT":
            return PlainTextResponse(self._reservations.reserve(asker), 201, headers=NOT_STORED)
        reservation = self._reservations.find(token, asker)
        if request.method == "GET":
            watched = partial(self._door.watched, request.headers, asker)
            answers = self._reservations.open(token or "", reservation)
            return Streamed(answers, SHARED, self._heartbeat, [self._ending], watched)
        if request.method == "DELETE":
            self._reservations.stop(reservation, request.query_params.get("operationId"))
            return Response(status_code=200, headers=NOT_STORED)
        asked = await read_request(request, self._body_bytes)
        assert isinstance(asked, Asked)
        name = (asked.extensions or {}).get("operationId")
        operation = await self._library.operation_of(asked)
        reservation = self._reservations.find(token, asker)  # it may have ended before the request had arrived
        self._reservations.start(reservation, name, operation)
        return Response(status_code=202, headers=NOT_STORED)

    async def _executed(self, asked: Asked | list[Asked], asking: Asking, wants: Wants) -> ASGIApp:
        kind, asker = wants.kind or JSON, asking.asker
        if isinstance(asked, list):
            answers = await asyncio.gather(*(self._one_of_many(*one, asker) for one in enumerate(asked)))
            return json_response(answers, 200, kind)
        operation = await self._library.operation_of(asked)
        note_operation(operation.query, operation.name)
        if wants.kind is None:
            return self._streamed(operation, asker, wants)
        if "@defer" in operation.query and takes_parts(wants.accept):
            return await self._in_parts(operation, asker, kind)
        try:
            return await self._whole(operation, asking)
        except NeedsStream:
            return self._streamed(operation, asker, wants)

    async def _whole(self, operation: Operation, asking: Asking) -> ASGIApp:
        """One answer, which may be kept; one that could come in parts is not."""
        context, stamp = self._execution.context(asking.asker), await self._kept.stamp(asking.asker)
        answer = await self._execution.once(operation, asking.asker, context)
        response = self._response(answer, asking.kind)
        if "@defer" in operation.query:
            return response
        return self._kept.keep(asking, stamp, context, answer, response) or response

    async def _one_of_many(self, place: int, asked: Asked, asker: Asker) -> dict[str, Any]:
        """One answer of a batch; what is refused by itself leaves the others alone. The request has paid for its first."""
        try:
            if place:
                self._admission.spend(asker.name)
            return await self._execution.once(await self._library.operation_of(asked), asker)
        except HttpRefused as refused:
            return error_answer(refused.code, str(refused))
        except RequestRefused as refused:
            return refused_answer(refused)
        except NeedsStream:
            return error_answer(BadUserInput.code, SUBSCRIBE)

    async def _in_parts(self, operation: Operation, asker: Asker, kind: str) -> ASGIApp:
        answers = self._execution.stream(operation, asker, takes_parts=True)
        first = await anext(answers)
        if "hasNext" in first.answer:
            return Streamed(_with_first(first, answers), PATCHES, self._heartbeat, [asyncio.Event()])
        await answers.aclose()
        return self._response(first.answer, kind)

    def _streamed(self, operation: Operation, asker: Asker, wants: Wants) -> ASGIApp:
        kind = stream_type(wants.accept)
        if kind is None:
            raise HttpRefused(406, BadUserInput.code, SUBSCRIBE)
        framing = EVENT_STREAM if kind == EVENTS else PAYLOADS
        begun = asyncio.Event()
        answers = self._execution.stream(operation, asker, after=wants.after, begun=begun.set)
        watched = partial(self._door.watched, wants.headers, asker)
        return Streamed(answers, framing, self._heartbeat, [begun, self._ending], watched)

    def _response(self, answer: dict[str, Any], kind: str) -> Response:
        return json_response(answer, status_of(answer, kind, draft=self._draft), kind)


def _token(request: Request) -> str | None:
    """Of a reservation, from the header or the URL, which has nothing for most."""
    named = request.query_params.get("token") if request.scope["query_string"] else None
    return request.headers.get(TOKEN) or named


def _wants_page(request: Request, accept: str) -> bool:
    return request.method == "GET" and ASKING.isdisjoint(request.query_params) and prefers_html(accept)


async def _with_first(first: Told, rest: Stream) -> Stream:
    yield first
    async for told in rest:
        yield told
