"""Runs an ASGI application with uvicorn on a socket that is bound first, so that a taken port is a plain sentence."""

import asyncio
import ctypes
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from gateway.errors import SettingsInvalid
from gateway.sections import LimitSettings
from gateway.telemetry import silence
from gateway.web.frames import BoundedSocket
from gateway.web.receiving import BoundedProtocol

PATIENCE = 8
"""Seconds that requests under way have to be answered once the door is shut."""

GARBAGE = (5_000, 2, 200)
"""How often garbage is searched for: seldom among what has lived for a while, since Python's own 700, 10, 10 go through everything
that 1,000 listeners hold every few changes, for 140 ms; and often among the rest, since what the refused documents of
a second leave behind would take 80 ms at once. Nobody is answered meanwhile."""

SWITCH = 0.0005
"""Seconds after which a thread that reads a long document, or a large answer, makes room for the loop. With Python's own 5 ms, an
answer that goes through a dozen system calls waits so long after each."""

M_MMAP_THRESHOLD, LARGE = -3, 512 * 1024
"""The bytes of a block that goes back to the system as soon as it is free (mallopt(3)). By itself glibc takes the size of
such blocks for usual once it has freed some, keeps the next ones, and leaves holes between them that nothing fits into.
A page of 1,000 numbers is smaller: to have its blocks from the system each time was a sixth of what it took."""

M_TRIM_THRESHOLD, SPARE = -1, 4 * 1024 * 1024
"""The bytes that may be free at the end of the heap before they go back: what one such page after the other takes."""

M_ARENA_MAX, ARENAS = -8, 2
"""The heaps that threads share; each by itself would have its own, with holes of its own."""


def bind(host: str, port: int) -> socket.socket:
    """A listening address; port 0 takes any free one.

    Raises:
        SettingsInvalid: the address cannot be had; the message says what to do.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return _listening(socket.socket(family, kind, protocol), address)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        msg = f"{host}:{port} cannot be listened on ({why}): choose another with --host and --port, or stop what holds it."
        raise SettingsInvalid(msg) from error


def _listening(bound: socket.socket, address: Any) -> socket.socket:  # noqa: ANN401 - of the socket's family
    """The socket, listening: from here on nobody else can have the address, and callers wait instead of being refused."""
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


def url_of(bound: socket.socket) -> str:
    """The address as a browser takes it."""
    host, port = bound.getsockname()[:2]
    return f"http://{reachable(host)}:{port}"


def reachable(host: str) -> str:
    """A host in an address that this machine can open: not "any", and IPv6 in brackets."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not bound
    return f"[{near}]" if ":" in near else near


def run(
    app: ASGIApp,
    bound: socket.socket,
    limits: LimitSettings | None = None,
    reload: Callable[[], None] | None = None,
    drain: float = 0.0,
) -> None:
    """Serve until a signal; requests under way are finished. ``reload`` is called on SIGHUP, where there is one.

    After SIGTERM everything is answered for ``drain`` seconds more, while ``/ready`` says no and connections are not kept.
    """
    if reload is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: reload())
    gc.freeze()  # what lives as long as the process is not searched for garbage again: up to 50 ms each time
    gc.set_threshold(*GARBAGE)
    sys.setswitchinterval(SWITCH)
    _give_back_what_is_free()
    _server(app, limits, drain).run(sockets=[bound])


def _give_back_what_is_free() -> None:
    """Where the C library is glibc; others have no such settings."""
    with suppress(AttributeError, OSError, TypeError):
        allocator = ctypes.CDLL(None)
        allocator.mallopt(M_MMAP_THRESHOLD, LARGE)
        allocator.mallopt(M_TRIM_THRESHOLD, SPARE)
        allocator.mallopt(M_ARENA_MAX, ARENAS)


@contextmanager
def running(app: ASGIApp, bound: socket.socket, limits: LimitSettings | None = None) -> Iterator[None]:
    """Serve in a thread of its own while the block runs."""
    server = _server(app, limits)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    """Ends in peace on a signal: uvicorn's own raises it once more after its shutdown, and the process would fail."""

    def __init__(self, config: uvicorn.Config, ending: asyncio.Event, drain: float) -> None:
        super().__init__(config)
        self._ending = ending
        self._drain = drain
        self._draining = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks for the end, an interrupt after it forces it."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()
        self._draining = sig == signal.SIGTERM

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Whoever sends requests here is told before the door is shut: what comes until then is answered."""
        self._ending.set()
        if self._draining:
            self.server_state.default_headers.append((b"connection", b"close"))
            await asyncio.sleep(self._drain)
        await super().shutdown(sockets)


def _server(app: ASGIApp, limits: LimitSettings | None = None, drain: float = 0.0) -> uvicorn.Server:
    state, limits = getattr(app, "state", None), limits or LimitSettings()
    bounds = {"limits": limits, "tell": getattr(state, "tell", silence)}
    return _Server(
        uvicorn.Config(
            app,
            http=partial(BoundedProtocol, state=state, **bounds),  # type: ignore[arg-type]  # called like the class that uvicorn wants
            ws=partial(BoundedSocket, **bounds),  # type: ignore[arg-type]  # likewise
            ws_max_size=limits.body_bytes,
            log_config=None,  # its lines are written as all others are
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_per_message_deflate=False,  # 50 KB a socket, and every frame would be compressed for each listener anew
            proxy_headers=False,  # whom to believe is a setting of the gateway
            timeout_graceful_shutdown=PATIENCE,
        ),
        getattr(state, "ending", asyncio.Event()),
        drain,
    )
