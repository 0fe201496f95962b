"""Filters as hashable values: which numbers are wanted, and which sources cannot have any."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from msgspec import Struct

from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.model import Availability, CurrencyCode, HealthState, Lifecycle, Number

Admits = Callable[[Number], bool]


class Condition(Struct, frozen=True, kw_only=True):
    """The root of all conditions: hashable, so that a search can be part of a cache key."""


class TextMatch(Condition, frozen=True):
    """All given parts must match, upper and lower case alike."""

    equals: str | None = None
    starts_with: str | None = None
    contains: str | None = None
    ends_with: str | None = None

    def matches(self, text: str) -> bool:
        """Whether ``text`` meets every given part."""
        text = text.casefold()
        return (
            (self.equals is None or text == self.equals.casefold())
            and (self.starts_with is None or text.startswith(self.starts_with.casefold()))
            and (self.contains is None or self.contains.casefold() in text)
            and (self.ends_with is None or text.endswith(self.ends_with.casefold()))
        )


class DigitsMatch(Condition, frozen=True):
    """Conditions on the digits of a number; all given ones must hold. ``among`` are whole E.164 numbers."""

    among: tuple[E164, ...] | None = None
    starts_with: str | None = None
    contains: str | None = None
    ends_with: str | None = None

    def matches(self, e164: E164) -> bool:
        """Whether the number meets every given part."""
        digits = e164[1:]
        return (
            (self.among is None or e164 in self.among)
            and (self.starts_with is None or digits.startswith(self.starts_with))
            and (self.contains is None or self.contains in digits)
            and (self.ends_with is None or digits.endswith(self.ends_with))
        )


class PriceRange(Condition, frozen=True):
    """A monthly price in one currency, both ends included."""

    currency: CurrencyCode
    minimum: Decimal | None = None
    maximum: Decimal | None = None

    def matches(self, number: Number) -> bool:
        """Whether the number has a monthly price in that currency and within the range."""
        price = number.pricing.monthly
        return (
            price is not None
            and price.currency == self.currency
            and (self.minimum is None or price.amount >= self.minimum)
            and (self.maximum is None or price.amount <= self.maximum)
        )


class Filter(Condition, frozen=True):
    """Conditions that hold together; a tuple means any of its values, and an empty one nothing."""

    e164: DigitsMatch | None = None
    providers: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    countries: tuple[CountryCode, ...] | None = None
    availability: tuple[Availability, ...] | None = None
    lifecycle: tuple[Lifecycle, ...] | None = None
    health: tuple[HealthState, ...] | None = None
    number_types: tuple[NumberType, ...] | None = None
    categories: tuple[str, ...] | None = None
    location: TextMatch | None = None
    monthly_price: PriceRange | None = None
    usable_for_new_sessions: bool | None = None
    all_of: tuple["Filter", ...] | None = None
    any_of: tuple["Filter", ...] | None = None
    none_of: "Filter | None" = None


EVERYTHING = Filter()


def _casefolded(text: str | None) -> str | None:
    return None if text is None else text.casefold()


_MEMBER_OF: Mapping[str, Callable[[Number], object]] = {
    "providers": lambda number: number.origin.provider,
    "sources": lambda number: number.origin.source,
    "availability": lambda number: number.availability,
    "lifecycle": lambda number: number.lifecycle,
    "health": lambda number: number.health.state,
    "categories": lambda number: _casefolded(number.category),
    "countries": lambda number: number.country,
    "number_types": lambda number: number.number_type,
}
"""Filter fields that ask for one of some values, and what they ask it of; what the numbering plan must say comes last."""


def _values(wanted: Filter, field: str) -> frozenset[object] | None:
    """The values a field asks for; categories are words, so upper and lower case are alike."""
    values = getattr(wanted, field)
    if values is None:
        return None
    return frozenset(map(_casefolded, values) if field == "categories" else values)


@lru_cache(256)
def admission(wanted: Filter) -> Admits:
    """The filter as one function, built once."""
    tests = tuple(_tests(wanted))
    if not tests:
        return lambda _: True
    if len(tests) == 1:
        return tests[0]
    return lambda number: all(test(number) for test in tests)


def _tests(wanted: Filter) -> Iterator[Admits]:
    if wanted.e164 is not None:
        yield _digits(wanted.e164)
    if wanted.usable_for_new_sessions is not None:
        yield _usable(wanted.usable_for_new_sessions)
    if wanted.monthly_price is not None:
        yield wanted.monthly_price.matches
    if wanted.location is not None:
        yield _located(wanted.location)
    for field, read in _MEMBER_OF.items():
        values = _values(wanted, field)
        if values is not None:
            yield _member(read, values)
    yield from _joined(wanted)


def _joined(wanted: Filter) -> Iterator[Admits]:
    if wanted.all_of is not None:
        yield from map(admission, wanted.all_of)
    if wanted.any_of is not None:
        yield _any(tuple(map(admission, wanted.any_of)))
    if wanted.none_of is not None:
        yield _none(admission(wanted.none_of))


def _digits(match: DigitsMatch) -> Admits:
    return lambda number: match.matches(number.e164)


def _usable(usable: bool) -> Admits:
    return lambda number: number.usable_for_new_sessions is usable


def _located(match: TextMatch) -> Admits:
    def admits(number: Number) -> bool:
        place = number.location
        return place is not None and any(match.matches(word) for word in (place.code, place.name) if word)

    return admits


def _member(read: Callable[[Number], object], values: frozenset[object]) -> Admits:
    return lambda number: read(number) in values


def _any(branches: tuple[Admits, ...]) -> Admits:
    return lambda number: any(branch(number) for branch in branches)


def _none(refused: Admits) -> Admits:
    return lambda number: not refused(number)


Facts = Mapping[str, frozenset[object]]
"""What holds of every row of a source: filter field to the values it can have there."""


def verdict(wanted: Filter, facts: Facts) -> bool | None:
    """Whether the filter takes all rows of a source (True), none (False), or only the rows can tell (None)."""
    said = list(_verdicts(wanted, facts))
    if False in said:
        return False
    return None if None in said else True


def _verdicts(wanted: Filter, facts: Facts) -> Iterator[bool | None]:
    for field in _MEMBER_OF:
        values = _values(wanted, field)
        if values is not None:
            yield _overlap(values, facts.get(field))
    if any(
        part is not None
        for part in (wanted.e164, wanted.usable_for_new_sessions, wanted.monthly_price, wanted.location)
    ):
        yield None
    for part in wanted.all_of or ():
        yield verdict(part, facts)
    if wanted.any_of is not None:
        branches = [verdict(part, facts) for part in wanted.any_of]
        yield True if True in branches else None if None in branches else False
    if wanted.none_of is not None:
        refused = verdict(wanted.none_of, facts)
        yield None if refused is None else not refused


def _overlap(wanted: frozenset[object], possible: frozenset[object] | None) -> bool | None:
    if not wanted:
        return False
    if possible is None:
        return None
    if wanted.isdisjoint(possible):
        return False
    return True if possible <= wanted else None


def conjuncts(wanted: Filter) -> Iterator[Filter]:
    """The filter and every part that must hold with it: what may be pushed to a provider one by one."""
    yield wanted
    for part in wanted.all_of or ():
        yield from conjuncts(part)


def named(wanted: Filter) -> tuple[E164, ...] | None:
    """The E.164 numbers that the filter names, the shortest list if it has several; None when it names none."""
    lists = [part.e164.among for part in conjuncts(wanted) if part.e164 is not None and part.e164.among is not None]
    return min(lists, key=len) if lists else None
