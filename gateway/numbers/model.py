"""The records every room speaks of: one telephone number as one source holds it, and what hangs on it.

All are frozen and are served as they are. ``Meta`` descriptions are the public schema's descriptions.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Annotated, ClassVar, NewType

from msgspec import Meta, Struct
from msgspec.structs import replace

from gateway.errors import BadUserInput
from gateway.numbers import e164 as plan
from gateway.numbers.e164 import E164, CountryCode, NumberType

CurrencyCode = NewType("CurrencyCode", str)
"""ISO 4217, upper case: ``GBP``."""

LONGEST_AMOUNT = 40
"""Characters of an amount, and digits before or after its point: beyond that it is noise, and bloats keys."""


class Availability(Enum):
    """Who can take a number."""

    PURCHASABLE = "PURCHASABLE"
    ASSIGNABLE = "ASSIGNABLE"
    OWNED = "OWNED"
    RELEASED = "RELEASED"
    UNKNOWN = "UNKNOWN"


class Lifecycle(Enum):
    """Where in its life a number stands."""

    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    ACTIVE = "ACTIVE"
    EXPIRING = "EXPIRING"
    INACTIVE = "INACTIVE"
    CANCELLED = "CANCELLED"
    UNKNOWN = "UNKNOWN"


class HealthState(Enum):
    """Whether calls to a number get through."""

    HEALTHY = "HEALTHY"
    UNHEALTHY = "UNHEALTHY"
    UNKNOWN = "UNKNOWN"


class Provenance(Enum):
    """Where a fact comes from."""

    PROVIDER = "PROVIDER"
    DERIVED = "DERIVED"
    CONFIGURED = "CONFIGURED"
    UNKNOWN = "UNKNOWN"


class Observation(Enum):
    """How the gateway heard of a number."""

    CHECK = "CHECK"
    LIST = "LIST"
    WEBHOOK = "WEBHOOK"


class Record(Struct, frozen=True, kw_only=True, gc=False):
    """The root of all records: immutable, compact, and never part of a reference cycle.

    ``passing`` names the fields that tell of the message rather than of the number.
    """

    passing: ClassVar[frozenset[str]] = frozenset()


class Money(Record, frozen=True):
    """An exact amount, in the currency the provider states or the operator configured."""

    amount: Annotated[Decimal, Meta(description="The exact amount, as the provider wrote it.")]
    currency: Annotated[
        CurrencyCode | None, Meta(description="ISO 4217; null when neither the provider nor the settings name one.")
    ] = None
    currency_from: Annotated[Provenance, Meta(description="Who named the currency.")] = Provenance.UNKNOWN


class Pricing(Record, frozen=True):
    """What a number costs, as far as its provider says."""

    monthly: Annotated[Money | None, Meta(description="The recurring monthly charge.")] = None
    setup: Annotated[Money | None, Meta(description="The charge paid once.")] = None
    minimum_monthly: Annotated[Money | None, Meta(description="The smallest monthly bill for this number.")] = None
    inbound_per_minute: Annotated[Money | None, Meta(description="The price of a minute of inbound calls.")] = None


class Location(Record, frozen=True):
    """Where a number belongs, in its provider's words."""

    code: Annotated[
        str | None,
        Meta(
            description="The provider's key of the place: the Webex location id, the CloudLX range code, the CallGear location mnemonic."
        ),
    ] = None
    name: Annotated[str | None, Meta(description="The provider's name of the place.")] = None


class Health(Record, frozen=True):
    """Whether calls get through, and when that was last checked."""

    state: Annotated[HealthState, Meta(description="What the last health check said.")] = HealthState.UNKNOWN
    checked_at: Annotated[datetime | None, Meta(description="When the provider last checked.")] = None


class Origin(Record, frozen=True):
    """Where and when rows were heard: shared by all numbers of one answer.

    ``as_of`` is the moment the answer arrived, in UTC. ``stale`` says that the row is served from an old
    copy because the provider did not answer.
    """

    provider: str
    source: str
    via: Observation
    as_of: datetime
    stale: bool = False


_ID_MARK = ":+"
NO_PRICING = Pricing()
NO_HEALTH = Health()


