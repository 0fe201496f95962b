"""A capability is a protocol: a class that satisfies one is used for it, whoever wrote the class, and for nothing else."""

import asyncio

import pytest

from gateway.errors import SourceAuthFailed, SourceError, SourceMisconfigured
from gateway.numbers.e164 import E164
from gateway.providers.protocol import Authenticates, Lists, LooksUp, LooksUpMany, Receives, Rephrases, Source
from tests.conftest import errand
from tests.contract.acme import Acme, AcmeDetails
from tests.contract.depot import KEY, NUMBERS, depot
from tests.contract.test_listing import shown, whole
from tests.upstream.conftest import OpenRig
from tests.upstream.looked import absent, failed, found
from tests.upstream.plain import Checks, Exchanging, Many, Mute, Rephrasing, Unlisted
from tests.upstream.servers import listening, saying

CAPABILITIES = (Lists, LooksUp, LooksUpMany, Rephrases, Authenticates, Receives)


@pytest.mark.parametrize(
    ("kind", "capabilities"),
    [
        (Mute, set()),
        (Acme, {Lists}),
        (Checks, {LooksUp}),
        (Many, {LooksUpMany}),
        (Unlisted, {Lists, LooksUp}),
        (Rephrasing, {Lists, Rephrases}),
        (Exchanging, {Lists, Authenticates}),
    ],
)
async def test_a_class_is_what_it_can(rig: OpenRig, kind: type[Source], capabilities: set[type]) -> None:
    """A class has the capabilities whose verbs it has, and the one who asks it knows of exactly these."""
    held = rig(kind, "http://127.0.0.1:1")
    assert isinstance(held.source, Source)
    assert {capability for capability in CAPABILITIES if isinstance(held.source, capability)} == capabilities
    caller = held.caller
    known = {Lists: caller.lists, LooksUp: caller.looks_up, LooksUpMany: caller.looks_up_many}
    assert {capability for capability, source in known.items() if source is not None} == capabilities & set(known)


@pytest.mark.parametrize("most", [10_000, 60, 7], ids=["as asked", "clamped", "clamped hard"])
async def test_whoever_lists_is_listed_in_full(rig: OpenRig, most: int) -> None:
    """A made-up provider with a list alone passes what is asked of lists: everything once, counted, with its details."""
    async with listening(depot(most=most)) as wire:
        window = await whole(rig(Acme, wire.url, api_key=KEY).inventory, "depot")
    assert (shown(window), window.total, window.complete) == (sorted(NUMBERS), len(NUMBERS), True)
    assert {type(number.details) for number in window.numbers} == {AcmeDetails}


async def test_whoever_lists_is_looked_up_in(rig: OpenRig) -> None:
    """Numbers are found through a list alone, few of them and many."""
    unheld = [E164("+12025550100")]
    numbers = [E164(tel) for tel in NUMBERS]
    async with listening(depot()) as wire:
        for count in (1, 3, 100):
            told = await rig(Acme, wire.url, api_key=KEY).lookups.at("depot", [*numbers[:count], *unheld], errand())
            assert (found(told), absent(told)) == (set(numbers[:count]), set(unheld))


@pytest.mark.parametrize(
    ("settings", "error"),
    [({}, SourceAuthFailed), ({"base_url": "/nowhere", "api_key": KEY}, SourceMisconfigured)],
    ids=["wrong key", "unknown place"],
)
async def test_what_is_wrong_has_a_name(rig: OpenRig, settings: dict[str, str], error: type[SourceError]) -> None:
    """The wrong key and the wrong place are told apart, as everywhere."""
    async with listening(depot()) as wire:
        given = {**settings, "base_url": wire.url + settings.get("base_url", "")}
        told = await rig(Acme, wire.url, **given).lookups.at("depot", [E164("+12025550100")], errand())
    assert [type(why) for why in failed(told).values()] == [error]


async def test_whoever_exchanges_is_logged_in(rig: OpenRig) -> None:
    """A class that exchanges its key is signed with what it got for it."""
    async with listening(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nfor-now")) as wire:
        await asyncio.gather(rig(Exchanging, wire.url).lookups.at("depot", [E164("+12025550100")], errand()))
        first, second = wire.heard
    assert (first.body, second.headers["authorization"]) == (b"seKret", "Bearer for-now")
