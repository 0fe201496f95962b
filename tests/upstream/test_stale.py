"""A provider that was well and is down: old copies stand in, say that they are old, and no older than was allowed."""

import asyncio
from typing import Any

import pytest

from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.search import Search
from tests.clocks import ManualClock
from tests.conftest import Gateway, OpenGateway, OpenRooms, Simulators, errand
from tests.contract.truth import NAMES, held

PAGE = """query Page($field: PhoneNumberOrderField!, $filter: PhoneNumberFilter, $staleness: Duration, $last: Int, $first: Int) {
  phoneNumbers(first: $first, last: $last, orderBy: {field: $field}, filter: $filter, maxStaleness: $staleness) {
    nodes { e164 stale asOf source { name } }
    totalCount complete
    sources { source { name } status asOf rowsKept error { code } gap { after } }
  }
}"""
LOOK_UP = """query Ask($numbers: [E164!]!, $staleness: Duration, $sources: [String!]) {
  phoneNumbersByE164(e164s: $numbers, maxStaleness: $staleness, sources: $sources) {
    records { e164 stale asOf }
    outcomes { result asOf error { code } }
    complete
  }
}"""
ABSENT = "+493012345678"
PROVIDERS = ["8x8", "webex", "cloudlx", "callgear"]


async def page_of(gateway: Gateway, **variables: object) -> dict[str, Any]:
    """Up to a thousand rows."""
    asked = {"field": "E164", **({} if "last" in variables else {"first": 1000}), **variables}
    page: dict[str, Any] = (await gateway.ask(PAGE, asked)).data["phoneNumbers"]
    return page


