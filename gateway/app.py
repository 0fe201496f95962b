"""The composition root: settings become rooms, and rooms become a Starlette application."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from gateway.errors import SettingsInvalid
from gateway.numbers.blocks import Listing
from gateway.numbers.cursor import Signer
from gateway.numbers.merge import Snapshot
from gateway.providers.protocol import Source
from gateway.schema.context import Rooms
from gateway.schema.graph import make_schema, sdl
from gateway.settings import Settings, make_sources, redis_address
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory
from gateway.upstream.cache_valkey import Valkey
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import Clock, SystemClock
from gateway.upstream.inventory import Inventory
from gateway.upstream.lookups import Looked, Lookups
from gateway.upstream.packing import Packing
from gateway.upstream.policy import Caller
from gateway.upstream.shared import Shared
from gateway.web.auth import Door
from gateway.web.graphql import GraphQLEndpoint
from gateway.web.health import health_routes

SHORTEST_KEY = 16
"""Bytes of a key that signs cursors, at least."""


@asynccontextmanager
async def open_rooms(settings: Settings, clock: Clock, cursor_key: bytes | None = None) -> AsyncIterator[Rooms]:
    """Everything below the schema, with its sockets; closed at the end. Without a key, cursors end with the rooms."""
    transport = HttpTransport.open(clock.now)
    sources = make_sources(settings)
    callers = {name: Caller(source, transport, clock) for name, source in sources.items()}
    cache = Cache(
        BoundedMemory(settings.state.cache_bytes), _shared(settings, sources, clock), settings.limits.deadline
    )
    inventory = Inventory(callers, cache, clock)
    rooms = Rooms(
        callers=callers,
        inventory=inventory,
        lookups=Lookups(callers, inventory, cache, clock),
        signer=Signer(cursor_key or secrets.token_bytes(32)),
        limits=settings.limits,
        clock=clock,
    )
    try:
        yield rooms
    finally:
        await cache.close()
        await transport.close()


def create_app(settings: Settings, clock: Clock | None = None) -> Starlette:
    """The gateway as an ASGI application.

    Raises:
        SettingsInvalid: the key that signs cursors can be neither read nor written.
    """
    cursor_key = cursor_secret(settings)
    schema = make_schema(max_tokens=settings.limits.document_tokens, compiling=settings.server.compiled)
    door = Door(settings)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_rooms(settings, clock or SystemClock(), cursor_key) as rooms:
            app.router.routes[:0] = [
                Route("/graphql", GraphQLEndpoint(schema, rooms, door)),
                *health_routes(rooms, sdl(schema)),
            ]
            prepared = asyncio.gather(*(caller.prepare() for caller in rooms.callers.values()))
            yield
            prepared.cancel()
            await asyncio.gather(prepared, return_exceptions=True)

    return Starlette(lifespan=lifespan)


def _shared(settings: Settings, sources: Mapping[str, Source], clock: Clock) -> Shared | None:
    """What processes keep together, where they are told to."""
    if not settings.state.redis_url:
        return None
    packing = Packing(sources.values(), (Snapshot, Listing, Looked))
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
