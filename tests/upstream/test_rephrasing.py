"""A question that is refused in one wording is put in another, as often as the provider's class knows one."""

import asyncio

import pytest

from gateway.errors import SourceMisconfigured
from gateway.numbers.filters import DigitsMatch, Filter
from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.acme import Acme
from tests.contract.truth import held
from tests.upstream.conftest import OpenRig
from tests.upstream.looked import found
from tests.upstream.plain import Rephrasing, page
from tests.upstream.servers import Heard, Respond, answer, listening
from tests.upstream.test_policy import ask

GOOD = answer(page(["+44201"]))


def _taking(wording: int, reason: bytes = b"wording") -> Respond:
    """A server that takes one of the wordings alone."""

    async def respond(heard: Heard, writer: asyncio.StreamWriter) -> None:
        taken = heard.target.count("&again") == wording
        writer.write(GOOD if taken else answer(reason, 400))

    return respond


@pytest.mark.parametrize("wording", [0, 1, 2])
async def test_the_wording_that_is_taken(rig: OpenRig, wording: int) -> None:
    """Wordings are tried in their order until one is taken; each try is a call, and the source is up."""
    async with listening(_taking(wording)) as wire:
        depot = rig(Rephrasing, wire.url)
        work = errand()
        assert (await ask(depot, work)).sent == 1
        assert (work.calls["depot"], len(wire.heard), depot.caller.state) == (wording + 1, wording + 1, "UP")


@pytest.mark.parametrize(
    ("kind", "reason", "tries"),
    [(Rephrasing, b"wording", 3), (Rephrasing, b"another reason", 1), (Acme, b"wording", 1)],
    ids=["all refused", "not a matter of wording", "knows no other wording"],
)
async def test_a_refusal_stays_one(rig: OpenRig, kind: type[Acme], reason: bytes, tries: int) -> None:
    """Where no wording is left, or none would mend it, the refusal is told; nothing is tried twice."""
    async with listening(_taking(9, reason)) as wire:
        with pytest.raises(SourceMisconfigured):
            await ask(rig(kind, wire.url))
    assert len({heard.target for heard in wire.heard}) == len(wire.heard) == tries


@pytest.mark.parametrize("knobs", [{"in_allowed": False}, {"fault": "rpc_error", "mnemonic": "filter_prohibited"}])
async def test_callgear_without_its_filter(sandbox: Simulators, rooms: OpenRooms, knobs: dict[str, object]) -> None:
    """Where CallGear refuses the operator, or filters at all, look-ups and filtered lists are still right."""
    market = held(sandbox.world, sandbox.sources["market"])
    opened = await rooms({"market": sandbox.sources["market"]})
    sandbox.turn("callgear", **knobs, fault_on="lookup")
    told = await opened.lookups.at("market", market[:20], errand())
    assert found(told) == set(market[:20])
    search = Search(wanted=Filter(e164=DigitsMatch(among=tuple(sorted(market[:3])))))
    window = await opened.inventory.window(search, Range(first=10), ["market"], errand(), counted=True)
    assert [number.e164 for number in window.numbers] == sorted(market[:3])
    assert (window.total, window.complete) == (3, True)


async def test_callgear_without_its_sort(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Where CallGear refuses to sort, its list is read unsorted, and is whole and in order."""
    sandbox.turn("callgear", fault="rpc_error", mnemonic="sort_prohibited", fault_next=1)
    opened = await rooms({"market": sandbox.sources["market"]})
    window = await opened.inventory.window(Search(), Range(), ["market"], errand(), counted=True)
    assert [number.e164 for number in window.numbers] == sorted(held(sandbox.world, sandbox.sources["market"]))
    first, second, *_ = sandbox.calls("callgear")
    assert [sorted(vars_of(entry.rpc_params)) for entry in (first, second)] == [
        ["access_token", "limit", "offset", "sort"],
        ["access_token", "limit", "offset"],
    ]


def vars_of(params: object) -> dict[str, object]:
    """The parameters of a call."""
    assert isinstance(params, dict)
    return params
