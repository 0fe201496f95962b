"""What many rows of an answer have in common is held once: 100,000 numbers take half the memory."""

from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from typing import Annotated, TypeVar, get_args, get_type_hints

from msgspec import Struct

S = TypeVar("S", bound=Struct)

_MANY = "the same in many rows"
Often = Annotated[str, _MANY]
"""Text of a row that many rows share."""


def thrifty(row: S, kind: type[Struct]) -> S:
    """The row with what many rows have in common held once; amounts are told apart by their text, as 0.3 and 0.30."""
    for name, once in _common(kind):
        value = getattr(row, name)
        if value is not None:
            setattr(row, name, once(str(value)))
    return row


@cache
def _common(kind: type[Struct]) -> tuple[tuple[str, Callable[[str], object]], ...]:
    """The fields of a row that repeat, and what holds each value once."""
    hints = get_type_hints(kind, include_extras=True)
    texts = tuple((name, _text_once) for name, hint in hints.items() if _MANY in str(hint))
    return texts + tuple((name, _amount_once) for name, hint in hints.items() if Decimal in get_args(hint))


@lru_cache(4096)
def _text_once(text: str) -> str:
    return text


@lru_cache(4096)
def _amount_once(text: str) -> Decimal:
    return Decimal(text)
