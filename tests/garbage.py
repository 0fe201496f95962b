"""What of the gateway's own is garbage: in a cycle, so that it lies there until it is searched for."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
