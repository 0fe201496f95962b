"""Names that lead into our own network: not followed unless they may be."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from socket import AF_INET, AddressFamily

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.app import open_rooms
from gateway.errors import SourceMisconfigured
from gateway.providers import PROVIDERS
from gateway.providers.protocol import Request, Response
from gateway.settings import make_sources
from gateway.upstream.client import HttpTransport
from gateway.upstream.resolving import CarefulResolver, PrivateAddress, trusted_hosts
from tests.clocks import ManualClock
from tests.conftest import settings_of
from tests.upstream.servers import answer, listening, saying

NAME = "numbers.example"
Send = Callable[..., Awaitable[Response]]


class Zone(AbstractResolver):
    """Every name stands for the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.closed = False

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        """Those addresses."""
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
        self.closed = True


@pytest.fixture
async def send(clock: ManualClock) -> AsyncIterator[Send]:
    """Sends a GET by a transport whose names all stand for this machine."""
    async with AsyncExitStack() as opened:

        async def sending(url: str, *trusted: str) -> Response:
            transport = HttpTransport.open(clock.now, CarefulResolver(trusted, Zone("127.0.0.1")))
            opened.push_async_callback(transport.close)
            return await transport.send(Request("GET", url), 30.0)

        yield sending


async def test_a_name_that_leads_inside_is_not_followed(send: Send) -> None:
    """Nobody is connected to, and the operator is told which setting allows it."""
    async with listening(saying(answer())) as wire:
        with pytest.raises(SourceMisconfigured, match=f"^{NAME} stands for a private address: .*private_host = true"):
            await send(wire.url.replace("127.0.0.1", NAME))
    assert (wire.connections, wire.heard) == (0, [])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_the_operator_wrote_is_followed(send: Send, host: str) -> None:
    """An address that is written out, and this machine by its own name."""
    async with listening(saying(answer())) as wire:
        assert (await send(wire.url.replace("127.0.0.1", host))).status == 200


async def test_a_trusted_name_is_followed(send: Send) -> None:
    """One whose source says so."""
    async with listening(saying(answer())) as wire:
        assert (await send(wire.url.replace("127.0.0.1", NAME), NAME)).status == 200


PRIVATE = [
    "10.1.2.3", "172.16.0.1", "192.168.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.1.2.3", "2002:a01:203::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
async def test_private_addresses_are_known(address: str) -> None:
    """Of every kind, also within an address of the other family, and also where a public one stands before it."""
    for zone in (Zone(address), Zone("93.184.215.14", address)):
        with pytest.raises(PrivateAddress):
            await CarefulResolver(inner=zone).resolve(NAME)


async def test_public_addresses_are_told_as_they_are() -> None:
    """In both families; and who is asked is closed with the resolver."""
    zone = Zone("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14")
    resolver = CarefulResolver(inner=zone)
    assert await resolver.resolve(NAME, 443) == await zone.resolve(NAME, 443)
    await resolver.close()
    assert zone.closed


TABLES: dict[str, dict[str, object]] = {
    "8x8": {"subaccount_id": "One", "api_key": "k"},
    "webex": {"location_id": "One", "access_token": "t"},
    "cloudlx": {"access_token": "t"},
    "callgear": {"access_token": "t"},
}


def test_every_provider_is_here() -> None:
    """A further provider has its table too."""
    assert set(TABLES) == {kind.slug for kind in PROVIDERS}


@pytest.mark.parametrize("slug", TABLES)
async def test_every_source_is_asked_with_care(slug: str, clock: ManualClock) -> None:
    """Each provider's ``base_url`` counts, and only that of a source that says so."""
    table = {**TABLES[slug], "provider": slug, "base_url": "http://numbers.internal:1/api"}
    for private, found in ((False, []), (True, ["numbers.internal"])):
        settings = settings_of({"one": {**table, "private_host": private}}, {})
        assert trusted_hosts(make_sources(settings).values()) == found
        async with open_rooms(settings, clock) as rooms:
            assert rooms.callers["one"].source.settings.private_host is private
