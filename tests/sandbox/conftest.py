"""One sandbox on a real socket for all tests of this folder, as it was in the beginning for each of them."""

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Literal

import pytest
import uvicorn
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from starlette.applications import Starlette

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller


@contextmanager
def serving(app: Starlette, http: Literal["httptools", "h11"], loop: Literal["uvloop", "asyncio"]) -> Iterator[str]:
    """Serve an app on a free port of the loopback interface, in a thread; yield its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http=http, loop=loop, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join()


@pytest.fixture(scope="session")
def app() -> Starlette:
    """The application under test."""
    return create_sandbox()


@pytest.fixture(scope="session")
def base_url(app: Starlette) -> Iterator[str]:
    """The URL of the application, served the way it is in use."""
    with serving(app, "httptools", "uvloop") as url:
        yield url


@pytest.fixture(scope="session")
def plain_base_url(app: Starlette) -> Iterator[str]:
    """The URL of the same application, served in pure Python."""
    with serving(app, "h11", "asyncio") as url:
        yield url


@pytest.fixture(autouse=True)
def sandbox(app: Starlette) -> Sandbox:
    """The sandbox behind the application, as it was in the beginning."""
    world = app.state.sandbox
    assert isinstance(world, Sandbox)
    world.reset()
    return world


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """A client that opens a connection for each call and gives up after five seconds."""
    async with ClientSession(timeout=ClientTimeout(total=5), connector=TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def caller(session: ClientSession, base_url: str) -> Caller:
    """Calls to the sandbox."""
    return Caller(session, base_url)


@pytest.fixture(autouse=True)
def _quiet_server(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test during which the server complained: no fault may look like a bug of the sandbox."""
    yield
    complaints = [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.WARNING]
    assert complaints == []
