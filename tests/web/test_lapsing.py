"""Who listens while keys are replaced: whoever is not known any more is put out, and nobody else."""

import asyncio
from collections.abc import Iterator

import pytest

from gateway.app import create_app
from gateway.serving import bind, running, url_of
from gateway.settings import Settings, load_only
from gateway.web.auth import Door
from tests.schema.gateways import Client, Simulated
from tests.upstream.logs import MemoryLog
from tests.web.frames import event, socket, stream
from tests.web.listening import hub_of
from tests.web.test_auth import CLIENTS, OFFICE, SHOP, hashed
from tests.web.test_reservations import TOKEN, operate, reserved
from tests.web.test_reservations import listening as stream_of
from tests.web.test_subscriptions import EVENTS, PAYLOADS, until

CHANGES = "subscription { phoneNumberChanged { e164 } }"
REPLACED = CLIENTS["shop"] | {"key_sha256": hashed("new")}
RESTRICTED = CLIENTS["shop"] | {"sources": ["london"]}


class Gateway:
    """One whose clients are read anew while it runs, and whose changes the test writes."""

    def __init__(self, simulated: Simulated) -> None:
        self._sources = simulated.sources
        self.log = MemoryLog()
        self.app = create_app(self.settings())
        self.hub = hub_of(self.log)

    def settings(self, **clients: object) -> Settings:
        """These clients beside, or instead of, the others."""
        return load_only(sources=self._sources, state={"database_url": "sqlite://"}, clients=CLIENTS | clients)

    def reload(self, **clients: object) -> None:
        """As SIGHUP does it."""
        door: Door = self.app.state.door
        door.reload(self.settings(**clients))


@pytest.fixture
def held(simulated: Simulated) -> Gateway:
    """A gateway that does not run yet."""
    return Gateway(simulated)


@pytest.fixture
def url(held: Gateway) -> Iterator[str]:
    """Where it runs."""
    bound = bind("127.0.0.1", 0)
    with running(held.app, bound):
        assert Client(url_of(bound)).send("GET", "/health").status == 200
        held.app.state.rooms.hub = held.hub
        yield url_of(bound)


def bearer(key: str) -> dict[str, str]:
    """The header of a key."""
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize("shop", [REPLACED, RESTRICTED], ids=["another key", "other rights"])
@pytest.mark.parametrize("accept", [EVENTS, PAYLOADS], ids=["events", "parts"])
async def test_streams_end(held: Gateway, url: str, accept: str, shop: object) -> None:
    """A stream of somebody whose key is gone, or has other rights, ends as if cut off; others hear of the next change."""
    async with (
        stream(url, CHANGES, accept, **bearer(SHOP)) as theirs,
        stream(url, CHANGES, EVENTS, **bearer(OFFICE)) as ours,
    ):
        await until(held.hub, listened=True)
        held.reload(shop=shop)
        assert b"complete" not in await theirs.read()
        held.log.append()
        assert (await event(ours))[2]["data"]["phoneNumberChanged"]["e164"]


async def test_sockets_are_closed(held: Gateway, url: str) -> None:
    """A socket whose key is gone is closed with 4403, with what it listens to; another one goes on."""
    async with socket(url) as theirs, socket(url, **bearer(OFFICE)) as ours:
        await theirs.init(bearer(SHOP))
        await theirs.subscribe("1", CHANGES)
        await until(held.hub, listened=True)
        await ours.init()
        held.reload(shop=REPLACED)
        assert await theirs.closed() == (4403, "Forbidden: this key holds no longer, or for something else")
        await until(held.hub, listened=False)
        await ours.subscribe("1", "{ __typename }")
        assert (await ours.next())["payload"] == {"data": {"__typename": "Query"}}


async def test_reserved_streams_end(held: Gateway, url: str) -> None:
    """The stream of many operations ends with all of them."""
    shop = Client(url, SHOP)
    token = reserved(shop)
    async with stream_of(url, "", {TOKEN: token, **bearer(SHOP)}) as theirs:
        assert operate(shop, token, CHANGES).status == 202
        await until(held.hub, listened=True)
        held.reload(shop=REPLACED)
        await theirs.read()
        await until(held.hub, listened=False)


async def test_whoever_was_let_in_before_is_put_out_at_once(held: Gateway) -> None:
    """Clients may be read anew between the look at a key and the first word of a stream."""
    door: Door = held.app.state.door
    asker = door.identify(bearer(SHOP))
    held.reload(shop=REPLACED)
    put_out: list[str] = []
    with door.watched(bearer(SHOP), asker, lambda: put_out.append("shop")):
        assert put_out == ["shop"]


async def test_whoever_has_left_is_not_put_out(held: Gateway) -> None:
    """Also where the clients were read anew just before."""
    door: Door = held.app.state.door
    put_out: list[str] = []
    with door.watched(bearer(SHOP), door.identify(bearer(SHOP)), lambda: put_out.append("shop")):
        held.reload(shop=REPLACED)
    await asyncio.sleep(0)
    assert put_out == []
