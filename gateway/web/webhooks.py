"""What providers tell unasked, over HTTP: a sender is known, an event is durable, and only then it is acknowledged."""

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.errors import BadUserInput, Forbidden, StoreUnavailable, Unauthenticated
from gateway.providers.protocol import Receives
from gateway.settings import Settings
from gateway.upstream.events import Events
from gateway.web.exchange import HttpRefused
from gateway.web.senders import comes_from, knows_secret

RETRY_SECONDS = 1
"""When a sender should try again what could not be kept."""

HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def webhook_route(events: Events, settings: Settings) -> Route:
    """``/webhooks/{slug}/{source}``: POST takes an event of a source, GET and HEAD answer a vendor's probe."""
    return Route("/webhooks/{slug}/{source}", Webhooks(events, settings))


class Webhooks:
    """An ASGI application. Every refusal has one status and code, is counted, and stores nothing."""

    def __init__(self, events: Events, settings: Settings) -> None:
        self._events = events
        self._proxies = settings.server.trusted_proxies
        self._longest = settings.limits.webhook_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        name = request.path_params["source"]
        try:
            response = await self._answer(request)
        except HttpRefused as refused:
            known = name if self._events.receiver(name) else ""  # what strangers make up is not counted by name
            self._events.outcomes[known][refused.code] += 1
            response = _json({"code": refused.code, "message": str(refused)}, refused)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        source = self._source(request)
        if request.method in ("GET", "HEAD"):
            return _json({"source": source.name, "takes": "events, by POST"})
        if request.method != "POST":
            raise HttpRefused(405, "METHOD_NOT_ALLOWED", "Send events by POST.", {"allow": "GET, HEAD, POST"})
        self._check_sender(request, source)
        _check_content_type(request)
        body = await self._body(request)
        try:
            receipt = await self._events.receive(source.name, body)
        except BadUserInput as error:
            raise HttpRefused(400, error.code, str(error)) from None
        except StoreUnavailable as error:
            raise HttpRefused(503, error.code, str(error), {"retry-after": str(RETRY_SECONDS)}) from None
        outcome = "duplicate" if receipt.duplicate else "kept"
        self._events.outcomes[source.name][outcome] += 1
        return _json({"event": outcome, "changes": receipt.changes})

    def _source(self, request: Request) -> Receives:
        source = self._events.receiver(request.path_params["source"])
        if source is None or source.slug != request.path_params["slug"]:
            msg = "No such source takes events: the path is /webhooks/<provider>/<source>, as in the settings."
            raise HttpRefused(404, "UNKNOWN_SOURCE", msg)
        return source

    def _check_sender(self, request: Request, source: Receives) -> None:
        held = source.settings
        if not comes_from(request, held.webhook_allowed_ips, self._proxies):
            raise HttpRefused(403, Forbidden.code, "This address may not send events of this source.")
        if not knows_secret(request, held.webhook_header, held.webhook_secret):
            msg = f"Send the configured secret as the whole value of the header {held.webhook_header}, once."
            if held.webhook_secret is None:
                msg = "This source takes no events: its settings have no webhook_secret."
            raise HttpRefused(401, Unauthenticated.code, msg)

    async def _body(self, request: Request) -> bytes:
        length, body = request.headers.get("content-length", ""), bytearray()
        too_long = HttpRefused(
            413, "PAYLOAD_TOO_LARGE", f"An event may have {self._longest} bytes.", {"connection": "close"}
        )
        if length.isdecimal() and int(length[:20]) > self._longest:
            raise too_long
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > self._longest:
                    raise too_long
        except ClientDisconnect:
            raise HttpRefused(400, BadUserInput.code, "The sender left before the event was complete.") from None
        return bytes(body)


def _check_content_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the event as content-type: application/json.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HttpRefused(415, "UNSUPPORTED_MEDIA_TYPE", "Send the event without content-encoding.")


def _json(body: dict[str, object], refused: HttpRefused | None = None) -> Response:
    status, headers = (refused.status, refused.headers) if refused else (200, {})
    return Response(msgspec.json.encode(body), status, {**HEADERS, **headers}, "application/json")
