"""Clients of all kinds, and the troubles of the providers they ask, all by one seed."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from aiohttp import ClientSession, ClientTimeout

from benchmarks.simulated import LISTS, World
from benchmarks.soak.judge import Judge
from gateway.sandbox.faults import faults_of

CLIENTS = 5
THINKING = 0.6
"""Seconds between two questions of a client, at most."""
TROUBLE_SECONDS = 4.0
"""How long one provider fails in one way."""
LIARS = {"empty_page"}
"""Failures that nobody can tell from the truth: a list that says that it is empty."""
PROVIDERS = sorted({provider for provider, _ in LISTS.values()})
CALM: dict[str, object] = {"fault": None, "hang": False, "latency": 0.0, "fault_share": 1.0}

PAGE = """query Page($first: Int!, $after: String, $age: Duration) {
  phoneNumbers(first: $first, after: $after, maxStaleness: $age) {
    nodes { e164 source { name } } complete pageInfo { hasNextPage endCursor }
    sources { status rowsSkipped error { code } } } }"""
FILTERED = """query Filtered($ends: String!) {
  phoneNumbers(first: 50, filter: {e164: {endsWith: $ends}}) { nodes { e164 } totalCount complete } }"""
LOOKUP = """query LookUp($e164s: [E164!]!, $age: Duration) {
  phoneNumbersByE164(e164s: $e164s, maxStaleness: $age) {
    e164 outcomes { source { name } result error { code } } } }"""
CHANGES = "subscription { phoneNumberChanged { kind e164 } }"


class Clients:
    """Clients of one gateway, until they are told to stop."""

    def __init__(self, url: str, numbers: Sequence[str], judge: Judge, seed: int) -> None:
        self.judge = judge
        self._url = url
        self._numbers = numbers
        self._seed = seed
        self.changes = 0

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """All of them, as long as the block lasts; one that broke breaks the block's end."""
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            asking = [asyncio.create_task(self._client(session, Random(f"{self._seed} {k}"))) for k in range(CLIENTS)]  # noqa: S311 - repeatable, not secret
            asking += [asyncio.create_task(self._listener(session)) for _ in range(2)]
            yield
            broken = [task for task in asking if task.done()]
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            for task in broken:
                task.result()

    async def each(self) -> None:
        """Questions of each kind side by side, so that what is made once is there: the store's connections, say."""
        async with ClientSession(timeout=ClientTimeout(total=60)) as session:
            chance = Random(self._seed)  # noqa: S311 - repeatable, not secret
            kinds = (self._walk, self._filtered, self._look_up, self._leave)
            await asyncio.gather(*(kind(session, chance) for kind in kinds * CLIENTS))

    async def _client(self, session: ClientSession, chance: Random) -> None:
        kinds = (self._walk, self._filtered, self._look_up, self._look_up, self._leave)
        while True:
            await chance.choice(kinds)(session, chance)
            await asyncio.sleep(chance.uniform(0.0, THINKING))

    async def _ask(self, session: ClientSession, kind: str, query: str, **variables: object) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with session.post(f"{self._url}/graphql", json=body) as answer:
            return self.judge.hears(kind, answer.status, await answer.json(content_type=None))

    async def _walk(self, session: ClientSession, chance: Random) -> None:
        after, size = None, chance.choice([10, 50, 200])
        for _ in range(chance.randint(1, 6)):
            data = await self._ask(session, "page", PAGE, first=size, after=after, age=_age(chance))
            found = data.get("phoneNumbers")
            if found is None:
                return
            self.judge.page(found)
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"] or after is None:
                return

    async def _filtered(self, session: ClientSession, chance: Random) -> None:
        await self._ask(session, "filtered list", FILTERED, ends=f"{chance.randint(0, 99):02}")

    async def _look_up(self, session: ClientSession, chance: Random) -> None:
        e164s = chance.sample(self._numbers, chance.choice([1, 1, 20]))
        data = await self._ask(session, "look-up", LOOKUP, e164s=e164s, age=_age(chance))
        for found in data.get("phoneNumbersByE164") or ():
            self.judge.lookup(found)

    async def _leave(self, session: ClientSession, chance: Random) -> None:
        """A client that does not wait for its answer."""
        asking = asyncio.create_task(self._ask(session, "given up", PAGE, first=50, after=None, age="PT0S"))
        await asyncio.wait([asking], timeout=chance.uniform(0.0, 0.05))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def _listener(self, session: ClientSession) -> None:
        """A client that is told the changes, in server-sent events."""
        headers = {"accept": "text/event-stream"}
        forever = ClientTimeout(total=None)
        async with session.post(
            f"{self._url}/graphql", json={"query": CHANGES}, headers=headers, timeout=forever
        ) as stream:
            async for line in stream.content:
                if line.startswith(b"data: {"):
                    self.judge.hears("change", stream.status, json.loads(line.removeprefix(b"data: ")))
        msg = "a stream of changes ended"
        raise RuntimeError(msg)


def _age(chance: Random) -> str | None:
    return chance.choice([None, None, None, "PT1S", "PT0S"])


async def calm(world: World) -> None:
    """Let no provider fail any more."""
    for provider in PROVIDERS:
        await world.turn(provider, **CALM)


async def troubles(world: World, seed: int, told: dict[str, int]) -> None:
    """Until cancelled: one provider after another fails in some way, and all lists change a little."""
    chance = Random(f"{seed} troubles")  # noqa: S311 - repeatable, not secret
    while True:
        provider = chance.choice(PROVIDERS)
        fault = chance.choice([name for name in faults_of(provider) if name not in LIARS])
        share = chance.choice([0.1, 0.5, 1.0])
        told[fault] = told.get(fault, 0) + 1
        await world.turn(
            provider, fault=fault, fault_share=share, latency=chance.choice([0.0, 0.0, 0.05]), huge_bytes=34_000_000
        )
        await asyncio.sleep(TROUBLE_SECONDS * chance.uniform(0.5, 1.5))
        await world.turn(provider, **CALM)
        await world.change(1)
