"""The subscription type: what became different about numbers, as the gateway learns of it."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from functools import lru_cache
from typing import Annotated, cast

import strawberry
from strawberry import Info

from gateway.errors import BadUserInput, CursorInvalid
from gateway.numbers.changes import Change, ChangeKind
from gateway.numbers.e164 import E164
from gateway.schema.context import Context
from gateway.schema.phone_number import PhoneNumber

_MARK = "change "

TURN = 8
"""Changes that are told before others have their turn: of what is replayed, and written at once, nothing has to be waited for."""


def _cursor(change: strawberry.Parent[Change]) -> str:
    return cursor_of(change.sequence)


@strawberry.type(description="One change of one number at one source.")
class PhoneNumberChange:
    """The values are ``Change`` records: a field without a resolver is the record's attribute of that name."""

    kind: ChangeKind = strawberry.field(description="What happened to the number.")
    e164: E164 = strawberry.field(description="The number, also of one that was removed.")
    id: strawberry.ID = strawberry.field(description="The id of the `PhoneNumber`, also of one that was removed.")
    number: PhoneNumber | None = strawberry.field(description="The number as it is now; null when it was removed.")
    at: datetime = strawberry.field(description="When the gateway learned of it.")
    cursor: str = strawberry.field(resolver=_cursor, description="Pass it as `after` to go on behind this change.")


@strawberry.type(description="What can be listened to.")
class Subscription:
    """The root."""

    @strawberry.subscription(
        description="Every change the gateway learns of, in order. With `after`, first replays what was missed; when that is no longer kept the stream ends with CURSOR_EXPIRED."
    )
    async def phone_number_changed(
        self,
        info: Info[Context, None],
        sources: Annotated[
            list[str] | None, strawberry.argument(description="The sources to listen to, by name; the default is all.")
        ] = None,
        e164s: Annotated[
            list[E164] | None, strawberry.argument(description="The numbers to hear of; the default is all.")
        ] = None,
        after: Annotated[
            str | None, strawberry.argument(description="The cursor of the last change that was received.")
        ] = None,
    ) -> AsyncGenerator[PhoneNumberChange, None]:
        """The changes that are told; the next is not asked for before one went out."""
        context = info.context
        wanted = _wanted(e164s, context)
        resumed = context.after or after
        position = None if resumed is None else _sequence_of(resumed)
        visible = frozenset(context.visible(sources))
        context.begun()
        async with aclosing(context.rooms.hub.changes(position, visible)) as changes:
            told = 0
            async for change in changes:
                told += 1
                if told % TURN == 0:
                    await asyncio.sleep(0)
                if wanted is None or change.e164 in wanted:
                    context.cursor = cursor_of(change.sequence)
                    yield cast("PhoneNumberChange", change)


def _wanted(e164s: list[E164] | None, context: Context) -> frozenset[E164] | None:
    most = context.rooms.limits.lookups
    if e164s is not None and len(e164s) > most:
        msg = f"e164s has {len(e164s)} entries; {most} are taken at most: listen to all of them, or subscribe several times."
        raise BadUserInput(msg)
    return None if e164s is None else frozenset(e164s)


@lru_cache(1024)
def cursor_of(sequence: int) -> str:
    """A change's place in the log as opaque text."""
    return urlsafe_b64encode(f"{_MARK}{sequence}".encode()).rstrip(b"=").decode()


def _sequence_of(cursor: str) -> int:
    """The place that a text stands for; of several spellings of the same bytes only the one that was given out.

    Raises:
        CursorInvalid: it is no cursor of a change.
    """
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        sequence = int(text.removeprefix(_MARK))
    except ValueError:
        sequence = -1
    if sequence < 0 or cursor_of(sequence) != cursor:
        msg = "This is not the cursor of a change; pass one back exactly as it was given, or listen without it."
        raise CursorInvalid(msg)
    return sequence
