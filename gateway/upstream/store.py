"""Numbers told by webhook, and the change log: every write is one event or one list, reconciled where it is kept.

All writes go through the one row of ``head``, whose update makes writers wait for one another, in this process and in
others: what a write finds is what the last one left, and the log has neither gaps nor two orders.
"""

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, select, update

from gateway.errors import StoreUnavailable
from gateway.numbers import reconcile
from gateway.numbers.changes import Change, Difference
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number
from gateway.numbers.reconcile import Held
from gateway.providers.protocol import Source, Told
from gateway.upstream import statements, tables
from gateway.upstream.changes import Extent
from gateway.upstream.clock import Clock
from gateway.upstream.database import Database
from gateway.upstream.records import Records

REDELIVERED_WITHIN = timedelta(minutes=10)
"""A full snapshot that comes again within this time is the sender's retry; after it, it is a statement of its own."""

NAMED_AT_MOST = 10_000
"""Numbers that one question names; PostgreSQL takes 65,535 values in one, and SQLite may take 32,766."""

HOUR = 3600.0


class Receipt(Struct, frozen=True, kw_only=True):
    """What became of an event: whether its content had been received before, and how many changes it made."""

    duplicate: bool = False
    changes: int = 0


class Known(Struct, frozen=True, kw_only=True):
    """What is known of a source as a whole; ``full_at`` is when it was last told in full, ``total`` its own last count."""

    heard_at: datetime
    full_at: datetime | None
    total: int | None


class News(Struct, frozen=True, kw_only=True):
    """What became different since a revision: the sources and numbers that were written, by source."""

    revision: int
    sources: dict[str, Known]
    numbers: dict[str, dict[E164, Held]]