def without_marks(page: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The rows of a page, whatever is said of their age."""
    return [(node["e164"], node["source"]["name"], node["asOf"]) for node in page["nodes"]]


def statuses(page: dict[str, Any]) -> dict[str, str]:
    """The status of each source."""
    return {report["source"]["name"]: report["status"] for report in page["sources"]}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("asked", [{}, {"field": "SOURCE"}, {"field": "SOURCE", "last": 1000}, {"field": "COUNTRY"}])
async def test_an_old_page(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock, provider: str, asked: dict[str, object]
) -> None:
    """Down for ten minutes, a provider is answered for with its old rows, marked with their time; the others are new."""
    names = [name for name in sandbox.sources if NAMES[name] == provider]
    opened = await gateway(
        {name: sandbox.sources[name] for name in sandbox.sources if name in {*names, "dallas"}}, clock=clock
    )
    fresh = await page_of(opened, **asked)
    then = fresh["nodes"][0]["asOf"]
    clock.advance(700)
    sandbox.turn(provider, fault="http_503")
    page = await page_of(opened, **asked)
    assert statuses(page) == {name: "STALE" if name in names else "OK" for name in statuses(fresh)}
    assert [row[:2] for row in without_marks(page)] == [row[:2] for row in without_marks(fresh)]
    assert {(node["stale"], node["asOf"] == then) for node in page["nodes"] if node["source"]["name"] in names} == {
        (True, True)
    }
    assert {node["stale"] for node in page["nodes"] if node["source"]["name"] not in names} <= {False}
    assert {report["asOf"] for report in page["sources"] if report["status"] == "STALE"} == {then}
    assert (page["complete"], page["totalCount"]) == (True, fresh["totalCount"])
    sandbox.reset()
    assert set(statuses(await page_of(opened, **asked)).values()) == {"OK"}


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_no_older_than_allowed(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock, provider: str
) -> None:
    """An old copy is not served to who wants it newer, nor when it is older than the source's ``stale_ttl``."""
    name = next(name for name in sandbox.sources if NAMES[name] == provider)
    opened = await gateway({name: {**sandbox.sources[name], "stale_ttl": 1800}}, clock=clock)
    await page_of(opened)
    clock.advance(900)
    sandbox.turn(provider, fault="http_503")
    assert statuses(await page_of(opened, staleness="PT16M")) == {name: "STALE"}
    for staleness in ("PT15M", "PT0S"):
        refused = await opened.ask(PAGE, {"field": "E164", "staleness": staleness})
        assert refused.codes == ["ALL_SOURCES_FAILED"]
    clock.advance(901)
    assert (await opened.ask(PAGE, {"field": "E164"})).codes == ["ALL_SOURCES_FAILED"]


async def test_a_filter_that_was_never_asked(sandbox: Simulators, gateway: OpenGateway, clock: ManualClock) -> None:
    """What a filter wants of a provider that is down comes from its old whole list."""
    opened = await gateway({"market": sandbox.sources["market"]}, clock=clock)
    await page_of(opened)
    clock.advance(700)
    sandbox.turn("callgear", fault="http_503")
    wanted = held(sandbox.world, sandbox.sources["market"])[:3]
    page = await page_of(opened, filter={"e164": {"in": wanted}})
    assert {node["e164"] for node in page["nodes"]} == set(wanted)
    assert (statuses(page), page["totalCount"]) == ({"market": "STALE"}, 3)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("listed", [True, False], ids=["from a list", "from look-ups"])
@pytest.mark.parametrize("others", [0, 18], ids=["asked singly", "asked for the list"])
async def test_an_old_look_up(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock, provider: str, listed: bool, others: int
) -> None:
    """A number that was there is FOUND, marked with its time; one that was not is UNKNOWN, never NOT_FOUND."""
    name = next(name for name in sandbox.sources if NAMES[name] == provider)
    opened = await gateway({name: sandbox.sources[name]}, clock=clock)
    asked = {"numbers": [held(sandbox.world, sandbox.sources[name])[0], ABSENT]}
    await (page_of(opened) if listed else opened.ask(LOOK_UP, asked))
    then = clock.now().isoformat().replace("+00:00", "Z")
    clock.advance(700)
    sandbox.turn(provider, fault="http_503")
    asked["numbers"] += [f"{ABSENT[:-2]}{number:02}" for number in range(others)]
    there, *lacking = (await opened.ask(LOOK_UP, asked)).data["phoneNumbersByE164"]
    assert there == {
        "records": [{"e164": asked["numbers"][0], "stale": True, "asOf": then}],
        "outcomes": [{"result": "FOUND", "asOf": then, "error": None}],
        "complete": True,
    }
    unknown = [{"result": "UNKNOWN", "asOf": None, "error": {"code": "SOURCE_UNAVAILABLE"}}]
    for absent in lacking:
        assert (absent["records"], absent["outcomes"], absent["complete"]) == ([], unknown, False)
    strict, *_ = (await opened.ask(LOOK_UP, {**asked, "staleness": "PT5M"})).data["phoneNumbersByE164"]
    assert strict["outcomes"] == unknown


async def test_a_source_without_a_list_has_no_old_one(
    sandbox: Simulators, gateway: OpenGateway, clock: ManualClock
) -> None:
    """Where nothing was ever told of a number, a failure is told."""
    opened = await gateway({"dallas": sandbox.sources["dallas"]}, clock=clock)
    sandbox.turn("webex", fault="http_503")
    [told] = (await opened.ask(LOOK_UP, {"numbers": [ABSENT]})).data["phoneNumbersByE164"]
    assert told["outcomes"][0]["error"] == {"code": "SOURCE_UNAVAILABLE"}


async def test_more_than_was_asked_for(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> None:
    """In place of a narrowed list that was never read stands the old whole one."""
    inventory = (await rooms({"market": sandbox.sources["market"]}, clock=clock)).inventory
    whole = await inventory.snapshot("market", Search(), errand(clock=clock))
    clock.advance(700)
    sandbox.turn("callgear", fault="http_503")
    narrow = Filter(e164=DigitsMatch(among=(whole.rows[0].e164,)))
    [old] = await asyncio.gather(inventory.snapshot("market", Search(), errand(clock=clock), narrow))
    assert (old.stale, old.rows) == (True, whole.rows)
