"""Runs an ASGI application with uvicorn on a socket that is bound first, so that a taken port is a plain sentence."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from gateway.errors import SettingsInvalid


def bind(host: str, port: int) -> socket.socket:
    """A listening address; port 0 takes any free one.

    Raises:
        SettingsInvalid: the address cannot be had; the message says what to do.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        msg = f"{host}:{port} cannot be listened on ({error.strerror or error}): choose another with --host and --port, or stop what holds it."
        raise SettingsInvalid(msg) from error
    return bound


def url_of(bound: socket.socket) -> str:
    """The address as a browser takes it."""
    host, port = bound.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - shown, not bound
    return f"http://{shown}:{port}"


def run(app: ASGIApp, bound: socket.socket) -> None:
    """Serve until a signal; requests under way are finished."""
    _server(app).run(sockets=[bound])


@contextmanager
def running(app: ASGIApp, bound: socket.socket) -> Iterator[None]:
    """Serve in a thread of its own while the block runs."""
    server = _server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=10)
    )
