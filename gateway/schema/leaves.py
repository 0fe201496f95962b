"""The texts of values that hold no others: enums, and scalars that are not written where they stand."""

from functools import lru_cache
from json.encoder import encode_basestring

from graphql import GraphQLLeafType

MOST_TEXTS = 4096
"""Values of a type whose texts are held at most: words, amounts and moments are few, and their records share them."""

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


class Texts(dict[int, str]):
    """The texts of a type's values by their identity, which is theirs alone as long as they are held here."""

    def __init__(self, kind: GraphQLLeafType) -> None:
        super().__init__()
        self._kind = kind
        self._held: list[object] = []

    def made(self, value: object) -> str:
        """The text of a value that is not here: what the type makes of it, where that is text.

        Raises:
            Unlike: it is not.
        """
        shown = self._kind.coerce_output_value(value)
        if shown.__class__ is not str:
            raise Unlike(self._kind.name)
        if len(self) >= MOST_TEXTS:
            self.clear()
            self._held.clear()
        self._held.append(value)
        self[id(value)] = text = encode_basestring(shown)
        return text


@lru_cache(256)
def texts_of(kind: GraphQLLeafType) -> Texts:
    """The same in all operations."""
    return Texts(kind)
