"""The texts of values that hold no others: enums, and scalars that are not written where they stand."""

from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring

from graphql import GraphQLEnumType, GraphQLLeafType, GraphQLScalarType

MOST_TEXTS = 4096
"""Values of a scalar whose texts are held at most: amounts and moments are few, and their records share them."""

_INT = 2**31

PLAIN = {
    "String": ("{0}.__class__ is str", "quoted({0})"),
    "ID": ("{0}.__class__ is str", "quoted({0})"),
    "Boolean": ("{0}.__class__ is bool", "'true' if {0} else 'false'"),
    "Int": (f"{{0}}.__class__ is int and {-_INT} <= {{0}} < {_INT}", "str({0})"),
}
"""The specified scalars that are written: what a value must be, and how it is written."""


class Unlike(Exception):
    """A value is not what its type says."""


class Names(dict[object, str]):
    """The text of each value of an enum, found once."""

    def __init__(self, kind: GraphQLEnumType) -> None:
        super().__init__()
        self._kind = kind

    def __missing__(self, value: object) -> str:
        self[value] = text = _leaf(self._kind)(value)
        return text


def _leaf(kind: GraphQLLeafType) -> Callable[[object], str]:
    """Writes what the type makes of a value, where that is text."""

    def write(value: object) -> str:
        shown = kind.coerce_output_value(value)
        if shown.__class__ is not str:
            raise Unlike(kind.name)
        return encode_basestring(shown)

    return write


class Texts(dict[int, str]):
    """The texts of a scalar's values by their identity, which is theirs alone as long as they are held here."""

    def __init__(self, kind: GraphQLScalarType) -> None:
        super().__init__()
        self._write = _leaf(kind)
        self._held: list[object] = []

    def made(self, value: object) -> str:
        """The text of a value that is not here."""
        text = self._write(value)
        if len(self) >= MOST_TEXTS:
            self.clear()
            self._held.clear()
        self._held.append(value)
        self[id(value)] = text
        return text


@lru_cache(64)
def texts_of(kind: GraphQLScalarType) -> Texts:
    """The same in all operations."""
    return Texts(kind)
