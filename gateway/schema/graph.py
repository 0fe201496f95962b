"""The schema itself: Strawberry's, with our scalars, our error codes, and bounds on parsing and validation."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import lru_cache
from typing import Any, TypeGuard, cast

import strawberry
from graphql import (
    DefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    Undefined,
)
from graphql.type.directives import GraphQLDeferDirective
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import StreamExecutionResult
from strawberry.utils.str_converters import to_camel_case

from gateway.errors import BadUserInput, GatewayError
from gateway.schema.authority import INTROSPECTION
from gateway.schema.codes import coded
from gateway.schema.compile_run import Operations
from gateway.schema.cost import CostLimit, affordable
from gateway.schema.deferral import execute_as_accepted
from gateway.schema.documents import ERRORS_TOLD, BoundedDocuments, Documents
from gateway.schema.federation import ANY, Representation, SubgraphQuery
from gateway.schema.phone_number import PhoneNumber
from gateway.schema.query import Query
from gateway.schema.quick import Quick, Resuming
from gateway.schema.scalars import SCALARS
from gateway.schema.subscription import Subscription
from gateway.sections import LimitSettings

_camel_case = lru_cache(1024)(to_camel_case)


class Names(NameConverter):
    """Strawberry's, which makes the name of every argument anew with each request."""

    def apply_naming_config(self, name: str) -> str:
        """The name as the schema has it."""
        return _camel_case(name)


class ErrorCodes(SchemaExtension):
    """Gives every error its ``extensions.code``, and lets nothing of an unforeseen failure out."""

    _valid = False

    def on_operation(self) -> Iterator[None]:
        """After everything else; what an extension raised is a request error like any other."""
        try:
            yield
        except GraphQLError as error:
            raise coded(error) from None
        except GatewayError as error:
            raise coded(GraphQLError(str(error), original_error=error)) from None
        result = self.execution_context.result
        if result is not None and result.errors:
            told = (
                result.errors
                if self._valid and any(error.path for error in result.errors)
                else result.errors[:ERRORS_TOLD]
            )
            result.errors = [self._told(error) for error in sorted(told, key=_place)]

    def _told(self, error: GraphQLError) -> GraphQLError:
        """The error with its code; without the names that were near, for those who may not know what there is."""
        held = coded(error, valid=self._valid)
        if not self.execution_context.context.asker.may(INTROSPECTION):
            held.message = held.message.partition(" Did you mean ")[0]
        return held

    def on_stream_result(self, result: Any) -> Iterator[None]:  # noqa: ANN401 - one of Strawberry's and graphql-core's results
        """Every answer of a stream, and every part of one, before it goes out."""
        parts = [result, *(getattr(result, "incremental", None) or ()), *(getattr(result, "completed", None) or ())]
        for part in parts:
            if getattr(part, "errors", None):
                part.errors = [self._told(error) for error in part.errors]
        yield

    def on_execute(self) -> Iterator[None]:
        """Whatever is wrong from here on without a place in the answer is a variable."""
        self._valid = True
        yield


def _place(error: GraphQLError) -> tuple[list[tuple[int, int]], list[int]]:
    """Errors stand in the order of the document, and of the lists in the answer, whichever came first."""
    written = [(one.line, one.column) for one in error.locations or ()]
    return written, [step for step in error.path or () if isinstance(step, int)]


class OneOperation(SchemaExtension):
    """Which operation of a document runs is never guessed (GraphQL, 6.1, GetOperation); Strawberry runs the first."""

    def on_parse(self) -> Iterator[None]:
        """Once the document is there."""
        yield
        document, wanted = self.execution_context.graphql_document, self.execution_context._provided_operation_name  # noqa: SLF001 - operation_name falls back to the first operation's
        assert document is not None
        operations = [part for part in document.definitions if _is_operation(part)]
        names = [part.name and part.name.value for part in operations]
        if wanted is None and len(names) > 1:
            msg = f"The document has {len(names)} operations: name one of them as operationName."
            raise _refused(msg)
        if wanted is not None and wanted not in names:
            msg = f"The document has no operation named {wanted[:40]!r}: operationName must be one of its names."
            raise _refused(msg)
        if not names:
            msg = "The document has no operation to run: write a query."
            raise GraphQLError(msg)
        self.execution_context.context.operation = operations[names.index(wanted) if wanted else 0]


