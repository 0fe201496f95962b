"""An operation as it is asked again and again: what its document alone decides is found once.

Arguments in which no variable stands are converted once and shared by all requests, which change none of them; the
others, and the variables, go through graphql-core and Strawberry each time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    NamedTypeNode,
    NonNullTypeNode,
    OperationType,
    TypeNode,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import collect_fields
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_argument_values, get_variable_values
from graphql.pyutils import Path
from graphql.utilities import coerce_input_value, get_operation_ast
from msgspec import Raw
from strawberry import Info
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.field import StrawberryField

from gateway.schema.compile import STRAWBERRY, Details, Own, Unsupported, Written, compiled
from gateway.schema.selections import Selections, selections_of

TYPENAME = "__typename"


class Unsuitable(Exception):
    """The variables are not what the operation takes."""


class Variables:
    """An operation's variables; those of scalars and enums without a default are coerced without further ado."""

    def __init__(self, schema: GraphQLSchema, defined: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._defined = defined
        found = [get_variable_signature(schema, one) for one in defined]
        self._plain = [one for one in found if isinstance(one, GraphQLVariableSignature) and _is_plain(one)]

    def of(self, given: dict[str, Any]) -> VariableValues:
        """Their values.

        Raises:
            Unsuitable: they are wrong; graphql-core can say how.
        """
        if len(self._plain) == len(self._defined):
            return self._coerced(given)
        values = get_variable_values(self._schema, self._defined, given)
        if isinstance(values, list):
            raise Unsuitable
        return values

    def switches(self, values: VariableValues) -> dict[str, Any]:
        """The values of those that can decide what is selected: @skip and @include take no others."""
        names = [one.variable.name.value for one in self._defined if _is_switch(one.type)]
        return {name: values.coerced.get(name, Undefined) for name in names}

    def _coerced(self, given: dict[str, Any]) -> VariableValues:
        values = VariableValues({}, {})
        for signature in self._plain:
            name, kind = signature.name, signature.type
            value = given.get(name, Undefined)
            coerced = coerce_input_value(value, kind)
            if coerced is Undefined:
                raise Unsuitable
            values.sources[name] = VariableValueSource(signature, value)
            if value is not Undefined:
                values.coerced[name] = coerced
        return values


def _is_plain(signature: GraphQLVariableSignature) -> bool:
    return signature.default is None and is_leaf_type(get_nullable_type(signature.type))


def _is_switch(kind: TypeNode) -> bool:
    named = kind.type if isinstance(kind, NonNullTypeNode) else kind
    return isinstance(named, NamedTypeNode) and named.name.value == "Boolean"


class Arguments:
    """A root field's arguments, by the names that its resolver gives them."""

    def __init__(self, schema: strawberry.Schema, definition: GraphQLField, node: FieldNode) -> None:
        varying = {given.name.value for given in node.arguments or () if _may_vary(given.value)}
        self._schema = schema
        self._node = node
        self._varying = self._those_of(definition, varying)
        fixed = self._those_of(definition, definition.args.keys() - varying)
        self._fixed = self._converted(fixed, None)

    def of(self, values: VariableValues) -> dict[str, Any]:
        """All of them; a new dict of values that are shared."""
        return {**self._fixed, **self._converted(self._varying, values)}

    def _those_of(self, definition: GraphQLField, names: Collection[str]) -> "_Some":
        name_of, named = self._schema.config.name_converter.from_argument, definition.extensions[STRAWBERRY].arguments
        given = {name: held for name, held in definition.args.items() if name in names}
        return _Some(GraphQLField(definition.type, given), [one for one in named if name_of(one) in names])

    def _converted(self, some: "_Some", values: VariableValues | None) -> dict[str, Any]:
        if not some.arguments:
            return {}
        schema, found = self._schema, get_argument_values(some.definition, self._node, values)
        return convert_arguments(found, some.arguments, schema.schema_converter.scalar_registry, schema.config)


class _Some(NamedTuple):
    """Some of a field's arguments, as graphql-core and as Strawberry has them."""

    definition: GraphQLField
    arguments: list[StrawberryArgument]


def _may_vary(value: Any) -> bool:  # noqa: ANN401 - any value's node
    """Whether a variable stands in it; a dollar in a text costs time only."""
    return "$" in value.loc.source.body[value.loc.start : value.loc.end]


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
