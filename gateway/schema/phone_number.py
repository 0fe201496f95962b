"""The face of a number: the unified fields, the union of what only one provider says, and the other sources' records."""

import asyncio
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, cast

import strawberry
from strawberry import Info

from gateway.errors import AllSourcesFailed
from gateway.numbers import model
from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.model import Availability, Lifecycle, Number, Observation, Provenance
from gateway.providers import PROVIDERS
from gateway.schema.context import Context
from gateway.schema.faces import face
from gateway.schema.source import Source, source_named
from gateway.schema.vocabulary import Provider
from gateway.upstream.lookups import Failed, Looked

if TYPE_CHECKING:
    from gateway.numbers.model import Health, Location, Pricing

    ProviderDetails = model.Record
else:
    Health, Location, Pricing = face(model.Health), face(model.Location), face(model.Pricing)
    ProviderDetails = Annotated[
        reduce(or_, [face(kind.Details) for kind in PROVIDERS]),
        strawberry.union("ProviderDetails", description="What only one provider says, in that provider's own words."),
    ]


@strawberry.interface(description="Something that `node(id:)` finds again.")
class Node:
    """Relay, Global Object Identification."""

    id: strawberry.ID = strawberry.field(description="Opaque, stable, and unique over all types.")


def _source(number: strawberry.Parent[Number], info: Info[Context, None]) -> Source:
    return source_named(number.origin.source, info.context)


async def _also_at(number: strawberry.Parent[Number], info: Info[Context, None]) -> list["PhoneNumber"] | None:
    """The records of the other sources.

    Raises:
        AllSourcesFailed: not one of them could be asked.
    """
    others = [name for name in info.context.asker.sources if name != number.origin.source]
    errand = info.context.errand()
    loads = (info.context.loaders.at(name, errand).load(number.e164) for name in others)
    outcomes = dict(zip(others, await asyncio.gather(*loads), strict=True))
    failures = {name: outcome.error for name, outcome in outcomes.items() if isinstance(outcome, Failed)}
    if others and len(failures) == len(others):
        raise AllSourcesFailed(failures)
    looked = (outcome for outcome in outcomes.values() if isinstance(outcome, Looked))
    return in_provider_order([found.number for found in looked if found.number is not None])


@strawberry.type(description="One telephone number as one source holds it.")
class PhoneNumber(Node):
    """The values are ``Number`` records: a field without a resolver is the record's attribute of that name."""

    e164: E164 = strawberry.field(description="The number in E.164 form.")
    national_format: str = strawberry.field(description="As it is dialled inside its country.")
    is_valid: bool = strawberry.field(description="Whether the numbering plan has such a number; data, never a gate.")
    country: CountryCode | None = strawberry.field(description="By the provider's word, else by the numbering plan.")
    provider: Provider = strawberry.field(description="Whose API told of it.")
    availability: Availability = strawberry.field(description="Who can take this number.")
    lifecycle: Lifecycle = strawberry.field(description="Where in its life the number stands.")
    raw_status: str | None = strawberry.field(description="The provider's own word for its status.")
    usable_for_new_sessions: bool | None = strawberry.field(
        description="Whether new sessions may use it, as 8x8 defines it: only while Active. Null where the provider cannot say."
    )
    health: Health = strawberry.field(description="Whether calls to it get through.")
    number_type: NumberType = strawberry.field(description="What kind of service it belongs to.")
    number_type_from: Provenance = strawberry.field(description="Who says what kind it is.")
    location: Location | None = strawberry.field(description="Where it belongs, in the provider's words.")
    pricing: Pricing = strawberry.field(description="What it costs, as far as the provider says.")
    provisioned_at: datetime | None = strawberry.field(description="When it was provisioned to the account.")
    updated_at: datetime | None = strawberry.field(description="When the provider last changed it.")
    observed_via: Observation = strawberry.field(description="How this gateway heard of it.")
    as_of: datetime = strawberry.field(description="When this gateway last heard it from the provider.")
    stale: bool = strawberry.field(
        description="Whether this is an old copy, served because the provider did not answer."
    )
    details: ProviderDetails = strawberry.field(description="What only its provider says.")

    source: Source = strawberry.field(resolver=_source, description="The configured place that holds it.")
    also_at: list["PhoneNumber"] | None = strawberry.field(
        resolver=_also_at,
        description="The same E.164 at the other sources; looked up together for all numbers of an answer. Null with an error when nothing could be asked.",
    )

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        """Every ``Number`` record is one."""
        return isinstance(value, Number)


def shown(number: Number) -> PhoneNumber:
    """The record as its face; a number is served as it is."""
    return cast("PhoneNumber", number)


def in_provider_order(numbers: list[Number]) -> list[PhoneNumber]:
    """Provider, then source name."""
    ordered = sorted(numbers, key=lambda number: (number.origin.provider, number.origin.source))
    return [shown(number) for number in ordered]
