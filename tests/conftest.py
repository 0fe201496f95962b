"""What the tests of all rooms share: a clean environment, the simulators on a socket, gateways over them, a clock by hand."""

import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, cast
from urllib.request import Request, urlopen

import pytest
import uvicorn
from starlette.types import ASGIApp, Message

from gateway.app import create_app, open_rooms
from gateway.sandbox import accounts
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.journal import Entry
from gateway.sandbox.knobs import turn
from gateway.sandbox.world import Sandbox
from gateway.schema.context import Rooms
from gateway.settings import Settings
from gateway.upstream.clock import Clock, SystemClock
from gateway.upstream.errand import Errand
from gateway.web.tracing import Tracing
from tests import profiles
from tests.clocks import ManualClock

profiles.load()

pytest_plugins = ["tests.leaks"]

Tables: TypeAlias = Mapping[str, Any]
NO_FILES = {"database_url": "sqlite://"}
"""State of a gateway that leaves nothing behind."""
PLAINLY = {"retries": 0, "circuit_calls": 10_000}
"""Settings of a source of which a test counts the calls, or hears the failures one by one."""
PATIENCE = 45.0
"""Seconds for what is to succeed: a busy machine makes no test fail. What is to run out of time says so itself."""


def told_in_ci(report: "pytest.TestReport | pytest.CollectReport", environ: Mapping[str, str]) -> None:
    """Make a skip a failure where CI is set: what was not run there was not shown. An expected failure did run."""
    if report.skipped and environ.get("CI") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and CI is set, where every test must run: {why}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at every test's report."""
    report = yield
    told_in_ci(report, os.environ)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Look at every module's report: one may be skipped whole."""
    report = yield
    told_in_ci(report, os.environ)
    return report


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the shell that runs the tests."""
    for name in [name for name in os.environ if name.startswith(("GATEWAY_", "OTEL_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def clock() -> ManualClock:
    """A clock by hand."""
    return ManualClock()


def errand(seconds: float = PATIENCE, max_staleness: timedelta | None = None, clock: Clock | None = None) -> Errand:
    """Work that must be done within ``seconds``."""
    clock = clock or SystemClock()
    return Errand(clock, clock.monotonic() + seconds, max_staleness)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port of the loopback interface, in a thread; its base URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_keep_alive=60))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


class Simulators:
    """The four simulators on a real socket: ``world`` holds what is true there, ``url`` is where they answer."""

    def __init__(self, world: Sandbox, url: str) -> None:
        self.world = world
        self.url = url

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The settings of the five sources."""
        return {name: {**table, "timeout": PATIENCE} for name, table in accounts.sources(self.url).items()}

    @property
    def variants(self) -> dict[str, dict[str, Any]]:
        """The settings of further sources, with every other kind of credential."""
        return {name: {**table, "timeout": PATIENCE} for name, table in accounts.variants(self.url).items()}

    def turn(self, provider: str, **knobs: object) -> None:
        """Turn a provider's knobs."""
        turn(self.world.simulators[provider].knobs, knobs)

    def turn_all(self, **knobs: object) -> None:
        """Turn the same knobs at every provider."""
        for provider in self.world.simulators:
            self.turn(provider, **knobs)

    def calls(self, provider: str | None = None) -> list[Entry]:
        """The questions that arrived, oldest first; exchanges of credentials are left out."""
        return [entry for entry in self.world.journal.of(provider) if entry.errand != "token"]

    def logins(self, provider: str | None = None) -> int:
        """How many times credentials were exchanged."""
        return sum(entry.errand == "token" for entry in self.world.journal.of(provider))

    def reset(self) -> None:
        """Return everything to the beginning; asked over the socket, so behind the last call of the test before."""
        with urlopen(Request(f"{self.url}/control/reset", method="POST")) as answer:  # noqa: S310 - a loopback URL
            answer.read()


@pytest.fixture(scope="session")
def _simulators() -> Iterator[Simulators]:
    """The simulators, served once for all tests."""
    app = create_sandbox()
    with serving(app) as url:
        yield Simulators(app.state.sandbox, url)


@pytest.fixture
def sandbox(_simulators: Simulators) -> Simulators:
    """The simulators, as they were in the beginning."""
    _simulators.reset()
    return _simulators


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object."""
        return cast("dict[str, Any]", json.loads(self.content))

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert "errors" not in self.body, self.body["errors"]
        return cast("dict[str, Any]", self.body["data"])

    @property
    def codes(self) -> list[str]:
        """The codes of its errors."""
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]


@dataclass
class _Exchange:
    """One HTTP exchange with an ASGI application, in this process."""

    content: bytes
    received: bool = False
    sent: list[Message] = field(default_factory=list)

    async def receive(self) -> Message:
        if self.received:
            await asyncio.Event().wait()  # the client stays until it is answered
        self.received = True
        return {"type": "http.request", "body": self.content, "more_body": False}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> Answer:
        start, *parts = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(part.get("body", b"") for part in parts))


class Gateway:
    """A whole gateway in this process: HTTP is handed to its application, its sources are asked over sockets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def send(self, method: str, path: str, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """Any HTTP request."""
        exchange = _Exchange(content)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8000),
        }
        await asyncio.gather(
            self.app(scope, exchange.receive, exchange.send)
        )  # in a task of its own, as servers have it
        return exchange.answer

    async def get(self, path: str) -> Answer:
        """A page."""
        return await self.send("GET", path, {})

    async def ask(
        self, query: str, variables: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A GraphQL operation."""
        content = json.dumps({"query": query, "variables": variables}).encode()
        return await self.send("POST", "/graphql", {"content-type": "application/json", **(headers or {})}, content)


class OpenGateway(Protocol):
    """Opens a gateway, which the end of the test closes."""

    def __call__(
        self,
        sources: Tables | None = None,
        *,
        clock: Clock | None = None,
        tracing: Tracing | None = None,
        **tables: Tables,
    ) -> Awaitable[Gateway]:
        """A gateway over ``sources``, by default the five of the simulators; ``tables`` are further settings."""
        ...


OpenRooms = Callable[..., Awaitable[Rooms]]
"""Opens what is below a schema: takes what ``OpenGateway`` takes."""


def settings_of(sources: Tables, tables: Mapping[str, Tables]) -> Settings:
    """Settings that leave no file behind; sources are asked once, and never left alone, unless their table says otherwise."""
    plainly = {name: {**PLAINLY, **table} for name, table in sources.items()}
    return Settings.model_validate({"sources": plainly, "state": NO_FILES, "limits": {"deadline": PATIENCE}, **tables})


@pytest.fixture
async def gateway(sandbox: Simulators) -> AsyncIterator[OpenGateway]:
    """Opens gateways over the simulators."""
    async with AsyncExitStack() as opened:

        async def opening(
            sources: Tables | None = None,
            *,
            clock: Clock | None = None,
            tracing: Tracing | None = None,
            **tables: Tables,
        ) -> Gateway:
            app = create_app(settings_of(sandbox.sources if sources is None else sources, tables), clock, tracing)
            await opened.enter_async_context(app.router.lifespan_context(app))
            return Gateway(app)

        yield opening


@pytest.fixture
async def rooms(sandbox: Simulators) -> AsyncIterator[OpenRooms]:
    """Opens the rooms below the schema over the simulators, without a web or a graph in front."""
    async with AsyncExitStack() as opened:

        async def opening(sources: Tables | None = None, *, clock: Clock | None = None, **tables: Tables) -> Rooms:
            settings = settings_of(sandbox.sources if sources is None else sources, tables)
            return await opened.enter_async_context(open_rooms(settings, clock or SystemClock()))

        yield opening
