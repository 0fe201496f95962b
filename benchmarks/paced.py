"""Requests at a steady rate, whether those before are answered or not, and what came of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from msgspec import Struct

from benchmarks.served import percentile


class Answered(Struct, frozen=True):
    """One answer: when it was asked for, how long it took, in seconds; 0 is the status of what got none."""

    asked: float
    took: float
    status: int


class Paced(Struct):
    """All answers of a time."""

    answers: list[Answered]

    def took(self, *statuses: int) -> list[float]:
        """Milliseconds of those with one of these statuses."""
        return [1000 * one.took for one in self.answers if one.status in statuses]

    def p99(self, *statuses: int) -> float:
        """Milliseconds that 99 of 100 of them took at most; 0 of none."""
        taken = self.took(*statuses)
        return percentile(taken, 99) if len(taken) > 1 else sum(taken)

    @property
    def statuses(self) -> Counter[int]:
        """How many there were of each status."""
        return Counter(one.status for one in self.answers)


def session() -> ClientSession:
    """As many connections as are wanted, which are kept."""
    return ClientSession(timeout=ClientTimeout(total=30), connector=TCPConnector(limit=0))


async def asked(client: ClientSession, url: str, body: bytes) -> Answered:
    """One POST."""
    began = time.monotonic()
    headers = {"content-type": "application/json"}
    try:
        async with client.post(f"{url}/graphql", data=body, headers=headers) as answer:
            await answer.read()
            return Answered(began, time.monotonic() - began, answer.status)
    except (ClientError, OSError, TimeoutError):
        return Answered(began, time.monotonic() - began, 0)


async def paced(rate: float, seconds: float, ask: Callable[[], Coroutine[None, None, Answered]]) -> Paced:
    """So many a second for so long."""
    asking: list[asyncio.Task[Answered]] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        asking += [asyncio.create_task(ask()) for _ in range(int(passed * rate) - len(asking))]
        await asyncio.sleep(0.002)
    return Paced(await asyncio.gather(*asking))
