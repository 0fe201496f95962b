"""Whole answers that are kept: the same bytes as computed anew, and only while that would give them."""

import asyncio
import json
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.sandbox.accounts import WEBHOOK_SECRET
from gateway.web.kept import BESIDE, KeptAnswers, names
from tests.clocks import ManualClock
from tests.conftest import NO_FILES, Answer, Gateway, OpenGateway, Simulators
from tests.schema.gateways import Client
from tests.upstream.telling import event, row
from tests.valkeys import valkey_server

LIST = """query ($after: String) { phoneNumbers(first: 20, after: $after, filter: {sources: ["voice_sg", "dallas"]}) {
  nodes { e164 rawStatus asOf stale } complete pageInfo { endCursor } sources { status upstreamCalls source { state } }
} }"""
DALLAS = LIST.replace('"voice_sg", ', "")
LOOK_UP = (
    """{ phoneNumber(e164: "+65123456789", sources: ["voice_sg"]) { records { rawStatus } outcomes { result } } }"""
)
JSON = {"content-type": "application/json"}
WEBHOOK = {"authorization": WEBHOOK_SECRET, **JSON}


def kept_of(gateway: Gateway) -> KeptAnswers:
    """What a gateway keeps."""
    app: Any = gateway.app
    found: KeptAnswers = app.router.routes[0].endpoint._kept
    return found


def count(gateway: Gateway) -> int:
    """How many answers it keeps."""
    return len(kept_of(gateway)._kept)


async def warm(gateway: Gateway, query: str = LIST) -> Answer:
    """The second answer, which costs no call, and is kept if it may be."""
    await gateway.ask(query)
    return await gateway.ask(query)


async def test_what_comes_again_is_kept(gateway: OpenGateway, sandbox: Simulators) -> None:
    """From the first answer that cost no call on; with an ETag, on which a client that has it is told so."""
    opened = await gateway()
    first, calls = await opened.ask(LIST), len(sandbox.calls())
    assert (first.headers["cache-control"], "etag" in first.headers, count(opened)) == ("no-store", False, 0)
    second, third = [await opened.ask(LIST, headers={"x-request-id": "of-the-test"}) for _ in range(2)]
    assert (second.headers["cache-control"], count(opened)) == ("private, no-cache", 1)
    assert (third.content, third.headers) == (second.content, second.headers)
    assert third.headers["content-length"] == str(len(third.content))
    etag = third.headers["etag"]
    again = await opened.ask(LIST, headers={"if-none-match": f'"other", {etag}'})
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", etag)
    assert "content-type" not in again.headers
    assert (await opened.ask(LIST, headers={"if-none-match": '"other"'})).content == third.content
    assert len(sandbox.calls()) == calls


def test_a_browser_is_told_that_it_has_it(web: Client) -> None:
    """By GET, over a socket, where a 304 ends with its head."""
    target = f"/graphql?{urlencode({'query': LIST})}"
    etag = [web.send("GET", target, {"accept": "application/json"}) for _ in range(3)][-1].headers["etag"]
    again = web.send("GET", target, {"accept": "application/json", "if-none-match": etag})
    assert (again.status, again.content, again.headers["etag"]) == (304, b"", etag)


async def test_each_media_type_has_its_own_tag(gateway: OpenGateway) -> None:
    """Equal bytes of two media types are two representations (RFC 9110, 8.8.3)."""
    opened = await gateway()
    plain = await warm(opened)
    other = await opened.ask(LIST, headers={"accept": "application/graphql-response+json"})
    assert plain.content == other.content
    assert plain.headers["etag"] != other.headers["etag"]


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(LIST.replace("first: 20", 'first: 20, maxStaleness: "PT0S"'), id="nothing kept may be used"),
        pytest.param("{ sources { name } }", id="nothing that ages"),
        pytest.param("{ __schema { queryType { name } } }", id="the schema"),
        pytest.param("{ phoneNumbers(first: -1) { complete } }", id="an error"),
        pytest.param(LOOK_UP[:-1] + " ... @defer { sources { name } } }", id="parts"),
    ],
)
async def test_what_is_not_kept(gateway: OpenGateway, query: str) -> None:
    """However often it comes."""
    opened = await gateway()
    await warm(opened, query)
    assert "etag" not in (await opened.ask(query)).headers
    assert count(opened) == 0


async def test_a_cost_that_is_asked_for_is_told_each_time(gateway: OpenGateway) -> None:
    """An answer with extensions is not kept; the same without them is."""
    opened = await gateway()
    await warm(opened, LOOK_UP)
    body = json.dumps({"query": LOOK_UP, "extensions": {"cost": True}}).encode()
    answers = [await opened.send("POST", "/graphql", JSON, body) for _ in range(2)]
    assert all("cost" in answer.body["extensions"] and "etag" not in answer.headers for answer in answers)
    assert count(opened) == 1


