"""The enums of the contract over the enums of the core, with a description on every value."""

from enum import Enum
from typing import TYPE_CHECKING

import strawberry

from gateway.errors import SourceError
from gateway.numbers import changes, e164, model, search
from gateway.providers import PROVIDERS


def _described(enum: type[Enum], description: str, values: dict[str, str], name: str | None = None) -> None:
    """Give a core enum its GraphQL face: the enum itself stays free of GraphQL."""
    definition = strawberry.enum(enum, name=name, description=description).__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]


if TYPE_CHECKING:

    class Provider(Enum):
        """One member for each class in PROVIDERS."""

else:
    Provider = Enum(
        "Provider", {kind.provider: kind.provider for kind in sorted(PROVIDERS, key=lambda kind: kind.provider)}
    )

ErrorCode = Enum("ErrorCode", {kind.code: kind.code for kind in SourceError.__subclasses__()})  # type: ignore[misc]


class SourceState(Enum):
    """How a source is doing."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    UNKNOWN = "UNKNOWN"


class SourceStatus(Enum):
    """What a source contributed to one answer."""

    OK = "OK"
    STALE = "STALE"
    AWAITING_SNAPSHOT = "AWAITING_SNAPSHOT"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


class SourceFailurePolicy(Enum):
    """What to do when a source cannot be read."""

    PARTIAL = "PARTIAL"
    FAIL = "FAIL"


class OrderDirection(Enum):
    """Which way a list is ordered."""

    ASC = "ASC"
    DESC = "DESC"


class LookupResult(Enum):
    """What a source said of one number."""

    FOUND = "FOUND"
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN = "UNKNOWN"


_described(Provider, "A company whose API numbers come from.", {kind.provider: f"{kind.title}." for kind in PROVIDERS})
_described(
    ErrorCode,
    "What went wrong at a source.",
    {kind.code: (kind.__doc__ or "").strip() for kind in SourceError.__subclasses__()},
)
_described(
    model.Availability,
    "Who can take this number.",
    {
        "PURCHASABLE": "On the provider's market (CallGear).",
        "ASSIGNABLE": "Ours, and assigned to nobody (Webex).",
        "OWNED": "Ours, in a pool or an account (8x8, CloudLX).",
        "RELEASED": "Was ours (CloudLX, cancelled).",
        "UNKNOWN": "The provider does not say.",
    },
)
_described(
    model.Lifecycle,
    "Where in its life a number stands.",
    {
        "AVAILABLE": "Free to be taken.",
        "RESERVED": "Kept for the account.",
        "ACTIVE": "In use or ready for use.",
        "EXPIRING": "About to leave the pool: not for new sessions.",
        "INACTIVE": "Not callable.",
        "CANCELLED": "Given back.",
        "UNKNOWN": "The provider's word is not known; see rawStatus.",
    },
)
_described(
    model.HealthState,
    "Whether calls to a number get through.",
    {
        "HEALTHY": "The last check was good.",
        "UNHEALTHY": "Calling is degraded: not for new sessions.",
        "UNKNOWN": "Nobody checks, or nobody says.",
    },
)
_described(
    e164.NumberType,
    "What kind of service a number belongs to.",
    {
        "GEOGRAPHIC": "A place's fixed-line number.",
        "MOBILE": "A mobile number.",
        "TOLL_FREE": "The called party pays.",
        "PREMIUM": "The caller pays extra.",
        "SERVICE": "A service number: shared cost, corporate, high concurrency.",
        "STANDARD": "An ordinary number; nothing closer is known.",
        "UNKNOWN": "Neither the provider nor the numbering plan says.",
    },
)
_described(
    model.Provenance,
    "Where a fact comes from.",
    {
        "PROVIDER": "The provider says so.",
        "DERIVED": "The numbering plan says so.",
        "CONFIGURED": "The operator's settings say so.",
        "UNKNOWN": "Nobody says.",
    },
)
_described(
    model.Observation,
    "How the gateway heard of a number.",
    {
        "CHECK": "By asking for this number.",
        "LIST": "By reading a list.",
        "WEBHOOK": "By an event of the provider.",
    },
)
_described(
    search.OrderField,
    "What a list is ordered by. Ties: E.164, provider, source name; nulls last.",
    {
        "E164": "By the number, as text of its digits.",
        "MONTHLY_PRICE": "By the monthly price; needs a monthlyPrice filter that names the currency.",
        "COUNTRY": "By the country's code.",
        "UPDATED_AT": "By when the provider last changed the number.",
        "SOURCE": "Source by source in name order, each in its provider's own order: the cheapest.",
    },
    name="PhoneNumberOrderField",
)
_described(
    SourceState,
    "How a source is doing.",
    {
        "UP": "Its last answer was good.",
        "DEGRADED": "Its last answer was not good, an earlier one was.",
        "DOWN": "It has never answered well, although it was asked.",
        "UNKNOWN": "It has not been asked yet.",
    },
)
_described(
    SourceStatus,
    "What a source contributed to one answer.",
    {
        "OK": "It answered, now or for a copy that is fresh.",
        "STALE": "It did not answer; an older copy stands in.",
        "AWAITING_SNAPSHOT": "Nothing is known of it yet; it is not empty.",
        "FAILED": "It did not answer; see error and gap.",
        "SKIPPED": "The filter excludes it; it was not asked.",
    },
)
_described(
    SourceFailurePolicy,
    "What to do when a source cannot be read.",
    {
        "PARTIAL": "Answer with what the others have, and report it.",
        "FAIL": "Answer null with the error.",
    },
)
_described(
    OrderDirection,
    "Which way a list is ordered; it reverses the order field alone, ties stay ascending.",
    {
        "ASC": "Smallest first.",
        "DESC": "Largest first.",
    },
)
_described(
    LookupResult,
    "What a source said of one number.",
    {
        "FOUND": "It holds the number.",
        "NOT_FOUND": "It says that it does not hold the number.",
        "UNKNOWN": "It could not be asked; see error.",
    },
)
_described(
    changes.ChangeKind,
    "What happened to a number at its source.",
    {
        "ADDED": "The source holds it, and did not before.",
        "UPDATED": "Something about it is different.",
        "REMOVED": "The source does not hold it any more.",
    },
)
