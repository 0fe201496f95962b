"""The schema itself: Strawberry's, with our scalars, our error codes, and bounds on parsing and validation."""

import logging
from collections.abc import Iterator

import strawberry
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSyntaxError,
    Undefined,
)
from strawberry.extensions import MaxTokensLimiter, ParserCache, SchemaExtension, ValidationCache
from strawberry.schema.config import StrawberryConfig

from gateway.errors import GatewayError, SourceError
from gateway.schema.phone_number import PhoneNumber
from gateway.schema.query import Query
from gateway.schema.scalars import SCALARS

logger = logging.getLogger(__name__)

DOCUMENTS_KEPT = 1000
"""Parsed and validated documents that are remembered."""


class ErrorCodes(SchemaExtension):
    """Gives every error its ``extensions.code``, and lets nothing of an unforeseen failure out."""

    def on_operation(self) -> Iterator[None]:
        """After everything else."""
        yield
        result = self.execution_context.result
        if result is not None and result.errors:
            result.errors = [coded(error) for error in result.errors]


def coded(error: GraphQLError) -> GraphQLError:
    """The error with its code; an unforeseen one keeps its place and loses its text."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, GatewayError):
        return _with(error, str(cause), _extensions(cause))
    if error.path is not None and cause is not None:
        logger.error("unforeseen failure at %s", error.path, exc_info=cause)
        return _with(error, "The gateway failed here; the failure is logged.", {"code": GatewayError.code})
    if error.extensions and "code" in error.extensions:
        return error
    return _with(error, error.message, {"code": _code_of_request_error(error)})


def _extensions(cause: GatewayError) -> dict[str, object]:
    extensions: dict[str, object] = {"code": cause.code}
    if isinstance(cause, SourceError):
        extensions |= {"retryable": cause.retryable, "retryAfterMs": cause.retry_after_ms}
    return extensions


def _code_of_request_error(error: GraphQLError) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "BAD_USER_INPUT" if error.message.startswith("Variable ") else "GRAPHQL_VALIDATION_FAILED"


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


def make_schema(*, max_tokens: int = 2000) -> strawberry.Schema:
    """The schema of all providers in PROVIDERS."""
    schema = strawberry.Schema(
        query=Query,
        types=[PhoneNumber],
        config=StrawberryConfig(scalar_map=SCALARS),
        extensions=[
            ErrorCodes,
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
