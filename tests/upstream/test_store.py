"""The store: an event is one write, reconciled with what is held; the log has no gaps; the same on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway.errors import StoreUnavailable
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number, Observation, Origin
from gateway.numbers.reconcile import Held
from gateway.providers.protocol import Source
from gateway.upstream.changes import Extent
from gateway.upstream.database import Database, migrate
from gateway.upstream.store import REDELIVERED_WITHIN, Receipt, Store
from gateway.upstream.tables import events
from tests.upstream.telling import NOON, X, Y, eight_by_eight, event, row

SOURCE = eight_by_eight()
RECEIVERS = {"voice_sg": SOURCE, "masking": eight_by_eight("masking")}
SOURCES: dict[str, Source] = {**RECEIVERS}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables."""
    migrate(database_url)
    opened = Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def store(database: Database) -> Store:
    """A store with nothing in it."""
    return Store(database, SOURCES)


async def received(store: Store, body: bytes, minutes: float = 0, source: str = "voice_sg") -> Receipt:
    """What becomes of an event that arrives so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return await store.receive(source, body, RECEIVERS[source].receive(body, at), at)


async def held(store: Store, source: str = "voice_sg") -> dict[str, str | None]:
    """The numbers of a source that are there, and their statuses."""
    news = await store.news(0, [source])
    pool = news.numbers.get(source, {})
    return {e164: word.number.raw_status for e164, word in pool.items() if word.number is not None}


async def logged(store: Store, after: int = 0) -> list[tuple[int, str, str]]:
    """The log, as sequence, kind and number."""
    return [(change.sequence, change.kind.value, change.e164) for change in await store.after(after, 1000)]


async def kept(database: Database) -> int:
    """How many contents were kept."""
    return await database.read(lambda connection: connection.scalar(select(func.count()).select_from(events)) or 0)


async def test_an_event_is_kept_and_told(store: Store, database: Database) -> None:
    """Its bytes, its numbers as records, and its changes are there, whole."""
    body = event(row(X, billingUnit=60, somethingNew={"kept": "raw"}), row(Y))
    assert await received(store, body) == Receipt(changes=2)
    numbers = SOURCE.receive(body, NOON).numbers
    news = await store.news(0, ["voice_sg"])
    at = NOON - timedelta(hours=1)
    assert news.numbers["voice_sg"] == {number.e164: Held(told=number, version=at) for number in numbers}
    assert (news.sources["voice_sg"].heard_at, news.sources["voice_sg"].total) == (NOON, 2)
    assert [(change.number, change.previous, change.at) for change in await store.after(0, 9)] == [
        (number, None, NOON) for number in numbers
    ]
    raw = await database.read(lambda connection: connection.scalar(select(events.c.body)))
    assert raw == body
    assert await store.extent() == Extent(0, 2)


async def test_an_event_of_very_many_numbers(store: Store, database: Database) -> None:
    """More numbers than a database takes in one question are asked for in several; such an event was refused for ever."""
    await received(store, event(row(X), row(Y)))
    told = {E164(X), E164(Y), *(E164(f"+1{number:010}") for number in range(66_000))}
    pool = await database.read(lambda connection: store._pool(connection, "voice_sg", told))
    assert pool.keys() == {X, Y}


async def test_a_duplicate_changes_nothing(store: Store, database: Database) -> None:
    """The same content is known again, whatever came between; that of another source is another event."""
    body = event(row(X))
    await received(store, body)
    await received(store, event(row(X, -30, "Expiring")))
    assert await received(store, body, 60) == Receipt(duplicate=True)
    assert await held(store) == {X: "Expiring"}
    assert await received(store, body, source="masking") == Receipt(changes=1)
    assert await kept(database) == 3


async def test_a_snapshot_comes_again(store: Store, database: Database) -> None:
    """Within the time of a sender's retries a full snapshot is a duplicate; later the same content is a new statement."""
    snapshot = event(row(X), kind="SNAPSHOT")
    await received(store, snapshot)
    await received(store, event(row(Y, -50)), 1)
    assert await received(store, snapshot, 2) == Receipt(duplicate=True)
    later = REDELIVERED_WITHIN.total_seconds() / 60
    assert await received(store, snapshot, later) == Receipt(changes=1)
    assert (await held(store), await kept(database)) == ({X: "Active"}, 2)
    assert await received(store, snapshot, later + 1) == Receipt(duplicate=True)
    assert await logged(store) == [(1, "ADDED", X), (2, "ADDED", Y), (3, "REMOVED", Y)]


