"""Killed at any moment, a gateway has lost nothing that it acknowledged, and applied nothing twice.

``KILL_ROUNDS=200`` in the environment is the long profile.
"""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException

import pytest

from gateway.numbers.changes import Change
from gateway.upstream.database import Database
from gateway.upstream.store import Store
from tests.upstream.nursery import Nursery, nursery
from tests.upstream.telling import SECRET, eight_by_eight, event, row

ROUNDS = int(os.environ.get("KILL_ROUNDS", "20"))
SENDERS = 4


class Round:
    """One life of a gateway: senders send what is not acknowledged yet, until it is killed."""

    def __init__(self, home: Nursery, left: Iterator[str], acknowledgements: int) -> None:
        self._home = home
        self._left = left
        self._until = acknowledgements
        self._child, self._url = home.begin()
        self.acknowledged: list[str] = []
        self.unanswered: list[str] = []

    def run(self) -> None:
        """Until it is dead, and every sender has noticed."""
        with ThreadPoolExecutor(SENDERS) as senders:
            for sender in [senders.submit(self._send) for _ in range(SENDERS)]:
                sender.result()
        self._home.ended()

    def _send(self) -> None:
        connection = HTTPConnection(self._url.removeprefix("http://"), timeout=30)
        headers = {"authorization": SECRET, "content-type": "application/json"}
        for e164 in self._left:
            try:
                connection.request("POST", "/webhooks/8x8/voice_sg", event(row(e164)), headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                self.unanswered.append(e164)
                break
            assert answer.status == 200
            self.acknowledged.append(e164)
            if len(self.acknowledged) == self._until:
                os.kill(self._child, signal.SIGKILL)
        connection.close()


class Numbers:
    """The numbers to be told: those that were not acknowledged first, then new ones; senders share them."""

    def __init__(self) -> None:
        self.again: list[str] = []
        self._fresh = iter(range(10_000_000))

    def __iter__(self) -> Iterator[str]:
        """Itself."""
        return self

    def __next__(self) -> str:
        """The next one."""
        return self.again.pop() if self.again else f"+659{next(self._fresh):07}"


async def logged(database_url: str) -> tuple[list[Change], set[str]]:
    """The whole log, and the numbers that are held."""
    database = Database.open(database_url)
    store = Store(database, {"voice_sg": eight_by_eight()})
    changes = [*await store.after(0, 1_000_000)]
    news = await store.news(0, ["voice_sg"])
    await database.close()
    return changes, {e164 for e164, held in news.numbers.get("voice_sg", {}).items() if held.number is not None}


@pytest.mark.timeout(1800)
def test_killed_at_any_moment(database_url: str) -> None:
    """Round after round: what was acknowledged is held and in the log once, and so is at the end what was sent again."""
    chance, numbers, acknowledged = random.Random(9), Numbers(), list[str]()  # noqa: S311 - a repeatable test
    with nursery(database_url) as home:
        for _ in range(ROUNDS):
            life = Round(home, numbers, chance.randrange(1, 40))
            life.run()
            acknowledged += life.acknowledged
            numbers.again += life.unanswered
            changes, held = asyncio.run(logged(database_url))
            assert set(acknowledged) <= held == {change.e164 for change in changes}
            assert max(Counter(change.e164 for change in changes).values()) == 1
            assert [change.sequence for change in changes] == list(range(1, len(changes) + 1))
    assert len(acknowledged) == len(set(acknowledged)) >= ROUNDS
