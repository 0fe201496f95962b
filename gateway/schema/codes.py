"""What went wrong, as clients are told it: every error has its code, and an unforeseen one keeps its text to itself."""

import logging

from graphql import GraphQLError, GraphQLSyntaxError

from gateway.errors import BadUserInput, GatewayError, ListenerTooSlow, QueryTooCostly, SourceError, TryLater
from gateway.schema.subscription import cursor_of

logger = logging.getLogger(__name__)

UNFORESEEN = "The gateway failed here; the failure is logged."
"""What is told of what nobody foresaw."""


def coded(error: GraphQLError, *, valid: bool = False) -> GraphQLError:
    """The error with its code; an unforeseen one keeps its place and loses its text.

    ``valid``: the document passed validation, so what is wrong without a place in the answer is a variable.
    """
    if error.extensions and "code" in error.extensions:
        return error
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, GatewayError):
        return _with(error, str(cause), extensions_of(cause))
    if cause is not None and not isinstance(cause, GraphQLError):
        logger.error("unforeseen failure at %s", error.path, exc_info=cause)
        return _with(error, UNFORESEEN, {"code": GatewayError.code})
    return _with(error, error.message, {"code": _code_of_request_error(error, valid=valid)})


def extensions_of(cause: GatewayError) -> dict[str, object]:
    """What an error says beside its message."""
    extensions: dict[str, object] = {"code": cause.code}
    if isinstance(cause, SourceError):
        extensions |= {"retryable": cause.retryable, "retryAfterMs": cause.retry_after_ms}
    if isinstance(cause, ListenerTooSlow):
        extensions["cursor"] = cursor_of(cause.sequence)
    if isinstance(cause, QueryTooCostly):
        extensions |= {"cost": cause.cost, "limit": cause.limit}
    if isinstance(cause, TryLater):
        extensions["retryAfterMs"] = cause.retry_after_ms
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
