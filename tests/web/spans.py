"""What a gateway has noted as spans, as a test reads it."""

from collections.abc import Mapping, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id

from gateway.web.traces import Traces

PROVIDERS = {"voice_sg": "8x8", "dallas": "webex", "london": "webex", "epsilon": "cloudlx", "market": "callgear"}
"""Those of the simulators' sources."""

LOOKED = 'query ($e: E164!) { phoneNumber(e164: $e, sources: ["market"]) { e164 } }'

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
"""The example of w3.org/TR/trace-context."""


class Noted:
    """Spans that stay in this process."""

    def __init__(self, providers: Mapping[str, str] = PROVIDERS) -> None:
        self._kept = InMemorySpanExporter()
        self.tracing = Traces(providers, SimpleSpanProcessor(self._kept))

    @property
    def all(self) -> Sequence[ReadableSpan]:
        """Those that have ended, the earliest first."""
        return self._kept.get_finished_spans()

    @property
    def text(self) -> str:
        """Everything in them."""
        return "\n".join(span.to_json() for span in self.all)

    @property
    def words(self) -> str:
        """Their names, attributes and events, without ids, which are random, and times, in which a number may stand by chance."""
        moments = [(span.name, about(span)) for span in self.all]
        moments += [(event.name, dict(event.attributes or {})) for span in self.all for event in span.events]
        return str(
            [(name, [told for told in noted.items() if told[0] != "gateway.seconds"]) for name, noted in moments]
        )

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()

    def named(self, name: str) -> list[ReadableSpan]:
        """Those of that name."""
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only one of that name."""
        [span] = self.named(name)
        return span


def about(span: ReadableSpan) -> dict[str, object]:
    """Its attributes."""
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> int | None:
    """The id of the span that it is a part of."""
    return span.parent and span.parent.span_id


def id_of(span: ReadableSpan) -> int:
    """Its id."""
    held = span.get_span_context()
    assert held is not None
    return held.span_id


def trace_of(span: ReadableSpan) -> str:
    """The id of its trace."""
    held = span.get_span_context()
    assert held is not None
    return format_trace_id(held.trace_id)
