"""``@defer``: fragments that may come later than the rest, where the client takes answers in parts."""

from functools import lru_cache
from typing import Any

from graphql import REMOVE, DirectiveNode, DocumentNode, GraphQLSchema, Visitor, visit
from graphql.execution import experimental_execute_incrementally

from gateway.schema.context import Context

DIRECTIVE = "defer"


def execute_as_accepted(schema: GraphQLSchema, document: DocumentNode, *, context_value: Context, **more: Any) -> Any:  # noqa: ANN401 - graphql-core's signatures
    """The answer: in parts when there are any and the client takes them, else whole.

    graphql-core's ``execute`` does the same, but for no schema that knows the directive.
    """
    if not context_value.takes_parts and _may_defer(document):
        document = _whole(document)
    return experimental_execute_incrementally(schema, document, context_value=context_value, **more)


def _may_defer(document: DocumentNode) -> bool:
    assert document.loc is not None
    return f"@{DIRECTIVE}" in document.loc.source.body


class _Undeferred(Visitor):
    @staticmethod
    def enter_directive(node: DirectiveNode, *_: object) -> Any:  # noqa: ANN401 - what a visitor may return
        """Every other directive stays."""
        return REMOVE if node.name.value == DIRECTIVE else None


@lru_cache(64)
def _whole(document: DocumentNode) -> DocumentNode:
    """The document without ``@defer``; it was validated before, so nothing else depends on it."""
    whole: DocumentNode = visit(document, _Undeferred())
    return whole
