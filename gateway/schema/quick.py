"""Answers operations that came before by their plans: root fields are resolved together, and written as text.

Whatever is wrong is told by graphql-core alone. What is wrong before a source is asked is left to it from the
beginning; after that it is handed what the root fields gave (``Context.resolved``), so that no source is asked twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from inspect import iscoroutine
from typing import Any, NamedTuple, TypeAlias

import strawberry
from graphql import DocumentNode, GraphQLError, GraphQLNonNull, GraphQLObjectType, specified_rules
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from msgspec import Raw
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor

from gateway.errors import GatewayError
from gateway.schema.arguments import Unsuitable
from gateway.schema.compile import Details, Unsupported
from gateway.schema.compile_run import Operation, Operations, Run
from gateway.schema.documents import Documents, is_long
from gateway.schema.plan import Plan, Root, planned
from gateway.schema.sharing import Sharing

DEFER = "@defer"
"""Of answers in parts: graphql-core's."""

Admits: TypeAlias = Callable[[Plan, Mapping[str, Mapping[str, Any]], Any], Awaitable[bool]]
"""Whether an operation may begin, by its plan, its root fields' arguments, and the context; it is told otherwise elsewhere."""


NULL = Raw(b"null")
"""Where nobody sees it: the whole answer is null."""


class Fatal(Exception):
    """A field that may not be null failed, and with it the whole answer."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure


class Asked(NamedTuple):
    """A planned operation, and what it is asked with."""

    plan: Plan
    values: VariableValues
    arguments: Mapping[str, dict[str, Any]]


class Quick:
    """The quick way of one schema."""

    def __init__(self, schema: strawberry.Schema, documents: Documents, operations: Operations, admits: Admits) -> None:
        self._schema = schema
        self._documents = documents
        self._admits = admits
        self.operations = operations

    async def data(
        self,
        query: str,
        given: dict[str, Any],
        name: str | None,
        context: Any,  # noqa: ANN401 - whatever the schema takes
    ) -> dict[str, Raw] | None:
        """The answer's data as text; None where graphql-core is to give the answer, in this very context."""
        operation = None if DEFER in query else self.operations.find((query, name, _switches(given)))
        if operation is None or operation.given_up:
            return None
        asked = await self._asked(operation, (query, given, name), context)
        if asked is None:
            return None
        plan, executor = asked.plan, asked.plan.executor(context, asked.values)
        context.operation, context.alone = plan.operation, len(plan.roots) == 1
        told = await _together(
            {key: self._answer(operation, root, asked.arguments[key], executor) for key, root in plan.roots.items()}
        )
        data = {**plan.typenames, **told}
        if all(one.__class__ is Raw for one in told.values()):
            return data
        context.resolved = data
        return None

    async def _asked(
        self,
        operation: Operation,
        request: tuple[str, dict[str, Any], str | None],
        context: Any,  # noqa: ANN401 - whatever the schema takes
    ) -> Asked | None:
        """An operation with its variables and arguments; None where they are wrong, or it may not begin, or is not to be planned."""
        try:
            plan = operation.plan or await self._planned(operation, *request)
            values = plan.values(request[1])
            arguments = {key: field.arguments.of(values) for key, field in plan.fields.items()}
            return Asked(plan, values, arguments) if await self._admits(plan, arguments, context) else None
        except (GatewayError, GraphQLError, Unsuitable):
            return None
        except Unsupported:
            operation.given_up = True
            return None
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the compiler, the client gets its answer
            self.operations.give_up(operation, error)
            return None

    async def _planned(self, operation: Operation, query: str, given: dict[str, Any], name: str | None) -> Plan:
        """The plan, made beside the loop where that takes long."""
        make = partial(planned, self._schema, await self._document(query), name, given)
        plan = await self._documents.where_fit(make, long=is_long(query))
        self.operations.keep((query, name, _switches(given)), operation, plan)
        return plan

    async def _document(self, query: str) -> DocumentNode:
        """The document, if nothing is wrong with it whoever asks."""
        inner = self._schema._schema  # noqa: SLF001 - Strawberry offers no other way to the schema it made
        try:
            document = await self._documents.read_beside(query)
            faults = await self._documents.faults_beside(document, inner, tuple(specified_rules), explorable=False)
        except (GatewayError, GraphQLError) as error:
            raise Unsupported from error
        if faults:
            raise Unsupported
        return document.node

    async def _answer(self, operation: Operation, root: Root, given: Mapping[str, Any], executor: Executor) -> Any:  # noqa: ANN401 - text, or what is not written
        """A root field's value as text; else the value, or its resolver's failure, for graphql-core.

        Raises:
            Fatal: it failed, and may not be null.
        """
        try:
            value = root.resolve(given, executor)
            if root.field.is_async:
                value = await value
        except Exception as error:  # noqa: BLE001 - graphql-core tells of it, at its place
            if isinstance(root.own.definition.type, GraphQLNonNull):
                raise Fatal(error) from None
            return error
        if _in_places(value):
            operation.given_up = True
        if operation.given_up or isinstance(value, Exception):
            return value
        run = Run(executor, root.written, root.path)
        try:
            text = root.written.write(value, run)
            return Raw((await run.filled(text) if run.open else text).encode())
        except Exception as error:  # noqa: BLE001 - a failed resolver's error is found again, with its place
            run.close()
            self.operations.give_up(operation, error)
            return value


