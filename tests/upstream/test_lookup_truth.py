"""NOT_FOUND is said only by a source that could have found: outages, bad rows and clamped answers are never taken for it."""

import asyncio

import pytest

from gateway.errors import SourceBadAnswer, SourceMisconfigured, SourceTimeout, SourceUnavailable
from gateway.numbers.e164 import E164
from gateway.numbers.search import Search
from gateway.sandbox.faults import faults_of
from gateway.upstream.errand import NEVER
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.acme import Acme
from tests.contract.truth import NAMES, held, table_of
from tests.upstream.conftest import OpenRig
from tests.upstream.looked import absent, failed, found
from tests.upstream.plain import Checks, Many, Mute, Unlisted, page
from tests.upstream.servers import Heard, answer, listening, saying
from tests.upstream.test_lookups import UNHELD

OUTAGES = [
    "hang",
    "reset",
    "hang_up",
    "drip",
    "reset_midway",
    "short_body",
    "http_401",
    "http_403",
    "http_423",
    "http_429",
    "http_500",
    "http_503",
    "html_502",
    "html_200",
    "redirect",
    "redirect_loop",
    "truncated_json",
    "invalid_json",
    "empty_body",
    "deep_json",
    "list_for_object",
    "bad_gzip",
    "utf16",
    "oversized_headers",
    "scalar_items",
]
SOME = ["voice_sg", "masking", "dallas", "epsilon_token", "market"]
"""One source of each kind."""


@pytest.mark.parametrize("fault", OUTAGES)
async def test_an_outage_is_not_an_absence(sandbox: Simulators, rooms: OpenRooms, fault: str) -> None:
    """Whatever goes wrong with every call, no source says of any number that it does not hold it."""
    sandbox.turn_all(fault=fault)
    tables = {name: {**table_of(sandbox, name), "timeout": 0.15} for name in SOME}
    opened = await rooms(tables)
    asked = {name: held(sandbox.world, table)[:5] for name, table in tables.items()}
    told = await asyncio.gather(*(opened.lookups.at(name, asked[name], errand()) for name in SOME))
    for name, outcomes in zip(SOME, told, strict=True):
        assert set(failed(outcomes)) == set(asked[name])


