"""Subscribers who ask alike are told alike: each change is worked out and encoded once for all of them.

An answer depends on the change, on who asks, on the document and which of its operations is asked, and on the variables
below the root field. The root field's own arguments choose the changes that are told, and leave no trace in an answer:
whoever resumes elsewhere, or listens to other sources, still shares what is told to both.
"""

from collections.abc import Awaitable, Hashable, Iterable, Iterator
from functools import partial
from typing import Any, cast

import msgspec
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    Node,
    OperationType,
    SelectionNode,
    Undefined,
    VariableNode,
    Visitor,
    visit,
)
from msgspec import Raw
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor

from gateway.numbers.changes import Change
from gateway.schema.codes import coded
from gateway.schema.context import Context
from gateway.schema.cost import wants_cost
from gateway.schema.shared_answers import Answering, SharedAnswers


class Sharing(Executor):
    """Strawberry's executor; the answers of a subscription are shared.

    ``question`` is what they depend on beside the change; None where they are not: each is this very request's own.
    """

    question: Hashable | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - graphql-core's
        super().__init__(*arguments, **named)
        if self.operation.operation is OperationType.SUBSCRIPTION and not wants_cost(self.operation_extensions):
            self.question = self._asked()

    def _asked(self) -> Hashable:
        asked, given, used = self.operation, self.variable_values.coerced, _Variables()
        assert asked.loc is not None
        for part in (*self.fragment_definitions.values(), *_below_root(asked.selection_set.selections)):
            visit(part, used)
        values = repr([given.get(name, Undefined) for name in sorted(used.names)])
        return self.context_value.asker, asked.loc.source.body, asked.name and asked.name.value, values

    def build_per_event_executor(self, payload: Change) -> Any:  # noqa: ANN401 - graphql-core's signature
        """What graphql-core runs for a change."""
        return _Telling(self, payload)

    def own(self, change: Change) -> Answering:
        """The answer to a change, worked out within this request."""
        self.context_value.renew()
        return self._answer(change, self.context_value)

    def anybodys(self, change: Change) -> Answering:
        """The answer to a change, in a time of its own: this request may end before it is there."""
        return self._answer(change, Context(self.context_value.rooms, self.context_value.asker))

    def _answer(self, change: Change, context: Context) -> Answering:
        executor = super().build_per_event_executor(change)
        executor._relevant_sub_fields = {}  # noqa: SLF001 - else what it collects for each change is kept while anybody listens
        executor.context_value = context
        result = executor.execute_operation(False)
        if isinstance(result, ExecutionResult):
            return _as_text(result)
        return _later(cast("Awaitable[ExecutionResult]", result))


class _Telling:
    """One change for one subscriber."""

    def __init__(self, executor: Sharing, change: Change) -> None:
        self._executor = executor
        self._change = change

    def execute_operation(self, _: bool | None = None) -> Answering:
        """The answer, with its data as JSON text."""
        executor, change = self._executor, self._change
        if executor.question is None:
            return executor.own(change)
        answers: SharedAnswers = executor.context_value.rooms.answers
        return answers.share((executor.question, change.sequence), partial(executor.anybodys, change))


class _Variables(Visitor):
    """The names of the variables that are used in what is visited."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """One of them."""
        self.names.add(node.name.value)


def _below_root(selections: Iterable[SelectionNode]) -> Iterator[Node]:
    """Everything but the arguments of fields at the root."""
    for selection in selections:
        yield (selection.selection_set or selection) if isinstance(selection, FieldNode) else selection


async def _later(result: Awaitable[ExecutionResult]) -> ExecutionResult:
    return _as_text(await result)


def _as_text(result: ExecutionResult) -> ExecutionResult:
    errors = [_without_cause(coded(error, valid=True)) for error in result.errors or ()]
    return ExecutionResult(cast("Any", Raw(msgspec.json.encode(result.data))), errors or None)


def _without_cause(error: GraphQLError) -> GraphQLError:
    """The error as it is told: its cause holds on to everything that was at work when it was raised."""
    return GraphQLError(error.message, error.nodes, path=error.path, extensions=error.extensions)
