"""The four simulators in a process of their own, so that what they cost is not counted as the gateway's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, TypeAlias

from aiohttp import ClientSession

from gateway.sandbox import accounts
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import Sandbox
from gateway.serving import bind, run, url_of
from gateway.settings import Settings, load_only

Identity: TypeAlias = tuple[str, str]
"""Source name and digits."""

LISTS = {
    "voice_sg": ("8x8", accounts.SUBACCOUNT),
    "dallas": ("webex", accounts.DALLAS),
    "london": ("webex", accounts.LONDON),
    "epsilon": ("cloudlx", "account"),
    "market": ("callgear", "market"),
}
"""Where the rows of each source stand in the simulators."""
PATIENCE = 60.0
"""Seconds for anything: a slow machine makes figures worse, not answers incomplete."""


def _serve(told: Connection, rows: Mapping[str, int]) -> None:
    bound = bind("127.0.0.1", 0)
    told.send(url_of(bound))
    run(create_sandbox(rows=rows), bound)


@contextmanager
def simulators(rows: Mapping[str, int]) -> Iterator[str]:
    """Simulators whose lists have so many rows, by provider; their URL."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, rows), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def settings_over(url: str, **knobs: object) -> Settings:
    """A gateway over the five sources, which may be asked as fast as they answer; ``knobs`` are for every source."""
    told = {"timeout": PATIENCE, "calls_per_minute": 1_000_000, **knobs}
    return load_only(
        sources={name: {**table, **told} for name, table in accounts.sources(url).items()},
        state={"database_url": "sqlite://"},
        limits={"deadline": PATIENCE},
    )


class World:
    """What is true at the simulators, and their control panel."""

    def __init__(self, url: str, rows: Mapping[str, int], session: ClientSession) -> None:
        self.url = url
        self._session = session
        sandbox: Sandbox = create_sandbox(rows=rows).state.sandbox
        self.lengths = {name: len(sandbox.simulators[of].stocks[place].rows) for name, (of, place) in LISTS.items()}
        self.begun: set[Identity] = {
            (name, _digits(row[stock.key]))
            for name, (of, place) in LISTS.items()
            for stock in [sandbox.simulators[of].stocks[place]]
            for row in stock.rows
            if stock.key in row
        }

    async def begin(self, changes: int) -> None:
        """Everything as it was in the beginning; from now on each list changes so often before it answers."""
        await self._control("POST", "/reset")
        for provider in {of for of, _ in LISTS.values()}:
            await self._control("PATCH", f"/{provider}", {"churn": changes})

    async def turn(self, provider: str, **knobs: object) -> None:
        """Turn a provider's knobs."""
        await self._control("PATCH", f"/{provider}", knobs)

    async def change(self, changes: int) -> None:
        """Change rows at every provider."""
        await self._control("POST", "/churn", {"changes": changes})

    async def calls(self) -> int:
        """How many calls have arrived, log-ins included."""
        return sum((await self._control("GET", ""))["calls"].values())

    async def stable(self) -> set[Identity]:
        """The rows that were there all the time under the same number."""
        return self.begun - await self._moved()

    async def ever(self) -> set[Identity]:
        """The rows that were there at any time."""
        return self.begun | await self._moved()

    async def _moved(self) -> set[Identity]:
        churned = await self._control("GET", "/churn")
        return {(name, _digits(said)) for name, (of, place) in LISTS.items() for said in churned[of][place]["moved"]}

    async def _control(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        async with self._session.request(method, f"{self.url}/control{path}", json=body or {}) as answer:
            answer.raise_for_status()
            return await answer.json()


@asynccontextmanager
async def world_of(rows: Mapping[str, int]) -> AsyncIterator[World]:
    """Simulators and their control panel."""
    with simulators(rows) as url:
        async with ClientSession() as session:
            yield World(url, rows, session)


def _digits(said: object) -> str:
    return str(said).removeprefix("+")