@pytest.mark.parametrize("name", ["voice_sg", "dallas", "epsilon_token", "market"])
async def test_unreadable_rows_hide_numbers(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Where rows of an answer cannot be read, the readable ones are found and the others unknown, not absent."""
    table = table_of(sandbox, name)
    numbers = held(sandbox.world, table)[:18]
    sandbox.turn(table["provider"], fault="bad_rows")
    told = await (await rooms({name: table})).lookups.at(name, numbers, errand())
    assert found(told) | set(failed(told)) == set(numbers)
    assert {type(error) for error in failed(told).values()} <= {SourceBadAnswer}


@pytest.mark.parametrize("name", ["voice_sg", "market", "dallas"])
async def test_a_bad_list_at_hand_is_not_the_last_word(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A number that a kept list could not show is asked for once more, and found."""
    table = table_of(sandbox, name)
    numbers = held(sandbox.world, table)
    opened = await rooms({name: table})
    sandbox.turn(table["provider"], fault="bad_rows", fault_on="list")
    await opened.inventory.snapshot(name, Search(), errand())
    told = await opened.lookups.at(name, numbers[:1], errand())
    assert found(told) == set(numbers[:1])


CLAMPED = {"dallas": "webex", "market": "callgear"}


@pytest.mark.parametrize("name", CLAMPED)
@pytest.mark.parametrize(
    "knobs",
    [{"page_cap": 7}, {"page_cap": 40, "ignore_filter": True}, {"short_pages": 3}, {"ignore_filter": True}],
    ids=str,
)
async def test_a_clamped_answer_is_read_on(
    sandbox: Simulators, rooms: OpenRooms, name: str, knobs: dict[str, object]
) -> None:
    """A provider that sends fewer rows than match, or rows nobody asked for, is asked on until the truth is known."""
    table = sandbox.sources[name]
    numbers = held(sandbox.world, table)
    asked = [*numbers[:40], *numbers[-10:], *UNHELD[:10]]
    sandbox.turn(CLAMPED[name], **knobs)
    told = await (await rooms({name: table})).lookups.at(name, asked, errand())
    assert (found(told), absent(told)) == ({*numbers[:40], *numbers[-10:]}, set(UNHELD[:10]))


async def test_a_total_that_claims_too_much(sandbox: Simulators, rooms: OpenRooms) -> None:
    """A total above what is sent costs calls, and no truth."""
    numbers = held(sandbox.world, sandbox.sources["market"])
    sandbox.turn("callgear", total_off_by=5)
    told = await (await rooms()).lookups.at("market", [*numbers[:3], *UNHELD[:3]], errand())
    assert (found(told), absent(told)) == (set(numbers[:3]), set(UNHELD[:3]))


SEARCHED = E164("+44201")


async def test_an_answer_cut_short_without_a_list(rig: OpenRig) -> None:
    """Where there is no list to look in, what a short answer leaves open is unknown."""
    work = errand()
    async with listening(saying(answer(page(["+44202"], 9)))) as wire:
        told = await rig(Many, wire.url).lookups.at("depot", [SEARCHED], work)
    assert isinstance(failed(told)[SEARCHED], SourceBadAnswer)
    assert work.until == NEVER


async def test_a_source_that_can_be_asked_for_nothing(rig: OpenRig) -> None:
    """A source without a list and without look-ups is unknown to hold a number, and is not asked."""
    async with listening(saying(answer())) as wire:
        told = await rig(Mute, wire.url).lookups.at("depot", [SEARCHED, *UNHELD], errand())
    assert {type(error) for error in failed(told).values()} == {SourceUnavailable}
    assert (len(failed(told)), wire.heard) == (501, [])


async def test_checks_without_a_list(rig: OpenRig) -> None:
    """A source that has checks alone is asked number by number, however many there are."""

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        digits = heard.target.removeprefix("/check/")
        writer.write(answer(page([f"+{digits}"] if digits.endswith("7") else [])))

    async with listening(respond) as wire:
        told = await rig(Checks, wire.url).lookups.at("depot", UNHELD[:30], errand())
        assert (len(found(told)), len(absent(told)), len(wire.heard)) == (3, 27, 30)


async def test_a_search_that_is_refused_is_no_absence(rig: OpenRig) -> None:
    """Where the list is closed after all, a number searched for in it is unknown."""
    async with listening(saying(answer(b"", 404))) as wire:
        [told] = await asyncio.gather(rig(Acme, wire.url).lookups.at("depot", [SEARCHED], errand()))
    assert isinstance(failed(told)[SEARCHED], SourceMisconfigured)


async def test_a_search_that_hides_a_row(rig: OpenRig) -> None:
    """Where a row among those that end alike cannot be read, the number may be that one: it is unknown."""
    rows = {"items": [{"tel": None}, {"tel": "+44202"}]}

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(rows if "from=0" in heard.target else {"items": []}))

    async with listening(respond) as wire:
        told = await rig(Acme, wire.url).lookups.at("depot", [SEARCHED], errand())
    assert isinstance(failed(told)[SEARCHED], SourceBadAnswer)


async def test_a_list_that_is_refused(rig: OpenRig) -> None:
    """A list that is refused, and not merely closed, is a failure of the source."""
    async with listening(saying(answer(b"", 400))) as wire:
        with pytest.raises(SourceMisconfigured):
            await rig(Unlisted, wire.url).inventory.snapshot("depot", Search(), errand())


async def test_unlisted_and_down(rig: OpenRig) -> None:
    """A source whose list is closed and whose checks fail says nothing of any number."""

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(b"", 404 if heard.target.startswith("/numbers") else 503))

    async with listening(respond) as wire:
        told = await rig(Unlisted, wire.url).lookups.at("depot", UNHELD[:9], errand())
    assert {type(error) for error in failed(told).values()} == {SourceUnavailable}


async def test_five_hundred_ask_for_the_same(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Equal look-ups of five hundred requests at once are one call at each source, and all are told the same."""
    opened = await rooms()
    number = held(sandbox.world, sandbox.sources["market"])[0]
    await opened.callers["epsilon"].prepare()
    for name in sandbox.sources:
        told = await asyncio.gather(*(opened.lookups.at(name, [number], errand()) for _ in range(500)))
        assert len({str(outcomes) for outcomes in told}) == 1
    assert sorted(entry.provider for entry in sandbox.calls()) == ["8x8", "callgear", "cloudlx", "webex", "webex"]


async def test_a_short_deadline_ends_a_look_up(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Look-ups at sources that hang end at the request's deadline, all of them together."""
    sandbox.turn_all(hang=True)
    opened = await rooms({**sandbox.sources, **sandbox.variants})
    async with asyncio.timeout(30):
        told = await asyncio.gather(*(opened.lookups.at(name, UNHELD[:50], errand(0.2)) for name in NAMES))
    for outcomes in told:
        assert {type(error) for error in failed(outcomes).values()} == {SourceTimeout}
        assert len(failed(outcomes)) == 50


def test_every_fault_that_keeps_an_answer_away_is_tried() -> None:
    """The outages named here exist at every provider."""
    for provider in set(NAMES.values()):
        assert set(OUTAGES) <= set(faults_of(provider))
