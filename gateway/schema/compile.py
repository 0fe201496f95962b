"""The operation compiler: a root field's selection becomes one Python function that writes its JSON from the records.

It knows records, lists, enums, scalars, unions and interfaces, and fields with resolvers of their own; what else it
meets is Unsupported. The functions write what graphql-core would give and msgspec would encode, to the byte; a value
that is not as its type says is Unlike, and then nothing of what was written counts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from json.encoder import encode_basestring
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
)
from graphql.execution.collect_fields import CollectedFields, FieldDetails
from graphql.type import GraphQLInterfaceType
from strawberry.types.field import StrawberryField

from gateway.schema.leaves import PLAIN, Unlike, texts_of

Write: TypeAlias = Callable[[Any, Any], str]
"""Writes a value; the second argument is the ``Run`` it belongs to."""
Details: TypeAlias = list[FieldDetails]
Collect: TypeAlias = Callable[[GraphQLObjectType, Details], CollectedFields]

MOST_LINES = 20_000
"""Lines of one root field's code at most: fragments may multiply."""

COMPOSITE = (GraphQLObjectType, GraphQLUnionType, GraphQLInterfaceType)
STRAWBERRY = "strawberry-definition"
"""Where graphql-core's fields keep Strawberry's."""


class Unsupported(Exception):
    """The compiler does not know this; the message names the place."""


class Own(NamedTuple):
    """A field with a resolver of its own, as it stands in an operation."""

    parent: GraphQLObjectType
    definition: GraphQLField
    details: Details


class Written(NamedTuple):
    """A compiled root field: its function, the fields that ask a resolver, and the length of its code."""

    write: Write
    owns: Sequence[Own]
    length: int


def _named(kinds: Sequence[GraphQLObjectType]) -> Callable[[object], str]:
    """Tells which of the types a value is of; the first value of each class is asked for its type."""
    known: dict[type, str] = {}

    def name(value: object) -> str:
        found = known.get(value.__class__)
        if found is None:
            found = next((kind.name for kind in kinds if kind.is_type_of and kind.is_type_of(value, None)), None)  # type: ignore[arg-type]
            if found is None:
                raise Unlike(type(value).__name__)
            known[value.__class__] = found
        return found

    return name


def compiled(schema: GraphQLSchema, kind: GraphQLOutputType, details: Details, collect: Collect) -> Written:
    """The function that writes a root field's value; ``collect`` gives the fields that are asked of an object, none of which is deferred.

    Raises:
        Unsupported: it holds something that the compiler does not know.
    """
    return _Compiler(schema, collect).root(kind, details)