async def test_what_is_incomplete_is_not_kept(gateway: OpenGateway, sandbox: Simulators) -> None:
    """A source that does not answer leaves a hole in lists and look-ups, which nobody is told twice."""
    sandbox.turn("webex", fault="503")
    sandbox.turn("8x8", fault="503")
    opened = await gateway()
    for query in (LIST.replace('"voice_sg", ', '"epsilon", '), LOOK_UP):
        assert "etag" not in (await warm(opened, query)).headers
    assert count(opened) == 0


async def test_what_is_stale_is_not_kept(gateway: OpenGateway, sandbox: Simulators, clock: ManualClock) -> None:
    """An old copy that stands in is looked at again with every request."""
    opened = await gateway(clock=clock)
    await warm(opened)
    clock.advance(400)
    for provider in ("8x8", "webex"):
        sandbox.turn(provider, fault="503")
    for _ in range(3):
        told = (await opened.ask(LIST)).data["phoneNumbers"]
        assert {report["status"] for report in told["sources"]} == {"STALE", "SKIPPED"}
    assert count(opened) == 0
    sandbox.turn_all(fault=None)
    told = (await opened.ask(LIST)).data["phoneNumbers"]
    assert {report["status"] for report in told["sources"]} == {"OK", "SKIPPED"}


async def test_what_an_open_circuit_leaves_out_is_not_kept(
    gateway: OpenGateway, sandbox: Simulators, clock: ManualClock
) -> None:
    """Neither an old copy that stands in nor a hole, although nobody was called for it."""
    sources = {name: {**sandbox.sources[name], "circuit_calls": 1} for name in ("dallas", "voice_sg")}
    opened = await gateway(sources, clock=clock)
    await warm(opened)
    clock.advance(31)
    sandbox.turn("webex", fault="503")
    answers = [await opened.ask(LIST) for _ in range(3)]
    assert not any("etag" in answer.headers for answer in answers)
    assert answers[2].data["phoneNumbers"]["sources"][0]["status"] == "STALE"
    assert answers[2].data["phoneNumbers"]["sources"][0]["upstreamCalls"] == 0
    query = LIST.replace("first: 20", 'first: 20, maxStaleness: "PT60S"')
    clock.advance(31)
    answers = [await opened.ask(query) for _ in range(3)]
    assert not any("etag" in answer.headers for answer in answers)
    assert not answers[2].data["phoneNumbers"]["complete"]


async def test_what_waits_for_events_is_not_kept(gateway: OpenGateway, sandbox: Simulators) -> None:
    """A source that has no list, and has not told everything: nobody was called, and nothing failed."""
    sources = {"dallas": sandbox.sources["dallas"], "masking": sandbox.variants["masking"]}
    opened = await gateway(sources)
    answer = await warm(opened, "{ phoneNumbers(first: 3) { nodes { e164 } complete sources { upstreamCalls } } }")
    assert [report["upstreamCalls"] for report in answer.data["phoneNumbers"]["sources"]] == [0, 0]
    assert not answer.data["phoneNumbers"]["complete"]
    assert "etag" not in answer.headers


async def test_it_is_served_as_long_as_it_is_fresh(gateway: OpenGateway, clock: ManualClock) -> None:
    """Until its first source is to be read again: Webex, of whose 30 seconds a copy in use has 21 to 27."""
    opened = await gateway(clock=clock)
    before = await warm(opened)
    [kept] = kept_of(opened)._kept.values()
    assert 21 <= (kept.until - clock.now()).total_seconds() <= 27
    clock.advance(20)
    assert (await opened.ask(LIST)).headers["etag"] == before.headers["etag"]
    clock.advance(30)
    assert (await opened.ask(LIST)).content != before.content


async def test_it_is_never_older_than_its_request_allows(
    gateway: OpenGateway, sandbox: Simulators, clock: ManualClock
) -> None:
    """A request's own bound is shorter than the source's."""
    opened = await gateway(clock=clock)
    query = LOOK_UP.replace("sources:", 'maxStaleness: "PT10S", sources:')
    assert "etag" in (await warm(opened, query)).headers
    assert len(sandbox.calls()) == 1
    clock.advance(9)
    await opened.ask(query)
    assert len(sandbox.calls()) == 1
    clock.advance(1)
    await opened.ask(query)
    assert len(sandbox.calls()) == 2


async def test_an_event_ends_it(gateway: OpenGateway) -> None:
    """What an event tells is in the very next answer."""
    opened = await gateway()
    before = await warm(opened, LOOK_UP)
    told = event(row("+65123456789", minutes=10_000_000, status="Inactive"))
    assert (await opened.send("POST", "/webhooks/8x8/voice_sg", WEBHOOK, told)).status == 200
    after = await opened.ask(LOOK_UP)
    assert [record["rawStatus"] for record in before.data["phoneNumber"]["records"]] != ["Inactive"]
    assert [record["rawStatus"] for record in after.data["phoneNumber"]["records"]] == ["Inactive"]


