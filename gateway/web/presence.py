"""Work that is done only while the client is there to take it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive


class ClientGone(Exception):
    """The client left; nobody waits for an answer."""


BRIEF = 0.01
"""Seconds that work may take before anybody watches: most of it is done by then, and a task costs as much as some of it."""


@asynccontextmanager
async def while_present(receive: Receive) -> AsyncIterator[None]:
    """Cancel what runs inside as soon as the client leaves. The request's body must have been read.

    Raises:
        ClientGone: it left.
    """
    inside = asyncio.current_task()
    assert inside is not None
    watching: list[asyncio.Task[None]] = []
    alarm = asyncio.get_running_loop().call_later(
        BRIEF, lambda: watching.append(asyncio.create_task(_gone(receive, inside)))
    )
    try:
        yield
    except asyncio.CancelledError:
        if not any(task.done() for task in watching):
            raise
        inside.uncancel()
        raise ClientGone from None
    finally:
        alarm.cancel()
        for task in watching:
            task.cancel()


async def _gone(receive: Receive, inside: asyncio.Task[object]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    inside.cancel()
