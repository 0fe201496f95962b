"""Every request has a name, which its answer and its log lines bear; how it ended is counted, and logged where it is GraphQL."""

import logging
import re
import secrets
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from gateway.telemetry import ABANDONED, Answered, Tell
from gateway.upstream.clock import Clock
from gateway.web.logs import write_often

HEADER = "x-request-id"
NAME = "request_id"

SANE = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9._-]{8,64}")
"""A name that a client or a proxy may give: no number, and nothing that a log or a page would read as something else."""

PLAIN = re.compile(r"(?!.*[0-9]{6})[_A-Za-z][_0-9A-Za-z]{0,63}")
"""The name of an operation in which nobody's number stands."""

logger = logging.getLogger(__name__)


class Requests:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, tell: Tell, clock: Clock) -> None:
        self._app = app
        self._tell = tell
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name a request, and see how it ends."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        clear_contextvars()  # a server has one task for each request, and nobody else's names
        name, began, outcome = name_of(Headers(scope=scope).get(HEADER, "")), self._clock.monotonic(), ABANDONED
        bind_contextvars(**{NAME: name})

        async def sending(message: Message) -> None:
            nonlocal outcome
            if message["type"] in ("http.response.start", "websocket.accept"):
                outcome = str(message.get("status", 101))
                named = (HEADER.encode(), name.encode())
                message = {
                    **message,
                    "headers": [*message.get("headers", ()), named],
                }  # an answer may be kept: not its name
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:
            outcome = "500"
            raise
        finally:
            fact = Answered(kind_of(scope), outcome, self._clock.monotonic() - began)
            self._tell(fact)
            if fact.kind in ("GRAPHQL", "SOCKET"):
                log_request(fact, scope.get("method", "WEBSOCKET"))


def log_request(fact: Answered, method: str, **more: str) -> None:
    """One line for a request."""
    told = {**more, "method": method, "status": fact.outcome, "ms": round(1000 * fact.seconds, 3)}
    write_often(logger, "request", told)


def bound_headers() -> dict[str, str]:
    """The header that names the request under way, for an answer that is written outside of everything."""
    name = get_contextvars().get(NAME)
    return {HEADER: name} if name else {}


def note_operation(query: str, name: str | None) -> None:
    """Log lines of this request bear from now on a digest of its document, and its operation's name if it is plain.

    Documents have literals, and literals may be somebody's number: they are not logged.
    """
    if logger.isEnabledFor(logging.INFO):
        bind_contextvars(document=digest_of(query), operation=plain(name))


def digest_of(query: str) -> str:
    """The beginning of a document's SHA-256, in hex."""
    return sha256(query.encode(errors="replace")).hexdigest()[:16]


def plain(name: str | None) -> str | None:
    """The name of an operation, unless it could hold a number or is very long."""
    return name if PLAIN.fullmatch(name or "") else None


def name_of(given: str) -> str:
    """The name that a request was given, where it is sane; else one of its own."""
    return given if SANE.fullmatch(given) else secrets.token_hex(8)


def kind_of(scope: Scope) -> str:
    """What a request asks for: GRAPHQL, SOCKET, WEBHOOK or OTHER."""
    if scope["type"] == "websocket":
        return "SOCKET"
    if scope["path"] == "/graphql":
        return "GRAPHQL"
    return "WEBHOOK" if scope["path"].startswith("/webhooks/") else "OTHER"
