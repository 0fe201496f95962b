"""The filters and orders of the schema said once more, in the plainest way, over rows as a client sees them."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

from tests.schema.documents import Row

Test = Callable[[Any, Row], bool]


def kept(wanted: Row, rows: Iterable[Row]) -> list[Row]:
    """The rows that a filter, written as its JSON, admits."""
    return [row for row in rows if admits(wanted, row)]


def admits(wanted: Row, row: Row) -> bool:
    """Whether every condition that is given holds."""
    return all(TESTS[field](value, row) for field, value in wanted.items() if value is not None)


def _parts(match: Row, text: str) -> bool:
    return (
        match.get("equals", text) == text
        and text.startswith(match.get("startsWith", ""))
        and match.get("contains", "") in text
        and text.endswith(match.get("endsWith", ""))
    )


def _digits(match: Row, row: Row) -> bool:
    bare = {name: _bare(value) for name, value in match.items() if name != "in"}
    among = match.get("in")
    return _parts(bare, row["e164"][1:]) and (among is None or row["e164"][1:] in map(_bare, among))


def _bare(text: str) -> str:
    return "".join(character for character in text if character not in "+ ().-")


def _location(match: Row, row: Row) -> bool:
    lowered = {name: value.lower() for name, value in match.items()}
    words = [row["location"][part] for part in ("code", "name")] if row["location"] else []
    return not match or any(_parts(lowered, word.lower()) for word in words if word)


def _price(wanted: Row, row: Row) -> bool:
    price = row["pricing"]["monthly"]
    if price is None or price["currency"] != wanted["currency"].upper():
        return False
    low, high = (wanted.get(end) for end in ("min", "max"))
    amount = Decimal(price["amount"])
    return (low is None or amount >= Decimal(low)) and (high is None or amount <= Decimal(high))


def category(row: Row) -> str | None:
    """CallGear's category; None elsewhere, and where CallGear gives none."""
    word: str | None = row["details"].get("category")
    return None if word == "unknown" else word


TESTS: dict[str, Test] = {
    "e164": _digits,
    "providers": lambda values, row: row["provider"] in values,
    "sources": lambda values, row: row["source"]["name"] in values,
    "countries": lambda values, row: row["country"] in [value.upper() for value in values],
    "availability": lambda values, row: row["availability"] in values,
    "lifecycle": lambda values, row: row["lifecycle"] in values,
    "health": lambda values, row: row["health"]["state"] in values,
    "numberTypes": lambda values, row: row["numberType"] in values,
    "categories": lambda values, row: category(row) in [value.lower() for value in values],
    "location": _location,
    "monthlyPrice": _price,
    "usableForNewSessions": lambda value, row: row["usableForNewSessions"] is value,
    "and": lambda parts, row: all(admits(part, row) for part in parts),
    "or": lambda parts, row: any(admits(part, row) for part in parts),
    "not": lambda part, row: not admits(part, row),
}
"""What each field of the filter means."""

ORDERS: dict[str, Callable[[Row], Any]] = {
    "E164": lambda row: row["e164"][1:],
    "MONTHLY_PRICE": lambda row: row["pricing"]["monthly"] and Decimal(row["pricing"]["monthly"]["amount"]),
    "COUNTRY": lambda row: row["country"],
    "UPDATED_AT": lambda row: row["updatedAt"],
}
"""What each order field looks at; a place without a value comes last."""


def ordered(rows: Iterable[Row], field: str, direction: str) -> list[Row]:
    """The rows by one field: nulls last both ways, ties by E.164, provider and source name, always ascending."""
    value = ORDERS[field]

    def compare(one: Row, other: Row) -> int:
        here, there = value(one), value(other)
        if (here is None) != (there is None):
            return 1 if here is None else -1
        if here != there:
            return (1 if here > there else -1) * (1 if direction == "ASC" else -1)
        return 1 if _tie(one) > _tie(other) else -1

    return sorted(rows, key=cmp_to_key(compare))


def _tie(row: Row) -> tuple[str, str, str]:
    return row["e164"][1:], row["provider"], row["source"]["name"]
