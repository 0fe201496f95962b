"""What one process keeps is bounded by bytes that are honestly estimated; what was longest unused goes first."""

import gc
import tracemalloc

import pytest

from gateway.numbers.filters import EVERYTHING
from gateway.upstream.cache_memory import POINTER_BYTES, ROW_BYTES, BoundedMemory, Entry, size_of
from tests.clocks import ManualClock
from tests.conftest import OpenRooms, Simulators, errand
from tests.upstream.shelf import Thing

LIMIT = 100 * ROW_BYTES


async def put(memory: BoundedMemory, clock: ManualClock, **weights: int) -> None:
    """Things under one-letter keys of one purpose, of so many rows each."""
    for key, weight in weights.items():
        await memory.set(f"s/p/{key}", Entry(key, Thing(clock.now(), weight)))


def left(memory: BoundedMemory) -> str:
    """The keys, longest unused first."""
    return "".join(key[-1] for key in memory._entries)


def weighed(memory: BoundedMemory) -> bool:
    """Whether the size is that of the entries, and no key is listed that is not there."""
    listed = {key for keys in memory._groups.values() for key in keys}
    assert all(memory._groups.values())
    return memory.size == sum(entry.size for entry in memory._entries.values()) and listed == set(memory._entries)


async def test_what_was_longest_unused_goes_first(clock: ManualClock) -> None:
    """Past the bound the longest unused entry goes first; reading one counts as using it."""
    memory = BoundedMemory(LIMIT)
    await put(memory, clock, a=36, b=30, c=30)
    await memory.get("s/p/a")
    await put(memory, clock, d=20)
    assert (left(memory), weighed(memory)) == ("cad", True)
    await put(memory, clock, e=90)
    assert (left(memory), weighed(memory)) == ("e", True)


async def test_what_is_replaced_and_deleted_counts_once(clock: ManualClock) -> None:
    """Putting a key again replaces its size, deleting gives it back, and deleting nothing changes nothing."""
    memory = BoundedMemory(LIMIT)
    await put(memory, clock, a=4)
    await put(memory, clock, a=6)
    assert memory.size == size_of(Thing(clock.now(), 6))
    assert (await memory.delete("s/p/a"), await memory.delete("s/p/a"), memory.size) == (1, 0, 0)
    assert (await memory.get("s/p/a"), memory._groups) == (None, {})


async def test_a_giant_does_not_drive_the_others_out(clock: ManualClock) -> None:
    """An entry larger than the bound is not kept; its older copy is gone."""
    memory = BoundedMemory(LIMIT)
    await put(memory, clock, a=4, b=3)
    await put(memory, clock, b=101)
    assert (left(memory), weighed(memory)) == ("a", True)


async def test_text_counts(clock: ManualClock) -> None:
    """One row with a text of a megabyte is as large as it is."""
    memory = BoundedMemory(LIMIT)
    assert await memory.set("s/p/a", Entry("a", Thing(clock.now(), text="x" * 2**20))) is False
    assert memory.size == 0


async def test_it_is_bounded_whatever_is_put(clock: ManualClock) -> None:
    """Ten thousand keys of an attacker's choosing take no more than the bound."""
    memory = BoundedMemory(LIMIT)
    for number in range(10_000):
        await memory.set(f"s/p/{number}", Entry("", Thing(clock.now())))
    assert memory.size <= LIMIT
    assert 50 < len(memory._entries) < 100
    assert weighed(memory)


async def test_what_is_made_of_an_entry_counts(clock: ManualClock) -> None:
    """An order of rows takes its pointers, once a name, and what does not fit any more drives out the longest unused."""
    memory = BoundedMemory(LIMIT)
    await put(memory, clock, a=20, b=70)
    before = memory.size
    origin = object()
    things = [memory.made("s/p/b", origin, "up", object) for _ in range(2)]
    assert (things[0] is things[1], memory.size - before) == (True, 70 * POINTER_BYTES)
    assert memory.made("s/p/b", object(), "up", object) is not things[0]
    assert memory.size - before == 70 * POINTER_BYTES
    for name in range(5):
        memory.made("s/p/b", origin, f"{name}", object)
    assert (left(memory), weighed(memory)) == ("b", True)


async def test_scopes_are_forgotten_whole(clock: ManualClock) -> None:
    """A scope is forgotten with all its purposes, or with all but one; one whose name begins alike is not."""
    memory = BoundedMemory()
    for key in ("s/p/a", "s/q/b", "st/p/c", "s/p/d"):
        await memory.set(key, Entry(key, Thing(clock.now())))
    memory.forget("s", but="p")
    assert (left(memory), weighed(memory)) == ("acd", True)
    memory.forget("s")
    assert (left(memory), weighed(memory)) == ("c", True)


@pytest.mark.parametrize(("name", "most"), [("voice_sg", 5), ("dallas", 3), ("epsilon", 3), ("market", 3)])
async def test_the_estimate_is_honest(sandbox: Simulators, rooms: OpenRooms, name: str, most: int) -> None:
    """What a list of each provider takes in truth is no more than the estimate, which is at most three times that.

    A list of 8x8 is made of the records that the store's pool holds as well, and is counted as if they were its own.
    """
    inventory = (await rooms({name: sandbox.sources[name]})).inventory
    source = inventory._callers[name].lists
    assert source is not None
    for _ in range(2):  # what is made once is made: names, and what the store holds of a source with events
        await inventory._read_whole(source, EVERYTHING, errand())
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = await inventory._read_whole(source, EVERYTHING, errand())
    gc.collect()
    truth = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert truth <= size_of(held) <= most * truth
