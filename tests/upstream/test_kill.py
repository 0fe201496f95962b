"""Killed at any moment, a gateway has lost nothing that it acknowledged, and applied nothing twice.

``--log-cli-level=info`` tells how many events that were.
"""

import asyncio
import logging
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from itertools import count

import pytest

from gateway.numbers.changes import Change
from gateway.upstream.database import Database
from gateway.upstream.store import Store
from tests.profiles import examples
from tests.upstream.nursery import Nursery, nursery
from tests.upstream.telling import NOON, SECRET, eight_by_eight, event, row

ROUNDS = examples(20)
SENDERS = 4
LOG = logging.getLogger(__name__)


class Round:
    """One life of a gateway: senders send what is not acknowledged yet, until it is killed."""

    def __init__(self, home: Nursery, left: Callable[[], str], acknowledgements: int) -> None:
        self._home = home
        self._left = left
        self._last = acknowledgements
        self._places = count(1)
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
        with closing(HTTPConnection(self._url.removeprefix("http://"), timeout=30)) as connection:
            while self._acknowledged(self._left(), connection):
                if next(self._places) == self._last:
                    os.kill(self._child, signal.SIGKILL)

    def _acknowledged(self, e164: str, connection: HTTPConnection) -> bool:
        headers = {"authorization": SECRET, "content-type": "application/json"}
        try:
            connection.request("POST", "/webhooks/8x8/voice_sg", event(row(e164)), headers)
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self.unanswered.append(e164)
            return False
        assert answer.status == 200
        self.acknowledged.append(e164)
        return True


def numbers_to_tell(again: list[str]) -> Callable[[], str]:
    """The next number to be told: one that was not acknowledged, else a new one; for all senders."""
    fresh = count()

    def following() -> str:
        try:
            return again.pop()
        except IndexError:
            return f"+659{next(fresh):07}"

    return following


async def logged(database_url: str) -> tuple[list[Change], set[str]]:
    """The whole log, and the numbers that are held.

    PostgreSQL still carries out the commit of a gateway that was killed meanwhile: a write of our own waits for that.
    """
    database = Database.open(database_url)
    store = Store(database, {"voice_sg": eight_by_eight()})
    await store.forget(NOON - timedelta(days=10_000))
    changes = [*await store.after(0, 1_000_000)]
    news = await store.news(0, ["voice_sg"])
    await database.close()
    return changes, {e164 for e164, held in news.numbers.get("voice_sg", {}).items() if held.number is not None}


@pytest.mark.timeout(1800)
def test_killed_at_any_moment(database_url: str) -> None:
    """Round after round: what was acknowledged is held and in the log once, and so is at the end what was sent again."""
    chance, again, acknowledged, sent_again = random.Random(9), list[str](), list[str](), 0  # noqa: S311 - a repeatable test
    numbers = numbers_to_tell(again)
    with nursery(database_url) as home:
        for _ in range(ROUNDS):
            life = Round(home, numbers, chance.randrange(1, 40))
            life.run()
            acknowledged += life.acknowledged
            again += life.unanswered
            sent_again += len(life.unanswered)
            changes, held = asyncio.run(logged(database_url))
            assert set(acknowledged) <= held == {change.e164 for change in changes}
            assert max(Counter(change.e164 for change in changes).values()) == 1
            assert [change.sequence for change in changes] == list(range(1, len(changes) + 1))
    assert len(acknowledged) == len(set(acknowledged)) >= ROUNDS
    LOG.info("%s rounds, %s events acknowledged, %s sent again", ROUNDS, len(acknowledged), sent_again)
