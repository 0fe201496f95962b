"""Spans of OpenTelemetry: for requests, operations and calls to sources, with facts as their events.

Attributes hold names of the settings, codes, words of fixed sets and amounts; and of what a client wrote, a digest of
the document, and an operation's name in which nobody's number can stand. No exception is recorded: its text may quote.
Imported only where spans are wanted, as OpenTelemetry is an extra.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any, Self, TypeVar

from opentelemetry.context import Context as Parent
from opentelemetry.context import attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, format_trace_id, get_current_span, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars

from gateway import __version__
from gateway.schema.context import Context
from gateway.telemetry import (
    ABANDONED,
    OK,
    CacheRead,
    Called,
    CircuitChanged,
    Drifted,
    EventArrived,
    Fact,
    Refused,
    Retried,
    Tell,
    TokenFetched,
    Waited,
)
from gateway.web.answers import codes_of
from gateway.web.kept import SERVED
from gateway.web.requests import digest_of, kind_of, plain

T = TypeVar("T")

LAST_SECONDS = 5.0
"""For what is left to be sent at the end: a collector that is away holds nobody up for longer."""

ROUTES = {"GRAPHQL": "/graphql", "WEBHOOK": "/webhooks/8x8/{source}"}
"""The requests that have spans; a path is a client's own words."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
"""Others are called _OTHER (opentelemetry.io, Semantic conventions for HTTP spans)."""

EVENTS = {
    Retried: "retry",
    Waited: "wait",
    CircuitChanged: "circuit",
    TokenFetched: "token",
    CacheRead: "cache",
    EventArrived: "event",
    Drifted: "drift",
    Refused: "refusal",
}
"""Facts that are moments of the span in which they are told."""

_PARENTS = TraceContextTextMapPropagator()


def exporting(providers: Mapping[str, str]) -> "Traces":
    """Spans are sent in batches by OTLP, as the variables of the standard say."""
    return Traces(providers, BatchSpanProcessor(OTLPSpanExporter()))


class Traces:
    """The spans of one application. ``patience``: the seconds for what is left at the end."""

    def __init__(self, providers: Mapping[str, str], processor: SpanProcessor, patience: float = LAST_SECONDS) -> None:
        ours = Resource({"service.name": "numbers-gateway", "service.version": __version__})
        self._sent = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._sent.add_span_processor(processor)
        self._tracer = self._sent.get_tracer("gateway", __version__)
        self._providers = providers
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        sending = Thread(target=self._sent.shutdown, name="last spans", daemon=True)
        sending.start()
        await asyncio.to_thread(sending.join, self._patience)

    def beside(self, tell: Tell) -> Tell:
        """A call is a span of its own, what else happens an event of the span that it happens in."""

        def telling(fact: Fact) -> None:
            if isinstance(fact, Called):
                self._call(fact)
            elif type(fact) in EVENTS:
                noted = {f"gateway.{name}": value for name, value in fact._asdict().items()}
                get_current_span().add_event(EVENTS[type(fact)], noted)
            tell(fact)

        return telling

    def around(self, app: ASGIApp) -> ASGIApp:
        """A socket lasts as long as a page is open: it has no span, but its operations have the parent that it names."""

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            kind = "" if scope["type"] == "lifespan" else kind_of(scope)
            if kind == "SOCKET":
                with _following(_parent(scope)):
                    await app(scope, receive, send)
            elif kind in ROUTES:
                await self._request(app, ROUTES[kind], scope, receive, send)
            else:
                await app(scope, receive, send)

        return traced

    async def _request(self, app: ASGIApp, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        about = {"http.request.method": method, "http.route": route, "url.scheme": scope.get("scheme", "http")}
        span = self._tracer.start_span(f"{method} {route}", _parent(scope), SpanKind.SERVER, about)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _answered(span, message["status"])
            await send(message)

        with _active(span, ends=True):
            bind_contextvars(trace_id=format_trace_id(span.get_span_context().trace_id))
            try:
                await app(scope, receive, sending)
            except Exception:
                _answered(span, 500)
                raise
            finally:
                span.set_attribute(SERVED, SERVED in scope)

    @contextmanager
    def operation(self, query: str, context: Context) -> Iterator["Operated"]:
        """Named for its type (opentelemetry.io, Semantic conventions for GraphQL server spans)."""
        around = get_current_span().get_span_context()
        kind = SpanKind.INTERNAL if around.is_valid and not around.is_remote else SpanKind.SERVER
        span = self._tracer.start_span(
            "GraphQL Operation", kind=kind, attributes={"gateway.document": digest_of(query)}
        )
        try:
            yield Operated(span)
        finally:
            if context.operation is not None:
                name = context.operation.name and plain(context.operation.name.value)
                span.update_name(context.operation.operation.value)
                span.set_attribute("graphql.operation.type", context.operation.operation.value)
                span.set_attributes({"graphql.operation.name": name} if name else {})
            span.end()

    def _call(self, fact: Called) -> None:
        """A call is told of when it is over."""
        ended = time.time_ns()
        about: dict[str, str | int] = {
            "gateway.source": fact.source,
            "gateway.provider": self._providers[fact.source],
            "gateway.purpose": fact.purpose,
            "gateway.attempt": fact.attempt,
            "gateway.outcome": fact.outcome,
        }
        began = ended - round(fact.seconds * 1e9)
        span = self._tracer.start_span(
            f"{fact.purpose} {fact.source}", kind=SpanKind.CLIENT, attributes=about, start_time=began
        )
        if fact.outcome not in (OK, ABANDONED):
            _fail(span, fact.outcome)
        span.end(ended)


class Operated:
    """The span of an operation."""

    def __init__(self, span: Span) -> None:
        self._span = span

    async def within(self, work: Awaitable[T]) -> T:
        """The work; whatever is noted while it goes on belongs to the span."""
        with _active(self._span):
            return await work

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Note the codes of an answer's errors; one without any data has failed."""
        codes = sorted(set(codes_of(answer)))
        if codes:
            self._span.set_attribute("gateway.codes", codes)
        if answer.keys() <= {"errors", "extensions"}:
            _fail(self._span, codes[0])


def _active(span: Span, *, ends: bool = False) -> AbstractContextManager[Span]:
    """The span is the one in which things happen; exceptions are not recorded in it."""
    return use_span(span, end_on_exit=ends, record_exception=False, set_status_on_exception=False)


@contextmanager
def _following(parent: Parent) -> Iterator[None]:
    held = attach(parent)
    try:
        yield
    finally:
        detach(held)


def _parent(scope: Scope) -> Parent:
    """Whom ``traceparent`` names (w3.org/TR/trace-context). ``tracestate`` is left: it holds whatever a client writes."""
    return _PARENTS.extract({"traceparent": Headers(scope=scope).get("traceparent", "")})


def _answered(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= 500:  # noqa: PLR2004 - the server's own faults
        _fail(span, str(status))


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(StatusCode.ERROR)
