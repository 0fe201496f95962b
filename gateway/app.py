"""The composition root: settings become rooms, and rooms become a Starlette application."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from gateway.errors import SettingsInvalid
from gateway.numbers.blocks import Listing
from gateway.numbers.cursor import Signer
from gateway.numbers.merge import Snapshot
from gateway.providers.protocol import Source
from gateway.schema.context import Rooms
from gateway.schema.graph import make_schema, sdl
from gateway.sections import redis_address
from gateway.settings import Settings, make_sources
from gateway.telemetry import Tell, silence
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.cache_valkey import Valkey
from gateway.upstream.changes import Hub
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import Clock, SystemClock
from gateway.upstream.database import Database, migrate
from gateway.upstream.documents import BYTES_KEPT, Documents, KeptDocument
from gateway.upstream.estimate import Estimates
from gateway.upstream.events import Events
from gateway.upstream.inventory import Inventory
from gateway.upstream.keys import make_scopes
from gateway.upstream.lookups import Looked, Lookups
from gateway.upstream.packing import Packing
from gateway.upstream.policy import Caller
from gateway.upstream.refresh import Refresher
from gateway.upstream.resolving import CarefulResolver, trusted_hosts
from gateway.upstream.shared import Shared
from gateway.upstream.store import Store
from gateway.web.answers import HANDLERS
from gateway.web.auth import Door
from gateway.web.budget import Admission
from gateway.web.documents import Library
from gateway.web.execution import Execution
from gateway.web.graphql import GraphQLEndpoint
from gateway.web.health import health_routes
from gateway.web.kept import KeptAnswers
from gateway.web.limits import Front, cors
from gateway.web.metrics import Metrics
from gateway.web.pages import GRAPHIQL, asset_routes
from gateway.web.requests import Requests
from gateway.web.shortcut import Shortcut
from gateway.web.sockets import SocketEndpoint
from gateway.web.tracing import Tracing, Untraced, open_tracing
from gateway.web.trusted import read_manifests
from gateway.web.webhooks import webhook_route

if TYPE_CHECKING:
    from gateway.web.tokens import Tokens

SHORTEST_KEY = 16
"""Bytes of a key that signs cursors, at least."""


@asynccontextmanager
async def open_rooms(
    settings: Settings, clock: Clock, cursor_key: bytes | None = None, sdl: str = "", tell: Tell = silence
) -> AsyncIterator[Rooms]:
    """Everything below the schema, with its sockets; closed at the end. Without a key, cursors end with the rooms."""
    sources = make_sources(settings)
    transport = HttpTransport.open(clock.now, CarefulResolver(trusted_hosts(sources.values())))
    shared = _shared(settings, sources, clock)
    callers = {name: Caller(source, transport, clock, tell, shared) for name, source in sources.items()}
    cache = Cache(BoundedMemory(settings.state.cache_bytes), shared, settings.limits.deadline, tell)
    database = Database.open(settings.state.database_url)
    store = Store(database, sources)
    hub = Hub(store)
    events = Events(store, sources, hub, clock)
    inventory = Inventory(callers, cache, clock, events, tell)
    rooms = Rooms(
        callers=callers,
        cache=cache,
        inventory=inventory,
        lookups=Lookups(callers, inventory, cache, clock, events),
        events=events,
        hub=hub,
        documents=Documents(Cache(BoundedMemory(BYTES_KEPT), shared), clock),
        estimates=Estimates(callers, inventory),
        signer=Signer(cursor_key or secrets.token_bytes(32)),
        limits=settings.limits,
        clock=clock,
        sdl=sdl,
    )
    try:
        yield rooms
    finally:
        await hub.close()
        await rooms.answers.close()
        await cache.close()
        await events.close()
        await database.close()
        await transport.close()


def create_app(settings: Settings, clock: Clock | None = None, tracing: Tracing | None = None) -> Starlette:
    """The gateway as an ASGI application; without ``tracing`` the environment says where spans go, if anywhere.

    Raises:
        SettingsInvalid: the key that signs cursors can be neither read nor written, or the store or a manifest cannot be used.
    """
    cursor_key = cursor_secret(settings)
    migrate(settings.state.database_url)
    schema = make_schema(settings.limits, subgraph=settings.server.subgraph, compiling=settings.server.compiled)
    plain = sdl(make_schema() if settings.server.subgraph else schema)
    tokens = _tokens(settings)
    door, clock = Door(settings, tokens), clock or SystemClock()
    admission, metrics, tracing = Admission(settings.limits, clock), Metrics(), tracing or _tracing(settings)
    tell, ending = tracing.beside(metrics.tell), asyncio.Event()
    open_library = _library(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with tracing, open_rooms(settings, clock, cursor_key, plain, tell) as rooms, _fresh(tokens, clock):
            app.state.rooms, library = rooms, open_library(rooms.documents)
            execution, kept = Execution(schema, rooms, tracing), KeptAnswers(rooms, settings.state.answer_bytes)
            graphql = app.state.graphql = GraphQLEndpoint(execution, door, library, admission, kept, settings, ending)
            if isinstance(tracing, Untraced):  # a span is made on the long way
                app.state.shortcut = Shortcut(settings.server, door, admission, kept, tell, clock, ending).answer
            app.router.routes[:0] = [
                Route("/graphql", graphql),
                WebSocketRoute("/graphql", SocketEndpoint(execution, door, library, admission, settings, ending)),
                *health_routes(rooms, plain, door, ending),
                *asset_routes(GRAPHIQL),
                webhook_route(rooms.events, settings, tell),
                metrics.route(),
            ]
            async with _beside(rooms, settings):
                yield

    around = [Middleware(Requests, tell, clock), Middleware(tracing.around), *cors(settings.server)]
    front = Middleware(Front, settings.server, door, admission)
    app = Starlette(lifespan=lifespan, middleware=[*around, front], exception_handlers=HANDLERS)
    app.state.door, app.state.tell, app.state.ending = door, tell, ending
    return app


@asynccontextmanager
async def _beside(rooms: Rooms, settings: Settings) -> AsyncIterator[None]:
    """What goes on while requests are answered."""
    refresher = Refresher(rooms.callers, rooms.inventory, rooms.events, rooms.hub, rooms.clock, rooms.limits.deadline)
    sources = [caller.source for caller in rooms.callers.values()]
    beside = asyncio.gather(
        asyncio.to_thread(make_scopes, sources),
        *(caller.prepare() for caller in rooms.callers.values()),
        refresher.run(),
        rooms.events.keep_history(settings.state.history_days),
    )
    yield
    beside.cancel()
    await asyncio.gather(beside, return_exceptions=True)


def _library(settings: Settings) -> Callable[[Documents], Library]:
    """Makes the library, once there is a place to register documents; the manifests are read now."""
    trust = settings.server.trusted_documents
    trusted = {} if trust == "off" else read_manifests(settings.server.trusted_manifests)
    return lambda documents: Library(documents, trusted, settings.limits.document_bytes, only=trust == "only")


def _tracing(settings: Settings) -> Tracing:
    """As the environment says."""
    return open_tracing({name: held.provider for name, held in settings.sources.items()}, os.environ)


def _tokens(settings: Settings) -> "Tokens | None":
    """What knows tokens, with the cryptography that it takes; a start without tokens does not wait for that."""
    if settings.tokens is None:
        return None
    tokens: Tokens = import_module("gateway.web.tokens").Tokens(settings.tokens)
    return tokens


@asynccontextmanager
async def _fresh(tokens: "Tokens | None", clock: Clock) -> AsyncIterator[None]:
    """The issuer's keys are there, and stay current, where tokens are taken; over a connection of their own."""
    if tokens is None:
        yield
        return
    transport = HttpTransport.open(clock.now)
    await tokens.fetch(transport)
    fetching = asyncio.create_task(tokens.keep_fresh(transport))
    try:
        yield
    finally:
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        await transport.close()


