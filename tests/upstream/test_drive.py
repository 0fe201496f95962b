"""Pure generators driven: questions answered at once, failures sent in, the deadline kept, and no task left behind."""

import asyncio
from collections.abc import Generator, Sequence

import pytest

from gateway.errors import SourceError, SourceTimeout, SourceUnavailable
from gateway.upstream.drive import drive
from tests.conftest import errand

Steps = Generator[Sequence[str], tuple[str, int | SourceError], list[tuple[str, int | SourceError]]]


def asking(*rounds: str, least: int | None = None) -> Steps:
    """Asks the letters of each round at once, and returns what it was sent; ``least`` answers are enough for it."""
    told: list[tuple[str, int | SourceError]] = []
    for letters in rounds:
        asks: Sequence[str] = letters
        for _ in letters[:least]:
            told.append((yield asks))
            asks = ()
    return told


class Answers:
    """Answers a letter with its code; capitals hang, digits fail, and a star is a mistake of the gateway's own."""

    def __init__(self) -> None:
        self.under_way = 0
        self.asked: list[str] = []

    async def __call__(self, letter: str) -> int:
        """One answer."""
        self.asked.append(letter)
        self.under_way += 1
        try:
            if letter.isupper():
                await asyncio.Event().wait()
            if letter.isdigit():
                msg = letter
                raise SourceUnavailable(msg)
            return ord(letter) // (letter != "*")
        finally:
            self.under_way -= 1


def _tasks() -> int:
    return len(asyncio.all_tasks())


async def test_questions_of_a_round_are_asked_at_once() -> None:
    """All questions of one moment are under way before the first is answered, and each answer goes to its question."""
    gate = asyncio.Barrier(3)

    async def answer(letter: str) -> int:
        await gate.wait()
        return ord(letter)

    async with asyncio.timeout(30):
        told = await drive(asking("abc", "def"), answer, errand())
    assert sorted(told) == [(letter, ord(letter)) for letter in "abcdef"]


async def test_an_answer_is_sent_as_soon_as_it_is_there() -> None:
    """A generator that can go on does not wait for the questions it no longer needs, and these are ended."""
    before = _tasks()
    answers = Answers()
    async with asyncio.timeout(30):
        told = await drive(asking("HaH", "b", least=1), answers, errand())
    assert told == [("a", 97), ("b", 98)]
    assert (answers.under_way, _tasks()) == (0, before)


async def test_a_failure_is_an_answer() -> None:
    """A source's error is sent in as the answer to its question; the others are not disturbed."""
    told = dict(await drive(asking("a1b"), Answers(), errand()))
    assert (told["a"], told["b"], type(told["1"])) == (97, 98, SourceUnavailable)


async def test_the_deadline_answers_what_is_open() -> None:
    """At the deadline open questions are answered SOURCE_TIMEOUT; what was answered before stays, no task is left."""
    before = _tasks()
    answers = Answers()
    async with asyncio.timeout(30):
        told = dict(await drive(asking("aHbJ", "Kc"), answers, errand(0.05)))
    assert (told["a"], told["b"]) == (97, 98)
    assert {type(told[letter]) for letter in "HJK"} == {SourceTimeout}
    assert (answers.under_way, _tasks()) == (0, before)


async def test_a_question_that_is_alone_needs_no_task() -> None:
    """Its answer, its failure, its deadline and a mistake come out as those of several questions do."""
    before = _tasks()
    answers = Answers()
    ways = [(asking("a", "1", "b"), errand()), (asking("a", "H", "K"), errand(0.05)), (asking("*"), errand())]
    drives = [drive(steps, answers, own) for steps, own in ways]
    told, late, mistaken = await asyncio.gather(*drives, return_exceptions=True)
    assert isinstance(told, list)
    assert isinstance(late, list)
    assert [told[0], type(told[1][1]), told[2]] == [("a", 97), SourceUnavailable, ("b", 98)]
    assert [late[0], type(late[1][1]), type(late[2][1])] == [("a", 97), SourceTimeout, SourceTimeout]
    assert (type(mistaken), answers.under_way, _tasks()) == (ZeroDivisionError, 0, before)


async def test_behind_the_deadline() -> None:
    """With no time left, questions that would take any are answered SOURCE_TIMEOUT."""
    answers = Answers()
    told = dict(await drive(asking("HJ"), answers, errand(-1)))
    assert ({type(one) for one in told.values()}, answers.under_way) == ({SourceTimeout}, 0)


async def test_a_mistake_is_not_hidden() -> None:
    """An error that is no source's comes out as it is, and ends what is under way."""
    before = _tasks()
    answers = Answers()
    with pytest.raises(ZeroDivisionError):
        await drive(asking("H*a"), answers, errand())
    assert (answers.under_way, _tasks()) == (0, before)


async def test_what_the_generator_raises_comes_out() -> None:
    """A generator that gives up ends what is under way, at its first step as later."""
    before = _tasks()
    answers = Answers()

    def giving_up(first: Sequence[str]) -> Steps:
        if first:
            yield first
        msg = "Enough."
        raise SourceUnavailable(msg)

    for first in ("", "aHJ"):
        with pytest.raises(SourceUnavailable, match="Enough"):
            await drive(giving_up(first), answers, errand())
    assert (answers.under_way, _tasks()) == (0, before)


async def test_a_generator_without_questions() -> None:
    """Nothing to ask is an answer too."""
    assert await drive(asking(), Answers(), errand()) == []


async def test_cancelling_ends_everything() -> None:
    """Whoever drives and is cancelled takes all open questions along."""
    before = _tasks()
    answers = Answers()
    task = asyncio.create_task(drive(asking("HJK"), answers, errand()))
    await asyncio.wait([task], timeout=0)
    await asyncio.wait([task], timeout=0)
    assert answers.under_way == 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (answers.under_way, _tasks()) == (0, before)
