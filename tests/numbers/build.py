"""Numbers, and strategies for them, that the tests of this room share."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.filters import DigitsMatch, Filter, PriceRange, TextMatch
from gateway.numbers.model import (
    Availability,
    CurrencyCode,
    Health,
    HealthState,
    Lifecycle,
    Number,
    Observation,
    Origin,
    Pricing,
    Provenance,
    Record,
    location,
    pricing,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Plain(Record, frozen=True):
    """Details that say nothing."""


PLAIN = Plain()


def origin(source: str = "a", provider: str = "WEBEX") -> Origin:
    """Where rows were heard."""
    return Origin(provider=provider, source=source, via=Observation.LIST, as_of=NOW)


def number(e164: str = "+441245123456", source: str = "a", provider: str = "WEBEX", **facts: Any) -> Number:  # noqa: ANN401 - the fields of a Number
    """A number with these facts."""
    return Number(e164=E164(e164), origin=origin(source, provider), details=PLAIN, **facts)


def monthly(amount: str, currency: str | None = "USD") -> Pricing:
    """A monthly price."""
    return pricing(None if currency is None else CurrencyCode(currency), Provenance.PROVIDER, monthly=Decimal(amount))


def numbers_to(count: int) -> tuple[Number, ...]:
    """So many numbers in ascending order."""
    return tuple(number(f"+1{place:010d}") for place in range(count))


POOL = ("+12", "+120", "+1205635", "+12056350001", "+12056350002", "+441245123456", "+447700900123", "+65123456789")
E164S = st.sampled_from(POOL) | st.from_regex(r"\+[0-9]{2,15}", fullmatch=True)
DIGITS = st.sampled_from(("", "1", "12", "0", "5", "56", "44", "0001", "635")) | st.text("0123456789", max_size=4)
WORDS = st.sampled_from(("", "London", "london", "msk", "gold", "Gold", "x"))
AMOUNTS = st.sampled_from(("0", "0.3", "0.30", "5", "5.0", "-1", "1000000000.01", "7e1"))
PRICES = st.none() | st.builds(monthly, AMOUNTS, st.sampled_from((None, "USD", "GBP")))
MOMENTS = st.none() | st.integers(-(10**12), 10**12).map(lambda micros: NOW + timedelta(microseconds=micros))
COUNTRIES = ("GB", "US", "SG", "RU")
CATEGORIES = ("gold", "Gold", "usual")


def numbers(sources: tuple[str, ...] = ("a", "b"), **facts: st.SearchStrategy[Any]) -> st.SearchStrategy[Number]:
    """Numbers of any kind, with many ties among them."""
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "e164": E164S,
        "source": st.sampled_from(sources),
        "provider": st.sampled_from(("WEBEX", "CLOUDLX")),
        "availability": st.sampled_from(Availability),
        "lifecycle": st.sampled_from(Lifecycle),
        "health": st.builds(Health, state=st.sampled_from(HealthState)),
        "usable_for_new_sessions": st.sampled_from((None, True, False)),
        "said_country": st.none() | st.sampled_from(COUNTRIES),
        "said_type": st.none() | st.sampled_from(NumberType),
        "category": st.none() | st.sampled_from(CATEGORIES),
        "location": st.builds(location, st.none() | WORDS, st.none() | WORDS),
        "pricing": PRICES.map(lambda price: price or Pricing()),
        "updated_at": MOMENTS,
    }
    return st.builds(number, **(kinds | facts))


def _any_of(values: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - an enumeration or a tuple of words
    return st.lists(st.sampled_from(values), max_size=3).map(tuple)


TEXTS = st.builds(TextMatch, equals=st.none() | WORDS, starts_with=st.none() | WORDS, contains=WORDS)
MATCHES = st.builds(
    DigitsMatch,
    among=st.none() | st.lists(E164S, max_size=4).map(lambda some: tuple(map(E164, some))),
    starts_with=st.none() | DIGITS,
    contains=st.none() | DIGITS,
    ends_with=st.none() | DIGITS,
)
RANGES = st.builds(
    PriceRange,
    currency=st.sampled_from((CurrencyCode("USD"), CurrencyCode("GBP"))),
    minimum=st.none() | AMOUNTS.map(Decimal),
    maximum=st.none() | AMOUNTS.map(Decimal),
)
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "e164": MATCHES,
    "providers": _any_of(("WEBEX", "CLOUDLX", "CALLGEAR")),
    "sources": _any_of(("a", "b", "c")),
    "countries": _any_of(tuple(map(CountryCode, COUNTRIES))),
    "availability": _any_of(Availability),
    "lifecycle": _any_of(Lifecycle),
    "health": _any_of(HealthState),
    "number_types": _any_of(NumberType),
    "categories": _any_of(CATEGORIES),
    "location": TEXTS,
    "monthly_price": RANGES,
    "usable_for_new_sessions": st.booleans(),
}
SIMPLE = st.lists(st.sampled_from(sorted(CONDITIONS)), min_size=1, max_size=2, unique=True).flatmap(
    lambda fields: st.fixed_dictionaries({field: CONDITIONS[field] for field in fields})
)
"""One or two conditions: more of them hardly ever hold together."""


def _joined(parts: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.none() | st.lists(parts, max_size=2).map(tuple)
    return st.builds(
        lambda simple, **joins: Filter(**simple, **joins),
        SIMPLE,
        all_of=several,
        any_of=several,
        none_of=st.none() | parts,
    )


FILTERS = st.just(Filter()) | st.recursive(SIMPLE.map(lambda simple: Filter(**simple)), _joined, max_leaves=4)
