"""The stream of changes: without a seam, in order, each once, and never at the cost of memory."""

import asyncio
import random
from collections.abc import AsyncGenerator
from itertools import islice

import pytest

from gateway.errors import CursorExpired, ListenerTooSlow, StoreUnavailable
from gateway.numbers.changes import Change, ChangeKind
from gateway.upstream.changes import Hub
from tests.upstream.logs import NOW, MemoryLog, number

ALL = frozenset({"voice_sg", "london"})
Stream = AsyncGenerator[Change, None]


async def taken(stream: Stream, count: int) -> list[int]:
    """The sequences of the next changes."""
    async with asyncio.timeout(30):
        return [(await anext(stream)).sequence for _ in range(count)]


def soon(stream: Stream) -> asyncio.Task[Change]:
    """The next change, waited for from now on."""
    return asyncio.ensure_future(anext(stream))


async def settled() -> None:
    """Let everybody run who can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_a_change_tells() -> None:
    """The records before and after say what happened; a removed number keeps its name and its id."""
    held, before = number("+6598765432"), number("+6598765432")
    added = Change(number=held, previous=None, at=NOW, sequence=1)
    updated = Change(number=held, previous=before, at=NOW, sequence=2)
    removed = Change(number=None, previous=before, at=NOW, sequence=3)
    assert [change.kind for change in (added, updated, removed)] == [
        ChangeKind.ADDED,
        ChangeKind.UPDATED,
        ChangeKind.REMOVED,
    ]
    assert {(change.source, change.e164, change.id) for change in (added, updated, removed)} == {
        ("voice_sg", "+6598765432", held.id)
    }


async def test_from_now_on() -> None:
    """Without a place to begin, only what happens afterwards is told."""
    log = MemoryLog()
    log.append(3)
    hub = Hub(log)
    stream = hub.changes(None, ALL)
    waiting = soon(stream)
    await settled()
    log.append(2)
    hub.wake()
    assert (await waiting).sequence == 4
    assert await taken(stream, 1) == [5]
    await stream.aclose()


async def test_replayed_then_live() -> None:
    """What was missed comes first, over many batches, then what happens."""
    log = MemoryLog()
    log.append(1203)
    hub = Hub(log)
    stream = hub.changes(100, ALL)
    assert await taken(stream, 1103) == list(range(101, 1204))
    log.append()
    hub.wake()
    assert await taken(stream, 1) == [1204]
    await stream.aclose()


async def test_only_the_wanted_sources() -> None:
    """Others' changes are passed over, replayed and live alike, and the place in the log moves on with them."""
    log = MemoryLog()
    hub = Hub(log, behind=10)
    log.append(2, "london")
    log.append()
    stream = hub.changes(0, frozenset({"voice_sg"}))
    assert await taken(stream, 1) == [3]
    for _ in range(5):
        waiting = soon(stream)
        await settled()
        log.append(8, "london")
        log.append()
        hub.wake()
        assert (await waiting).source == "voice_sg"
    await stream.aclose()


async def test_what_others_write_is_seen() -> None:
    """Nobody wakes the hub for what another process writes: the log is looked at while somebody listens."""
    log = MemoryLog()
    hub = Hub(log, poll=0.01)
    stream = hub.changes(None, ALL)
    waiting = soon(stream)
    await settled()
    log.append()
    async with asyncio.timeout(30):
        assert (await waiting).sequence == 1
    await stream.aclose()


async def test_nobody_listens() -> None:
    """The log is not read once the last listener has left, and who comes then starts afresh."""
    log = MemoryLog()
    hub = Hub(log, poll=0.001)
    first, second = hub.changes(None, ALL), hub.changes(0, frozenset({"london"}))
    waiting = [soon(first), soon(second)]
    await settled()
    assert hub.listened == ALL
    for task, stream in zip(waiting, (first, second), strict=True):
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stream.aclose()
    assert hub.listened == frozenset()
    reads = log.reads
    log.append(3)
    hub.wake()
    await settled()
    assert log.reads == reads
    again = hub.changes(1, ALL)
    assert await taken(again, 2) == [2, 3]
    await again.aclose()


