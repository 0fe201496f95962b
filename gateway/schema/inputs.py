"""The inputs of the contract, and how each becomes a search."""

import re
from decimal import Decimal
from functools import cached_property
from typing import Any

import strawberry

from gateway.errors import BadUserInput
from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.filters import DigitsMatch, Filter, PriceRange, TextMatch
from gateway.numbers.model import Availability, CurrencyCode, HealthState, Lifecycle
from gateway.numbers.search import Order, OrderField
from gateway.schema.context import Context
from gateway.schema.vocabulary import OrderDirection, Provider

_NO_CONDITION = TextMatch()
_FILLERS = re.compile(r"[\s().\-]+")


@strawberry.input(description="Conditions on a text, upper and lower case alike; all given ones must hold.")
class StringMatch:
    """Conditions on a text."""

    equals: str | None = strawberry.field(default=None, description="The whole text.")
    starts_with: str | None = strawberry.field(default=None, description="How it begins.")
    contains: str | None = strawberry.field(default=None, description="What stands somewhere in it.")
    ends_with: str | None = strawberry.field(default=None, description="How it ends.")

    def meant(self) -> TextMatch | None:
        """The condition; None where none was given, which holds of everything, of what has no such text too."""
        match = TextMatch(
            equals=self.equals, starts_with=self.starts_with, contains=self.contains, ends_with=self.ends_with
        )
        return None if match == _NO_CONDITION else match


@strawberry.input(description="Conditions on the digits of a number; all given ones must hold.")
class NumberMatch:
    """Conditions on a number."""

    equals: E164 | None = strawberry.field(default=None, description="The whole number.")
    in_: list[E164] | None = strawberry.field(default=None, name="in", description="Any of these numbers.")
    starts_with: str | None = strawberry.field(
        default=None, description="Its first digits, country code first; a leading plus is allowed."
    )
    contains: str | None = strawberry.field(default=None, description="Digits that stand somewhere in it.")
    ends_with: str | None = strawberry.field(default=None, description="Its last digits.")

    def meant(self) -> DigitsMatch:
        """The condition."""
        among = None if self.in_ is None else set(self.in_)
        if self.equals is not None:
            among = {self.equals} if among is None else among & {self.equals}
        return DigitsMatch(
            among=None if among is None else tuple(sorted(among)),
            starts_with=_digits(self.starts_with, "startsWith"),
            contains=_digits(self.contains, "contains"),
            ends_with=_digits(self.ends_with, "endsWith"),
        )


@strawberry.input(description="A range of monthly prices in one currency, both ends included.")
class MoneyRange:
    """A range of prices."""

    currency: CurrencyCode = strawberry.field(description="Only prices in this currency match.")
    min: Decimal | None = strawberry.field(default=None, description="The lowest price.")
    max: Decimal | None = strawberry.field(default=None, description="The highest price.")

    def meant(self) -> PriceRange:
        """The condition."""
        if self.min is not None and self.max is not None and self.min > self.max:
            msg = f"monthlyPrice can never match: min {self.min} is above max {self.max}."
            raise BadUserInput(msg)
        return PriceRange(currency=self.currency, minimum=self.min, maximum=self.max)


@strawberry.input(description="All given conditions hold together; a list means any of its values, an empty list none.")
class PhoneNumberFilter:
    """Which numbers are wanted."""

    e164: NumberMatch | None = strawberry.field(default=None, description="The number itself.")
    providers: list[Provider] | None = strawberry.field(default=None, description="Whose API it comes from.")
    sources: list[str] | None = strawberry.field(default=None, description="Which source holds it, by name.")
    countries: list[CountryCode] | None = strawberry.field(default=None, description="Its country.")
    availability: list[Availability] | None = strawberry.field(default=None, description="Who can take it.")
    lifecycle: list[Lifecycle] | None = strawberry.field(default=None, description="Where in its life it stands.")
    health: list[HealthState] | None = strawberry.field(default=None, description="Whether calls get through.")
    number_types: list[NumberType] | None = strawberry.field(default=None, description="What kind of service it is.")
    categories: list[str] | None = strawberry.field(
        default=None, description="CallGear's category, upper and lower case alike."
    )
    location: StringMatch | None = strawberry.field(default=None, description="The code or the name of its location.")
    monthly_price: MoneyRange | None = strawberry.field(default=None, description="What it costs a month.")
    usable_for_new_sessions: bool | None = strawberry.field(
        default=None, description="Whether new sessions may use it."
    )
    and_: list["PhoneNumberFilter"] | None = strawberry.field(
        default=None, name="and", description="All of these hold."
    )
    or_: list["PhoneNumberFilter"] | None = strawberry.field(
        default=None, name="or", description="At least one of these holds."
    )
    not_: "PhoneNumberFilter | None" = strawberry.field(default=None, name="not", description="This does not hold.")

    def meant(self, context: Context) -> Filter:
        """The filter, in one spelling: the same conditions in another order are the same search.

        Raises:
            BadUserInput: a source that does not exist, digits that are none, a range that can never match.
        """
        self.check(context)
        return self.spelled

    def check(self, context: Context) -> None:
        """Look at what depends on who asks.

        Raises:
            BadUserInput: a source that does not exist.
        """
        if self.sources is not None:
            context.visible(self.sources)
        for part in (*(self.and_ or ()), *(self.or_ or ()), *(() if self.not_ is None else (self.not_,))):
            part.check(context)

    @cached_property
    def spelled(self) -> Filter:
        """The filter, made once: one that stands in a document is the same for all who ask.

        Raises:
            BadUserInput: digits that are none, a range that can never match.
        """
        return Filter(
            e164=None if self.e164 is None else self.e164.meant(),
            providers=_sorted(None if self.providers is None else [provider.value for provider in self.providers]),
            sources=_sorted(self.sources),
            countries=_sorted(self.countries),
            availability=_sorted(self.availability),
            lifecycle=_sorted(self.lifecycle),
            health=_sorted(self.health),
            number_types=_sorted(self.number_types),
            categories=_sorted(None if self.categories is None else [word.casefold() for word in self.categories]),
            location=None if self.location is None else self.location.meant(),
            monthly_price=None if self.monthly_price is None else self.monthly_price.meant(),
            usable_for_new_sessions=self.usable_for_new_sessions,
            all_of=None if self.and_ is None else tuple(part.spelled for part in self.and_),
            any_of=None if self.or_ is None else tuple(part.spelled for part in self.or_),
            none_of=None if self.not_ is None else self.not_.spelled,
        )


@strawberry.input(description="An order field and its direction.")
class PhoneNumberOrder:
    """What comes first."""

    field: OrderField = strawberry.field(description="What to order by.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")

    def meant(self) -> Order:
        """The order."""
        return Order(field=self.field, descending=self.direction is OrderDirection.DESC)


def _digits(text: str | None, where: str) -> str | None:
    if text is None:
        return None
    bare = _FILLERS.sub("", text)
    if where == "startsWith":
        bare = bare.removeprefix("+")
    if bare and not (bare.isascii() and bare.isdecimal()):
        msg = f"e164.{where} takes digits, and {text[:40]!r} has others."
        raise BadUserInput(msg)
    return bare


def _sorted(values: Any) -> Any:  # noqa: ANN401 - a list of one kind of value, and the tuple of it
    return None if values is None else tuple(sorted(set(values), key=str))
