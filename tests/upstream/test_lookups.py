"""Many numbers in few calls, each source in the way that is cheapest there, and every outcome compared with the truth."""

import pytest

from gateway.numbers.e164 import E164
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from gateway.sandbox.stock import HELD_BY
from tests.clocks import ManualClock
from tests.conftest import OpenGateway, OpenRooms, Simulators, errand
from tests.contract.truth import NAMES, held, table_of
from tests.upstream.looked import absent, found

UNHELD = [E164(f"+4930{number:08d}") for number in range(500)]
"""Numbers that no simulator holds."""
MANY = "query Ask($numbers: [E164!]!) { phoneNumbersByE164(e164s: $numbers) { e164 complete outcomes { source { name } result } } }"


def _mixed(sandbox: Simulators, count: int) -> list[E164]:
    """So many numbers, of every source some, and some of none."""
    lists = [held(sandbox.world, table) for table in sandbox.sources.values()]
    of_each = (count // 2) // len(lists)
    numbers = [e164 for numbers in lists for e164 in numbers[:of_each]]
    assert len(set(numbers)) == len(numbers)
    return [*numbers, *UNHELD[: count - len(numbers)]]


async def test_two_hundred_in_one_request(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Two hundred numbers at five sources: every outcome is true, and few calls are made for them.

    8x8 is listed once, CallGear asked once, CloudLX listed, each Webex location asked two questions, and at most one
    more for each of these to know that nothing was held back.
    """
    numbers = _mixed(sandbox, 200)
    truth = {name: set(held(sandbox.world, table)) for name, table in sandbox.sources.items()}
    opened = await gateway()
    answers = (await opened.ask(MANY, {"numbers": numbers})).data["phoneNumbersByE164"]
    assert [answer["e164"] for answer in answers] == numbers
    for answer in answers:
        said = {outcome["source"]["name"]: outcome["result"] for outcome in answer["outcomes"]}
        assert said == {name: "FOUND" if answer["e164"] in truth[name] else "NOT_FOUND" for name in truth}
        assert answer["complete"]
    assert [entry.errand for entry in sandbox.calls("8x8")] == ["list"]
    assert [entry.errand for entry in sandbox.calls("callgear")] == ["lookup"]
    assert {entry.errand for entry in sandbox.calls("cloudlx")} == {"list"}
    assert len(sandbox.calls("cloudlx")) <= 8
    for place in ("dallas", "london"):
        location = sandbox.sources[place]["location_id"]
        assert 2 <= sum(location in entry.path for entry in sandbox.calls("webex")) <= 4


@pytest.mark.parametrize("place", ["dallas", "london"])
@pytest.mark.parametrize("count", [1, 100, 101, 200])
async def test_webex_is_asked_for_a_hundred_at_once(
    sandbox: Simulators, rooms: OpenRooms, place: str, count: int
) -> None:
    """Numbers that a location all holds, or of which it holds none, take one call for every hundred."""
    opened = await rooms()
    numbers = held(sandbox.world, sandbox.sources["dallas"])[:count]
    told = await opened.lookups.at(place, numbers, errand())
    assert found(told) == (set(numbers) if place == "dallas" else set())
    assert len(sandbox.calls("webex")) == -(-count // 100)


@pytest.mark.parametrize(("count", "expected"), [(1, ["lookup"]), (3, ["lookup"] * 3), (4, ["list"]), (200, ["list"])])
async def test_8x8_is_checked_or_listed(sandbox: Simulators, rooms: OpenRooms, count: int, expected: list[str]) -> None:
    """Up to three numbers are checked one by one; more are looked for in one list."""
    numbers = held(sandbox.world, sandbox.sources["voice_sg"])[:count]
    opened = await rooms()
    told = await opened.lookups.at("voice_sg", [*numbers, *UNHELD[: count - len(numbers)]], errand())
    assert found(told) == set(numbers)
    assert [entry.errand for entry in sandbox.calls("8x8")] == expected


@pytest.mark.parametrize("count", [1, 16, 17, 200])
@pytest.mark.parametrize("knobs", [{}, {"search_in": "local"}, {"search_loses_zeros": True}], ids=str)
async def test_cloudlx_is_searched_or_listed(
    sandbox: Simulators, rooms: OpenRooms, count: int, knobs: dict[str, object]
) -> None:
    """Up to sixteen numbers take a search each, and more the list: in every reading of ``search`` the truth comes out."""
    numbers = [e164 for e164 in held(sandbox.world, sandbox.sources["epsilon"]) if e164[-5] != "0"][:count]
    sandbox.turn("cloudlx", **knobs)
    opened = await rooms()
    told = await opened.lookups.at("epsilon", numbers, errand())
    assert found(told) == set(numbers)
    calls = [str(entry.errand) for entry in sandbox.calls("cloudlx")]
    assert calls == ["lookup"] * count if count <= 16 else set(calls) == {"list"}
    assert len(calls) <= 16


async def test_cloudlx_has_numbers_that_end_alike(sandbox: Simulators, rooms: OpenRooms) -> None:
    """A number of which only the last digits are held is NOT_FOUND, once the search was read to its end."""
    [first, *_] = held(sandbox.world, sandbox.sources["epsilon"])
    alike = E164(f"+999{first[-5:]}")
    told = await (await rooms()).lookups.at("epsilon", [alike, first], errand())
    assert (found(told), absent(told)) == ({first}, {alike})


async def test_a_subaccount_without_a_list(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Where 8x8 has no list, the list awaits its events and says so, and look-ups find all through the check."""
    table = sandbox.variants["masking"]
    opened = await gateway({"masking": table})
    listed = await opened.ask(
        "{ phoneNumbers { complete totalCount nodes { e164 } sources { status gap { after before } } } }"
    )
    assert listed.data["phoneNumbers"] == {
        "complete": False,
        "totalCount": None,
        "nodes": [],
        "sources": [{"status": "AWAITING_SNAPSHOT", "gap": {"after": None, "before": None}}],
    }
    numbers = [*held(sandbox.world, table), *UNHELD[:5]]
    answers = (await opened.ask(MANY, {"numbers": numbers})).data["phoneNumbersByE164"]
    results = [answer["outcomes"][0]["result"] for answer in answers]
    assert results == ["FOUND"] * (len(numbers) - 5) + ["NOT_FOUND"] * 5
    assert {entry.errand for entry in sandbox.calls()[1:]} == {"lookup"}
    ready = await opened.get("/ready")
    assert (ready.status, ready.body["sources"]["masking"]["state"]) == (200, "UP")


async def test_duplicates_and_order_are_kept(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Numbers come back in the order asked and as often as asked, and each is asked for once."""
    first, second = sorted(HELD_BY)[:2]
    asked = [second, first, UNHELD[0], second, first, second]
    opened = await gateway()
    answers = (await opened.ask(MANY, {"numbers": asked})).data["phoneNumbersByE164"]
    assert [answer["e164"] for answer in answers] == asked
    assert (answers[0], answers[1]) == (answers[3], answers[4])
    assert len(sandbox.calls("8x8")) == 3
    assert (await opened.ask(MANY, {"numbers": []})).data == {"phoneNumbersByE164": []}
    assert len(sandbox.calls("8x8")) == 3


@pytest.mark.parametrize("name", [name for name in NAMES if name != "masking"])
async def test_a_list_at_hand_answers_for_all(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Once a source's list was read, look-ups of held and of other numbers cost no call at all."""
    table = table_of(sandbox, name)
    numbers = held(sandbox.world, table)
    opened = await rooms({name: table})
    await opened.inventory.window(Search(), Range(first=1), [name], errand(), counted=False)
    before = len(sandbox.calls())
    told = await opened.lookups.at(name, [*numbers, *UNHELD], errand())
    assert (found(told), absent(told)) == (set(numbers), set(UNHELD))
    assert len(sandbox.calls()) == before


async def test_what_was_told_is_believed_for_a_while(sandbox: Simulators, rooms: OpenRooms, clock: ManualClock) -> None:
    """A found number is asked for again after the source's ttl, one that was not found after a quarter of a minute."""
    opened = await rooms(clock=clock)
    asked = [held(sandbox.world, sandbox.sources["market"])[0], UNHELD[0]]

    async def calls_after(seconds: float) -> int:
        clock.advance(seconds)
        before = len(sandbox.calls())
        await opened.lookups.at("market", asked, errand(clock=clock))
        return len(sandbox.calls()) - before

    assert [await calls_after(seconds) for seconds in (0, 14, 2, 14, 600)] == [1, 0, 1, 0, 1]
