"""The account of every source in an answer, and how old a copy may be."""

from datetime import UTC, datetime

from tests.schema.documents import Row
from tests.schema.gateways import Client, Simulated, gateway

LIST = """query ($age: Duration, $filter: PhoneNumberFilter) {
  phoneNumbers(first: 10, maxStaleness: $age, filter: $filter) {
    nodes { asOf observedVia stale source { name } }
    complete
    sources {
      source { name provider state } status rowsRead rowsKept rowsSkipped totalCount asOf upstreamCalls remarks
      error { code } gap { after }
    }
  }
}"""
LOOK_UP = """query ($age: Duration) {
  phoneNumber(e164: "+65123456789", sources: ["voice_sg"], maxStaleness: $age) { outcomes { asOf } }
}"""
ROWS = {"dallas": 400, "epsilon": 1200, "london": 400, "market": 6000, "voice_sg": 302}


def reports(client: Client, **asked: object) -> dict[str, Row]:
    """The accounts of a page, which is complete."""
    held = client.ask(LIST, asked).data["phoneNumbers"]
    assert held["complete"]
    assert [report["source"]["name"] for report in held["sources"]] == sorted(ROWS)
    return {report["source"]["name"]: report for report in held["sources"]}


def test_a_fresh_page_says_what_it_cost(broken: Simulated) -> None:
    """Every source was read whole just now: rows read and kept, calls, the time, and what was not as documented."""
    before = datetime.now(UTC)
    with gateway(broken.sources) as client:
        held = client.ask(LIST).data["phoneNumbers"]
        calls = {name: broken.calls(name) for name in broken.world.simulators}
    told = {report["source"]["name"]: report for report in held["sources"]}
    kept = [node["source"]["name"] for node in held["nodes"]]
    assert {name: report["rowsRead"] for name, report in told.items()} == ROWS
    assert {name: report["rowsKept"] for name, report in told.items()} == {name: kept.count(name) for name in ROWS}
    assert {name: report["totalCount"] for name, report in told.items()} == ROWS
    assert {(report["status"], report["rowsSkipped"]) for report in told.values()} == {("OK", 0)}
    assert all(before <= datetime.fromisoformat(report["asOf"]) <= datetime.now(UTC) for report in told.values())
    assert all(report["source"]["state"] == "UP" for report in told.values())
    spent = {name: report["upstreamCalls"] for name, report in told.items()}
    assert calls == {
        "8x8": spent["voice_sg"],
        "webex": spent["dallas"] + spent["london"],
        "cloudlx": spent["epsilon"],
        "callgear": spent["market"],
    }
    assert told["market"]["remarks"] == ["unknown word in category"]
    assert {(node["observedVia"], node["stale"]) for node in held["nodes"]} == {("LIST", False)}
    assert all(node["asOf"] >= told[node["source"]["name"]]["asOf"] for node in held["nodes"])


def test_a_copy_costs_nothing_until_it_is_too_old(broken: Simulated) -> None:
    """A second page is served from the copies; ``PT0S`` asks anew, and what it brings is newer."""
    with gateway(broken.sources) as client:
        first = reports(client)
        again = reports(client, age="PT1H")
        anew = reports(client, age="PT0S", filter={"countries": ["GB"]})
    assert {report["upstreamCalls"] for report in again.values()} == {0}
    assert {name: report["asOf"] for name, report in again.items()} == {
        name: report["asOf"] for name, report in first.items()
    }
    assert all(report["upstreamCalls"] > 0 for report in anew.values())
    assert all(anew[name]["asOf"] > first[name]["asOf"] for name in ROWS)


def test_a_look_up_may_be_asked_anew(broken: Simulated) -> None:
    """A found number is believed for a while; ``PT0S`` checks it again."""
    with gateway(broken.sources) as client:
        told = [
            client.ask(LOOK_UP, {"age": age}).data["phoneNumber"]["outcomes"][0]["asOf"] for age in (None, None, "PT0S")
        ]
    assert told[0] == told[1] < told[2]
    assert broken.calls("8x8") == 2
