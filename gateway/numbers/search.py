"""Filter and order as one hashable value: ``admits(number)`` says what is wanted, ``key(number)`` what comes first."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache

import msgspec

from gateway.errors import BadUserInput
from gateway.numbers.filters import EVERYTHING, Admits, Condition, Filter, admission, conjuncts
from gateway.numbers.model import CurrencyCode, Number

Key = tuple[str | int | Decimal, ...]
"""A place in the merged order: the order value, then E.164 digits, provider and source name; unique, immutable parts
last. Keys of one order compare as the rows do: nulls last in both directions, ties ascending."""

KeyOf = Callable[[Number], Key]

_MIRROR = str.maketrans("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "9876543210ZYXWVUTSRQPONMLKJIHGFEDCBA")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CANONICAL = msgspec.msgpack.Encoder(decimal_format="number")
"""Equal searches have one fingerprint: 0.3 and 0.30 are equal and are written differently."""


class OrderField(Enum):
    """What a list is ordered by."""

    E164 = "E164"
    MONTHLY_PRICE = "MONTHLY_PRICE"
    COUNTRY = "COUNTRY"
    UPDATED_AT = "UPDATED_AT"
    SOURCE = "SOURCE"


class Order(Condition, frozen=True):
    """An order field and its direction; ``descending`` reverses the field alone, ties stay ascending."""

    field: OrderField = OrderField.E164
    descending: bool = False


class Search(Condition, frozen=True):
    """Which numbers, in which order. Equal searches are one value and can share what was read for them."""

    wanted: Filter = EVERYTHING
    order: Order = Order()

    @property
    def admits(self) -> Admits:
        """Whether a number is wanted; the last word, whatever an upstream claims to have filtered."""
        return admission(self.wanted)

    @property
    def key(self) -> KeyOf:
        """A number's place in this order."""
        return _key_of(self.order)

    @property
    def fingerprint(self) -> bytes:
        """Eight bytes that tell this search from others, four for the filter and four for the order."""
        return _fingerprint(self)


def price_currency(search: Search) -> CurrencyCode | None:
    """The one currency of a price order, None for other orders.

    Raises:
        BadUserInput: a price order whose filter names no currency; amounts of different currencies do not compare.
    """
    if search.order.field is not OrderField.MONTHLY_PRICE:
        return None
    for part in conjuncts(search.wanted):
        if part.monthly_price is not None:
            return part.monthly_price.currency
    msg = "Ordering by MONTHLY_PRICE needs one currency: add filter: {monthlyPrice: {currency: …}}."
    raise BadUserInput(msg)


@lru_cache(256)
def _fingerprint(search: Search) -> bytes:
    parts = (search.wanted, search.order)
    return b"".join(hashlib.sha256(_CANONICAL.encode(part)).digest()[:4] for part in parts)


def mirrored(text: str) -> str:
    """A text of digits or capitals that sorts the other way round: 12 before 1, and 2 before 12."""
    return text.translate(_MIRROR) + "~"


@lru_cache(16)
def _key_of(order: Order) -> KeyOf:
    if order.field in (OrderField.E164, OrderField.SOURCE):
        return _by_digits_descending if order.descending else _by_digits
    read = {
        OrderField.MONTHLY_PRICE: _price,
        OrderField.COUNTRY: _country,
        OrderField.UPDATED_AT: _updated,
    }[order.field]

    def key(number: Number) -> Key:
        value = read(number, order.descending)
        first: Key = (1, 0) if value is None else (0, value)
        return (*first, *_by_digits(number))

    return key


def _by_digits(number: Number) -> Key:
    return (number.e164[1:], number.origin.provider, number.origin.source)


def _by_digits_descending(number: Number) -> Key:
    return (mirrored(number.e164[1:]), number.origin.provider, number.origin.source)


def _price(number: Number, descending: bool) -> Decimal | None:
    price = number.pricing.monthly
    if price is None:
        return None
    return price.amount.copy_negate() if descending else price.amount  # exact: a minus sign would round and overflow


def _country(number: Number, descending: bool) -> str | None:
    country = number.country
    return country and (mirrored(country) if descending else country)


def _updated(number: Number, descending: bool) -> int | None:
    if number.updated_at is None:
        return None
    past = number.updated_at - _EPOCH
    micros = (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds
    return -micros if descending else micros
