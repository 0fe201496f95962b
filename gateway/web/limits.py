"""What every request passes before anything is read of it: host, origin, budget and room; and the headers of every answer."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from math import ceil
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import BadUserInput, Forbidden, GatewayError, Overloaded, RateLimited, TryLater, Unauthenticated
from gateway.sections import ServerSettings
from gateway.settings import is_loopback
from gateway.web.answers import json_response, refused_answer
from gateway.web.auth import Door
from gateway.web.budget import Admission
from gateway.web.negotiation import JSON

GRAPHQL = "/graphql"

ASKING = frozenset({"query", "documentId", "extensions"})
"""Parameters of a URL that ask something; a link from another site to the bare page is nothing to fear."""

PREFLIGHT = frozenset({"apollo-require-preflight", "x-apollo-operation-name", "x-graphql-client-name"})
"""Headers that a page of another site can send only after a preflight, as Apollo Server and Router know them."""

SAFE_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Of every answer that does not say otherwise: it loads nothing, is framed nowhere, and is what it says it is."""


def _stay() -> None:
    """For what takes no place."""


class Front:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, server: ServerSettings, door: Door, admission: Admission) -> None:
        self._app = app
        self._hosts = _hosts(server)
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
        with ExitStack() as held:
            try:
                leave = self._enter(scope, held)
            except GatewayError as error:
                await _refusal(error)(scope, receive, _safely(send))
                return
            await self._app(scope, receive, _safely(send, leave))

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A WebSocket is for one of our names too; what it asks is admitted operation by operation."""
        try:
            self.check_host(Headers(scope=scope))
        except Misdirected:
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
            return
        await self._app(scope, receive, send)

    def _enter(self, scope: Scope, held: ExitStack) -> Callable[[], None]:
        headers = Headers(scope=scope)
        self.check_host(headers)
        if scope["path"] != GRAPHQL:
            return _stay
        self._check_site(scope, headers)
        try:
            asker = self._door.identify(headers)
        except Unauthenticated:
            return _stay  # the endpoint says so, in the media type that is accepted
        return held.enter_context(self._admission.place(asker.name)).leave

    def check_host(self, headers: Mapping[str, str]) -> None:
        """Refuse names that are not ours: a page whose name was made to point here would ask in its visitor's place.

        Raises:
            Misdirected: the Host header names another host.
        """
        host = headers.get("host", "")
        name = (host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]).lower()
        if self._hosts and name and name not in self._hosts:
            msg = f"{name[:80]!r} is not a name of this gateway: add it to server.hosts, or ask it by one of its names."
            raise Misdirected(msg)

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


def _refusal(error: GatewayError) -> Response:
    """A refusal as GraphQL writes errors."""
    headers = {"retry-after": str(ceil(error.retry_after_ms / 1000))} if isinstance(error, TryLater) else {}
    return json_response(refused_answer(error), STATUS[type(error)], JSON, headers)


def _safely(send: Send, leave: Callable[[], None] = _stay) -> Send:
    """Send with the headers of every answer; once it begins, the place is free."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            leave()
            headers = MutableHeaders(scope=message)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
