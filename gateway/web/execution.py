"""Runs operations, each with its own context: to one answer, or to a stream of them."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, NamedTuple

from graphql import GraphQLError
from graphql.execution import InitialIncrementalExecutionResult, SubsequentIncrementalExecutionResult
from msgspec import Struct
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from gateway.errors import forget_frames
from gateway.schema.authority import Asker
from gateway.schema.context import Context, Rooms
from gateway.schema.cost import wants_cost
from gateway.schema.graph import Schema
from gateway.web.answers import FAILED
from gateway.web.tracing import UNTRACED, Span, Tracing

log = logging.getLogger(__name__)

ONE_ANSWER = (OperationType.QUERY, OperationType.MUTATION)


class Operation(Struct, frozen=True):
    """What is to be executed."""

    query: str
    variables: dict[str, Any] | None = None
    name: str | None = None
    extensions: dict[str, Any] | None = None


class Told(NamedTuple):
    """An answer of a stream, and the cursor to resume with after it, where there is one."""

    answer: dict[str, Any]
    cursor: str | None = None


Stream = AsyncGenerator[Told, None]


class NeedsStream(Exception):
    """One answer was wanted, and the operation is a subscription."""


class Execution:
    """Runs operations against the schema."""

    def __init__(self, schema: Schema, rooms: Rooms, tracing: Tracing = UNTRACED) -> None:
        self._schema = schema
        self._rooms = rooms
        self._tracing = tracing

    def context(self, asker: Asker) -> Context:
        """For one answer."""
        return Context(self._rooms, asker, as_text=True)

    async def once(self, operation: Operation, asker: Asker, context: Context | None = None) -> dict[str, Any]:
        """The answer, whole; its data may be JSON text in part (``msgspec.Raw``), so it is there to be encoded.

        Raises:
            NeedsStream: the operation is a subscription.
        """
        context = context or self.context(asker)
        with self._tracing.operation(operation.query, context) as span:
            answer = await span.within(self._answer(operation, context))
            span.answered(answer)
        return answer

    async def _answer(self, operation: Operation, context: Context) -> dict[str, Any]:
        quick = None if wants_cost(operation.extensions) else self._schema.quick
        if quick is not None:
            data = await quick.data(operation.query, operation.variables or {}, operation.name, context)
            if data is not None:
                return {"data": data}
        try:
            result = await self._schema.execute(
                operation.query,
                variable_values=operation.variables,
                operation_name=operation.name,
                context_value=context,
                operation_extensions=operation.extensions,
                allowed_operation_types=ONE_ANSWER,
            )
        except InvalidOperationTypeError:
            raise NeedsStream from None
        return answer_of(result)

    async def stream(
        self,
        operation: Operation,
        asker: Asker,
        *,
        takes_parts: bool = False,
        after: str | None = None,
        begun: Callable[[], object] = lambda: None,
    ) -> Stream:
        """The answers of a subscription; of a query its one answer, in parts where it has any and they are taken.

        ``after`` is the cursor to resume a subscription with, and stands above the one in its arguments; ``begun`` is
        called when there is nothing to do for it but to listen. What nobody foresaw is logged, told, and ends it.
        """
        context = Context(self._rooms, asker, takes_parts=takes_parts, after=after, begun=begun)
        with self._tracing.operation(operation.query, context) as span:
            try:
                async with aclosing(self._told(operation, context, span)) as answers:
                    async for told in answers:
                        span.answered(told.answer)
                        yield told
            except Exception:
                log.exception("unforeseen failure of a stream")
                span.answered(FAILED)
                yield Told(FAILED)

    async def _told(self, operation: Operation, context: Context, span: Span) -> Stream:
        opening = self._schema.stream(
            operation.query,
            variable_values=operation.variables,
            operation_name=operation.name,
            context_value=context,
            operation_extensions=operation.extensions,
        )
        results, parts = await span.within(opening), Parts()
        try:
            async with aclosing(results):
                while (result := await span.within(anext(results, None))) is not None:
                    yield Told(parts.answer_of(result), context.cursor)
        except GraphQLError as error:  # Strawberry tells those of parsing only where there is one answer
            yield Told({"errors": [error.formatted]})


class Parts:
    """Writes the parts of answers for clients of both ages.

    The newer find the place of a part by its ``id`` in what is pending (GraphQL, Incremental Delivery, 2023-08); the
    older by the ``path`` and ``label`` that each part has of its own (2022-08).
    """

    def __init__(self) -> None:
        self._pending: dict[str, Any] = {}

    def answer_of(self, result: Any) -> dict[str, Any]:  # noqa: ANN401 - one of Strawberry's and graphql-core's results
        """An answer, or a part of one, as JSON."""
        if not isinstance(result, InitialIncrementalExecutionResult | SubsequentIncrementalExecutionResult):
            return answer_of(result)
        self._pending |= {pending.id: pending for pending in result.pending or ()}
        answer: dict[str, Any] = {
            name: held for name, held in result.formatted.items() if (name, held) != ("extensions", {})
        }
        incremental: list[dict[str, Any]] = answer.get("incremental", [])
        for part in incremental:
            pending = self._pending[part["id"]]
            part["path"] = [*pending.path, *part.get("subPath", ())]
            if pending.label is not None:
                part["label"] = pending.label
        return answer


def answer_of(result: Any) -> dict[str, Any]:  # noqa: ANN401 - one of Strawberry's execution results
    """A result as JSON; a request error, after which nothing was executed, has no ``data`` entry (GraphQL, 7.1.6)."""
    errors: list[GraphQLError] = result.errors or []
    answer: dict[str, Any] = {"errors": [error.formatted for error in errors]} if errors else {}
    for error in errors:
        forget_frames(error)
        forget_frames(error.original_error)
    ran = result.data is not None or any(error.path is not None for error in errors)
    if ran and not isinstance(result, PreExecutionError):
        answer["data"] = result.data
    return answer | ({"extensions": result.extensions} if result.extensions else {})
