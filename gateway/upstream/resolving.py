"""Where names lead: a source's name that stands for an address of our own network is not followed unless it may be.

A name can be made to stand for any address at any time (DNS rebinding), so what is looked at is what will be connected
to. An address that is written out in ``base_url`` is the operator's own word, and asks no resolver.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, AddressFamily
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.providers.protocol import Source

THIS_MACHINE = "localhost"


class PrivateAddress(OSError):
    """A name stands for an address that is not the internet's."""


class CarefulResolver(AbstractResolver):
    """Asks another resolver; the names of ``trusted``, and this machine's own, may stand for any address."""

    def __init__(self, trusted: Iterable[str] = (), inner: AbstractResolver | None = None) -> None:
        self._trusted = frozenset(trusted) | {THIS_MACHINE}
        self._inner = inner or ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: AddressFamily = AF_INET) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            PrivateAddress: one of them is not the internet's; then the others are not believed either.
            OSError: there are none.
        """
        found = await self._inner.resolve(host, port, family)
        if host.lower() not in self._trusted and not all(_is_public(each["host"]) for each in found):
            msg = f"{host} stands for a private address: write the address itself as base_url, or set private_host = true."
            raise PrivateAddress(msg)
        return found

    async def close(self) -> None:
        """Close the other one."""
        await self._inner.close()


def trusted_hosts(sources: Iterable[Source]) -> Sequence[str]:
    """The names that settings allow to be private."""
    held = [source.settings for source in sources if source.settings.private_host]
    return [str(urlsplit(getattr(settings, "base_url", "")).hostname) for settings in held]


def _is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    return address.is_global and not address.is_multicast
