"""Spans of OpenTelemetry: which there are, whose part each is, and what stands in them."""

import asyncio
import json
from hashlib import sha256
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

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
from tests.conftest import Gateway, OpenGateway, Simulators
from tests.schema.gateways import JSON
from tests.web.spans import LOOKED, PARENT, TRACE, TRACEPARENT, Noted, about, id_of, parent_of, trace_of

LISTED = 'query Listed { phoneNumbers(first: 5, filter: {sources: ["epsilon"]}) { nodes { e164 } complete } }'


@pytest.fixture
def noted() -> Noted:
    """Spans that stay in this process."""
    return Noted()


async def test_a_request_its_operation_and_its_calls(gateway: OpenGateway, noted: Noted) -> None:
    """Each is a part of the one before, the first of what the client names; their attributes are these and no others."""
    opened = await gateway(tracing=noted.tracing)
    told = await opened.ask(LISTED, headers={"traceparent": TRACEPARENT, "tracestate": "vendor=12056350001"})
    assert told.data["phoneNumbers"]["complete"]
    request, operation = noted.one("POST /graphql"), noted.one("query")
    calls = noted.named("LIST epsilon")
    assert {trace_of(span) for span in [request, operation, *calls]} == {TRACE}
    assert (parent_of(request), parent_of(operation)) == (int(PARENT, 16), id_of(request))
    assert {parent_of(call) for call in calls} == {id_of(operation)}
    assert (request.kind, operation.kind, calls[0].kind) == (SpanKind.SERVER, SpanKind.INTERNAL, SpanKind.CLIENT)
    assert about(request) == {
        "http.request.method": "POST",
        "http.route": "/graphql",
        "url.scheme": "http",
        "http.response.status_code": 200,
        "gateway.kept": False,
    }
    assert about(operation) == {
        "gateway.document": sha256(LISTED.encode()).hexdigest()[:16],
        "graphql.operation.type": "query",
        "graphql.operation.name": "Listed",
    }
    assert about(calls[0]) == {
        "gateway.source": "epsilon",
        "gateway.provider": "cloudlx",
        "gateway.purpose": "LIST",
        "gateway.attempt": 1,
        "gateway.outcome": "OK",
    }
    assert {span.status.status_code for span in noted.all} == {StatusCode.UNSET}
    assert "12056350001" not in noted.text


async def test_what_is_kept(gateway: OpenGateway, noted: Noted) -> None:
    """An answer out of the cache shows its hits, and one that was kept whole has no operation at all."""
    opened = await gateway(tracing=noted.tracing)
    outcomes = []
    for _ in range(3):
        noted.clear()
        await opened.ask(LISTED)
        events = [event for span in noted.named("query") for event in span.events if event.name == "cache"]
        told = {dict(event.attributes or {})["gateway.outcome"] for event in events}
        outcomes.append((told, len(noted.all) > 2, about(noted.one("POST /graphql"))["gateway.kept"]))
    assert outcomes == [({"MISS"}, True, False), ({"HIT"}, False, False), (set(), False, True)]


async def test_attempts(sandbox: Simulators, gateway: OpenGateway, noted: Noted) -> None:
    """A call that is made again is a span of its own, and why it was is an event; the purpose of a look-up is its own."""
    sources = {"market": {**sandbox.sources["market"], "retries": 1}}
    sandbox.turn("callgear", fault="http_503", fault_next=1)
    opened = await gateway(sources, tracing=noted.tracing)
    await opened.ask(LOOKED, {"e": "+74993720692"})
    first, second, *_ = noted.named("LOOK_UP market")
    assert [about(call)["gateway.attempt"] for call in (first, second)] == [1, 2]
    assert about(first)["error.type"] == about(first)["gateway.outcome"] == "SOURCE_UNAVAILABLE"
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    assert "retry" in [event.name for event in noted.one("query").events]


@pytest.mark.parametrize("source", ["voice_sg", "dallas", "epsilon", "market"])
async def test_the_purpose_of_a_look_up(gateway: OpenGateway, noted: Noted, source: str) -> None:
    """In every provider's own way of finding one number the calls are look-ups; for a list they are not."""
    opened = await gateway(tracing=noted.tracing)
    query = "query ($e: E164!, $s: [String!]) { phoneNumber(e164: $e, sources: $s) { e164 } }"
    await opened.ask(query, {"e": "+12056350001", "s": [source]})
    assert {about(call)["gateway.purpose"] for call in noted.all if call.kind is SpanKind.CLIENT} >= {"LOOK_UP"}
    noted.clear()
    listed = 'query ($s: [String!]) { phoneNumbers(filter: {sources: $s}, maxStaleness: "PT0S") { complete } }'
    await opened.ask(listed, {"s": [source]})
    purposes = {about(call)["gateway.purpose"] for call in noted.all if call.kind is SpanKind.CLIENT}
    assert purposes - {"TOKEN"} == {"LIST"}


def test_the_time_of_a_call(noted: Noted) -> None:
    """A call that is told of when it is over began so many seconds before; one that nobody waited for has not failed."""
    tell = noted.tracing.beside(lambda _: None)
    tell(Called("dallas", "ABANDONED", 0.5, "LIST", 1))
    span = noted.one("LIST dallas")
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.end_time - span.start_time == 500_000_000
    assert (span.status.status_code, "error.type" in about(span)) == (StatusCode.UNSET, False)


