"""Runs the pure generators: answers what they ask, concurrently, until they return or the deadline passes."""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

from gateway.errors import SourceError, SourceTimeout, forget_frames
from gateway.upstream.errand import Errand

Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")

GRACE = 0.02
"""Seconds past the deadline in which whoever waits until then can say what it waited for: a turn, or an answer."""


async def drive(
    steps: Generator[Sequence[Q], tuple[Q, A | SourceError], R],
    answer: Callable[[Q], Coroutine[None, None, A]],
    errand: Errand,
) -> R:
    """What the generator returns. Each question is answered in a task of its own and sent as soon as it is there.

    A SourceError is sent as the answer. What is still open at the errand's deadline is answered with SourceTimeout.
    Whatever happens, no task is left behind.
    """
    open_questions: dict[asyncio.Future[A], Q] = {}
    late: list[asyncio.Future[A]] = []
    try:
        asks = next(steps)
        while True:
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


def _outcome(task: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - an answer, whatever was asked
    if not task.done():
        return SourceTimeout("The request's deadline passed before the source had answered.")
    error = task.exception()
    if error is None:
        return task.result()
    if isinstance(error, SourceError):
        forget_frames(error)
        return error
    raise error