async def test_news_since_a_revision(store: Store) -> None:
    """Only what was written afterwards is told, also what was removed, and only of the sources that are asked for."""
    await received(store, event(row(X), row(Y), kind="SNAPSHOT"))
    await received(store, event(row(X)), source="masking")
    before = await store.news(0, SOURCES)
    assert before.numbers.keys() == before.sources.keys() == SOURCES.keys()
    again = await store.news(before.revision, SOURCES)
    assert (again.revision, again.numbers, again.sources) == (before.revision, {}, {})
    await received(store, event(row(X), kind="SNAPSHOT"), 1)
    after = await store.news(before.revision, SOURCES)
    assert after.numbers["voice_sg"][SOURCE.receive(event(row(Y)), NOON).numbers[0].e164].number is None
    assert after.numbers.keys() == after.sources.keys() == {"voice_sg"}
    assert (await store.news(0, ["masking"])).numbers.keys() == {"masking"}


def listed(msisdn: str, minutes: float, status: str = "Active") -> Number:
    """A number as a list says it, heard so many minutes after noon."""
    [number] = SOURCE.receive(event(row(msisdn, status=status)), NOON).numbers
    origin = Origin(
        provider="EIGHT_BY_EIGHT", source="voice_sg", via=Observation.LIST, as_of=NOON + timedelta(minutes=minutes)
    )
    return Number(e164=number.e164, origin=origin, details=number.details, raw_status=status)


async def observed(store: Store, minutes: float, *numbers: Number, whole: bool = True) -> int:
    """How many changes a list makes."""
    at = NOON + timedelta(minutes=minutes)
    return await store.observe("voice_sg", numbers, at - timedelta(seconds=1), at, whole=whole)


async def test_lists_and_what_they_change(store: Store) -> None:
    """The first full list is where counting begins; what later ones say anew is logged, and what they repeat not written."""
    assert await observed(store, 0, listed(X, 0), whole=False) == 0
    assert await observed(store, 1, listed(X, 1), listed(Y, 1)) == 0
    known = (await store.news(0, ["voice_sg"])).sources["voice_sg"]
    assert (known.full_at, known.total) == (NOON + timedelta(minutes=1), 2)
    revision = (await store.news(0, ["voice_sg"])).revision
    assert await observed(store, 2, listed(X, 2), listed(Y, 2)) == 0
    assert (await store.news(revision, ["voice_sg"])).numbers == {}
    assert await observed(store, 3, listed(X, 3, "Inactive"), listed("+651", 3)) == 3
    assert await logged(store) == [(1, "UPDATED", X), (2, "ADDED", "+651"), (3, "REMOVED", Y)]
    assert await observed(store, 4, whole=False) == 0


async def test_the_log_is_read_in_parts(store: Store) -> None:
    """What follows a place, and no more than is asked for."""
    await received(store, event(*(row(f"+65987654{place:02}") for place in range(20))))
    assert [change.sequence for change in await store.after(15, 3)] == [16, 17, 18]
    assert await store.after(20, 3) == []


async def test_old_changes_are_forgotten(store: Store, database: Database) -> None:
    """What is older goes, with its contents; what is known of the numbers, and the count of the log, stay."""
    await received(store, event(row(X)))
    await received(store, event(row(Y)), 60)
    await store.forget(NOON)
    assert await store.extent() == Extent(0, 2)
    await store.forget(NOON + timedelta(minutes=1))
    assert (await store.extent(), await logged(store)) == (Extent(1, 2), [(2, "ADDED", Y)])
    assert (await held(store), await kept(database)) == ({X: "Active", Y: "Active"}, 1)
    await store.forget(NOON + timedelta(days=1))
    assert await store.extent() == Extent(2, 2)
    await received(store, event(row("+651")), 120)
    assert await logged(store, 2) == [(3, "ADDED", "+651")]


async def test_many_write_at_once(store: Store, database_url: str) -> None:
    """Two processes over one database, each with many events at once: one log without gaps, nothing lost, nothing twice."""
    other = Database.open(database_url)
    stores = (store, Store(other, SOURCES))
    bodies = [event(row(f"+659876{place:04}")) for place in range(120)]

    async def sent(place: int, body: bytes) -> Receipt:
        while True:
            with suppress(StoreUnavailable):  # on a busy machine the other writes for long: a sender tries again
                return await received(stores[place % 2], body)

    receipts = await asyncio.gather(*(sent(place, body) for place, body in enumerate([*bodies, *bodies[:40]])))
    assert sum(receipt.changes for receipt in receipts) == 120
    assert sum(receipt.duplicate for receipt in receipts) == 40
    entries = await logged(store)
    assert [sequence for sequence, _, _ in entries] == list(range(1, 121))
    assert {e164 for _, _, e164 in entries} == (await held(store)).keys()
    assert len(await held(stores[1])) == 120
    await other.close()


async def test_a_source_that_is_configured_no_longer(database: Database, store: Store) -> None:
    """Its changes are still in the log, without what only its provider could read."""
    await received(store, event(row(X)), source="masking")
    [change] = await Store(database, {"voice_sg": SOURCE}).after(0, 9)
    assert (change.source, change.e164) == ("masking", X)
