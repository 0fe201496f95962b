"""What a process held, now and then, and what that says."""

import asyncio
from collections.abc import Sequence
from statistics import linear_regression
from typing import Any

from aiohttp import ClientSession
from msgspec import Struct

EVERY = 2.0
"""Seconds between two samples."""
SETTLING = 60.0
"""Seconds in which what is idle is given back: connections are kept for 15."""
TOGETHER = 10
"""Samples of which the least counts: a large answer that is being read is not kept."""
GROWTH = 0.05
"""Memory is flat if, over the last two thirds, its trend rises by no more than this part."""


class Sample(Struct, frozen=True):
    """What is held ``at`` so many seconds: bytes in memory, open sockets, and tasks by what they do."""

    at: float
    bytes: int
    sockets: int
    tasks: dict[str, int]


class Watch:
    """Takes samples of one gateway."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._begun = asyncio.get_running_loop().time()
        self.samples: list[Sample] = []

    async def sample(self, *, collected: bool = False) -> Sample:
        """What is held now."""
        params = {"collected": "yes"} if collected else {}
        headers = {"connection": "close"}
        async with self._session.get(f"{self._url}/soak", params=params, headers=headers) as answer:
            held: dict[str, Any] = await answer.json()
        return Sample(at=asyncio.get_running_loop().time() - self._begun, **held)

    async def run(self, after: float) -> None:
        """From so many seconds on, until cancelled."""
        await asyncio.sleep(after)
        while True:
            self.samples.append(await self.sample())
            await asyncio.sleep(EVERY)

    async def settled(self, before: Sample | None = None) -> Sample:
        """What is held once nothing is asked any more; no more than ``before``, if that comes about in time."""
        end = asyncio.get_running_loop().time() + SETTLING
        now = await self.sample(collected=True)
        while asyncio.get_running_loop().time() < end and (before is None or left_over(before, now)):
            await asyncio.sleep(1.0)
            earlier, now = now, await self.sample(collected=True)
            if (
                before is None
                and (earlier.sockets, earlier.tasks) == (now.sockets, now.tasks)
                and now.at > SETTLING / 3
            ):
                break
        return now


def left_over(before: Sample, now: Sample) -> list[str]:
    """What is held that was not held before."""
    held, had = {**now.tasks, "sockets": now.sockets}, {**before.tasks, "sockets": before.sockets}
    return [f"{count - had.get(kind, 0)} of {kind}" for kind, count in held.items() if count > had.get(kind, 0)]


def growth(samples: Sequence[Sample]) -> float:
    """By which part memory grew over the last two thirds, by the straight line that fits best."""
    least = [min(samples[at : at + TOGETHER], key=lambda one: one.bytes) for at in range(0, len(samples), TOGETHER)]
    last = least[len(least) // 3 :]
    if len(last) < 2:  # noqa: PLR2004 - no line goes through one point
        return 0.0
    slope, at_zero = linear_regression([one.at for one in last], [one.bytes for one in last])
    first = at_zero + slope * last[0].at
    return slope * (last[-1].at - last[0].at) / first
