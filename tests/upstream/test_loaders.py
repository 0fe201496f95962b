"""Look-ups of one request go out together, whatever fields ask for them; a failure is a value for each who asked."""

import asyncio
from datetime import timedelta

import pytest

from gateway.sandbox.stock import HELD_BY
from gateway.upstream.loaders import Loaders
from gateway.upstream.lookups import Failed, Looked
from tests.conftest import OpenGateway, OpenRooms, Simulators, errand
from tests.contract.truth import held
from tests.upstream.shelf import turns
from tests.upstream.test_lookups import UNHELD


async def test_one_loader_for_a_source_and_staleness(rooms: OpenRooms) -> None:
    """Fields that allow the same staleness share a loader; others have one of their own, and so has each source."""
    loaders = Loaders((await rooms()).lookups)
    plain, anew = errand(), errand(max_staleness=timedelta(0))
    assert loaders.at("market", plain) is loaders.at("market", errand())
    assert loaders.at("market", plain) is not loaders.at("market", anew)
    assert loaders.at("market", plain) is not loaders.at("dallas", plain)


async def test_what_is_asked_together_goes_out_together(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Loads of one moment are one call; the calls are counted on the errand that asked first."""
    loaders = Loaders((await rooms()).lookups)
    numbers = held(sandbox.world, sandbox.sources["market"])[:3]
    first, second = errand(), errand()
    one, two = loaders.at("market", first).load(numbers[0]), loaders.at("market", second).load_many(numbers)
    outcome, outcomes = await asyncio.gather(one, two)
    assert outcomes[0] is outcome
    assert isinstance(outcome, Looked)
    assert (len(sandbox.calls()), first.calls["market"], second.calls["market"]) == (1, 1, 0)
    assert await loaders.at("market", second).load(numbers[1]) is outcomes[1]
    assert len(sandbox.calls()) == 1


async def test_a_failure_is_a_value(sandbox: Simulators, rooms: OpenRooms) -> None:
    """A source that is down is told to each who asked as a value, in one call."""
    sandbox.turn("callgear", fault="http_503")
    loaders = Loaders((await rooms()).lookups)
    told = await asyncio.gather(*(loaders.at("market", errand()).load(e164) for e164 in UNHELD[:3]))
    assert ([type(outcome) for outcome in told], len(sandbox.calls())) == ([Failed] * 3, 1)


async def test_who_asks_alone_needs_no_loader(sandbox: Simulators, rooms: OpenRooms) -> None:
    """One call for all numbers, each told in its place; whoever asks for them later in the request is told the same."""
    loaders = Loaders((await rooms()).lookups)
    one, two = held(sandbox.world, sandbox.sources["market"])[:2]
    told = await loaders.load("market", (one, two, one), errand(max_staleness=timedelta(0)), alone=True)
    later = await loaders.at("market", errand(max_staleness=timedelta(0))).load_many((two, one))
    assert [outcome.number.e164 for outcome in told if isinstance(outcome, Looked) and outcome.number] == [
        one,
        two,
        one,
    ]
    assert (later[0] is told[1], later[1] is told[0], len(sandbox.calls())) == (True, True, 1)


ALIKE = """query Ask($one: E164!, $many: [E164!]!) {
  a: phoneNumber(e164: $one) { ...found }
  b: phoneNumber(e164: "+4930000001") { ...found }
  c: phoneNumbersByE164(e164s: $many) { ...found }
}
fragment found on PhoneNumberLookup { records { source { name } alsoAt { source { name } alsoAt { e164 } } } }"""


async def test_fields_of_one_document_share_their_calls(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Three fields, and the other places of what they find, cost one question at each source and nothing twice."""
    one, *many = (e164 for e164, holders in sorted(HELD_BY.items()) if holders >= {"callgear", "webex"})
    opened = await gateway()
    data = (await opened.ask(ALIKE, {"one": one, "many": many})).data
    records = data["a"]["records"]
    assert len(records) > 1
    for record in records:
        others = [other["source"]["name"] for other in records if other is not record]
        assert [other["source"]["name"] for other in record["alsoAt"]] == others
    assert len(sandbox.calls("callgear")) == 1
    assert [entry.errand for entry in sandbox.calls("8x8")] == ["list"]


@pytest.mark.parametrize("failing", ["callgear", "webex"])
async def test_a_source_that_fails_nulls_nothing_else(sandbox: Simulators, gateway: OpenGateway, failing: str) -> None:
    """With one provider down, what the others say of a number they share is there, and the failure is told beside it."""
    sandbox.turn(failing, fault="http_500")
    opened = await gateway()
    number = next(e164 for e164, holders in HELD_BY.items() if len(holders) == 4)
    query = "query Ask($n: E164!) { phoneNumber(e164: $n) { complete records { provider } outcomes { result error { code } } } }"
    answer = (await opened.ask(query, {"n": number})).data["phoneNumber"]
    providers = {"callgear": "CALLGEAR", "webex": "WEBEX", "cloudlx": "CLOUDLX", "8x8": "EIGHT_BY_EIGHT"}
    assert {record["provider"] for record in answer["records"]} == set(providers.values()) - {providers[failing]}
    assert answer["complete"] is False
    unknown = [outcome["error"]["code"] for outcome in answer["outcomes"] if outcome["result"] == "UNKNOWN"]
    assert set(unknown) == {"SOURCE_UNAVAILABLE"}


async def test_a_batch_ends_with_its_request(sandbox: Simulators, rooms: OpenRooms) -> None:
    """When the task of a request is cancelled, the look-ups it set off are, although data loaders run them apart."""
    sandbox.turn("callgear", hang=True)
    opened = await rooms({"market": sandbox.sources["market"]})
    before = asyncio.all_tasks()

    async def request() -> None:
        await Loaders(opened.lookups).at("market", errand()).load(held(sandbox.world, sandbox.sources["market"])[0])

    asking = asyncio.create_task(request())
    async with asyncio.timeout(30):
        while not sandbox.calls():  # noqa: ASYNC110 - the simulators run in another thread
            await asyncio.sleep(0)
    asking.cancel()
    await turns()
    assert asyncio.all_tasks() == before
