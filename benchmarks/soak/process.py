"""The gateway that is watched, in a process of its own, which tells at ``/soak`` what it holds."""

import asyncio
import gc
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.app import create_app
from gateway.serving import bind, run, url_of
from gateway.settings import load_only

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def _held() -> dict[str, Any]:
    """Bytes in memory, open sockets, and tasks by what they do."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    tasks = Counter(_kind(task) for task in asyncio.all_tasks() if not task.done())
    return {"bytes": resident * PAGE_BYTES, "sockets": sum(_opened()), "tasks": tasks}


def _opened() -> Iterator[bool]:
    """Of each open file whether it is a socket."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one of this listing
            yield link.readlink().name.startswith("socket:")


def _kind(task: asyncio.Task[Any]) -> str:
    code = getattr(task.get_coro(), "__qualname__", "?")
    return str(code)


async def _tell(request: Request) -> JSONResponse:
    """What is held; ``?collected`` has what is garbage forgotten before."""
    if "collected" in request.query_params:
        gc.collect()
    return JSONResponse(_held())


def _serve(told: Connection, settings: dict[str, Any]) -> None:
    app = create_app(load_only(**settings))
    app.router.routes.append(Route("/soak", _tell))
    bound = bind("127.0.0.1", 0)
    told.send(url_of(bound))
    run(app, bound)


@contextmanager
def gateway(settings: dict[str, Any]) -> Iterator[str]:
    """A gateway with those settings; its URL."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, settings), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()
