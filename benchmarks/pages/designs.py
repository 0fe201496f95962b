"""What walks: a design opens its sources and then turns page after page."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Protocol, Self

from msgspec import Struct
from starlette.types import ASGIApp, Message

from benchmarks.clock import Clock
from benchmarks.simulated import Identity, World, settings_over
from gateway.app import create_app

PAGE = """query ($first: Int, $after: String, $last: Int, $before: String) {
  phoneNumbers(first: $first, after: $after, last: $last, before: $before) {
    nodes { e164 source { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    complete
  }
}"""


class Page(Struct, frozen=True):
    """The rows of a page, in its order, and whether there are more."""

    rows: list[Identity]
    more: bool


class Design(Protocol):
    """A way of paging; entering it opens what it needs."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def turn(self, size: int, *, backwards: bool) -> Page:
        """The next page."""
        ...


class Gateway:
    """The whole gateway: GraphQL in, GraphQL out."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._app = create_app(settings_over(world.url), clock)
        self._cursor: str | None = None

    async def __aenter__(self) -> Self:
        self._running: AbstractAsyncContextManager[object] = self._app.router.lifespan_context(self._app)
        await self._running.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.__aexit__(kind, error, trace)

    async def turn(self, size: int, *, backwards: bool) -> Page:
        """The next page, asked as a client does."""
        asked = {"last": size, "before": self._cursor} if backwards else {"first": size, "after": self._cursor}
        held = (await ask(self._app, PAGE, asked))["phoneNumbers"]
        assert held["complete"], "a source could not be read: the figures would say nothing"
        info = held["pageInfo"]
        self._cursor = info["startCursor" if backwards else "endCursor"]
        rows = [(node["source"]["name"], node["e164"][1:]) for node in held["nodes"]]
        return Page(rows, info["hasPreviousPage" if backwards else "hasNextPage"])


async def ask(app: ASGIApp, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The data of one GraphQL operation, handed to the application as a server hands it."""
    sent: list[Message] = []
    content = json.dumps({"query": query, "variables": variables}).encode()

    arriving: asyncio.Queue[Message] = asyncio.Queue()  # and then nothing: the client stays until it is answered
    arriving.put_nowait({"type": "http.request", "body": content, "more_body": False})

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, arriving.get, send)
    answer = json.loads(b"".join(message.get("body", b"") for message in sent))
    assert "errors" not in answer, answer["errors"]
    data: dict[str, Any] = answer["data"]
    return data