def _is_operation(part: DefinitionNode) -> TypeGuard[OperationDefinitionNode]:
    return isinstance(part, OperationDefinitionNode)


def _refused(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": BadUserInput.code})


class Runner(SchemaExtensionsRunner):
    """Strawberry's, without what comes to nothing: for each answer of a stream that is most of its work."""

    def __init__(self, execution_context: ExecutionContext, extensions: list[SchemaExtension]) -> None:
        super().__init__(execution_context, extensions)
        self._telling = [one for one in extensions if type(one).get_results is not SchemaExtension.get_results]

    async def get_extensions_results(self, ctx: ExecutionContext) -> dict[str, Any]:  # noqa: ARG002 - Strawberry's signature
        """What an answer's ``extensions`` are; none of ours waits for them."""
        told: dict[str, Any] = {}
        for one in self._telling:
            told |= cast("dict[str, Any]", one.get_results())
        return told

    def on_stream_result(self, result: StreamExecutionResult) -> Any:  # noqa: ANN401 - a context manager
        """Only errors are looked at before an answer goes out."""
        if type(result) is ExecutionResult and not result.errors:
            return nullcontext()
        return super().on_stream_result(result)


class Schema(strawberry.Schema):
    """Strawberry's, with answers in parts where they are accepted.

    It is without Strawberry's log of errors, which quotes the query: numbers are personal data. ``quick`` answers what
    came before, where that is wanted.
    """

    quick: Quick | None = None

    def _get_execute_function(self) -> Callable[..., Any]:
        return execute_as_accepted

    def create_extensions_runner(
        self, execution_context: ExecutionContext, extensions: list[SchemaExtension]
    ) -> SchemaExtensionsRunner:
        """What runs our extensions."""
        return Runner(execution_context, extensions)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: a caller's errors are told to the caller, and unforeseen ones are logged where they are coded."""


def make_schema(limits: LimitSettings | None = None, *, subgraph: bool = False, compiling: bool = True) -> Schema:
    """The schema of all providers in PROVIDERS, for documents within the limits.

    ``subgraph``: also as one of a federation. ``compiling``: operations that come again are compiled.
    """
    documents = Documents(limits or LimitSettings())
    schema = Schema(
        query=SubgraphQuery if subgraph else Query,
        subscription=Subscription,
        types=[PhoneNumber],
        execution_context_class=Resuming,
        config=StrawberryConfig(scalar_map={**SCALARS, Representation: ANY}, name_converter=Names()),
        extensions=[
            ErrorCodes,
            OneOperation,
            lambda: BoundedDocuments(documents),
            CostLimit,
        ],
    )
    _drop_null_defaults(schema)
    inner = schema._schema  # noqa: SLF001 - Strawberry knows @defer only together with @stream
    inner.directives = (*inner.directives, GraphQLDeferDirective)
    schema.quick = Quick(schema, documents, Operations(), affordable) if compiling else None
    return schema


def _drop_null_defaults(schema: strawberry.Schema) -> None:
    """An argument that may be left out has no default in the contract; Strawberry writes ``= null``."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001 - Strawberry offers no other way to the schema it made
        if isinstance(kind, GraphQLInputObjectType):
            holders = [kind.fields]
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            holders = [field.args for field in kind.fields.values()]
        else:
            continue
        for holder in holders:
            for taken in holder.values():
                if taken.default_value is None:
                    taken.default_value = Undefined


def sdl(schema: strawberry.Schema) -> str:
    """The schema in the schema definition language, as it is committed and served."""
    return schema.as_str() + "\n"
