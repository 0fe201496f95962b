"""What a client sees when sources fail, when nothing can be asked, and when the gateway itself is wrong."""

import logging

import pytest

from gateway.app import open_rooms
from gateway.schema.authority import Asker
from gateway.schema.context import Context
from gateway.schema.graph import make_schema
from gateway.settings import load_only
from gateway.upstream.clock import SystemClock
from tests.schema.documents import Row
from tests.schema.gateways import Client, Simulated, gateway

LIST = """query ($policy: SourceFailurePolicy! = PARTIAL, $after: String, $before: String) {
  phoneNumbers(first: 1000, filter: {countries: ["SG"]}, onSourceFailure: $policy, after: $after, before: $before) {
    nodes { source { name state } } complete totalCount pageInfo { hasNextPage }
    sources {
      source { name state } status rowsRead rowsKept totalCount upstreamCalls asOf gap { after before }
      error { code message retryable retryAfterMs }
    }
  }
}"""
PROVIDERS = ("8x8", "webex", "cloudlx", "callgear")


def reports(connection: Row) -> dict[str, Row]:
    """The account of each source."""
    return {report["source"]["name"]: report for report in connection["sources"]}


def held_by(connection: Row, name: str) -> int:
    """How many rows of the page are a source's."""
    return sum(node["source"]["name"] == name for node in connection["nodes"])


def test_a_broken_source_is_data(broken: Simulated) -> None:
    """The others' rows come without an error; the report names the failure, its remedy and what is missing."""
    broken.turn("cloudlx", fault="http_429", retry_after=7)
    with gateway(broken.sources) as client:
        held = client.ask(LIST).data["phoneNumbers"]
    report = reports(held)["epsilon"]
    assert (held["complete"], held["totalCount"], held_by(held, "epsilon")) == (False, None, 0)
    assert held_by(held, "voice_sg") > 90
    assert report["status"] == "FAILED"
    assert report["source"] == {"name": "epsilon", "state": "DOWN"}
    assert report["error"]["code"] == "SOURCE_RATE_LIMITED"
    assert "asked too often" in report["error"]["message"]
    assert (report["error"]["retryable"], report["error"]["retryAfterMs"]) == (True, 7000)
    assert (report["rowsRead"], report["rowsKept"], report["totalCount"], report["asOf"]) == (0, 0, None, None)
    assert report["gap"] == {"after": None, "before": None}
    others = [other for name, other in reports(held).items() if name != "epsilon"]
    assert all((other["status"], other["error"], other["gap"]) == ("OK", None, None) for other in others)
    assert all(other["rowsRead"] > 0 and other["totalCount"] is not None for other in others)


def test_a_gap_is_read_later(broken: Simulated) -> None:
    """Once the source answers again, its rows are found between the cursors that the gap named."""
    broken.turn("cloudlx", fault="http_500")
    with gateway(broken.sources) as client:
        gap = reports(client.ask(LIST).data["phoneNumbers"])["epsilon"]["gap"]
        broken.turn("cloudlx", fault=None)
        later = client.ask(LIST, gap).data["phoneNumbers"]
    assert later["complete"]
    assert held_by(later, "epsilon") == reports(later)["epsilon"]["rowsKept"] > 90
    assert reports(later)["epsilon"]["source"]["state"] == "UP"


def test_all_or_nothing(broken: Simulated) -> None:
    """``onSourceFailure: FAIL`` answers null with the source's own code and its name, and everything when none fails."""
    with gateway(broken.sources) as client:
        whole = client.ask(LIST, {"policy": "FAIL"}).data["phoneNumbers"]
    broken.turn("webex", fault="http_403")
    with gateway(broken.sources) as client:
        reply = client.ask(LIST, {"policy": "FAIL"})
    assert whole["complete"]
    assert (reply.status, reply.json["data"]) == (200, {"phoneNumbers": None})
    [error] = reply.errors
    assert error["path"] == ["phoneNumbers"]
    assert error["extensions"] == {"code": "SOURCE_FORBIDDEN", "retryable": False, "retryAfterMs": None}
    assert error["message"].startswith("dallas: Webex")


def test_nobody_answers(broken: Simulated) -> None:
    """An empty page would be a lie: the list is null with ALL_SOURCES_FAILED, naming each source."""
    for provider in PROVIDERS:
        broken.turn(provider, fault="http_503")
    with gateway(broken.sources) as client:
        code, message = client.ask(LIST).refusal
    assert code == "ALL_SOURCES_FAILED"
    assert all(name in message for name in broken.sources)


def test_an_outage_is_unknown_and_never_not_found(broken: Simulated) -> None:
    """A look-up says UNKNOWN with the error for a source that fails, and is not complete."""
    broken.turn("callgear", fault="html_502")
    query = """{ phoneNumber(e164: "+442079460123") { complete records { source { name } }
        outcomes { source { name } result asOf error { code message retryable retryAfterMs } } } }"""
    with gateway(broken.sources) as client:
        held = client.ask(query).data["phoneNumber"]
    outcomes = {outcome["source"]["name"]: outcome for outcome in held["outcomes"]}
    assert not held["complete"]
    assert [record["source"]["name"] for record in held["records"]] == ["epsilon", "voice_sg", "london"]
    assert (outcomes["market"]["result"], outcomes["market"]["asOf"]) == ("UNKNOWN", None)
    assert outcomes["market"]["error"]["code"] == "SOURCE_UNAVAILABLE"
    assert outcomes["dallas"]["result"] == "NOT_FOUND"


