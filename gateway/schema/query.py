"""The query type: look-ups, the merged list, Relay's node fields, and the sources themselves."""

from datetime import timedelta
from typing import Annotated, cast

import strawberry
from strawberry import Info

from gateway.errors import BadUserInput
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.model import identity_of
from gateway.numbers.search import Order, Search, price_currency
from gateway.schema.connection import PhoneNumberConnection, connect, refuse_failures, span_of
from gateway.schema.context import Context
from gateway.schema.inputs import PhoneNumberFilter, PhoneNumberOrder
from gateway.schema.lookup import PhoneNumberLookup, look_up
from gateway.schema.phone_number import Node
from gateway.schema.source import Source, source_named
from gateway.schema.vocabulary import SourceFailurePolicy
from gateway.upstream.lookups import Failed

Sources = Annotated[
    list[str] | None, strawberry.argument(description="The sources to ask, by name; the default is all.")
]
MaxStaleness = Annotated[
    timedelta | None,
    strawberry.argument(
        description="How old a copy may be that is served without asking again; PT0S asks anew. The default is the source's own."
    ),
]


@strawberry.type(description="What can be asked.")
class Query:
    """The root."""

    @strawberry.field(description="The object with this id, null when there is none.")
    async def node(
        self,
        info: Info[Context, None],
        id: Annotated[strawberry.ID, strawberry.argument(description="An id that this gateway gave out.")],
    ) -> Node | None:
        """Relay, Global Object Identification, section 2."""
        return await find(str(id), info.context)

    @strawberry.field(description="The objects with these ids, in order; an unknown id nulls only its own place.")
    async def nodes(
        self,
        info: Info[Context, None],
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="Ids that this gateway gave out.")],
    ) -> list[Node | None]:
        """Relay, Global Object Identification; batched."""
        check_many(len(ids), "ids", info.context)
        return [find(str(id_), info.context) for id_ in ids]  # type: ignore[misc]  # each is awaited in its own place

    @strawberry.field(description="One number at every source.")
    async def phone_number(
        self,
        info: Info[Context, None],
        e164: Annotated[E164, strawberry.argument(description="The number.")],
        sources: Sources = None,
        max_staleness: MaxStaleness = None,
    ) -> PhoneNumberLookup:
        """A look-up of one."""
        looked = await look_up([e164], info.context.visible(sources), max_staleness, info.context)
        return looked[0]

    @strawberry.field(description="Many numbers at every source, in few upstream calls; order and duplicates are kept.")
    async def phone_numbers_by_e164(
        self,
        info: Info[Context, None],
        e164s: Annotated[list[E164], strawberry.argument(description="The numbers, 500 at most.")],
        sources: Sources = None,
        max_staleness: MaxStaleness = None,
    ) -> list[PhoneNumberLookup]:
        """A look-up of many."""
        check_many(len(e164s), "e164s", info.context)
        return await look_up(e164s, info.context.visible(sources), max_staleness, info.context)

    @strawberry.field(description="All numbers of all sources as one ordered list, page by page.")
    async def phone_numbers(
        self,
        info: Info[Context, None],
        first: Annotated[
            int | None, strawberry.argument(description="How many rows from the start; 50 by default, 1000 at most.")
        ] = None,
        after: Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")] = None,
        last: Annotated[int | None, strawberry.argument(description="How many rows from the end.")] = None,
        before: Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")] = None,
        filter: Annotated[
            PhoneNumberFilter | None, strawberry.argument(description="Which numbers; the default is all.")
        ] = None,
        order_by: Annotated[
            PhoneNumberOrder | None, strawberry.argument(description="What comes first; the default is E164 ASC.")
        ] = None,
        on_source_failure: Annotated[
            SourceFailurePolicy, strawberry.argument(description="What to do when a source cannot be read.")
        ] = SourceFailurePolicy.PARTIAL,
        max_staleness: MaxStaleness = None,
    ) -> PhoneNumberConnection | None:
        """The merged list."""
        search = Search(
            wanted=EVERYTHING if filter is None else filter.meant(info.context),
            order=Order() if order_by is None else order_by.meant(),
        )
        price_currency(search)
        asked = await connect(search, span_of(first, after, last, before, search, info.context), max_staleness, info)
        if on_source_failure is SourceFailurePolicy.FAIL:
            refuse_failures(asked)
        return asked  # type: ignore[return-value]  # an Asked record is what a connection shows

    @strawberry.field(description="The sources the asker sees, in name order.")
    def sources(self, info: Info[Context, None]) -> list[Source]:
        """Every configured place."""
        return [source_named(name, info.context) for name in info.context.asker.sources]


async def find(text: str, context: Context) -> Node | None:
    """The number with this id; None when the id is none, or names a source the asker does not see.

    Raises:
        SourceError: its source cannot say.
    """
    identity = identity_of(text)
    if identity is None or identity[0] not in context.asker.sources:
        return None
    source, e164 = identity
    outcome = await context.loaders.at(source, context.errand()).load(e164)
    if isinstance(outcome, Failed):
        raise outcome.error
    return cast("Node | None", outcome.number)


def check_many(count: int, what: str, context: Context) -> None:
    """Refuse a list that is too long.

    Raises:
        BadUserInput: it is.
    """
    most = context.rooms.limits.lookups
    if count > most:
        msg = f"{what} holds {count} entries; one field takes {most} at most: ask in several."
        raise BadUserInput(msg)