def _shared(settings: Settings, sources: Mapping[str, Source], clock: Clock) -> Shared | None:
    """What processes keep together, where they are told to."""
    if not settings.state.redis_url:
        return None
    packing = Packing(sources.values(), (Snapshot, Listing, Looked, KeptDocument))
    return Shared(Valkey(redis_address(settings.state.redis_url), packing), clock)


def cursor_secret(settings: Settings) -> bytes:
    """The key that signs cursors: the setting, else one made once and kept beside the store, so that cursors survive.

    Raises:
        SettingsInvalid: it can be neither read nor written there.
    """
    if settings.server.cursor_key is not None:
        return settings.server.cursor_key.get_secret_value().encode()
    place = _beside_the_store(settings.state.database_url)
    if place is None:
        return secrets.token_bytes(32)
    try:
        _make_once(place)
        key = place.read_bytes()
    except OSError as error:
        msg = f"server.cursor_key: none is set, and {place} cannot be used ({error.strerror}): set one of at least 16 characters."
        raise SettingsInvalid(msg) from error
    if len(key) < SHORTEST_KEY:
        msg = f"server.cursor_key: none is set, and {place} holds no whole key: remove that file, or set one of at least 16 characters."
        raise SettingsInvalid(msg)
    return key


def _make_once(place: Path) -> None:
    """Put a new key there unless there is one; of several processes all read the same, and none reads half of it."""
    if place.exists():
        return
    fresh = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
    try:
        fresh.touch(0o600, exist_ok=False)
        fresh.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):
            place.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)


def _beside_the_store(database_url: str) -> Path | None:
    """Where the key is kept; None for a store that is no file."""
    kind, _, path = database_url.partition(":///")
    return Path(path).with_name("gateway.key") if kind == "sqlite" and path else None