ELSEWHERE = '{ phoneNumber(e164: "+442079460123", sources: ["voice_sg"]) { records { alsoAt { source { name } } } } }'


def test_elsewhere_as_far_as_it_can_be_asked(broken: Simulated) -> None:
    """``alsoAt`` shows the sources that answer, and is null with ALL_SOURCES_FAILED when none of the others does."""
    broken.turn("webex", fault="http_500")
    with gateway(broken.sources) as client:
        [record] = client.ask(ELSEWHERE).data["phoneNumber"]["records"]
    assert [also["source"]["name"] for also in record["alsoAt"]] == ["market", "epsilon"]
    for provider in ("cloudlx", "callgear"):
        broken.turn(provider, fault="http_500")
    with gateway(broken.sources) as client:
        reply = client.ask(ELSEWHERE)
    assert reply.json["data"] == {"phoneNumber": {"records": [{"alsoAt": None}]}}
    assert reply.errors[0]["path"] == ["phoneNumber", "records", 0, "alsoAt"]
    assert reply.codes == ["ALL_SOURCES_FAILED"]


def test_one_source_alone_is_nowhere_else(broken: Simulated) -> None:
    """With a single source there is nobody else to ask: ``alsoAt`` is empty, not an error."""
    with gateway({"voice_sg": broken.sources["voice_sg"]}) as client:
        [record] = client.ask(ELSEWHERE).data["phoneNumber"]["records"]
    assert record == {"alsoAt": []}


def test_a_subaccount_without_a_list_is_awaited(broken: Simulated) -> None:
    """Nothing is known of it yet, which is told as AWAITING_SNAPSHOT and never as an empty source."""
    masking = broken.sources["voice_sg"] | {"subaccount_id": "Masking-Only_2"}
    with gateway({"london": broken.sources["london"], "masking": masking}) as client:
        query = "{ phoneNumbers(first: 1) { complete totalCount sources { source { name } status error { code } } } }"
        held = client.ask(query).data["phoneNumbers"]
    assert (held["complete"], held["totalCount"]) == (False, None)
    assert reports(held)["masking"]["status"] == "AWAITING_SNAPSHOT"
    assert reports(held)["london"]["status"] == "OK"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ sources { name }", "GRAPHQL_PARSE_FAILED"),
        ("", "BAD_USER_INPUT"),
        ("{ sources { name } } fragment F on Query { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ sources { colour } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int) { sources { name } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($e164: E164!) { phoneNumber(e164: $e164) { e164 } }", "BAD_USER_INPUT"),
        ("fragment F on Query { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("mutation { buy }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ " + "sources { name } " * 1000 + "}", "DOCUMENT_TOO_COMPLEX"),
        ("{ a" * 600 + "}" * 600, "DOCUMENT_TOO_COMPLEX"),
    ],
    ids=[
        "cut off",
        "empty",
        "unused",
        "unknown field",
        "unused variable",
        "no variable",
        "no operation",
        "mutation",
        "long",
        "deep",
    ],
)
def test_request_errors_have_codes(graph: Client, document: str, code: str) -> None:
    """Nothing ran, so there is no ``data``; the code tells a broken document from a foreign one and from bad input."""
    reply = graph.ask(document)
    assert (reply.status, set(reply.json)) == (400, {"errors"})
    assert set(reply.codes) == {code}


async def test_an_unforeseen_failure_tells_nothing(simulated: Simulated, caplog: pytest.LogCaptureFixture) -> None:
    """A resolver that breaks is INTERNAL_SERVER_ERROR in its place; what broke it stands in the log alone."""
    async with open_rooms(load_only(sources=simulated.sources), SystemClock()) as rooms:
        context = Context(rooms, Asker("nobody", ("a source that is gone",), None))
        with caplog.at_level(logging.ERROR, "gateway"):
            result = await make_schema().execute("{ sources { name } }", context_value=context)
    assert result.errors is not None
    [error] = result.errors
    assert (error.path, error.extensions) == (["sources"], {"code": "INTERNAL_SERVER_ERROR"})
    assert error.message == "The gateway failed here; the failure is logged."
    assert "a source that is gone" in caplog.text


def test_errors_stay_out_of_the_log(graph: Client, caplog: pytest.LogCaptureFixture) -> None:
    """What a caller did wrong is told to the caller alone: numbers in a query are personal data."""
    for number in ("+", "+15551234567890123"):
        assert graph.ask(f'{{ phoneNumber(e164: "{number}") {{ e164 }} }}').codes == ["BAD_USER_INPUT"]
        assert graph.ask(f'{{ phoneNumber(e164: "{number}"').codes == ["GRAPHQL_PARSE_FAILED"]
    assert caplog.text == ""
