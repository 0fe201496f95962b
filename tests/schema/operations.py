"""Random operations that are valid: hypothesis-graphql's, with variables, switches, aliases and named fragments put in."""

from collections.abc import Callable
from typing import Any, TypeVar

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    build_schema,
    parse,
    parse_type,
    print_ast,
    value_from_ast_untyped,
    visit,
)
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

N = TypeVar("N")
Draw = Callable[[st.SearchStrategy[Any]], Any]
Asked = tuple[str, dict[str, Any]]
"""A document and its variables."""

SCALARS = {
    "E164": st.sampled_from(["+441245123456", "+12051112222", "+12"]).map(nodes.String),
    "DateTime": st.just("2026-11-21T09:30:00Z").map(nodes.String),
    "Decimal": st.sampled_from(["0", "0.30", "12"]).map(nodes.String),
    "Duration": st.sampled_from(["PT30S", "PT1H"]).map(nodes.String),
    "CountryCode": st.sampled_from(["GB", "US", "SG"]).map(nodes.String),
    "CurrencyCode": st.sampled_from(["GBP", "USD"]).map(nodes.String),
}


def operations(sdl: str) -> st.SearchStrategy[Asked]:
    """Operations on the schema."""
    plain = from_schema(sdl, custom_scalars=SCALARS, print_ast=lambda document: document)
    return st.composite(_varied)(plain, build_schema(sdl))


def _varied(draw: Draw, plain: st.SearchStrategy[DocumentNode], schema: GraphQLSchema) -> Asked:
    document = parse(print_ast(draw(plain)))
    kinds = TypeInfo(schema)
    varied = _Varied(draw, kinds)
    changed = visit(document, TypeInfoVisitor(kinds, varied))
    [operation] = changed.definitions
    assert isinstance(operation, OperationDefinitionNode)
    defined = tuple(
        VariableDefinitionNode(variable=_variable(name), type=parse_type(kind), directives=())
        for name, kind in varied.kinds.items()
    )
    whole = OperationDefinitionNode(
        operation=operation.operation,
        name=_name("Random"),
        variable_definitions=defined,
        directives=(),
        selection_set=operation.selection_set,
    )
    return print_ast(DocumentNode(definitions=(whole, *varied.fragments))), varied.values


class _Varied(Visitor):
    """Puts into a document what hypothesis-graphql leaves out."""

    def __init__(self, draw: Draw, kinds: TypeInfo) -> None:
        super().__init__()
        self._draw = draw
        self._kinds = kinds
        self.kinds: dict[str, str] = {}
        self.values: dict[str, Any] = {}
        self.fragments: list[FragmentDefinitionNode] = []

    def _rarely(self) -> bool:
        return bool(self._draw(st.integers(0, 5)) == 0)

    def _lifted(self, kind: str, value: object) -> VariableNode:
        name = f"v{len(self.kinds)}"
        self.kinds[name], self.values[name] = kind, value
        return _variable(name)

    def leave_argument(self, node: ArgumentNode, *_: object) -> ArgumentNode | None:
        """Its value may become a variable."""
        if self._rarely() and self._kinds.get_argument() is not None:
            kind = str(self._kinds.get_argument().type)  # type: ignore[union-attr]
            return ArgumentNode(name=node.name, value=self._lifted(kind, value_from_ast_untyped(node.value)))
        return None

    def leave_field(self, node: FieldNode, *_: object) -> FieldNode | InlineFragmentNode | None:
        """It may be switched, and stand in a fragment of any kind; whatever it is named, it keeps that."""
        if self._rarely():
            word, switch = self._draw(st.sampled_from(["skip", "include"])), self._draw(st.booleans())
            value: ValueNode = (
                self._lifted("Boolean!", switch) if self._draw(st.booleans()) else BooleanValueNode(value=switch)
            )
            condition = ArgumentNode(name=_name("if"), value=value)
            switched = DirectiveNode(name=_name(word), arguments=(condition,))
            plain = FieldNode(alias=_name("plain"), name=_name("__typename"), arguments=(), directives=())
            node = FieldNode(
                alias=node.alias,
                name=node.name,
                arguments=node.arguments,
                directives=(switched,),
                selection_set=node.selection_set,
            )
            return InlineFragmentNode(
                directives=(), selection_set=SelectionSetNode(selections=self._often_named((plain, node)))
            )
        return None

    def _often_named(self, selections: tuple[FieldNode, ...]) -> tuple[FieldNode | FragmentSpreadNode, ...]:
        parent = self._kinds.get_parent_type()
        if parent is None or self._draw(st.booleans()):
            return selections
        name = _name(f"Part{len(self.fragments)}")
        kind = NamedTypeNode(name=_name(parent.name))
        whole = SelectionSetNode(selections=selections)
        self.fragments.append(
            FragmentDefinitionNode(
                name=name, type_condition=kind, variable_definitions=(), directives=(), selection_set=whole
            )
        )
        return (FragmentSpreadNode(name=name, directives=()), *selections)


def _name(text: str) -> NameNode:
    return NameNode(value=text)


def _variable(name: str) -> VariableNode:
    return VariableNode(name=_name(name))
