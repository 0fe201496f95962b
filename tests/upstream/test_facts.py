"""What happens is told as facts: each call, retry, wait, change of a circuit, token, cached answer and drift."""

import asyncio
from collections import Counter

import pytest
from msgspec import Raw, json

from gateway.errors import SourceError, SourceUnavailable
from gateway.numbers import remarks
from gateway.numbers.search import Search
from gateway.providers.protocol import Request, Token
from gateway.telemetry import (
    KINDS,
    CacheRead,
    Called,
    CircuitChanged,
    Drifted,
    Fact,
    Retried,
    TokenFetched,
    Waited,
    kinds_of,
    kinds_of_reading,
)
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.credentials import TokenHolder
from gateway.upstream.keys import number_key
from gateway.upstream.lookups import Looked
from tests.clocks import ManualClock
from tests.conftest import PATIENCE, errand
from tests.contract.acme import Acme, AcmeSettings
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Exchanging, page
from tests.upstream.servers import Heard, answer, listening, saying
from tests.upstream.shelf import DEPOT, LIST, ONE, OTHER, STALE, TTL, Shelf
from tests.upstream.test_manners import DOWN, outcome
from tests.upstream.test_policy import GOOD, ask


def untimed(facts: list[Fact]) -> list[Fact]:
    """The facts, however long anything took."""
    return [fact._replace(seconds=0.0) if isinstance(fact, Called | Waited) else fact for fact in facts]


async def test_calls_and_retries(rig: OpenRig) -> None:
    """Each attempt is a call with its outcome and its time; what lies between two is a retry with the reason."""
    async with listening(saying(DOWN, GOOD)) as wire:
        depot = rig(Acme, wire.url, retries=1, timeout=30)
        await ask(depot)
    assert untimed(depot.facts) == [
        Called("depot", "SOURCE_UNAVAILABLE", 0.0),
        Retried("depot", "SOURCE_UNAVAILABLE"),
        Called("depot", "OK", 0.0, "LIST", 2),
    ]
    called = [fact.seconds for fact in depot.facts if isinstance(fact, Called)]
    assert all(0 < seconds < PATIENCE for seconds in called)


async def test_a_call_that_nobody_waits_for(rig: OpenRig) -> None:
    """Whoever leaves abandons the call, which is no failure of the source."""
    arrived = asyncio.Event()

    async def silent(heard: Heard, _: asyncio.StreamWriter) -> None:
        arrived.set()
        await heard.rest.read()

    async with listening(silent) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url)
        asking = asyncio.ensure_future(ask(depot))
        await arrived.wait()
        asking.cancel()
        await asyncio.wait([asking])
    assert untimed(depot.facts) == [Called("depot", "ABANDONED", 0.0)]


async def test_a_circuit_and_its_probe(rig: OpenRig) -> None:
    """A circuit that opens, lets its probe through and closes tells each of its states once."""
    async with listening(saying(DOWN, DOWN, GOOD, GOOD)) as wire:
        clock = ManualClock()
        depot = rig(Acme, wire.url, clock, circuit_calls=2, circuit_pause=5)
        for _ in range(3):
            await outcome(depot, errand(clock=clock))
        clock.advance(5)
        for _ in range(2):
            await outcome(depot, errand(clock=clock))
    changes = [fact for fact in depot.facts if isinstance(fact, CircuitChanged)]
    assert changes == [CircuitChanged("depot", state) for state in ("OPEN", "HALF_OPEN", "CLOSED")]


async def test_waits_for_a_turn(rig: OpenRig) -> None:
    """Who waits is told of with the time it took and what came of it; who need not wait is not."""
    clock = ManualClock()
    async with listening(saying(GOOD)) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, clock, calls_per_minute=1)
        await ask(depot, errand(clock=clock))
        assert not [fact for fact in depot.facts if isinstance(fact, Waited)]
        patient, leaving = (asyncio.ensure_future(ask(depot, errand(90, clock=clock))) for _ in range(2))
        await asyncio.wait([patient, leaving], timeout=0)
        leaving.cancel()
        await asyncio.wait([leaving])
        clock.advance(60)
        await patient
        assert await outcome(depot, errand(5, clock=clock))
    waits = [fact for fact in depot.facts if isinstance(fact, Waited)]
    assert waits == [
        Waited("depot", "ABANDONED", 0.0),
        Waited("depot", "OK", 60.0),
        Waited("depot", "SOURCE_RATE_LIMITED", 0.0),
    ]