FACTS: dict[Fact, tuple[str, dict[str, object]]] = {
    Retried("market", "SOURCE_TIMEOUT"): ("retry", {"gateway.source": "market", "gateway.code": "SOURCE_TIMEOUT"}),
    Waited("market", "OK", 0.25): (
        "wait",
        {"gateway.source": "market", "gateway.outcome": "OK", "gateway.seconds": 0.25},
    ),
    CircuitChanged("market", "OPEN"): ("circuit", {"gateway.source": "market", "gateway.state": "OPEN"}),
    TokenFetched("market", "OK"): ("token", {"gateway.source": "market", "gateway.outcome": "OK"}),
    CacheRead("market", "HIT", 3): (
        "cache",
        {"gateway.source": "market", "gateway.outcome": "HIT", "gateway.answers": 3},
    ),
    EventArrived("voice_sg", "kept"): ("event", {"gateway.source": "voice_sg", "gateway.outcome": "kept"}),
    Drifted("market", "UNSORTED"): ("drift", {"gateway.source": "market", "gateway.kind": "UNSORTED"}),
    Refused("FORBIDDEN"): ("refusal", {"gateway.code": "FORBIDDEN"}),
}
"""Facts that are events, and what these hold."""


async def test_facts_are_events(noted: Noted) -> None:
    """Each is told on, and is an event of the request in which it happens; that a request was answered is no event of it."""
    told: list[Fact] = []
    tell, answered = noted.tracing.beside(told.append), Answered("GRAPHQL", "200", 0.1)

    async def telling(*_: object) -> None:
        for fact in (*FACTS, answered):
            tell(fact)

    await noted.tracing.around(telling)(
        {"type": "http", "method": "BREW", "path": "/webhooks/8x8/x", "headers": []}, none, none
    )
    span = noted.one("_OTHER /webhooks/8x8/{source}")
    assert [(event.name, dict(event.attributes or {})) for event in span.events] == list(FACTS.values())
    assert told == [*FACTS, answered]


async def none(*_: object) -> Any:  # noqa: ANN401 - stands for both of ASGI's
    """Neither says anything nor hears."""


async def test_outside_of_a_request_an_event_is_nobodys(noted: Noted) -> None:
    """What happens in the background is told on, and is not noted."""
    told: list[Fact] = []
    noted.tracing.beside(told.append)(Drifted("market", "UNSORTED"))
    assert (told, list(noted.all)) == ([Drifted("market", "UNSORTED")], [])


async def test_what_fails(gateway: OpenGateway, noted: Noted) -> None:
    """An operation without data has failed, of its first code; one that lacks a part has its codes and has not."""
    opened = await gateway(tracing=noted.tracing)
    await opened.ask("{ colour +12056350001")
    await opened.ask("{ sources { name } phoneNumbers(first: -1) { complete } }")
    broken, partial = noted.one("GraphQL Operation"), noted.one("query")
    assert about(broken)["gateway.codes"] == ("GRAPHQL_PARSE_FAILED",)
    assert (broken.status.status_code, about(broken)["error.type"]) == (StatusCode.ERROR, "GRAPHQL_PARSE_FAILED")
    assert about(partial)["gateway.codes"] == ("BAD_USER_INPUT",)
    assert (partial.status.status_code, "error.type" in about(partial)) == (StatusCode.UNSET, False)
    assert "12056350001" not in noted.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("query n12056350001 { __typename }", None),
        ("query Find { __typename }", "Find"),
        ("query A { __typename }  query B { sources { name } }", "B"),
    ],
)
async def test_names_of_operations(gateway: OpenGateway, noted: Noted, query: str, shown: str | None) -> None:
    """The one that ran is named, unless its name could hold a number."""
    opened = await gateway(tracing=noted.tracing)
    name = "B" if shown == "B" else None
    body = json.dumps({"query": query, "operationName": name}).encode()
    await opened.send("POST", "/graphql", {"content-type": JSON}, body)
    assert about(noted.one("query")).get("graphql.operation.name") == shown


async def test_a_fault_of_the_gateway(noted: Noted) -> None:
    """What nobody foresaw is a failed request with its status; nothing of its text is noted."""

    async def broken(*_: object) -> None:
        msg = "+12056350001"
        raise ZeroDivisionError(msg)

    scope = {"type": "http", "method": "GET", "path": "/graphql", "headers": []}
    with pytest.raises(ZeroDivisionError):
        await noted.tracing.around(broken)(scope, none, none)
    span = noted.one("GET /graphql")
    assert (span.status.status_code, about(span)["error.type"]) == (StatusCode.ERROR, "500")
    assert (list(span.events), "12056350001" in noted.text) == ([], False)


async def test_who_looks_after_the_gateway_is_not_noted(gateway: OpenGateway, noted: Noted) -> None:
    """Probes, metrics and pages have no spans: they come every few seconds."""
    opened = await gateway(tracing=noted.tracing)
    for path in ("/health", "/ready", "/metrics", "/schema.graphql", "/nowhere"):
        await opened.get(path)
    assert [span.name for span in noted.all if span.kind is SpanKind.SERVER] == []  # sources are logged in at meanwhile


async def test_requests_beside_one_another(gateway: OpenGateway, noted: Noted) -> None:
    """Of two requests at the same time each has its own operation."""
    opened: Gateway = await gateway(tracing=noted.tracing)
    await asyncio.gather(*(opened.ask("{ __typename }") for _ in range(2)))
    requests, operations = noted.named("POST /graphql"), noted.named("query")
    assert sorted(map(id_of, requests)) == sorted(parent_of(span) or 0 for span in operations)
    assert len({*map(trace_of, operations)}) == 2