class Store:
    """What outlives a process. Times are UTC; ``StoreUnavailable`` is raised by everything here."""

    def __init__(self, database: Database, sources: Mapping[str, Source]) -> None:
        self._database = database
        self._records = Records(sources)

    async def receive(self, source: str, body: bytes, told: Told, at: datetime) -> Receipt:
        """Keep an event and what it changes; durable when this returns."""
        digest = hashlib.sha256(body).digest()

        def work(connection: Connection) -> Receipt:
            revision = _take_turn(connection)
            again = at - REDELIVERED_WITHIN if told.replaces else None
            if not _is_new(connection, source, digest, body, at, again):
                return Receipt(duplicate=True)
            among = None if told.replaces else {number.e164 for number in told.numbers}
            pool = self._pool(connection, source, among)
            anew, differences = reconcile.received(pool, told.numbers, told.unchanged, at, replaces=told.replaces)
            self._keep(connection, source, revision, anew, differences)
            _note(
                connection,
                source,
                revision,
                Known(heard_at=at, full_at=at if told.replaces else None, total=told.total),
            )
            return Receipt(changes=len(differences))

        return await self._database.write(work)

    async def observe(
        self, source: str, numbers: Sequence[Number], asked: datetime, at: datetime, *, whole: bool
    ) -> int:
        """Keep what a list said, and how it differs from what was known before; the number of changes."""

        def work(connection: Connection) -> int:
            revision = _take_turn(connection)
            full_at = select(tables.sources.c.full_at).where(tables.sources.c.source == source)
            first = connection.scalar(full_at) is None
            pool = self._pool(connection, source)
            anew, differences = reconcile.listed(pool, numbers, asked, at, whole=whole, first=first)
            news = {e164: held for e164, held in anew.items() if not reconcile.repeats(held, pool.get(e164))}
            self._keep(connection, source, revision, news, differences)
            if whole:
                count = sum(held.removed is None for held in {**pool, **anew}.values())
                _note(connection, source, revision, Known(heard_at=at, full_at=at, total=count))
            return len(differences)

        return await self._database.write(work)

    async def news(self, revision: int, sources: Collection[str]) -> News:
        """What was written of these sources after a revision."""

        def work(connection: Connection) -> News:
            reached = connection.scalar(select(tables.head.c.revision)) or 0
            if reached == revision:
                return News(revision=revision, sources={}, numbers={})
            known = select(tables.sources).where(tables.sources.c.revision > revision)
            written = select(tables.numbers).where(tables.numbers.c.revision > revision)
            numbers: dict[str, dict[E164, Held]] = {}
            for row in connection.execute(written.where(tables.numbers.c.source.in_(sources))):
                held = self._held(row)
                numbers.setdefault(row.source, {})[_e164(row, held)] = held
            return News(
                revision=reached,
                sources={
                    row.source: Known(heard_at=row.heard_at, full_at=row.full_at, total=row.total)
                    for row in connection.execute(known.where(tables.sources.c.source.in_(sources)))
                },
                numbers=numbers,
            )

        return await self._database.read(work)

    async def extent(self) -> Extent:
        """What the log holds."""
        row = select(tables.head.c.removed, tables.head.c.sequence)
        return await self._database.read(lambda connection: Extent(*connection.execute(row).one()))

    async def after(self, sequence: int, limit: int) -> Sequence[Change]:
        """The changes that follow, at most ``limit``."""
        follow = select(tables.changes).where(tables.changes.c.sequence > sequence)
        wanted = follow.order_by(tables.changes.c.sequence).limit(limit)
        return await self._database.read(lambda connection: [*map(self._change, connection.execute(wanted))])

    async def forget_regularly(self, clock: Clock, days: float) -> None:
        """Keep events and changes for so many days, until cancelled; a store that cannot be written is tried again."""
        while True:
            with suppress(StoreUnavailable):
                await self.forget(clock.now() - timedelta(days=days))
            await asyncio.sleep(HOUR)

    async def forget(self, before: datetime) -> None:
        """Drop events and changes that are older; what is known of the numbers stays."""

        def work(connection: Connection) -> None:
            _take_turn(connection)
            old = tables.changes.c.at < before
            last = connection.scalar(select(func.max(tables.changes.c.sequence)).where(old))
            if last is not None:
                connection.execute(delete(tables.changes).where(tables.changes.c.sequence <= last))
                connection.execute(update(tables.head).values(removed=last))
            connection.execute(delete(tables.events).where(tables.events.c.received_at < before))

        await self._database.write(work)

    def _pool(self, connection: Connection, source: str, among: Collection[E164] | None = None) -> dict[E164, Held]:
        """What is held of a source's numbers; only of some where these are named."""
        if among is None:
            rows: Iterable[Row[Any]] = connection.execute(statements.POOL, {"source": source})
        else:
            named = list(among)
            parts = (named[at : at + NAMED_AT_MOST] for at in range(0, len(named), NAMED_AT_MOST))
            asked = ({"source": source, "among": part} for part in parts)
            rows = (row for question in asked for row in connection.execute(statements.AMONG, question))
        return {E164(row.e164): self._held(row) for row in rows}

    def _held(self, row: Row[Any]) -> Held:
        told, listed = (self._records.read(row.source, text) for text in (row.told, row.listed))
        return Held(told=told, listed=listed, version=row.version, removed=row.removed)

    def _change(self, row: Row[Any]) -> Change:
        number, previous = (self._records.read(row.source, text) for text in (row.number, row.previous))
        return Change(number=number, previous=previous, at=row.at, sequence=row.sequence)

    def _keep(
        self,
        connection: Connection,
        source: str,
        revision: int,
        anew: Mapping[E164, Held],
        differences: Sequence[Difference],
    ) -> None:
        """Write what is held anew, and the changes at the end of the log."""
        if anew:
            rows = [
                {
                    "source": source,
                    "e164": e164,
                    "told": self._records.written(held.told),
                    "listed": self._records.written(held.listed),
                    "version": held.version,
                    "removed": held.removed,
                    "revision": revision,
                }
                for e164, held in anew.items()
            ]
            connection.execute(statements.upserts(connection.dialect.name).hold, rows)
        if differences:
            first = _next_places(connection, len(differences))
            rows = [
                {
                    "sequence": sequence,
                    "source": source,
                    "at": change.at,
                    "number": self._records.written(change.number),
                    "previous": self._records.written(change.previous),
                }
                for sequence, change in enumerate(differences, first)
            ]
            connection.execute(statements.APPEND, rows)


def _e164(row: Row[Any], held: Held) -> E164:
    """The number of a row, as its record has it: the same text twice would be held twice."""
    number = held.listed or held.told
    return E164(row.e164) if number is None else number.e164


def _next_places(connection: Connection, count: int) -> int:
    """The first of so many places at the end of the log."""
    return int(connection.execute(statements.ADVANCE, {"count": count}).scalar_one()) - count + 1


def _take_turn(connection: Connection) -> int:
    """Wait until nobody else writes; the number of this write."""
    return int(connection.execute(statements.TAKE_TURN).scalar_one())


def _is_new(
    connection: Connection, source: str, digest: bytes, body: bytes, at: datetime, again: datetime | None
) -> bool:
    """Keep the event, unless its content was received before; after ``again`` only, where that is given."""
    event = {"source": source, "digest": digest, "received_at": at, "body": body}
    if again is None:
        kept = connection.execute(statements.upserts(connection.dialect.name).keep_once, event)
    else:
        kept = connection.execute(statements.upserts(connection.dialect.name).keep_again, {**event, "again": again})
    return kept.scalar() is not None


def _note(connection: Connection, source: str, revision: int, known: Known) -> None:
    """Keep what is known of the source; what is not said this time stays as it was."""
    said = {"source": source, "revision": revision, "heard_at": known.heard_at}
    said |= {"full_at": known.full_at, "total": known.total}
    connection.execute(statements.upserts(connection.dialect.name).note, said)
