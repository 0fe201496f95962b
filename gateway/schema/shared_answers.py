"""Answers of subscriptions, each worked out once for all who ask alike at about the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import TypeAlias, cast

from graphql import ExecutionResult
from msgspec import Raw, Struct

from gateway.upstream.clock import Clock

SECONDS = 5.0
"""How long an answer is given to whoever asks alike; who comes later has it made anew."""

BYTES = 8 * 1024 * 1024
"""What all answers that are kept may take together."""

BESIDE = 1024
"""What an answer takes beside its text, roughly."""

Answering: TypeAlias = ExecutionResult | Awaitable[ExecutionResult]


class Kept(Struct, frozen=True):
    """An answer, and until when it is given."""

    answer: ExecutionResult
    until: float
    size: int


class SharedAnswers:
    """The answers of one process, of which the oldest go first.

    Their ``data`` is JSON text (``msgspec.Raw``), and nobody may change them: they are everybody's. ``made`` counts those
    that were worked out, ``held`` the bytes of those that are kept.
    """

    def __init__(self, clock: Clock, most: int = BYTES) -> None:
        self._clock = clock
        self._most = most
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._coming: dict[Hashable, asyncio.Future[ExecutionResult]] = {}
        self.made = 0
        self.held = 0

    def share(self, question: Hashable, work: Callable[[], Answering]) -> Answering:
        """The answer to a question, which stands for everything that an answer depends on.

        Work that has to be waited for is a task of its own: who leaves takes nothing from the others.
        """
        kept = self._kept.get(question)
        if kept is not None and kept.until > self._clock.monotonic():
            return kept.answer
        coming = self._coming.get(question)
        if coming is not None:
            return asyncio.shield(coming)
        self.made += 1
        answering = work()
        if isinstance(answering, ExecutionResult):
            return self._keep(question, answering)
        coming = self._coming[question] = asyncio.ensure_future(answering)
        coming.add_done_callback(partial(self._came, question))
        return asyncio.shield(coming)

    async def close(self) -> None:
        """Stop what is under way."""
        await asyncio.sleep(0)  # what has not run yet would leave behind what it was to wait for
        coming = list(self._coming.values())
        for one in coming:
            one.cancel()
        await asyncio.gather(*coming, return_exceptions=True)

    def _came(self, question: Hashable, coming: asyncio.Future[ExecutionResult]) -> None:
        del self._coming[question]
        if not coming.cancelled() and coming.exception() is None:
            self._keep(question, coming.result())

    def _keep(self, question: Hashable, answer: ExecutionResult) -> ExecutionResult:
        now, size = self._clock.monotonic(), memoryview(cast("Raw", answer.data)).nbytes + BESIDE
        self._drop(question)
        self._kept[question] = Kept(answer, now + SECONDS, size)
        self.held += size
        while self.held > self._most or (self._kept and next(iter(self._kept.values())).until <= now):
            self._drop(next(iter(self._kept)))
        return answer

    def _drop(self, question: Hashable) -> None:
        kept = self._kept.pop(question, None)
        if kept is not None:
            self.held -= kept.size
