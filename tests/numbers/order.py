"""The merged order, written a second time as a comparison of two rows: the oracle of keys, cursors and windows."""

from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any

from hypothesis import strategies as st

from gateway.numbers.model import Number
from gateway.numbers.search import Order, OrderField

ORDERS = [
    Order(field=field, descending=descending)
    for field in (OrderField.E164, OrderField.MONTHLY_PRICE, OrderField.COUNTRY, OrderField.UPDATED_AT)
    for descending in (False, True)
]
ANY_ORDER = st.sampled_from(ORDERS)


def compare(order: Order) -> Callable[[Number, Number], int]:
    """Negative when the first row comes first, positive when the second does, 0 for one row."""

    def compared(one: Number, other: Number) -> int:
        first, second = _value(one, order.field), _value(other, order.field)
        if first is None or second is None:
            by_field = (first is None) - (second is None)
        else:
            by_field = (first > second) - (first < second)
            by_field = -by_field if order.descending else by_field
        ties = (_ties(one), _ties(other))
        return by_field or (ties[0] > ties[1]) - (ties[0] < ties[1])

    return compared


def _value(row: Number, field: OrderField) -> Any:  # noqa: ANN401 - text, amount or moment
    if field is OrderField.MONTHLY_PRICE:
        return row.pricing.monthly.amount if row.pricing.monthly else None
    return {OrderField.E164: row.e164[1:], OrderField.COUNTRY: row.country, OrderField.UPDATED_AT: row.updated_at}[
        field
    ]


def _ties(row: Number) -> tuple[str, str, str]:
    return row.e164[1:], row.origin.provider, row.origin.source


def in_order(rows: Iterable[Number], order: Order) -> list[Number]:
    """The rows in this order."""
    return sorted(rows, key=cmp_to_key(compare(order)))