class Number(Record, frozen=True):
    """One telephone number as one source holds it.

    ``said_country`` and ``said_type`` are the provider's own words, None where it has none; the properties
    ``country``, ``number_type`` and ``number_type_from`` fall back to the numbering plan.
    A source holds an E.164 number once: ``identity`` is what makes two rows the same number in one place.
    """

    e164: E164
    origin: Origin
    details: Record
    availability: Availability = Availability.UNKNOWN
    lifecycle: Lifecycle = Lifecycle.UNKNOWN
    raw_status: str | None = None
    usable_for_new_sessions: bool | None = None
    health: Health = NO_HEALTH
    said_country: CountryCode | None = None
    said_type: NumberType | None = None
    category: str | None = None
    location: Location | None = None
    pricing: Pricing = NO_PRICING
    provisioned_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def identity(self) -> tuple[str, E164]:
        """Source name and E.164: the same over restarts, and between list, check and webhook."""
        return (self.origin.source, self.e164)

    @property
    def id(self) -> str:
        """The identity as opaque text; ``identity_of`` reads it back."""
        return urlsafe_b64encode(f"{self.origin.source}{_ID_MARK}{self.e164[1:]}".encode()).rstrip(b"=").decode()

    @property
    def provider(self) -> str:
        """Whose API told of it."""
        return self.origin.provider

    @property
    def observed_via(self) -> Observation:
        """How it was heard of."""
        return self.origin.via

    @property
    def as_of(self) -> datetime:
        """When it was heard of."""
        return self.origin.as_of

    @property
    def stale(self) -> bool:
        """Whether it is served from an old copy because the provider did not answer."""
        return self.origin.stale

    @property
    def is_valid(self) -> bool:
        """By the numbering plan."""
        return plan.is_valid(self.e164)

    @property
    def national_format(self) -> str:
        """As it is dialled inside its country."""
        return plan.national_format(self.e164)

    @property
    def country(self) -> CountryCode | None:
        """The provider's country, else the numbering plan's."""
        return self.said_country or plan.country_of(self.e164)

    @property
    def number_type(self) -> NumberType:
        """The provider's type, else the numbering plan's."""
        return self.said_type or plan.type_of(self.e164)

    @property
    def number_type_from(self) -> Provenance:
        """Whose word ``number_type`` is."""
        if self.said_type is not None:
            return Provenance.PROVIDER
        return Provenance.UNKNOWN if plan.type_of(self.e164) is NumberType.UNKNOWN else Provenance.DERIVED


def stale_copy(number: Number) -> Number:
    """The number as one that is served from an old copy."""
    return replace(number, origin=replace(number.origin, stale=True))


def identity_of(text: str) -> tuple[str, E164] | None:
    """Source name and E.164 of an id; None when it is not one."""
    try:
        source, _, digits = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition(_ID_MARK)
        return (source, plan.parse(f"+{digits}"))
    except (ValueError, BadUserInput):
        return None


@lru_cache(4096)
def location(code: str | None, name: str | None) -> Location | None:
    """A place as a record; numbers of one place share one. None when nothing is known of it."""
    return Location(code=code, name=name) if code or name else None


@lru_cache(4096)
def _money(amount: str, currency: CurrencyCode | None, named_by: Provenance) -> Money:
    exact = Decimal(amount)
    if not exact.is_finite() or len(amount) > LONGEST_AMOUNT or abs(exact.adjusted()) > LONGEST_AMOUNT:
        msg = "This is not an amount of money."
        raise ValueError(msg)
    return Money(amount=exact, currency=currency, currency_from=named_by if currency else Provenance.UNKNOWN)


@lru_cache(4096)
def _pricing(currency: CurrencyCode | None, named_by: Provenance, *amounts: str | None) -> Pricing:
    monthly, setup, minimum, inbound = (None if a is None else _money(a, currency, named_by) for a in amounts)
    return Pricing(monthly=monthly, setup=setup, minimum_monthly=minimum, inbound_per_minute=inbound)


def pricing(
    currency: CurrencyCode | None,
    named_by: Provenance,
    *,
    monthly: Decimal | None = None,
    setup: Decimal | None = None,
    minimum_monthly: Decimal | None = None,
    inbound_per_minute: Decimal | None = None,
) -> Pricing:
    """Prices in one currency as a record; ``named_by`` says who named the currency.

    Price lists have few distinct prices, so numbers share them. They are told apart by their text:
    0.3 and 0.30 are equal, and yet what the provider wrote is kept.

    Raises:
        ValueError: an amount is NaN, infinite or absurdly long.
    """
    return _pricing(
        currency,
        named_by,
        None if monthly is None else str(monthly),
        None if setup is None else str(setup),
        None if minimum_monthly is None else str(minimum_monthly),
        None if inbound_per_minute is None else str(inbound_per_minute),
    )
