"""SharedAnswers that several ask for: worked out once, given for a while, and nobody's to take away."""

import asyncio
from collections.abc import Callable

import pytest
from graphql import ExecutionResult
from msgspec import Raw

from gateway.schema.shared_answers import BESIDE, SECONDS, SharedAnswers
from tests.clocks import ManualClock


def answer(text: bytes = b"{}") -> ExecutionResult:
    """One whose data is this text."""
    return ExecutionResult(Raw(text))  # type: ignore[arg-type]  # as they are kept


def size_of(*lengths: int) -> int:
    """What answers of so many bytes take."""
    return sum(lengths) + BESIDE * len(lengths)


class Work:
    """Work that is waited for, and ends when the test says so."""

    def __init__(self) -> None:
        self._done: asyncio.Future[ExecutionResult] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> ExecutionResult:
        """What is waited for."""
        return await self._done

    def end(self, result: ExecutionResult | None = None) -> None:
        """The work is done, or has failed."""
        if result is None:
            self._done.set_exception(ValueError("broken"))
        else:
            self._done.set_result(result)


async def shared(answers: SharedAnswers, question: str, work: Callable[[], object]) -> ExecutionResult:
    """What one of those who ask is given; the work begins before anybody waits."""
    given = answers.share(question, work)  # type: ignore[arg-type]  # what is awaited is one
    return given if isinstance(given, ExecutionResult) else await given


@pytest.fixture
def clock() -> ManualClock:
    """Time by hand."""
    return ManualClock()


def test_an_answer_is_given_for_a_while(clock: ManualClock) -> None:
    """To the same question the same answer, until it is old; what is old takes no room once there is another."""
    answers = SharedAnswers(clock)
    first = answers.share("a", answer)
    assert answers.share("b", answer) is not first
    clock.advance(SECONDS - 1)
    assert answers.share("a", answer) is first
    assert (answers.made, answers.held) == (2, size_of(2, 2))
    clock.advance(1)
    assert answers.share("a", answer) is not first
    assert (answers.made, answers.held) == (3, size_of(2))


def test_answers_take_so_much_room(clock: ManualClock) -> None:
    """The oldest go first, and one that is larger than all may be is kept for nobody."""
    answers = SharedAnswers(clock, most=size_of(10, 10, 5))
    first, second = (answers.share(name, lambda: answer(b"0123456789")) for name in "ab")
    answers.share("c", lambda: answer(b"012345"))
    assert (answers.held, answers.share("b", answer)) == (size_of(10, 6), second)
    assert answers.share("a", answer) is not first
    answers.share("large", lambda: answer(b"0" * size_of(10, 10, 6)))
    assert answers.held == 0


async def test_whoever_leaves_leaves_alone(clock: ManualClock) -> None:
    """The first to ask goes away while the work is under way, then another; the rest, and who comes after, get the answer."""
    answers, work, result = SharedAnswers(clock), Work(), answer()
    asking = [asyncio.create_task(shared(answers, "a", work)) for _ in range(4)]
    await asyncio.sleep(0)
    for leaver in asking[:2]:
        leaver.cancel()
    await asyncio.wait(asking[:2])
    work.end(result)
    assert await asyncio.gather(*asking[2:]) == [result, result]
    assert answers.share("a", answer) is result
    assert answers.made == 1


async def test_a_failure_is_told_to_all_who_wait(clock: ManualClock) -> None:
    """And to nobody else: whoever asks then has it tried again."""
    answers, work = SharedAnswers(clock), Work()
    asking = [asyncio.create_task(shared(answers, "a", work)) for _ in range(2)]
    await asyncio.sleep(0)
    work.end()
    assert [str(error) for error in await asyncio.gather(*asking, return_exceptions=True)] == ["broken", "broken"]
    result = answer()
    assert await shared(answers, "a", lambda: result) is result
    assert answers.made == 2


async def test_at_the_end_nothing_goes_on(clock: ManualClock) -> None:
    """What is under way is stopped, and nobody waits for ever."""
    answers = SharedAnswers(clock)
    asking = asyncio.create_task(shared(answers, "a", Work()))
    await asyncio.sleep(0)
    await answers.close()
    await asyncio.wait([asking])
    assert (asking.cancelled(), answers.held) == (True, 0)
