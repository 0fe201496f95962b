"""Where spans join, and what stands there while nobody wants any: nothing is imported and nothing noted.

The switch is the standard's own (opentelemetry.io, Environment Variable Specification): there is an address to send to.
"""

import logging
from collections.abc import Awaitable, Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import Any, Protocol, Self, TypeVar

from starlette.types import ASGIApp

from gateway.schema.context import Context
from gateway.telemetry import Tell

T = TypeVar("T")

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
SPOKEN = "http/protobuf"

NOT_INSTALLED = "%s is set, and no span is sent: OpenTelemetry is missing; install numbers-gateway[opentelemetry]."
NOT_SPOKEN = f"%s is set, and no span is sent: only {SPOKEN} is spoken, mostly on port 4318."

logger = logging.getLogger(__name__)


class Span(Protocol):
    """The span of an operation."""

    def within(self, work: Awaitable[T]) -> Awaitable[T]:
        """The work; whatever is noted while it goes on belongs to the span."""
        ...

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Note the codes of an answer's errors."""
        ...


class Tracing(Protocol):
    """Notes spans while it is open, and sends what is left at the end."""

    def beside(self, tell: Tell) -> Tell:
        """Takes facts, and tells them on."""
        ...

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application, with a span for each request."""
        ...

    def operation(self, query: str, context: Context) -> AbstractContextManager[Span]:
        """A span for an operation; what it is says the context, in the end."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...


class _Nothing:
    def within(self, work: Awaitable[T]) -> Awaitable[T]:
        return work

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Nobody wants to know."""


_NOTHING = nullcontext(_Nothing())


class Untraced:
    """No span at all. ``why`` is told at the start, where somebody wanted some."""

    def __init__(self, why: str = "") -> None:
        self._why = why

    def beside(self, tell: Tell) -> Tell:
        """Whoever else takes facts."""
        return tell

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application itself."""
        return app

    def operation(self, query: str, context: Context) -> AbstractContextManager[Span]:  # noqa: ARG002 - as all tracing
        """The same for all."""
        return _NOTHING

    async def __aenter__(self) -> Self:
        if self._why:
            logger.warning(self._why)
        return self

    async def __aexit__(self, *_: object) -> None: ...


UNTRACED = Untraced()


def open_tracing(providers: Mapping[str, str], environ: Mapping[str, str]) -> Tracing:
    """As the variables want it; ``providers`` are the slugs of the sources' providers, by source."""
    endpoint = next((name for name in ENDPOINTS if environ.get(name)), None)
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or environ.get("OTEL_TRACES_EXPORTER") == "none"
    if endpoint is None or off:
        return UNTRACED
    protocol = next((name for name in PROTOCOLS if environ.get(name)), None)
    if protocol is not None and environ[protocol] != SPOKEN:
        return Untraced(NOT_SPOKEN % protocol)
    try:
        tracing: Tracing = import_module("gateway.web.traces").exporting(providers)
    except ModuleNotFoundError:
        return Untraced(NOT_INSTALLED % endpoint)
    return tracing
