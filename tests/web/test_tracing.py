"""Where spans are sent, and what is said where they cannot be."""

import asyncio
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.telemetry import Called
from gateway.web.traces import Traces
from gateway.web.tracing import NOT_INSTALLED, NOT_SPOKEN, UNTRACED, Untraced, open_tracing
from tests.conftest import serving
from tests.schema.gateways import Simulated, gateway
from tests.web.frames import parts_in, socket, stream
from tests.web.spans import LOOKED, PARENT, PROVIDERS, TRACE, TRACEPARENT
from tests.web.test_parts import PARTS

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
DEFERRED = '{ sources { name } ... @defer { phoneNumbers(first: 1, filter: {sources: ["epsilon"]}) { complete } } }'


@contextmanager
def collector() -> Iterator[tuple[str, list[Any]]]:
    """Takes what is exported over HTTP: its address, and the spans until now."""
    spans: list[Any] = []

    async def take(request: Request) -> Response:
        told = ExportTraceServiceRequest.FromString(await request.body())
        spans.extend(
            (dict_of(resource.resource.attributes), span)
            for resource in told.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        )
        return Response(media_type="application/x-protobuf")

    with serving(Starlette(routes=[Route("/v1/traces", take, methods=["POST"])])) as url:
        yield url, spans


def dict_of(attributes: Any) -> dict[str, str]:  # noqa: ANN401 - OTLP's own kind of list
    """Attributes that are texts."""
    return {held.key: held.value.string_value for held in attributes}


async def test_spans_are_sent(simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an address in the environment every span arrives there before the end: of requests, sockets, streams and parts."""
    with collector() as (url, spans):
        monkeypatch.setenv(ENDPOINT, url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        with gateway(simulated.sources) as client:
            async with socket(client.url, traceparent=TRACEPARENT) as opened:
                await opened.init()
                await opened.subscribe("1", LOOKED, variables={"e": "+74993720692"})
                assert "data" in (await opened.next())["payload"]
                await opened.next()
            async with stream(client.url, DEFERRED, PARTS) as parts:
                assert len(parts_in(await parts.read(), "-")) > 1
    resource = spans[0][0]
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("numbers-gateway", "test")
    found = {span.name: span for _, span in spans}
    queries = [span for _, span in spans if span.name == "query"]
    over_socket = next(span for span in queries if span.trace_id.hex() == TRACE)
    in_parts = next(span for span in queries if span is not over_socket)
    assert over_socket.parent_span_id.hex() == PARENT
    assert found["LOOK_UP market"].parent_span_id == over_socket.span_id
    assert in_parts.parent_span_id == found["POST /graphql"].span_id
    assert found["LIST epsilon"].parent_span_id == in_parts.span_id


class Hangs(SpanExporter):
    """A collector that takes its time."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def export(self, spans: object) -> SpanExportResult:  # noqa: ARG002 - as the library has it
        """Wait until the test ends."""
        self.let_go.wait()
        return SpanExportResult.FAILURE


async def test_a_collector_that_hangs_holds_nobody_up() -> None:
    """What is left at the end is sent in the time there is for it, and then it is given up."""
    hangs = Hangs()
    async with Traces(PROVIDERS, BatchSpanProcessor(hangs), patience=0.01) as tracing:
        tracing.beside(lambda _: None)(Called("dallas", "OK", 0.5))
    [sending] = [thread for thread in threading.enumerate() if thread.name == "last spans"]
    hangs.let_go.set()
    await asyncio.to_thread(sending.join)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: ""},
        {"OTEL_SERVICE_NAME": "x"},
        {ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "TRUE"},
        {ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_without_an_address_there_is_nothing(environ: Mapping[str, str]) -> None:
    """Without one, or switched off by the standard's own switches, nothing is noted and nothing said."""
    assert open_tracing(PROVIDERS, environ) is UNTRACED


async def why_not(environ: Mapping[str, str], caplog: pytest.LogCaptureFixture) -> list[str]:
    """What is said at the start by what notes nothing."""
    tracing = open_tracing(PROVIDERS, environ)
    assert isinstance(tracing, Untraced)
    async with tracing:
        return caplog.messages


async def test_only_one_protocol_is_spoken(caplog: pytest.LogCaptureFixture) -> None:
    """Who wants another is told so, and served."""
    environ = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert await why_not(environ, caplog) == [NOT_SPOKEN % "OTEL_EXPORTER_OTLP_PROTOCOL"]


async def test_without_the_extra(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has set an address without installing the extra is told which, and served."""
    monkeypatch.delitem(sys.modules, "gateway.web.traces")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert await why_not({ENDPOINT: "http://127.0.0.1:4318"}, caplog) == [NOT_INSTALLED % ENDPOINT]
