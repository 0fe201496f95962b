"""Asks two gateways in turn, a compiling one and a plain one, and prints what an answer costs each.

The gateways are whole ones in this process, with auth, limits and reports; requests are handed to them as ASGI, so the
HTTP server is not in the figures, and the client towards the sources is. The simulators run in a process of their own.
Rates of W1, W3 and W4 are bounded by them: there CPU milliseconds tell more. Answers are compared before anything is timed.
"""

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from hashlib import sha256
from itertools import cycle
from typing import Any, NamedTuple

import aiohttp

from benchmarks.answers.workloads import WORKLOADS, Workload
from gateway.app import create_app
from gateway.sandbox import accounts
from gateway.settings import load_only

ROUNDS = 5
PATIENCE = 60.0


class Cost(NamedTuple):
    """Of one round: requests a second, and CPU milliseconds a request."""

    rate: float
    cpu: float


class Gateway:
    """A whole gateway; a request is the body of a POST."""

    def __init__(self, app: Any) -> None:  # noqa: ANN401 - an ASGI application
        self._app = app

    async def ask(self, content: bytes) -> bytes:
        """The body of the answer."""
        sent: list[Any] = []

        arriving: asyncio.Queue[Any] = asyncio.Queue()  # and then nothing: the client stays until it is answered
        arriving.put_nowait({"type": "http.request", "body": content, "more_body": False})

        async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            sent.append(message)

        headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer key"), (b"host", b"127.0.0.1")]
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"}
        place = {"path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "", "headers": headers}
        ends = {"client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8000)}
        await self._app({**scope, **place, **ends}, arriving.get, send)
        return b"".join(message.get("body", b"") for message in sent)


async def _opened(url: str, opened: AsyncExitStack, *, compiled: bool) -> Gateway:
    settings = load_only(
        sources=accounts.sources(url),
        state={"database_url": "sqlite://", "answer_bytes": 0},
        server={"cursor_key": "the same in both of them", "compiled": compiled},
        clients={"bench": {"key_sha256": sha256(b"key").hexdigest(), "scopes": ["addresses:read"]}},
    )
    app = create_app(settings)
    await opened.enter_async_context(app.router.lifespan_context(app))
    return Gateway(app)


async def _bodies(workload: Workload, gateway: Gateway) -> list[bytes]:
    """The requests in turn; where cursors are wanted, one for every page of the list."""
    variables = list(workload.variables)
    while workload.cursors and len(variables) < 100:  # noqa: PLR2004 - different cursors at most
        answer = json.loads(await gateway.ask(_body(workload, {**variables[-1], "walking": True})))
        info = answer["data"]["phoneNumbers"]["pageInfo"]
        if not info["hasNextPage"]:
            break
        variables.append({"after": info["endCursor"]})
    return [_body(workload, given) for given in variables]


def _body(workload: Workload, variables: dict[str, Any]) -> bytes:
    return json.dumps({"query": workload.document, "variables": variables}).encode()


async def _round(gateway: Gateway, bodies: list[bytes], seconds: float) -> Cost:
    began, worked, asked = time.perf_counter(), time.process_time(), 0
    for body in cycle(bodies):
        await gateway.ask(body)
        asked += 1
        if time.perf_counter() - began > seconds:
            break
    return Cost(asked / (time.perf_counter() - began), 1000 * (time.process_time() - worked) / asked)


async def _measured(workload: Workload, pair: tuple[Gateway, Gateway], seconds: float) -> str:
    bodies = await _bodies(workload, pair[1])
    for body in bodies:
        for _ in ("first sight", "second sight"):
            answers = [await gateway.ask(body) for gateway in pair]
            if answers[0] != answers[1] or b'"errors"' in answers[0]:
                sys.exit(f"{workload.title}: the answers differ, or are errors: {answers[0][:300]!r}")
    rounds = [[await _round(gateway, bodies, seconds) for gateway in pair] for _ in range(ROUNDS)]
    fast, plain = (Cost(*map(statistics.median, zip(*costs, strict=True))) for costs in zip(*rounds, strict=True))
    figures = f"{fast.rate:9.0f} {fast.cpu:8.3f} {plain.rate:9.0f} {plain.cpu:8.3f}"
    return f"{workload.title:58} {figures} {fast.rate / plain.rate:7.1f} {plain.cpu / fast.cpu:7.1f}"


async def _all(url: str, seconds: float) -> None:
    await _answering(url)
    async with AsyncExitStack() as opened:
        pair = (await _opened(url, opened, compiled=True), await _opened(url, opened, compiled=False))
        print(f"{'':58} {'compiled':>18} {'plain':>18} {'ratio':>15}")  # noqa: T201 - a command's output
        print(f"{'':58} {'/s':>9} {'CPU ms':>8} {'/s':>9} {'CPU ms':>8} {'/s':>7} {'CPU':>7}")  # noqa: T201
        for workload in WORKLOADS:
            print(await _measured(workload, pair, seconds), flush=True)  # noqa: T201


async def _answering(url: str) -> None:
    """Wait until the simulators take connections."""
    until = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until:
            try:
                await (await session.get(url)).read()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
            else:
                return
    sys.exit("the simulators did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def main() -> None:
    """Measure everything."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    port = _free_port()
    command = [sys.executable, "-m", "gateway", "sandbox", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as simulators:  # noqa: S603 - our own
        try:
            asyncio.run(_all(f"http://127.0.0.1:{port}", seconds))
        finally:
            simulators.terminate()


if __name__ == "__main__":
    main()
