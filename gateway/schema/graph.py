"""The schema itself: Strawberry's, with our scalars, our error codes, and bounds on parsing and validation."""

import logging
from collections.abc import Iterator
from typing import TypeGuard

import strawberry
from graphql import (
    DefinitionNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    Undefined,
)
from strawberry.extensions import MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from gateway.errors import BadUserInput, GatewayError, SourceError
from gateway.schema.compile_run import Operations, executor_over
from gateway.schema.phone_number import PhoneNumber
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS

logger = logging.getLogger(__name__)

DOCUMENTS_KEPT = 1000
"""Parsed and validated documents that are remembered."""


class ErrorCodes(SchemaExtension):
    """Gives every error its ``extensions.code``, and lets nothing of an unforeseen failure out."""

    _valid = False

    def on_operation(self) -> Iterator[None]:
        """After everything else; what an extension raised is a request error like any other."""
        try:
            yield
        except GraphQLError as error:
            raise coded(error) from None
        result = self.execution_context.result
        if result is not None and result.errors:
            result.errors = [coded(error, valid=self._valid) for error in result.errors]

    def on_execute(self) -> Iterator[None]:
        """Whatever is wrong from here on without a place in the answer is a variable."""
        self._valid = True
        yield


class OneOperation(SchemaExtension):
    """Which operation of a document runs is never guessed (GraphQL, 6.1, GetOperation); Strawberry runs the first."""

    def on_parse(self) -> Iterator[None]:
        """Once the document is there."""
        yield
        document, wanted = self.execution_context.graphql_document, self.execution_context._provided_operation_name  # noqa: SLF001 - operation_name falls back to the first operation's
        assert document is not None
        names = [part.name and part.name.value for part in document.definitions if _is_operation(part)]
        if wanted is None and len(names) > 1:
            msg = f"The document has {len(names)} operations: name one of them as operationName."
            raise _refused(msg)
        if wanted is not None and wanted not in names:
            msg = f"The document has no operation named {wanted[:40]!r}: operationName must be one of its names."
            raise _refused(msg)
        if not names:
            msg = "The document has no operation to run: write a query."
            raise GraphQLError(msg)


def _is_operation(part: DefinitionNode) -> TypeGuard[OperationDefinitionNode]:
    return isinstance(part, OperationDefinitionNode)


def _refused(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": BadUserInput.code})


def coded(error: GraphQLError, *, valid: bool = False) -> GraphQLError:
    """The error with its code; an unforeseen one keeps its place and loses its text.

    ``valid``: the document passed validation, so what is wrong without a place in the answer is a variable.
    """
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, GatewayError):
        return _with(error, str(cause), _extensions(cause))
    if cause is not None and not isinstance(cause, GraphQLError):
        logger.error("unforeseen failure at %s", error.path, exc_info=cause)
        return _with(error, "The gateway failed here; the failure is logged.", {"code": GatewayError.code})
    if error.extensions and "code" in error.extensions:
        return error
    return _with(error, error.message, {"code": _code_of_request_error(error, valid=valid)})


def _extensions(cause: GatewayError) -> dict[str, object]:
    extensions: dict[str, object] = {"code": cause.code}
    if isinstance(cause, SourceError):
        extensions |= {"retryable": cause.retryable, "retryAfterMs": cause.retry_after_ms}
    return extensions


def _code_of_request_error(error: GraphQLError, *, valid: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return BadUserInput.code if valid else "GRAPHQL_VALIDATION_FAILED"


def _with(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        original_error=error.original_error,
        extensions=extensions,
    )


class Schema(strawberry.Schema):
    """Strawberry's, without its log of errors: it quotes the query, and numbers are personal data."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: a caller's errors are told to the caller, and unforeseen ones are logged where they are coded."""


def make_schema(*, max_tokens: int = 2000, compiling: bool = True) -> strawberry.Schema:
    """The schema of all providers in PROVIDERS; ``compiling``: operations that come again are compiled."""
    schema = Schema(
        query=Query,
        types=[PhoneNumber],
        execution_context_class=executor_over(Operations()) if compiling else None,
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            ErrorCodes,
            OneOperation,
            lambda: ParserCache(maxsize=DOCUMENTS_KEPT),
            lambda: ValidationCache(maxsize=DOCUMENTS_KEPT),
            lambda: MaxTokensLimiter(max_token_count=max_tokens),
        ],
    )
    _drop_null_defaults(schema)
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