class Resuming(Sharing):
    """The executor that shares; it goes on from what the root's fields gave already, where they were asked."""

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: ANN401 - graphql-core's signature
        """The answer; only an operation that began elsewhere is looked at field by field."""
        if self.context_value.resolved is not None:
            self.execute_field = self._resumed  # type: ignore[method-assign]
        return super().execute_operation(serially)

    def _resumed(
        self,
        parent_type: GraphQLObjectType,
        source: Any,  # noqa: ANN401 - graphql-core's own
        field_details_list: Details,
        path: Path,
        position_context: Any,  # noqa: ANN401 - graphql-core's own
    ) -> Any:  # noqa: ANN401 - a value, or an awaitable of one
        if path.prev is not None:
            return super().execute_field(parent_type, source, field_details_list, path, position_context)
        value = self.context_value.resolved[path.key]
        if isinstance(value, Raw):
            return value
        kind = parent_type.fields[field_details_list[0].node.name.value]
        info = self.build_resolve_info(kind, [one.node for one in field_details_list], parent_type, path)
        given = _given(value)
        return self.complete_awaitable_value(kind.type, field_details_list, info, path, given, position_context)


async def _together(answers: Mapping[str, Coroutine[Any, Any, Any]]) -> dict[str, Any]:
    """What root fields give, by their names in the answer; when a failure is fatal, the others are not waited for."""
    if len(answers) <= 1:
        return {key: await _alone(answer) for key, answer in answers.items()}
    tasks = {key: asyncio.ensure_future(answer) for key, answer in answers.items()}
    try:
        await asyncio.wait(tasks.values(), return_when=asyncio.FIRST_EXCEPTION)
    finally:
        left = [task for task in tasks.values() if not task.done()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
    return {key: _outcome(task) for key, task in tasks.items()}


async def _alone(answer: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - text, or what is not written
    try:
        return await answer
    except Fatal as fatal:
        return fatal.failure


def _outcome(task: asyncio.Future[Any]) -> Any:  # noqa: ANN401 - text, or what is not written
    if task.cancelled():
        return NULL
    error = task.exception()
    return error.failure if isinstance(error, Fatal) else task.result()


async def _given(value: object) -> object:
    if isinstance(value, Exception):
        raise value
    return value


def _switches(given: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """The variables that can decide what is selected."""
    return tuple(one for one in given.items() if one[1] is True or one[1] is False)


def _in_places(value: object) -> bool:
    """Whether a list's values are awaited each in its own place, where each may fail by itself."""
    return isinstance(value, list) and bool(value) and iscoroutine(value[0])