async def test_a_wait_in_vain(rig: OpenRig) -> None:
    """A turn that may come any moment, and does not come in time, is waited for until then."""
    release = asyncio.Event()

    async def held(_: Heard, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(GOOD)

    clock = ManualClock()
    async with listening(held) as wire, asyncio.timeout(PATIENCE):
        depot = rig(Acme, wire.url, clock, concurrency=1)
        first, second = (asyncio.ensure_future(outcome(depot, errand(8, clock=clock))) for _ in range(2))
        await asyncio.wait([first, second], timeout=0)
        clock.advance(8)
        assert isinstance(await second, SourceError)
        release.set()
        await first
    assert [fact for fact in depot.facts if isinstance(fact, Waited)] == [Waited("depot", "SOURCE_RATE_LIMITED", 8.0)]


async def test_tokens(clock: ManualClock) -> None:
    """Each exchange of credentials is told with what came of it; a token at hand is none."""
    facts: list[Fact] = []
    settings = AcmeSettings(provider="acme", base_url="http://127.0.0.1:1", api_key="seKret")
    holder = TokenHolder(Exchanging("depot", settings), clock, facts.append)

    async def refused(*_: object) -> Token:
        raise SourceUnavailable(DOWN.decode())

    async def given(request: Request, read: object) -> Token:
        assert callable(read)
        return Token(request.method, 3600.0)

    await asyncio.gather(holder.current(refused), return_exceptions=True)
    for _ in range(2):
        await holder.current(given)
    assert facts == [TokenFetched("depot", "SOURCE_UNAVAILABLE"), TokenFetched("depot", "OK")]


@pytest.fixture
def facts() -> list[Fact]:
    """What was told."""
    return []


@pytest.fixture
def told_cache(facts: list[Fact]) -> Cache:
    """A cache that tells."""
    return Cache(BoundedMemory(), tell=facts.append)


async def test_hits_misses_and_stale_copies(
    told_cache: Cache, facts: list[Fact], shelf: Shelf, clock: ManualClock
) -> None:
    """A fetch is a hit or a miss; an old copy that stands in after the miss is told as well; nothing else counts."""
    read = told_cache.fetch
    await read(LIST, TTL, shelf.errand(), shelf.load, stale_ttl=STALE)
    await read(LIST, TTL, shelf.errand(), shelf.load, stale_ttl=STALE)
    await told_cache.peek(LIST, TTL, shelf.errand())
    clock.advance(TTL)
    shelf.fails = SourceUnavailable("down")
    await read(LIST, TTL, shelf.errand(), shelf.load, stale_ttl=STALE)
    assert facts == [CacheRead("depot", outcome) for outcome in ("MISS", "HIT", "MISS", "STALE")]


async def test_look_ups_are_counted_by_number(
    told_cache: Cache, facts: list[Fact], shelf: Shelf, clock: ManualClock
) -> None:
    """Of two numbers that are wanted the one at hand is a hit; the other is looked for elsewhere, and counts there."""
    keys = [number_key(DEPOT, e164) for e164 in (ONE, OTHER)]
    await told_cache.peek_many(keys, TTL, shelf.errand())
    assert facts == []
    await told_cache.keep(keys[0], Looked(None, clock.now()))
    await told_cache.peek_many(keys, TTL, shelf.errand())
    await told_cache.keep(keys[1], Looked(None, clock.now()))
    await told_cache.peek_many(keys, TTL, shelf.errand())
    assert facts == [CacheRead("depot", "HIT", 1), CacheRead("depot", "HIT", 2)]


async def test_drift_of_an_answer_and_of_a_reading(rig: OpenRig) -> None:
    """A row that cannot be read drifts in every answer; what only several pages show, once in each reading."""
    rows = json.decode(page(["+44201", "+44202"]), type=dict[str, Raw])["items"]
    body = json.encode({"items": [*json.decode(rows, type=list[Raw]), {"tel": []}], "count": 7})
    async with listening(saying(answer(body))) as wire:
        depot = rig(Acme, wire.url)
        snapshot = await depot.inventory.snapshot("depot", Search(), errand())
    assert set(snapshot.drift) > {remarks.TOTAL_DIFFERS}
    told = Counter(fact.kind for fact in depot.facts if isinstance(fact, Drifted))
    calls = sum(isinstance(fact, Called) for fact in depot.facts)
    assert told == {"UNREADABLE": calls, "TOTAL_DIFFERS": 1, "PAGE_REPEATED": 1}


def test_kinds_are_few() -> None:
    """Whatever a remark says, its kind is one of a fixed set, and of those of one kind one is told."""
    said = ("unreadable rows", "unreadable numberHealth", "unknown word in status", "+4930 was seen")
    assert kinds_of(said) == {"UNREADABLE", "UNKNOWN_WORD", "OTHER"}
    every = [word for name, word in vars(remarks).items() if name.isupper()]
    assert set(kinds_of_reading([*every, *said])) | kinds_of(said) == KINDS
    assert len(every) == len(kinds_of_reading(every))
