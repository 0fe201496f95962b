"""Look-ups by E.164: one record for each source that holds the number, one outcome for each that was asked."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import strawberry

from gateway.numbers.e164 import E164
from gateway.numbers.model import Number
from gateway.schema.context import Context
from gateway.schema.phone_number import PhoneNumber, in_provider_order
from gateway.schema.source import Source, SourceError, source_named, told
from gateway.schema.vocabulary import LookupResult
from gateway.upstream.lookups import Failed, Looked, Outcome


@strawberry.type(description="What one source said of one number.")
class LookupOutcome:
    """An outage is UNKNOWN, never NOT_FOUND."""

    source: Source = strawberry.field(description="The source that was asked.")
    result: LookupResult = strawberry.field(description="What it said.")
    as_of: datetime | None = strawberry.field(description="When it said so.")
    error: SourceError | None = strawberry.field(description="Why it could not be asked.")


@strawberry.type(description="One number, looked up at every source.")
class PhoneNumberLookup:
    """The answer to one look-up."""

    e164: E164 = strawberry.field(description="The number that was asked for.")
    records: list[PhoneNumber] = strawberry.field(
        description="One for each source that holds it, provider then source name."
    )
    outcomes: list[LookupOutcome] = strawberry.field(
        description="One for each asked source, provider then source name."
    )
    complete: bool = strawberry.field(description="Whether every asked source could say.")


async def look_up(
    e164s: Sequence[E164], names: Sequence[str], max_staleness: timedelta | None, context: Context
) -> list[PhoneNumberLookup]:
    """One answer for each number, in the order asked and with its duplicates; all loads go out at once."""
    errand = context.errand(max_staleness)
    places = sorted(
        (source_named(name, context) for name in names), key=lambda place: (place.provider.value, place.name)
    )
    loads = [context.loaders.load(place.name, e164s, errand, alone=context.alone) for place in places]
    told_by_place = [await loads[0]] if len(loads) == 1 else await asyncio.gather(*loads)
    return [
        _answer(e164, [(place, told_here[index]) for place, told_here in zip(places, told_by_place, strict=True)])
        for index, e164 in enumerate(e164s)
    ]


def _answer(e164: E164, said: list[tuple[Source, Outcome]]) -> PhoneNumberLookup:
    held: list[Number] = [
        outcome.number for _, outcome in said if isinstance(outcome, Looked) and outcome.number is not None
    ]
    return PhoneNumberLookup(
        e164=e164,
        records=in_provider_order(held),
        outcomes=[_outcome(place, outcome) for place, outcome in said],
        complete=all(isinstance(outcome, Looked) for _, outcome in said),
    )


def _outcome(place: Source, outcome: Outcome) -> LookupOutcome:
    if isinstance(outcome, Failed):
        return LookupOutcome(source=place, result=LookupResult.UNKNOWN, as_of=None, error=told(outcome.error))
    result = LookupResult.NOT_FOUND if outcome.number is None else LookupResult.FOUND
    return LookupOutcome(source=place, result=result, as_of=outcome.as_of, error=None)
