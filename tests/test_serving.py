"""Listening and serving: taken ports, addresses as they are shown, and an end in peace."""

import signal
import socket

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.errors import SettingsInvalid
from gateway.serving import _server, bind, reachable, running, url_of
from tests.schema.gateways import Client


async def hello(_: Request) -> PlainTextResponse:
    """Say so."""
    return PlainTextResponse("hello")


APP = Starlette(routes=[Route("/", hello)])


def test_a_free_port_is_found_and_shown() -> None:
    """Port 0 takes any free one, and the address is the one that a browser takes."""
    with bind("127.0.0.1", 0) as bound:
        host, port = bound.getsockname()
        assert port > 0
        assert url_of(bound) == f"http://{host}:{port}"


def test_an_address_is_held_from_the_beginning() -> None:
    """Once bound, callers wait for the server instead of being refused, and nobody else gets the address."""
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        with pytest.raises(
            SettingsInvalid, match=rf"127\.0\.0\.1:{port} cannot be listened on \(Address already in use\)"
        ):
            bind("127.0.0.1", port)
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a" * 70, "with space"])
def test_an_address_that_cannot_be_had_is_told(host: str) -> None:
    """A host that is unknown, of another machine, or no host at all: a sentence that says what to do."""
    with pytest.raises(
        SettingsInvalid, match=f"{host}:0 cannot be listened on .*: choose another with --host and --port"
    ):
        bind(host, 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("fe80::1", "[fe80::1]")],
)
def test_hosts_are_shown_as_they_can_be_opened(host: str, shown: str) -> None:
    """What listens everywhere is shown as this machine, and IPv6 in brackets."""
    assert reachable(host) == shown


def test_it_serves_while_the_block_runs() -> None:
    """Within the block there are answers, also at once; after it the address is free again."""
    bound = bind("127.0.0.1", 0)
    url, port = url_of(bound), bound.getsockname()[1]
    with running(APP, bound):
        assert Client(url).send("GET", "/").content == b"hello"
    bind("127.0.0.1", port).close()


def test_the_block_may_fail() -> None:
    """Whatever goes wrong within the block, the server is stopped."""
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    with pytest.raises(ZeroDivisionError), running(APP, bound):
        assert 1 // 0
    bind("127.0.0.1", port).close()


def test_a_signal_asks_for_the_end_and_a_second_interrupt_forces_it() -> None:
    """Signals are not raised again after the shutdown, so that the process ends with 0."""
    server = _server(APP)
    server.handle_exit(signal.SIGTERM, None)
    assert (server.should_exit, server.force_exit, server._captured_signals) == (True, False, [])
    server.handle_exit(signal.SIGINT, None)
    assert (server.force_exit, server._captured_signals) == (True, [])
