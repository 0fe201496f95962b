"""What is counted of the facts, in the text format of Prometheus.

Labels are names of the settings, codes and words of fixed sets, so a client cannot make more of them, and each is looked up
once.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.telemetry import (
    Answered,
    CacheRead,
    Called,
    CircuitChanged,
    Drifted,
    EventArrived,
    Fact,
    Refused,
    Retried,
    TokenFetched,
    Waited,
)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""The buckets of what takes time."""


class Metrics:
    """The metrics of one application, each with its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        calls = self._histogram("source_call_seconds", "Calls to a source, by what came of them.", "source", "outcome")
        retries = self._counter("source_retries", "Calls made again after a failure.", "source", "code")
        waits = self._histogram("source_wait_seconds", "Calls that could not leave at once.", "source", "outcome")
        changes = self._counter("source_circuit_changes", "States that a circuit came to.", "source", "outcome")
        self._open = Gauge(
            "gateway_source_circuit_open", "1 while a source is left alone.", ["source"], registry=self.registry
        )
        tokens = self._counter("source_tokens", "Exchanges of credentials for a token.", "source", "outcome")
        reads = self._counter("cache_reads", "Answers looked for in the cache.", "source", "outcome")
        events = self._counter("events", "Events of providers, by what became of them.", "source", "outcome")
        drift = self._counter("source_drift", "Answers that were not as documented.", "source", "kind")
        refused = self._counter("refusals", "Errors that clients were told.", "code")
        requests = self._histogram(
            "request_seconds", "HTTP requests, by what they asked and status.", "kind", "outcome"
        )
        self._counted: dict[type[Fact], Callable[[Any], None]] = {
            Called: lambda fact: calls(fact.source, fact.outcome).observe(fact.seconds),
            Retried: lambda fact: retries(*fact).inc(),
            Waited: lambda fact: waits(fact.source, fact.outcome).observe(fact.seconds),
            CircuitChanged: lambda fact: self._changed(changes(fact.source, fact.state), fact),
            TokenFetched: lambda fact: tokens(*fact).inc(),
            CacheRead: lambda fact: reads(fact.source, fact.outcome).inc(fact.answers),
            EventArrived: lambda fact: events(*fact).inc(),
            Drifted: lambda fact: drift(*fact).inc(),
            Refused: lambda fact: refused(*fact).inc(),
            Answered: lambda fact: requests(fact.kind, fact.outcome).observe(fact.seconds),
        }

    def tell(self, fact: Fact) -> None:
        """Count one fact."""
        self._counted[type(fact)](fact)

    def text(self, accept: str) -> tuple[bytes, str]:
        """All that was counted, and the media type in which it is written."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type

    def route(self) -> Route:
        """``/metrics``: for whoever can reach the gateway, like ``/health``."""

        async def metrics(request: Request) -> Response:
            content, media_type = self.text(request.headers.get("accept", ""))
            return Response(content, headers={"content-type": media_type, "cache-control": "no-store"})

        return Route("/metrics", metrics)

    def _changed(self, change: Counter, fact: CircuitChanged) -> None:
        change.inc()
        self._open.labels(fact.source).set(fact.state != "CLOSED")

    def _counter(self, name: str, words: str, *labels: str) -> Callable[..., Counter]:
        return cache(Counter(f"gateway_{name}", words, labels, registry=self.registry).labels)

    def _histogram(self, name: str, words: str, *labels: str) -> Callable[..., Histogram]:
        return cache(Histogram(f"gateway_{name}", words, labels, registry=self.registry, buckets=SECONDS).labels)
