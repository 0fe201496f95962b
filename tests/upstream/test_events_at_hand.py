"""What is at hand of events, and the store it is read from: once for all who ask, again after a write, and not for ever."""

import asyncio
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from msgspec import DecodeError
from sqlalchemy import update

from gateway.numbers.e164 import E164
from gateway.numbers.merge import Snapshot
from gateway.upstream.clock import SystemClock
from gateway.upstream.events import OTHERS_SECONDS, PATIENCE_SECONDS
from gateway.upstream.tables import numbers
from tests.clocks import ManualClock
from tests.upstream.shelf import begun
from tests.upstream.stores import Stored
from tests.upstream.telling import NOON, X, Y, eight_by_eight, event, row


async def test_a_store_that_cannot_be_read(tmp_path: Path, clock: ManualClock) -> None:
    """What is at hand stays, lists are read on, and nobody is told of the store's fault but who writes."""
    stored = Stored({"voice_sg": eight_by_eight()}, clock, f"sqlite:///{tmp_path}/nowhere/gateway.db")
    read = Snapshot(rows=(), as_of=clock.now() + timedelta(hours=1), sent=0)
    events = stored.events
    asked = (events.observe("voice_sg", read, clock.now()), events.merged("voice_sg", read), events.doubts("voice_sg"))
    assert tuple(await asyncio.gather(*asked)) == (read, read, True)
    await stored.close()


async def test_a_store_that_does_not_answer(clock: ManualClock) -> None:
    """Who asks waits for it for a moment, who asks next not at all, and are given what is at hand; it is read to its end."""
    stored, answers = Stored({"voice_sg": eight_by_eight()}, clock), threading.Event()
    await stored.events.receive("voice_sg", event(row(X)))
    held = partial(stored.events.held, "voice_sg", [E164(X), E164(Y)])
    assert (await held()).keys() == {X}
    await stored.store.receive(
        "voice_sg", b"another process", eight_by_eight().receive(event(row(Y)), clock.now()), clock.now()
    )
    stuck = asyncio.create_task(stored.database.read(lambda _: answers.wait(30)))
    clock.advance(OTHERS_SECONDS)
    waiting = await begun(held, 3)
    assert not any(task.done() for task in waiting)
    waiting[0].cancel()
    clock.advance(PATIENCE_SECONDS)
    assert [(await task).keys() for task in (*waiting[1:], asyncio.create_task(held()))] == [{X}] * 3
    answers.set()
    await stuck
    await stored.database.read(lambda _: None)
    assert (await held()).keys() == {X, Y}
    await stored.close()


async def test_a_store_that_holds_nonsense(clock: ManualClock) -> None:
    """What nobody foresaw while it was read is told to all who waited for that, and to who asks next."""
    stored = Stored({"voice_sg": eight_by_eight()}, clock)
    await stored.store.receive("voice_sg", b"another process", eight_by_eight().receive(event(row(X)), NOON), NOON)
    await stored.database.write(lambda connection: connection.execute(update(numbers).values(told="{")))
    held = partial(stored.events.held, "voice_sg", [E164(X)])
    told = await asyncio.gather(held(), held(), return_exceptions=True)
    assert [type(one) for one in told] == [DecodeError, DecodeError]
    with pytest.raises(DecodeError):
        await held()
    await stored.close()


async def test_closing_while_a_store_is_read(clock: ManualClock) -> None:
    """What nobody will look at is not waited for."""
    stored, answers = Stored({"voice_sg": eight_by_eight()}, clock), threading.Event()
    stuck = asyncio.create_task(stored.database.read(lambda _: answers.wait(30)))
    [waiting] = await begun(partial(stored.events.held, "voice_sg", [E164(X)]))
    await stored.events.close()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    answers.set()
    await stuck
    await stored.close()


async def test_reading_at_once() -> None:
    """Many who ask at once wait for one look at the store, and all see what it has."""
    stored = Stored({"voice_sg": eight_by_eight()}, SystemClock())
    await stored.events.receive("voice_sg", event(row(X)))
    stored.events._written()
    found = await asyncio.gather(*(stored.events.held("voice_sg", [E164(X)]) for _ in range(50)))
    assert all(held.keys() == {X} for held in found)
    await stored.close()


async def test_written_while_it_is_read(clock: ManualClock) -> None:
    """What arrives while the store is being read may be missing from what was read: it is read again."""
    stored = Stored({"voice_sg": eight_by_eight()}, clock)
    reading = asyncio.ensure_future(stored.events.held("voice_sg", [E164(X)]))
    await asyncio.sleep(0)
    receiving = asyncio.ensure_future(stored.events.receive("voice_sg", event(row(X))))
    await asyncio.gather(reading, receiving)
    assert (await stored.events.held("voice_sg", [E164(X)])).keys() == {X}
    stored.events._seen = (-1, 0)
    reading = asyncio.ensure_future(stored.events.held("voice_sg", [E164(X)]))
    await asyncio.sleep(0)  # it is asked for,
    await asyncio.sleep(0)  # and begins
    stored.events._written()
    await reading
    assert not stored.events._is_fresh()
    reading = asyncio.ensure_future(stored.events.held("voice_sg", [E164(X)]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stored.events._written()
    await stored.events.held("voice_sg", [E164(X)])
    assert stored.events._is_fresh(), "who asks after a write is not content with what was asked for before"
    await reading
    await stored.close()
