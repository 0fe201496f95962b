"""One provider in trouble: the others' rows arrive, the report says what happened, and the process goes on."""

import asyncio
import socket
from collections.abc import Iterable
from typing import Any

import pytest

from tests.conftest import PATIENCE, Gateway, OpenGateway, Simulators
from tests.contract.truth import NAMES, held, made

PAGE = """query Page($rows: Int! = 200, $failing: SourceFailurePolicy! = PARTIAL, $field: PhoneNumberOrderField! = E164) {
  phoneNumbers(first: $rows, onSourceFailure: $failing, orderBy: {field: $field}) {
    nodes { e164 provider source { name } }
    pageInfo { hasNextPage }
    totalCount
    complete
    sources {
      source { name } status rowsRead rowsKept totalCount upstreamCalls asOf remarks
      error { code message retryable retryAfterMs } gap { after before }
    }
  }
}"""
ROWS = 200
NO_PAGE: dict[str, Any] = {"nodes": [], "complete": False, "sources": []}
SHORT = {"timeout": 0.15}
"""Time for an answer where a test has to wait for its end."""


def merged(sandbox: Simulators, names: Iterable[str]) -> list[tuple[str, str, str]]:
    """What is true of several sources together: digits, provider and source, in the merged order."""
    tables = {name: sandbox.sources[name] for name in names}
    rows = [
        (e164[1:], made(name, table).provider, name)
        for name, table in tables.items()
        for e164 in held(sandbox.world, table)
    ]
    return sorted(rows)


