"""What other processes are handed: everything comes back as it was, what rows share is shared, and junk is nothing."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from gateway.numbers.blocks import Block, Listing
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.merge import Snapshot
from gateway.upstream.inventory import Inventory
from gateway.upstream.lookups import Looked
from gateway.upstream.packing import Packing
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.acme import Acme, AcmeSettings
from tests.upstream.shelf import Thing

KINDS = (Snapshot, Listing, Looked)
NAMES = ["voice_sg", "dallas", "epsilon", "market"]
NEVER = datetime(2026, 11, 1, tzinfo=UTC)


def packing_of(inventory: Inventory) -> Packing:
    """For the sources of an inventory."""
    return Packing((caller.source for caller in inventory._callers.values()), KINDS)


@pytest.mark.parametrize("name", NAMES)
async def test_everything_comes_back(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Lists, blocks and single numbers of every provider are the same after they were packed."""
    opened = await rooms({name: sandbox.sources[name]})
    caller = opened.callers[name]
    assert caller.lists is not None
    packing, slug = packing_of(opened.inventory), caller.source.slug
    request = caller.lists.ask(Block(0, 50), EVERYTHING)
    listing = await caller.ask(request, caller.lists.read, errand())
    number = listing.rows[0]
    snapshot = await opened.inventory.heard(name, errand())
    for value in (snapshot, listing, Looked(number, number.as_of), Looked(None, NEVER, stale=True)):
        assert packing.unpacked(packing.packed(slug, value)) == value


async def test_what_rows_share_they_share_again(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Prices, places and the origin of an answer are one record each for all rows, so that a copy takes no more room."""
    opened = await rooms({"market": sandbox.sources["market"]})
    packing = packing_of(opened.inventory)
    snapshot = await opened.inventory.heard("market", errand())
    copy: Any = packing.unpacked(packing.packed("callgear", snapshot))
    for part in ("origin", "pricing", "location", "health"):
        shared = {id(getattr(number, part)) for number in snapshot.rows}
        assert len({id(getattr(number, part)) for number in copy.rows}) == len(shared) < len(copy.rows) / 10


def _with(data: bytes, place: int, value: object) -> bytes:
    parts = msgspec.msgpack.decode(data)
    parts[place] = value
    return msgspec.msgpack.encode(parts)


async def test_junk_is_nothing(sandbox: Simulators, rooms: OpenRooms) -> None:
    """Bytes cut anywhere, of another layout, adapter, version or kind, or with places that do not exist, are a miss."""
    opened = await rooms({"dallas": sandbox.sources["dallas"]})
    packing = packing_of(opened.inventory)
    asked = [number.e164 for number in (await opened.inventory.heard("dallas", errand())).rows[:2]]
    [looked, _] = (await opened.lookups.at("dallas", asked, errand())).values()
    assert isinstance(looked, Looked)
    data = packing.packed("webex", looked)
    assert packing.unpacked(data) == looked
    junk = [data[:length] for length in range(len(data))]
    junk += [b"\x00", b"\xff" * 40, b"null", msgspec.msgpack.encode({"layout": 1}), data + data]
    changes: list[tuple[int, object]] = [(0, 2), (1, "other"), (2, 99), (3, "Other"), (4, 7), (6, [])]
    junk += [_with(data, *change) for change in changes]
    assert [text for text in junk if packing.unpacked(text) is not None] == []


def test_what_is_of_no_adapter() -> None:
    """Things that hold no numbers are packed too."""
    packing = Packing([], [Thing])
    thing = Thing(NEVER, weight=3, text="{ sources { name } }")
    assert packing.unpacked(packing.packed("documents", thing)) == thing
    assert Packing([], KINDS).unpacked(packing.packed("documents", thing)) is None


def test_another_version_of_an_adapter() -> None:
    """What an older or newer adapter kept is not read."""

    class Newer(Acme):
        version = Acme.version + 1

    settings = AcmeSettings(provider="acme", base_url="http://127.0.0.1", api_key="seKret")
    old, new = (Packing([kind("depot", settings)], KINDS) for kind in (Acme, Newer))
    data = old.packed("acme", Looked(None, NEVER))
    assert old.unpacked(data) == Looked(None, NEVER)
    assert new.unpacked(data) is None
