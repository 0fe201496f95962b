"""What an operation is asked with: its variables' values, and the arguments that its root fields are resolved with.

Arguments in which no variable stands are converted once and shared by all requests, which change none of them. A scalar's
variable that is an argument by itself, or stands in a list, is what it was coerced to: neither library changes it any
more. All else goes through graphql-core and Strawberry each time.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import strawberry
from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    TypeNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_argument_values, get_variable_values
from strawberry.types.arguments import StrawberryArgument, convert_arguments

from gateway.schema.compile import STRAWBERRY


class Unsuitable(Exception):
    """The variables are not what the operation takes."""


class Variables:
    """An operation's variables; those of scalars and enums without a default are coerced without further ado."""

    def __init__(self, schema: GraphQLSchema, defined: Sequence[VariableDefinitionNode]) -> None:
        self._schema = schema
        self._defined = defined
        found = [get_variable_signature(schema, one) for one in defined]
        self._plain = [_plain(one) for one in found if isinstance(one, GraphQLVariableSignature) and _is_plain(one)]

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
        for signature, name, required, coerce in self._plain:
            value = given.get(name, Undefined)
            values.sources[name] = VariableValueSource(signature, value)
            if value is not None and value is not Undefined:
                values.coerced[name] = _coerced(value, coerce)
            elif required:
                raise Unsuitable
            elif value is None:
                values.coerced[name] = None
        return values


class _Plain(NamedTuple):
    """A variable of a leaf type: whether it has to have a value, and what reads that."""

    signature: GraphQLVariableSignature
    name: str
    required: bool
    coerce: Callable[[Any], Any]


def _plain(signature: GraphQLVariableSignature) -> _Plain:
    leaf: Any = get_nullable_type(signature.type)
    required = isinstance(signature.type, GraphQLNonNull)
    return _Plain(signature, signature.name, required, leaf.coerce_input_value)


def _coerced(value: object, coerce: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - whatever a leaf holds
    try:
        return coerce(value)
    except Exception as error:
        raise Unsuitable from error


def _is_plain(signature: GraphQLVariableSignature) -> bool:
    return signature.default is None and is_leaf_type(get_nullable_type(signature.type))


def _is_switch(kind: TypeNode) -> bool:
    named = kind.type if isinstance(kind, NonNullTypeNode) else kind
    return isinstance(named, NamedTypeNode) and named.name.value == "Boolean"


class Arguments:
    """A root field's arguments, by the names that its resolver gives them."""

    def __init__(self, schema: strawberry.Schema, definition: GraphQLField, node: FieldNode) -> None:
        written = {given.name.value: given.value for given in node.arguments or ()}
        varying = {name for name, value in written.items() if _may_vary(value)}
        self._schema = schema
        self._node = node
        self._varying = self._those_of(definition, varying)
        self._passed = self._passed_on(written)
        fixed = self._those_of(definition, definition.args.keys() - varying)
        self._fixed = self._converted(fixed, None)

    def of(self, values: VariableValues) -> dict[str, Any]:
        """All of them; a new dict of values that are shared."""
        coerced = values.coerced
        told = {name: take(coerced) for name, take in self._passed.items()}
        if len(told) == len(self._varying.arguments) and None not in told.values():
            return {**self._fixed, **told}
        return {**self._fixed, **self._converted(self._varying, values)}

    def _passed_on(self, written: Mapping[str, ValueNode]) -> dict[str, "Take"]:
        """How those are taken that are as their variables are."""
        name_of, found = self._schema.config.name_converter.from_argument, {}
        for argument in self._varying.arguments:
            name = name_of(argument)
            take = _take(self._varying.definition.args[name], written[name])
            if take is not None:
                found[argument.python_name] = take
        return found

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


Take: TypeAlias = Callable[[Mapping[str, Any]], Any]
"""An argument out of the variables' values; None where a library has to look at it."""


def _take(definition: GraphQLArgument, value: ValueNode) -> Take | None:
    kind = get_nullable_type(definition.type)
    if isinstance(value, VariableNode) and isinstance(kind, GraphQLScalarType):
        name = value.name.value
        return lambda coerced: coerced.get(name)
    if not isinstance(value, ListValueNode) or not isinstance(kind, GraphQLList):
        return None
    names = [one.name.value for one in value.values if isinstance(one, VariableNode)]
    if len(names) < len(value.values) or not isinstance(get_nullable_type(kind.of_type), GraphQLScalarType):
        return None
    return partial(_listed, names)


def _listed(names: Sequence[str], coerced: Mapping[str, Any]) -> list[Any] | None:
    values = [coerced.get(name) for name in names]
    return None if None in values else values


def _may_vary(value: Any) -> bool:  # noqa: ANN401 - any value's node
    """Whether a variable stands in it; a dollar in a text costs time only."""
    return "$" in value.loc.source.body[value.loc.start : value.loc.end]
