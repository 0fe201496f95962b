"""Who is next: what a client waits for before what only refreshes or prefetches, and clients of one kind in rotation."""

import asyncio
from collections import OrderedDict, deque
from typing import TypeAlias

from gateway.upstream.errand import Errand, Priority

Waiter: TypeAlias = asyncio.Future[None]


class Turns:
    """The queue before one source."""

    def __init__(self) -> None:
        self._lines: dict[Priority, OrderedDict[str, deque[Waiter]]] = {rank: OrderedDict() for rank in Priority}

    def __bool__(self) -> bool:
        return any(self._lines.values())

    def __len__(self) -> int:
        return sum(len(waiters) for line in self._lines.values() for waiters in line.values())

    def join(self, waiter: Waiter, errand: Errand) -> None:
        """Wait behind those of the same client; a client that comes anew waits behind the others."""
        self._lines[errand.priority].setdefault(errand.client, deque()).append(waiter)

    def leave(self, waiter: Waiter, errand: Errand) -> None:
        """Wait no longer; no more than that for who has had a turn."""
        line = self._lines[errand.priority]
        if waiter not in line.get(errand.client, ()):
            return
        line[errand.client].remove(waiter)
        if not line[errand.client]:
            del line[errand.client]

    def next(self) -> Waiter:
        """Whoever is next, taken out; the client goes behind the others. There must be somebody."""
        line = next(line for line in self._lines.values() if line)
        client, waiters = line.popitem(last=False)
        waiter = waiters.popleft()
        if waiters:
            line[client] = waiters
        return waiter