async def test_what_is_read_anew_ends_it(gateway: OpenGateway, sandbox: Simulators) -> None:
    """Another request has the source read again: nobody is told what was before."""
    opened = await gateway({"dallas": sandbox.sources["dallas"]})
    before = await warm(opened, DALLAS)
    sandbox.world.simulators["webex"].churn(200)
    await opened.ask(DALLAS.replace("first: 20", 'first: 20, maxStaleness: "PT0S"'))
    after = await opened.ask(DALLAS)
    assert after.content != before.content
    assert after.data["phoneNumbers"]["sources"][0]["upstreamCalls"] == 0


async def test_a_source_that_fails_ends_it(gateway: OpenGateway, sandbox: Simulators) -> None:
    """The state of a source is told as it is now."""
    opened = await gateway()
    query = '{ phoneNumber(e164: "+65123456789", sources: ["voice_sg"]) { outcomes { source { state } } } }'
    assert (await warm(opened, query)).data["phoneNumber"]["outcomes"] == [{"source": {"state": "UP"}}]
    sandbox.turn("8x8", fault="503")
    await opened.ask('{ phoneNumber(e164: "+6598765432", sources: ["voice_sg"], maxStaleness: "PT0S") { complete } }')
    told = await opened.ask(query)
    assert told.data["phoneNumber"]["outcomes"] == [{"source": {"state": "DEGRADED"}}]


async def test_nobody_is_told_what_another_may_see(gateway: OpenGateway) -> None:
    """The same bytes of two clients are two questions."""
    clients = {
        name: {"key_sha256": sha256(name.encode()).hexdigest(), "sources": [source]}
        for name, source in (("one", "dallas"), ("two", "london"))
    }
    opened = await gateway(clients=clients)
    query = "{ phoneNumbers(first: 3) { nodes { source { name } } } }"
    for name, source in (("one", "dallas"), ("two", "london")):
        key = {"authorization": f"Bearer {name}"}
        for _ in range(3):
            answer = await opened.ask(query, headers=key)
            assert answer.data["phoneNumbers"]["nodes"] == 3 * [{"source": {"name": source}}]
    assert count(opened) == 2
    assert (await opened.ask(query, headers={"authorization": "Bearer three"})).status == 401


async def test_it_is_bounded(gateway: OpenGateway) -> None:
    """What was longest unused goes first; the count of bytes is true all the while."""
    opened = await gateway()
    kept = kept_of(opened)
    size = len((await warm(opened)).content)
    kept._most = 12 * (size + BESIDE)
    page: dict[str, str | None] = {"after": None}
    for _ in range(16):
        await opened.ask(LIST, page)
        answer = await opened.ask(LIST, page)
        page = {"after": answer.data["phoneNumbers"]["pageInfo"]["endCursor"]}
        taken = sum(len(one.body) + len(asking.content) + BESIDE for asking, one in kept._kept.items())
        assert kept.held == taken <= kept._most
    assert 8 <= count(opened) <= 12


async def test_it_may_be_forgotten_while_it_is_looked_for(gateway: OpenGateway, clock: ManualClock) -> None:
    """Whether it still holds is asked of the store; what another request drops meanwhile is computed anew."""
    opened = await gateway(clock=clock)
    await warm(opened)
    clock.advance(5)
    answers = kept_of(opened)
    [asking] = answers._kept
    looking = asyncio.create_task(answers.find(asking))
    await asyncio.sleep(0)
    assert not looking.done()
    answers._drop(asking)
    assert await looking is None


async def test_what_is_very_large_is_not_kept(gateway: OpenGateway) -> None:
    """It would drive others out, and nothing is kept where there is no room for anything."""
    opened = await gateway(state={**NO_FILES, "answer_bytes": 24_000})
    await warm(opened)
    none = await gateway(state={**NO_FILES, "answer_bytes": 0})
    assert "etag" not in (await warm(none, LOOK_UP)).headers
    assert count(opened) == 0
    await warm(opened, LOOK_UP)
    assert count(opened) == 1


async def test_processes_that_share_keep_no_answers(gateway: OpenGateway) -> None:
    """What one of them forgets, another's answer may still hold."""
    with valkey_server() as server:
        opened = await gateway(state={**NO_FILES, "redis_url": f"redis://127.0.0.1:{server.port}/0"})
        assert "etag" not in (await warm(opened)).headers
        assert count(opened) == 0


@pytest.mark.parametrize(
    ("header", "named"),
    [('"a"', True), ('W/"a"', True), ("*", True), ('"b", "a"', True), ('"b"', False), ("", False)],
)
def test_tags_are_compared_weakly(header: str, named: bool) -> None:
    """RFC 9110, 13.1.2."""
    assert names(header, '"a"') is named