@pytest.mark.parametrize("after", [-1, 4, 11, 2**70])
async def test_what_is_not_kept_is_refused(after: int) -> None:
    """A place before what is kept, or beyond what was ever written, is refused at once."""
    log = MemoryLog()
    log.append(10)
    log.removed = 5
    with pytest.raises(CursorExpired):
        await anext(Hub(log).changes(after, ALL))


async def test_pruned_while_replaying() -> None:
    """A log that is pruned ahead of a replaying listener ends it instead of leaving a hole."""
    for kept in (100, 0):
        log = MemoryLog()
        log.append(2000)
        stream = Hub(log).changes(0, ALL)
        assert await taken(stream, 500) == list(range(1, 501))
        log.removed = 2000 - kept
        with pytest.raises(CursorExpired):
            await anext(stream)


async def test_too_slow() -> None:
    """Who falls behind further than what is at hand is ended, and resumes where it was; others go on."""
    log = MemoryLog()
    hub = Hub(log, behind=1000)
    slow, fast = hub.changes(None, ALL), hub.changes(None, ALL)
    first = [soon(slow), soon(fast)]
    await settled()
    log.append()
    hub.wake()
    assert [change.sequence for change in await asyncio.gather(*first)] == [1, 1]
    for begun in range(1, 3001, 100):
        waiting = soon(fast)
        await settled()
        log.append(100)
        hub.wake()
        assert (await waiting).sequence == begun + 1
        assert await taken(fast, 99) == list(range(begun + 2, begun + 101))
    assert len(hub._recent) == 1000
    with pytest.raises(ListenerTooSlow) as ended:
        await anext(slow)
    assert ended.value.sequence == 1
    resumed = hub.changes(ended.value.sequence, ALL)
    assert await taken(resumed, 3000) == list(range(2, 3002))
    await fast.aclose()
    await resumed.aclose()


async def test_a_log_that_cannot_be_read_for_a_while() -> None:
    """A failing store delays what is told, and loses nothing of it."""
    log = MemoryLog()
    hub = Hub(log, poll=0.001)
    stream = hub.changes(None, ALL)
    waiting = soon(stream)
    await settled()
    log.append(2)
    await log.fail(3)
    assert (await waiting).sequence == 1
    await stream.aclose()


async def test_a_hub_that_is_closed() -> None:
    """Listeners are ended, those who wait and those who come; nothing is left running."""
    before = asyncio.all_tasks()
    hub = Hub(MemoryLog())
    await hub.close()
    stream = hub.changes(None, ALL)
    waiting = soon(stream)
    await settled()
    await hub.close()
    with pytest.raises(StoreUnavailable):
        await waiting
    assert asyncio.all_tasks() == before


async def test_random_disconnects() -> None:
    """Over 500 reconnects at random moments of a busy log, nothing is missed and nothing comes twice."""
    log, chance = MemoryLog(), random.Random(8)  # noqa: S311 - a repeatable test
    hub = Hub(log, poll=0.001, behind=2000)
    seen: list[int] = []
    other = hub.changes(0, ALL)
    heard = soon(other)
    for _ in range(500):
        stream = hub.changes(seen[-1] if seen else 0, ALL)
        for _ in range(chance.randrange(4)):
            log.append(chance.randrange(1, 5))
            hub.wake()
            seen += await taken(stream, chance.randrange(1, len(log.written) - len(seen) + 1))
        waiting = soon(stream)
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        if waiting.done():
            seen.append(waiting.result().sequence)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await stream.aclose()
    assert seen == list(islice(range(1, len(log.written) + 1), len(seen)))
    assert len(seen) > 500
    assert (await heard).sequence == 1
    await other.aclose()
