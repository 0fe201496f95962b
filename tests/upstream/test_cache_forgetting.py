"""After something was forgotten nothing older is served, kept or joined; what was not forgotten stays."""

from functools import partial

import pytest

from gateway.errors import SourceUnavailable
from gateway.numbers.e164 import E164
from gateway.providers.protocol import Request
from gateway.upstream.cache import Cache
from gateway.upstream.keys import key_of, number_key, scope_of
from tests.upstream.shelf import ANNEX, DEPOT, LIST, ONE, OTHER, TTL, Shelf, Thing, begun, fetching, turns


async def test_a_source_is_forgotten(cache: Cache, shelf: Shelf) -> None:
    """Of a forgotten source nothing is served or stands in; others keep what they have."""
    keys = [LIST, number_key(DEPOT, ONE), key_of(ANNEX, Request("GET", "/"), "whole")]
    for key in keys:
        await fetching(cache, shelf, key)
    await cache.forget(DEPOT)
    assert [await cache.peek(key, TTL, shelf.errand()) is None for key in keys] == [True, True, False]
    shelf.fails = SourceUnavailable("Down.")
    with pytest.raises(SourceUnavailable):
        await fetching(cache, shelf)


async def test_a_number_is_forgotten(cache: Cache, shelf: Shelf) -> None:
    """Of a forgotten number nothing is served, and no list that may hold it; other numbers keep what was said."""
    keys = [LIST, number_key(DEPOT, ONE), number_key(DEPOT, OTHER)]
    for key in keys:
        await fetching(cache, shelf, key)
    await cache.forget(DEPOT, ONE)
    assert [await cache.peek(key, TTL, shelf.errand()) is None for key in keys] == [True, True, False]


@pytest.mark.parametrize("number", [None, ONE], ids=["source", "number"])
async def test_nothing_from_before_comes_afterwards(cache: Cache, shelf: Shelf, number: E164 | None) -> None:
    """What was under way when something was forgotten is told to those who asked before, to nobody else, and not kept."""
    key = number_key(DEPOT, ONE)
    mark = await cache.mark(scope_of(DEPOT))
    shelf.door.clear()
    [before] = await begun(partial(fetching, cache, shelf, key))
    await cache.forget(DEPOT, number)
    [after] = await begun(partial(fetching, cache, shelf, key))
    assert shelf.loads == 2
    shelf.door.set()
    assert await before is not await after
    await turns()
    assert await cache.peek(key, TTL, shelf.errand()) is await after
    await cache.keep_many({LIST: Thing(shelf.clock.now())}, mark, TTL)
    assert await cache.peek(LIST, TTL, shelf.errand()) is None