def shown(page: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The rows of an answer in the same form."""
    return [(node["e164"][1:], node["provider"], node["source"]["name"]) for node in page["nodes"]]


def reports(page: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The reports of an answer by source."""
    return {report["source"]["name"]: report for report in page["sources"]}


async def page_of(gateway: Gateway, **variables: object) -> dict[str, Any]:
    """The first rows, two hundred unless told otherwise."""
    page: dict[str, Any] = (await gateway.ask(PAGE, variables)).data["phoneNumbers"]
    return page


async def test_all_is_well(sandbox: Simulators, gateway: OpenGateway) -> None:
    """With every source up, the merged page is exactly what the simulators hold together, and every report agrees."""
    page = await page_of(await gateway(), rows=1000)
    truth = merged(sandbox, sandbox.sources)
    assert shown(page) == truth[:1000]
    assert (page["totalCount"], page["complete"], page["pageInfo"]) == (len(truth), True, {"hasNextPage": True})
    for name, report in reports(page).items():
        assert (report["status"], report["error"], report["gap"]) == ("OK", None, None)
        assert report["rowsKept"] == sum(source == name for _, _, source in truth[:1000])
        assert report["totalCount"] == report["rowsRead"] == sum(source == name for _, _, source in truth)
        assert report["asOf"] is not None
    for provider in set(NAMES.values()):
        told = sum(report["upstreamCalls"] for name, report in reports(page).items() if NAMES[name] == provider)
        assert told == len(sandbox.calls(provider))


async def _recovered(gateway: Gateway) -> dict[str, Any]:
    """A complete page: where an answer has little time, a busy machine may need a few more attempts."""
    page: dict[str, Any] = {"complete": False}
    async with asyncio.timeout(PATIENCE):
        while not page["complete"]:
            page = await page_of(gateway)
    return page


TROUBLES: dict[str, tuple[dict[str, object], str]] = {
    "down": ({"fault": "http_503"}, "SOURCE_UNAVAILABLE"),
    "asking for patience": ({"fault": "unavailable_retry_after", "retry_after": 1}, "SOURCE_UNAVAILABLE"),
    "connections reset": ({"fault": "reset"}, "SOURCE_UNAVAILABLE"),
    "slow": ({"latency": 0.6}, "SOURCE_TIMEOUT"),
    "hanging": ({"hang": True}, "SOURCE_TIMEOUT"),
    "dripping": ({"fault": "drip"}, "SOURCE_TIMEOUT"),
    "rate-limited": ({"fault": "http_429", "retry_after": 1}, "SOURCE_RATE_LIMITED"),
    "refusing": ({"fault": "http_403"}, "SOURCE_FORBIDDEN"),
    "locked out": ({"fault": "http_401"}, "SOURCE_AUTH_FAILED"),
    "in HTML": ({"fault": "html_200"}, "SOURCE_BAD_ANSWER"),
    "in broken JSON": ({"fault": "truncated_json"}, "SOURCE_BAD_ANSWER"),
}


@pytest.mark.parametrize("provider", ["8x8", "webex", "cloudlx", "callgear"])
@pytest.mark.parametrize("trouble", TROUBLES)
async def test_one_provider_in_trouble(sandbox: Simulators, gateway: OpenGateway, provider: str, trouble: str) -> None:
    """The rows of the others are all there and in order; the failed sources are named with the right code and the gap."""
    knobs, code = TROUBLES[trouble]
    failing = {name for name, slug in NAMES.items() if slug == provider} & set(sandbox.sources)
    short = SHORT if code == "SOURCE_TIMEOUT" else {}
    opened = await gateway({**sandbox.sources, **{name: {**sandbox.sources[name], **short} for name in failing}})
    sandbox.turn(provider, **knobs)
    page = await page_of(opened)
    well = set(sandbox.sources) - failing
    truth = merged(sandbox, well)
    assert shown(page) == truth[:ROWS]
    assert (page["complete"], page["totalCount"]) == (False, None)
    told = reports(page)
    assert {name: told[name]["status"] for name in told} == {
        name: "FAILED" if name in failing else "OK" for name in sandbox.sources
    }
    for name in failing:
        error = told[name]["error"]
        assert (error["code"], told[name]["rowsKept"], told[name]["totalCount"]) == (code, 0, None)
        assert error["retryAfterMs"] == (1_000 if "retry_after" in knobs else None)
        assert told[name]["gap"]["after"] is None
        assert told[name]["gap"]["before"] is not None
    assert (await opened.get("/health")).status == (await opened.get("/ready")).status == 200
    sandbox.reset()
    again = await _recovered(opened)
    assert shown(again) == merged(sandbox, sandbox.sources)[:ROWS]


@pytest.mark.parametrize("provider", ["8x8", "webex", "cloudlx", "callgear"])
async def test_a_lie_about_the_content_type(sandbox: Simulators, gateway: OpenGateway, provider: str) -> None:
    """JSON that is called something else is read all the same."""
    opened = await gateway()
    sandbox.turn(provider, fault="wrong_content_type")
    page = await page_of(opened)
    assert (page["complete"], shown(page)) == (True, merged(sandbox, sandbox.sources)[:ROWS])


async def test_nobody_listens(sandbox: Simulators, gateway: OpenGateway) -> None:
    """A refused connection costs one source."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    tables = {**sandbox.sources, "market": {**sandbox.sources["market"], "base_url": nobody}}
    page = await page_of(await gateway(tables))
    assert reports(page)["market"]["error"]["code"] == "SOURCE_UNAVAILABLE"
    assert shown(page) == merged(sandbox, set(sandbox.sources) - {"market"})[:ROWS]


async def test_everybody_is_down(sandbox: Simulators, gateway: OpenGateway) -> None:
    """When no source can be read there is no empty page but an error that names each; look-ups are all UNKNOWN."""
    opened = await gateway()
    sandbox.turn_all(fault="http_503")
    answer = await opened.ask(PAGE)
    [error] = answer.body["errors"]
    assert (answer.status, answer.body["data"], answer.codes) == (200, {"phoneNumbers": None}, ["ALL_SOURCES_FAILED"])
    assert all(f"{name}: " in error["message"] for name in sandbox.sources)
    looked = (
        await opened.ask('{ phoneNumber(e164: "+442079460123") { records { id } complete outcomes { result } } }')
    ).data
    assert looked["phoneNumber"] == {"records": [], "complete": False, "outcomes": [{"result": "UNKNOWN"}] * 5}
    states = await opened.ask("{ sources { state } }")
    assert states.data["sources"] == [{"state": "DOWN"}] * 5
    assert ((await opened.get("/ready")).status, (await opened.get("/health")).status) == (503, 200)
    sandbox.reset()
    assert (await page_of(opened))["complete"]
    assert (await opened.get("/ready")).status == 200


async def test_all_or_nothing(sandbox: Simulators, gateway: OpenGateway) -> None:
    """With onSourceFailure FAIL one failure fails the field, with that source's code and wait; without one it does not."""
    opened = await gateway()
    assert len((await page_of(opened, failing="FAIL"))["nodes"]) == ROWS
    sandbox.turn("callgear", fault="http_429", retry_after=9)
    opened = await gateway()
    answer = await opened.ask(PAGE, {"failing": "FAIL"})
    [error] = answer.body["errors"]
    assert answer.body["data"] == {"phoneNumbers": None}
    assert error["extensions"] == {"code": "SOURCE_RATE_LIMITED", "retryable": True, "retryAfterMs": 9000}


@pytest.mark.parametrize("provider", ["8x8", "webex", "cloudlx", "callgear"])
async def test_trouble_in_the_cheap_order(sandbox: Simulators, gateway: OpenGateway, provider: str) -> None:
    """Source by source, too, one that fails is passed over and named; no other is blamed, nor one that is not reached."""
    failing = {name for name, slug in NAMES.items() if slug == provider} & set(sandbox.sources)
    opened = await gateway()
    sandbox.turn(provider, fault="http_503")
    page = await page_of(opened, field="SOURCE", rows=1000)
    truth = {name: merged(sandbox, [name]) for name in sorted(sandbox.sources)}
    blamed, rows = set(), 0
    for name, held_there in truth.items():
        if rows <= len(page["nodes"]):
            blamed |= {name} & failing
            rows += 0 if name in failing else len(held_there)
    told = reports(page)
    assert {name for name in told if told[name]["status"] == "FAILED"} == blamed
    assert len(set(shown(page))) == len(page["nodes"]) == 1000
    for name, report in told.items():
        kept = [row for row in shown(page) if row[2] == name]
        assert set(kept) <= set(() if name in failing else truth[name])
        assert report["rowsKept"] == len(kept)


async def test_half_of_the_calls_fail(sandbox: Simulators, gateway: OpenGateway) -> None:
    """With half of all calls failing at random, every answer is whole or says what it lacks; never a 5xx."""
    opened = await gateway()
    truth = {name: merged(sandbox, [name]) for name in sandbox.sources}
    sandbox.turn_all(fault="http_503", fault_share=0.5)
    for _ in range(10):
        answer = await opened.ask(PAGE.replace("first: $rows", 'first: $rows, maxStaleness: "PT0S"'))
        page = answer.body["data"]["phoneNumbers"] or NO_PAGE
        assert (answer.status, answer.codes) == (200, ["ALL_SOURCES_FAILED"] if page is NO_PAGE else [])
        well = [name for name, report in reports(page).items() if report["status"] == "OK"]
        assert shown(page) == sorted(row for name in well for row in truth[name])[:ROWS]
        assert page["complete"] == (len(well) == len(truth))


async def test_deadline_of_a_request(sandbox: Simulators, gateway: OpenGateway) -> None:
    """A request ends at its deadline with what there is, however long a source would be waited for."""
    tables = {name: {**sandbox.sources[name], "timeout": 30} for name in ("dallas", "london", "voice_sg")}
    opened = await gateway(tables, limits={"deadline": 3})
    sandbox.turn("webex", hang=True)
    async with asyncio.timeout(20):
        page = await page_of(opened)
    assert {name for name, report in reports(page).items() if report["error"]} == {"dallas", "london"}
    assert {report["error"]["code"] for report in page["sources"] if report["error"]} == {"SOURCE_TIMEOUT"}
    assert len(page["nodes"]) == ROWS
