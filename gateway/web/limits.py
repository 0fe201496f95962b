"""What every request passes before anything is read of it: host, origin, budget and room; and the headers of every answer."""

from collections.abc import Mapping
from math import ceil
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadUserInput, Forbidden, GatewayError, Overloaded, RateLimited, TryLater, Unauthenticated
from gateway.schema.authority import Asker
from gateway.sections import ServerSettings
from gateway.settings import is_loopback
from gateway.telemetry import Refused
from gateway.web.answers import json_response, refused_answer, teller, with_safe
from gateway.web.auth import Door
from gateway.web.budget import Admission, Place
from gateway.web.negotiation import JSON

GRAPHQL = "/graphql"

ASKER = "gateway.asker"
"""Where a request's scope has who asks, once that is known."""

ASKING = frozenset({"query", "documentId", "extensions"})
"""Parameters of a URL that ask something; a link from another site to the bare page is nothing to fear."""

PREFLIGHT = frozenset({"apollo-require-preflight", "x-apollo-operation-name", "x-graphql-client-name"})
"""Headers that a page of another site can send only after a preflight, as Apollo Server and Router know them."""


class Names:
    """The names that this gateway answers to."""

    def __init__(self, server: ServerSettings) -> None:
        self._hosts = _hosts(server)

    def check(self, host: str) -> None:
        """Refuse others: a page whose name was made to point here would ask in its visitor's place.

        Raises:
            Misdirected: the Host header names another host.
        """
        name = (host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]).lower()
        if self._hosts and name and name not in self._hosts:
            msg = f"{name[:80]!r} is not a name of this gateway: add it to server.hosts, or ask it by one of its names."
            raise Misdirected(msg)


class Front:
    """ASGI middleware around everything. The graph is next to it: a router between them costs as much as a kept answer."""

    def __init__(self, app: ASGIApp, server: ServerSettings, door: Door, admission: Admission) -> None:
        self._app = app
        self._names = Names(server)
        self._origins = frozenset(server.cors_origins)
        self._door = door
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            place = self._enter(scope)
        except GatewayError as error:
            await refusal_of(error)(scope, receive, _safely(send, Place()))
            return
        straight = scope["app"].state.graphql if scope["path"] == GRAPHQL else self._app
        with place:
            await straight(scope, receive, _safely(send, place))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket is for one of our names too; what it asks is admitted operation by operation."""
        try:
            self._names.check(Headers(scope=scope).get("host", ""))
        except Misdirected:
            teller(scope)(Refused(Misdirected.code))
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
            return
        await self._app(scope, receive, send)

    def _enter(self, scope: Scope) -> Place:
        headers = Headers(scope=scope)
        self._names.check(headers.get("host", ""))
        if scope["path"] != GRAPHQL:
            return Place()
        self._check_site(scope, headers)
        asker: Asker | None = scope.get(ASKER)
        try:
            asker = asker or self._door.identify(headers)
        except Unauthenticated:
            return Place()  # the endpoint says so, in the media type that is accepted
        scope[ASKER] = asker
        return self._admission.place(asker.name)

    def _check_site(self, scope: Scope, headers: Headers) -> None:
        """Refuse what a page of another site can make any browser send (Fetch Metadata; POST needs a preflight anyway)."""
        foreign = headers.get("sec-fetch-site") == "cross-site" and headers.get("origin") not in self._origins
        if not foreign or scope["method"] != "GET" or PREFLIGHT & set(headers):
            return
        if ASKING & set(parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)):
            msg = "Another site may not ask here by a link or a form: send the header apollo-require-preflight, or POST JSON."
            raise Forbidden(msg)


def cors(server: ServerSettings) -> list[Middleware]:
    """What lets pages of the allowed origins ask; nothing when there are none."""
    if not server.cors_origins:
        return []
    allowed = ["authorization", "content-type", "last-event-id", *sorted(PREFLIGHT)]
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=server.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=allowed,
            expose_headers=["retry-after"],
            max_age=3600,
        )
    ]


class Misdirected(BadUserInput):
    """The request was meant for another host (RFC 9110, 15.5.20)."""


def _hosts(server: ServerSettings) -> frozenset[str]:
    """The names that are answered to; without any configured, on loopback those of this machine, else all."""
    if server.hosts:
        return frozenset(name.lower() for name in server.hosts)
    return (
        frozenset({"localhost", "127.0.0.1", "[::1]", server.host.lower()}) if is_loopback(server.host) else frozenset()
    )


STATUS: Mapping[type[GatewayError], int] = {Misdirected: 421, Forbidden: 403, RateLimited: 429, Overloaded: 503}


def refusal_of(error: GatewayError) -> Response:
    """A refusal as GraphQL writes errors."""
    headers = {"retry-after": str(ceil(error.retry_after_ms / 1000))} if isinstance(error, TryLater) else {}
    return json_response(refused_answer(error), STATUS[type(error)], JSON, headers)


def _safely(send: Send, place: Place) -> Send:
    """Send with the headers of every answer; once it begins, the place is free."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            place.leave()
            message = {**message, "headers": with_safe(message.get("headers", ()))}
        await send(message)

    return sending
