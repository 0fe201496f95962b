"""What of the gateway's own is garbage: in a cycle, so that it lies there until it is searched for."""

import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

PLANNED: dict[str, object] = {"compiled": True}
"""The table ``server`` of a gateway that leaves nothing: graphql-core, which executes what is not planned, is in circles."""


def _ours(thing: object) -> str:
    """The kind of an object of the gateway's own; "" for anything else, the simulators' included."""
    kind = type(thing)
    within = kind.__module__.startswith("gateway.") and not kind.__module__.startswith("gateway.sandbox")
    return kind.__qualname__ if within else ""


@contextmanager
def searching(found: set[str]) -> Iterator[None]:
    """What of the gateway's own is garbage after the block, and was not gone by itself."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield
        gc.collect()
        found.update(filter(None, map(_ours, gc.garbage)))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def left_by(asked: Callable[[], Awaitable[None]]) -> int:
    """How many objects are garbage after the second time, whoever made them; nobody else searches for any meanwhile."""
    before = gc.get_threshold()
    gc.set_threshold(0)
    try:
        await asked()
        gc.collect()
        await asked()
        return gc.collect()
    finally:
        gc.set_threshold(*before)
