"""An operation as it is asked again and again: what its document alone decides is found once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    OperationType,
    Undefined,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from graphql.utilities import get_operation_ast
from msgspec import Raw
from strawberry import Info
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor
from strawberry.types.field import StrawberryField

from gateway.schema.arguments import Arguments, Unsuitable, Variables
from gateway.schema.compile import STRAWBERRY, Details, Own, Unsupported, Written, compiled
from gateway.schema.selections import Selections, selections_of

TYPENAME = "__typename"


class Field(NamedTuple):
    """A field of the root as it is asked for, whether or not a switch leaves it out."""

    name: str
    nodes: Sequence[FieldNode]
    arguments: Arguments


class Root(NamedTuple):
    """A root field that is answered: who resolves it, and who writes what comes of it."""

    own: Own
    path: Path
    field: StrawberryField
    resolver: Callable[..., Any]
    written: Written

    def resolve(self, given: Mapping[str, Any], executor: Executor) -> Any:  # noqa: ANN401 - a value, or an awaitable of one
        """What its resolver gives."""
        own, base = self.own, self.field.base_resolver
        assert base is not None
        told: dict[str, Any] = {}
        if base.info_parameter:
            nodes = [one.node for one in own.details]
            raw = executor.build_resolve_info(own.definition, nodes, own.parent, self.path)
            told[base.info_parameter.name] = Info(_raw_info=raw, _field=self.field)
        return self.resolver(*([None] if base.self_parameter else ()), **given, **told)


class Plan:
    """An operation: what it selects, its variables, its root fields as they are asked for, and those that are answered.

    ``typenames`` has the places of all that are answered in their order, with the name of the root for a value; ``length``
    is that of the code made for it.
    """

    def __init__(
        self,
        selections: Selections,
        variables: Variables,
        fields: Mapping[str, Field],
        roots: Mapping[str, Root],
        typenames: Mapping[str, Raw],
        executor: Executor,
    ) -> None:
        self.selections = selections
        self.fields = fields
        self.roots = roots
        self.typenames = typenames
        self.length = sum(root.written.length for root in roots.values())
        self._variables = variables
        self._switches = variables.switches(executor.variable_values)
        self.operation = executor.operation
        self._executor = executor
        executor.variable_values = VariableValues({}, {})

    def values(self, given: dict[str, Any]) -> VariableValues:
        """The variables' values.

        Raises:
            Unsuitable: they are wrong, or select something else.
        """
        values = self._variables.of(given)
        if any(values.coerced.get(name, Undefined) is not held for name, held in self._switches.items()):
            raise Unsuitable
        return values

    def executor(self, context: Any, values: VariableValues) -> Executor:  # noqa: ANN401 - whatever the schema takes
        """Tells resolvers of one request what they ask for."""
        made = Executor.__new__(Executor)
        made.__dict__.update(self._executor.__dict__, context_value=context, variable_values=values)
        return made


def planned(schema: strawberry.Schema, document: DocumentNode, name: str | None, given: dict[str, Any]) -> Plan:
    """The plan of an operation in a valid document, for variables with these switches.

    Raises:
        Unsupported: it is not to be planned.
        Unsuitable: the variables are wrong, which tells nothing of the operation.
    """
    operation = get_operation_ast(document, name)
    if operation is None or operation.operation is not OperationType.QUERY:
        msg = "an operation that is not there, or no query"
        raise Unsupported(msg)
    inner = schema._schema  # noqa: SLF001 - Strawberry offers no other way to the schema it made
    variables = Variables(inner, operation.variable_definitions or ())
    variables.of(given)
    executor = Executor.build(inner, document, raw_variable_values=given, operation_name=name)
    assert isinstance(executor, Executor)
    query = inner.query_type
    assert query is not None
    selections = selections_of(operation, document.definitions)
    chosen = selections.fields([operation.selection_set])
    fields = {
        key: Field(nodes[0].name.value, nodes, Arguments(schema, _resolved(query, nodes[0]), nodes[0]))
        for key, nodes in chosen.items()
        if nodes[0].name.value != TYPENAME
    }
    grouped = collect_fields(
        inner, executor.fragments, executor.variable_values, query, operation, hide_suggestions=True
    ).grouped_field_set
    roots = {key: _root(query, key, found, executor) for key, found in grouped.items() if key in fields}
    return Plan(selections, variables, fields, roots, dict.fromkeys(grouped, Raw(f'"{query.name}"'.encode())), executor)


def _resolved(query: GraphQLObjectType, node: FieldNode) -> GraphQLField:
    """The definition of a field that its resolver alone resolves.

    Raises:
        Unsupported: it is the schema's own, or has no resolver, or something stands before it.
    """
    definition: GraphQLField | None = query.fields.get(node.name.value)
    shown: StrawberryField | None = None if definition is None else definition.extensions.get(STRAWBERRY)
    if definition is None or shown is None or shown.base_resolver is None or shown.extensions:
        msg = "a root field without a resolver, or with a guard"
        raise Unsupported(msg)
    return definition


def _root(query: GraphQLObjectType, key: str, details: Details, executor: Executor) -> Root:
    definition = query.fields[details[0].node.name.value]
    shown: StrawberryField = definition.extensions[STRAWBERRY]
    assert shown.base_resolver is not None
    resolver: Any = shown.base_resolver.wrapped_func
    written = compiled(executor.schema, definition.type, details, executor.collect_subfields)
    own = Own(query, definition, details)
    return Root(own, Path(None, key, query.name), shown, resolver, written)