class _Compiler:
    """Writes statements; each value ends as text in a variable of its own."""

    def __init__(self, schema: GraphQLSchema, collect: Collect) -> None:
        self._schema = schema
        self._collect = collect
        self._names: dict[str, Any] = {"Unlike": Unlike, "quoted": encode_basestring}
        self._done: list[str] = []
        self._lines: list[str] = []
        self._heads: list[str] = []
        self._depth = 1
        self._count = 0
        self._owns: list[Own] = []
        self._listed = False

    def root(self, kind: GraphQLOutputType, details: Details) -> Written:
        entry = self._function(kind, details)
        source = "\n".join(self._done)
        exec(compile(source, "<operation>", "exec"), self._names)  # noqa: S102 - text from a document stands in it only as names and JSON keys, which the grammar bounds to letters, digits and _
        return Written(self._names[entry], tuple(self._owns), len(source))

    def _function(self, kind: GraphQLOutputType, details: Details) -> str:
        name = self._fresh("write")
        outer, self._lines, self._heads, depth, self._depth = (self._lines, self._heads), [], [], self._depth, 1
        text = self._value(kind, "value", details)
        self._done += [f"def {name}(value, run):", *self._heads, *self._lines, f" return {text}"]
        (self._lines, self._heads), self._depth = outer, depth
        return name

    def _fresh(self, stem: str) -> str:
        self._count += 1
        return f"{stem}{self._count}"

    def _given(self, stem: str, thing: object) -> str:
        name = self._fresh(stem)
        self._names[name] = thing
        return name

    def _line(self, text: str) -> None:
        if len(self._lines) + len(self._done) > MOST_LINES:
            msg = "the selection is too large"
            raise Unsupported(msg)
        self._lines.append(" " * self._depth + text)

    @contextmanager
    def _under(self, head: str) -> Iterator[None]:
        self._line(head)
        self._depth += 1
        yield
        self._depth -= 1

    def _value(self, kind: GraphQLOutputType, expression: str, details: Details, *, often: bool = False) -> str:
        """``often``: many rows of a list may hold the same one."""
        held, text = self._fresh("value"), self._fresh("text")
        self._line(f"{held} = {expression}")
        inner, may_lack = (kind.of_type, False) if isinstance(kind, GraphQLNonNull) else (kind, True)
        if isinstance(inner, GraphQLScalarType):
            self._scalar(inner, held, text, may_lack=may_lack)
            return text
        with self._under(f"if {held} is None:"):
            self._line(f"{text} = 'null'" if may_lack else "raise Unlike")
        with self._under("else:"):
            if often and isinstance(inner, COMPOSITE):
                self._once(inner, held, text, details)
            else:
                self._present(inner, held, text, details)
        return text

    def _once(self, kind: GraphQLOutputType, held: str, text: str, details: Details) -> None:
        """What rows have in common is written once, by its identity, which is its own alone while it is held.

        So are marks of what is not there yet: each place of a mark is filled.
        """
        texts, those = self._first("once", "{}"), self._first("those", "[]")
        mark = self._fresh("mark")
        self._line(f"{mark} = id({held}); {text} = {texts}.get({mark})")
        with self._under(f"if {text} is None:"):
            self._present(kind, held, text, details)
            self._line(f"{texts}[{mark}] = {text}; {those}.append({held})")

    def _present(self, kind: Any, held: str, text: str, details: Details) -> None:  # noqa: ANN401 - a nullable output type
        if isinstance(kind, GraphQLList):
            self._list(kind, held, text, details)
        elif isinstance(kind, GraphQLUnionType | GraphQLInterfaceType):
            self._abstract(kind, held, text, details)
        elif isinstance(kind, GraphQLObjectType):
            if kind.is_type_of is not None:
                self._kind([kind], held)
            self._object(kind, held, text, details)
        else:
            self._enum(kind, held, text)

    def _kind(self, kinds: Sequence[GraphQLObjectType], held: str) -> str:
        """The variable with the type's name; asked anew only where a value's class is not the last one's."""
        name, last = self._first("name"), self._first("class")
        named = self._given("named", _named(kinds))
        self._line(f"if {held}.__class__ is not {last}: {name} = {named}({held}); {last} = {held}.__class__")
        return name

    def _first(self, stem: str, begins: str = "Unlike") -> str:
        """A variable that lives as long as the function."""
        name = self._fresh(stem)
        self._heads.append(f" {name} = {begins}")
        return name

    def _list(self, kind: GraphQLList[Any], held: str, text: str, details: Details) -> None:
        texts, item = self._fresh("texts"), self._fresh("item")
        self._line(f"if {held}.__class__ is not list and {held}.__class__ is not tuple: raise Unlike")
        self._line(f"{texts} = []")
        outer, self._listed = self._listed, True
        with self._under(f"for {item} in {held}:"):
            self._line(f"{texts}.append({self._value(kind.of_type, item, details)})")
        self._listed = outer
        self._line(f"{text} = '[' + ','.join({texts}) + ']'")

    def _abstract(self, kind: GraphQLUnionType | GraphQLInterfaceType, held: str, text: str, details: Details) -> None:
        kinds = self._schema.get_possible_types(kind)
        name = self._kind(kinds, held)
        for place, possible in enumerate(kinds):
            with self._under(f"{'elif' if place else 'if'} {name} == {possible.name!r}:"):
                self._object(possible, held, text, details)

    def _enum(self, kind: GraphQLEnumType, held: str, text: str) -> None:
        """Neighbours have the same value more often than not."""
        last, shown, texts = self._first("last"), self._fresh("shown"), self._given("texts", texts_of(kind))
        with self._under(f"if {held} is not {last}:"):
            self._line(f"{shown} = {texts}.get(id({held})) or {texts}.made({held})")
            self._line(f"{last} = {held}")
        self._line(f"{text} = {shown}")

    def _object(self, kind: GraphQLObjectType, held: str, text: str, details: Details) -> None:
        fields = self._collect(kind, details).grouped_field_set
        pieces = [
            f'"{key}":"{kind.name}"' if name == "__typename" else f'"{key}":{{{self._field(kind, name, found, held)}}}'
            for key, found in fields.items()
            for name in [found[0].node.name.value]
        ]
        self._line(f"{text} = f{'{{' + ','.join(pieces) + '}}'!r}")

    def _field(self, kind: GraphQLObjectType, name: str, details: Details, held: str) -> str:
        definition = kind.fields[name]
        if definition.args:
            raise Unsupported(name)
        shown = definition.extensions[STRAWBERRY]
        if shown.is_basic_field:
            return self._value(definition.type, f"{held}.{shown.python_name}", details, often=self._listed)
        self._owns.append(Own(kind, definition, details))
        asked = self._asked(definition, shown, held)
        if not shown.is_async:
            return self._value(definition.type, asked, details)
        text = self._fresh("text")
        self._line(f"{text} = run.later({asked}, {self._function(definition.type, details)})")
        return text

    def _asked(self, definition: GraphQLField, shown: StrawberryField, held: str) -> str:
        """The call of a field's resolver: the function itself where nothing stands before it, no guard either."""
        place, resolver = len(self._owns) - 1, shown.base_resolver
        if resolver is None or shown.extensions:
            return f"{self._given('resolve', definition.resolve)}({held}, run.info({place}))"
        given = [held] if resolver.self_parameter else []
        given += [f"{resolver.parent_parameter.name}={held}"] if resolver.parent_parameter else []
        given += [f"{resolver.info_parameter.name}=run.told({place})"] if resolver.info_parameter else []
        return f"{self._given('resolver', resolver.wrapped_func)}({', '.join(given)})"

    def _scalar(self, kind: GraphQLScalarType, held: str, text: str, *, may_lack: bool) -> None:
        known = PLAIN.get(kind.name) or (PLAIN["String"] if kind.coerce_output_value is str else None)
        if known is not None:
            with self._under(f"if {known[0].format(held)}:"):
                self._line(f"{text} = {known[1].format(held)}")
        with self._under(f"{'if' if known is None else 'elif'} {held} is None:"):
            self._line(f"{text} = 'null'" if may_lack else "raise Unlike")
        with self._under("else:"):
            if kind.name in PLAIN:
                self._line("raise Unlike")
            else:
                texts = self._given("texts", texts_of(kind))
                self._line(f"{text} = {texts}.get(id({held})) or {texts}.made({held})")
