"""Work that is done only while the client is there to take it."""

import asyncio

from starlette.types import Receive


class ClientGone(Exception):
    """The client left; nobody waits for an answer."""


BRIEF = 0.01
"""Seconds that work may take before anybody watches: most of it is done by then, and a task costs as much as some of it."""


class while_present:  # noqa: N801 - read as words: async with while_present(receive)
    """Cancel what runs inside as soon as the client leaves. The request's body must have been read.

    Raises:
        ClientGone: it left.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        inside = asyncio.current_task()
        assert inside is not None
        self._inside = inside
        self._alarm = asyncio.get_running_loop().call_later(BRIEF, self._watch)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._alarm.cancel()
        watching = self._watching
        if watching is None:
            return
        left = watching.done()
        watching.cancel()
        if left and kind is asyncio.CancelledError:
            self._inside.uncancel()
            raise ClientGone from None

    def _watch(self) -> None:
        self._watching = asyncio.create_task(_gone(self._receive, self._inside))


async def _gone(receive: Receive, inside: asyncio.Task[object]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    inside.cancel()
