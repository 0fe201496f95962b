"""Runs the pure generators: answers what they ask, concurrently, until they return or the deadline passes."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

from gateway.errors import SourceError, SourceTimeout, forget_frames
from gateway.upstream.errand import Errand

Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")

OVERDUE = "The request's deadline passed before the source had answered."
GRACE = 0.02
"""Seconds past the deadline in which whoever waits until then can say what it waited for: a turn, or an answer."""


async def drive(
    steps: Generator[Sequence[Q], tuple[Q, A | SourceError], R],
    answer: Callable[[Q], Coroutine[None, None, A]],
    errand: Errand,
) -> R:
    """What the generator returns. Questions are answered in tasks of their own, and sent as soon as the answer is there.

    One that is alone needs no task. A SourceError is sent as the answer. What is still open at the errand's deadline is
    answered with SourceTimeout. Whatever happens, no task is left behind.
    """
    open_questions: dict[asyncio.Future[A], Q] = {}
    late: list[asyncio.Future[A]] = []
    try:
        asks = next(steps)
        while True:
            while len(asks) == 1 and not open_questions:
                asks = steps.send((asks[0], await _alone(answer(asks[0]), errand)))
            open_questions |= {asyncio.ensure_future(answer(ask)): ask for ask in asks}
            done, _ = await asyncio.wait(
                open_questions, timeout=errand.remaining() + GRACE, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                late += open_questions
            asks = []
            for task in done or list(open_questions):
                ask = open_questions.pop(task)
                asks = [*asks, *steps.send((ask, _outcome(task)))]
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        left = [*open_questions, *late]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _alone(answering: Coroutine[None, None, A], errand: Errand) -> A | SourceError:
    try:
        async with asyncio.timeout(errand.remaining() + GRACE):
            return await answering
    except SourceError as error:
        forget_frames(error)
        return error
    except TimeoutError:
        return SourceTimeout(OVERDUE)


def _outcome(task: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - an answer, whatever was asked
    if not task.done():
        return SourceTimeout(OVERDUE)
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, SourceError):
        forget_frames(error)
        return error
    raise error
