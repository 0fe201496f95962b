"""What is counted: every fact under bounded labels, and every refusal, however it comes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.routing import Route

from gateway.app import create_app
from gateway.sandbox.accounts import WEBHOOK_SECRET
from gateway.serving import bind, running, url_of
from gateway.settings import load_only
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
from gateway.web.metrics import Metrics
from tests.schema.gateways import JSON, RESPONSE, Client, Headers, Simulated, gateway
from tests.upstream.telling import event, row
from tests.web.counting import counts, read, refusals
from tests.web.frames import socket
from tests.web.test_auth import CLIENTS, SHOP
from tests.web.test_limits import ELSEWHERE, SOURCES, asked_as

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
FACTS: list[tuple[Fact, dict[tuple[str, ...], float]]] = [
    (
        Called("a", "OK", 0.5),
        {("gateway_source_call_seconds_count", "a", "OK"): 1, ("gateway_source_call_seconds_sum", "a", "OK"): 0.5},
    ),
    (Retried("a", "X"), {("gateway_source_retries_total", "a", "X"): 1}),
    (
        Waited("a", "OK", 2.5),
        {("gateway_source_wait_seconds_count", "a", "OK"): 1, ("gateway_source_wait_seconds_sum", "a", "OK"): 2.5},
    ),
    (
        CircuitChanged("a", "OPEN"),
        {("gateway_source_circuit_changes_total", "a", "OPEN"): 1, ("gateway_source_circuit_open", "a"): 1},
    ),
    (
        CircuitChanged("a", "CLOSED"),
        {("gateway_source_circuit_changes_total", "a", "CLOSED"): 1, ("gateway_source_circuit_open", "a"): 0},
    ),
    (TokenFetched("a", "OK"), {("gateway_source_tokens_total", "a", "OK"): 1}),
    (CacheRead("a", "HIT", 3), {("gateway_cache_reads_total", "a", "HIT"): 3}),
    (EventArrived("a", "kept"), {("gateway_events_total", "a", "kept"): 1}),
    (Drifted("a", "OTHER"), {("gateway_source_drift_total", "a", "OTHER"): 1}),
    (Refused("X"), {("gateway_refusals_total", "X"): 1}),
    (
        Answered("OTHER", "200", 0.25),
        {("gateway_request_seconds_count", "OTHER", "200"): 1, ("gateway_request_seconds_sum", "OTHER", "200"): 0.25},
    ),
]


def exposed(metrics: Metrics) -> str:
    """All metrics as text."""
    return metrics.text("")[0].decode()


@pytest.mark.parametrize(("fact", "expected"), FACTS)
def test_each_fact_is_counted(fact: Fact, expected: dict[tuple[str, ...], float]) -> None:
    """A fact counts once, in the metrics of its kind and in no others."""
    metrics = Metrics()
    metrics.tell(fact)
    assert read(exposed(metrics)) == expected


def test_every_kind_of_fact_is_counted() -> None:
    """None of them is forgotten."""
    assert {type(fact) for fact, _ in FACTS} == set(Fact.__args__)


def test_the_document_names_the_metrics() -> None:
    """``docs/operations.md`` lists what there is, and its labels, and nothing else."""
    metrics = Metrics()
    for fact, _ in FACTS:
        metrics.tell(fact)
    there = set(re.findall(r"^# TYPE (\w+) ", exposed(metrics), re.MULTILINE))
    listed = dict(re.findall(r"^\| `(gateway_\w+)` \| (.*?) \|", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(listed) == {name for name in there if not name.endswith("_created")}
    labels = {name: re.findall(r"`(\w+)`", cell) for name, cell in listed.items()}
    for name, given in labels.items():
        sample = next(line for line in exposed(metrics).splitlines() if re.match(rf"{name}(_count)?{{", line))
        assert sorted(given) == re.findall(r"(\w+)=", sample)
    assert {label for given in labels.values() for label in given} == {"source", "code", "kind", "outcome"}


def test_both_formats_are_spoken(web: Client) -> None:
    """Prometheus' text, and OpenMetrics for who accepts it; nobody needs a key."""
    plain = web.send("GET", "/metrics")
    assert (plain.status, plain.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    assert plain.headers["cache-control"] == "no-store"
    modern = web.send("GET", "/metrics", {"accept": "application/openmetrics-text; version=1.0.0"})
    assert modern.headers["content-type"].startswith("application/openmetrics-text")
    assert modern.content.endswith(b"# EOF\n")


def test_a_question_leaves_its_traces(simulated: Simulated) -> None:
    """Calls, log-ins, misses and hits of each source stand there after a page was asked for twice."""
    with gateway(simulated.sources) as client:
        for _ in range(2):
            assert client.ask("{ phoneNumbers(first: 5, orderBy: {field: COUNTRY}) { complete } }").data
        counted = counts(client)
    names = sorted(simulated.sources)
    assert [name for name in names if counted["gateway_source_call_seconds_count", name, "OK"] > 0] == names
    assert [counted["gateway_cache_reads_total", name, "MISS"] for name in names] == [1] * 5
    assert [counted["gateway_cache_reads_total", name, "HIT"] for name in names] == [1] * 5
    assert counted["gateway_source_tokens_total", "epsilon", "OK"] == 1
    assert counted["gateway_request_seconds_count", "GRAPHQL", "200"] == 2


@pytest.fixture(scope="module")
def guarded(simulated: Simulated) -> Iterator[Client]:
    """A gateway with clients, of which one operation a minute is taken."""
    with gateway(simulated.sources, clients=CLIENTS, limits={"queries_per_minute": 1}) as client:
        yield client


BODY = {"content-type": JSON}
KEY = {"authorization": f"Bearer {SHOP}"}
REFUSED: list[tuple[str, str, Headers, bytes, str]] = [
    ("GET", "/", {}, b"", "BAD_USER_INPUT"),
    ("GET", "/graphql", ELSEWHERE | {"x": "1"}, b"", "BAD_USER_INPUT"),
    ("GET", SOURCES, ELSEWHERE, b"", "FORBIDDEN"),
    ("POST", "/graphql", BODY, b"{}", "BAD_USER_INPUT"),
    ("POST", "/graphql", BODY, b'{"query": "{"}', "GRAPHQL_PARSE_FAILED"),
    ("POST", "/graphql", BODY, b'{"query": "{ colour }"}', "GRAPHQL_VALIDATION_FAILED"),
    ("POST", "/graphql", BODY, b'{"documentId": "unknown"}', "PERSISTED_QUERY_NOT_FOUND"),
    ("POST", "/graphql", BODY, b'{"query": "{ phoneNumbers(first: -1) { complete } }"}', "BAD_USER_INPUT"),
    ("POST", "/graphql", BODY | {"accept": "text/event-stream"}, b'{"query": "{"}', "GRAPHQL_PARSE_FAILED"),
    ("POST", "/webhooks/8x8/nobody", BODY, b"{}", "UNKNOWN_SOURCE"),
    ("POST", "/webhooks/8x8/voice_sg", BODY, b"{}", "UNAUTHENTICATED"),
    ("GET", "/graphql?query=" + "x" * 70_000, {}, b"", "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("method", "target", "headers", "content", "code"), REFUSED)
def test_refusals_are_counted(
    web: Client, method: str, target: str, headers: Headers, content: bytes, code: str
) -> None:
    """Each refusal counts once under its code, wherever it was refused."""
    before = refusals(web)
    web.send(method, target, headers, content)
    after = refusals(web)
    assert {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)} == {code: 1}


def test_refusals_at_the_door_are_counted(guarded: Client) -> None:
    """Strangers, of the graph and of the schema, and who asks too often."""
    for headers in ({}, KEY, KEY):
        guarded.send("GET", SOURCES, headers)
    guarded.send("GET", "/schema.graphql")
    assert refusals(guarded) == {"UNAUTHENTICATED": 2, "RATE_LIMITED": 1}


def test_a_misdirected_request_is_counted(simulated: Simulated) -> None:
    """As is what no code of ours foresaw: 421 and 500."""
    settings = load_only(sources=simulated.sources, state={"database_url": "sqlite://"})
    app = create_app(settings)

    async def broken(_: Request) -> None:
        msg = "unforeseen"
        raise RuntimeError(msg)

    app.router.routes.append(Route("/broken", broken))
    bound = bind("127.0.0.1", 0)
    with running(app, bound):
        client = Client(url_of(bound))
        asked_as(client, "evil.example")
        failed = client.send("GET", "/broken", {"x-request-id": "request-of-mine"})
        assert (failed.status, failed.headers["x-request-id"]) == (500, "request-of-mine")
        assert refusals(client) == {"BAD_USER_INPUT": 1, "INTERNAL_SERVER_ERROR": 1}
        assert counts(client)["gateway_request_seconds_count", "OTHER", "500"] == 1


def test_errors_in_batches_and_parts_are_counted(simulated: Simulated) -> None:
    """Each answer of a batch, and each part of an answer, counts its own."""
    deferred = '{ __typename ... @defer { phoneNumber(e164: "+12") { records { source { name } } } } }'
    failing = "{ __typename ... @defer { phoneNumbers(first: -1) { complete } } }"
    with gateway(simulated.sources, limits={"batch": 3}) as client:
        client.post(json.dumps([{"query": "{"}, {"query": "{ colour }"}, {"query": "{ __typename }"}]).encode())
        assert refusals(client) == {"GRAPHQL_PARSE_FAILED": 1, "GRAPHQL_VALIDATION_FAILED": 1}
        for query in (deferred, failing):
            assert client.post(json.dumps({"query": query}).encode(), f"multipart/mixed, {RESPONSE}").status == 200
        assert refusals(client)["BAD_USER_INPUT"] == 1


async def test_refusals_of_sockets_are_counted(simulated: Simulated) -> None:
    """Errors that a frame tells count under their code; a socket that is closed on its client, under that of the close."""
    with gateway(simulated.sources) as client:
        async with socket(client.url, "mqtt") as opened:
            await opened.closed()
        async with socket(client.url) as opened:
            await opened.init()
            await opened.subscribe("1", "{")
            await opened.next()
            await opened.subscribe("2", "{ phoneNumbers(first: -1) { complete } }")
            assert [(await opened.next())["type"] for _ in range(2)] == ["next", "complete"]
            await opened.raw.send_str("what?")
            await opened.closed()
        for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
            with pytest.raises(Exception, match="403"):
                await socket(client.url, **headers).__aenter__()
        assert refusals(client) == {
            "4406": 1,
            "GRAPHQL_PARSE_FAILED": 1,
            "BAD_USER_INPUT": 2,
            "4400": 1,
            "FORBIDDEN": 1,
        }
        counted = counts(client)
        assert counted["gateway_request_seconds_count", "SOCKET", "101"] == 2


def test_events_are_counted(simulated: Simulated) -> None:
    """Kept, kept before, and refused, by source; what strangers make up has no name there."""
    told = {**BODY, "authorization": WEBHOOK_SECRET}
    with gateway(simulated.sources) as client:
        client.send("POST", "/webhooks/8x8/made-up", BODY, b"{}")
        client.send("POST", "/webhooks/8x8/voice_sg", BODY, b"{}")
        for _ in range(2):
            assert client.send("POST", "/webhooks/8x8/voice_sg", told, event(row())).status == 200
        counted = {key[1:]: value for key, value in counts(client).items() if key[0] == "gateway_events_total"}
    assert counted == {
        ("", "UNKNOWN_SOURCE"): 1,
        ("voice_sg", "UNAUTHENTICATED"): 1,
        ("voice_sg", "kept"): 1,
        ("voice_sg", "duplicate"): 1,
    }
