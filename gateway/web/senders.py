"""Who sends an event: the address it comes from, behind trusted proxies, and the secret it brings."""

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from pydantic import SecretStr
from starlette.requests import Request

Address = IPv4Address | IPv6Address


def comes_from(request: Request, allowed: Sequence[str], proxies: Sequence[str]) -> bool:
    """Whether the sender's address is among those allowed; none named allows any.

    A trusted proxy is believed who it passed on: the last address in ``X-Forwarded-For`` that is no trusted proxy.
    """
    if not allowed:
        return True
    sender = _address(request.client.host if request.client else "")
    for forwarded in reversed(",".join(request.headers.getlist("x-forwarded-for")).split(",")):
        if not _is_among(sender, proxies) or not forwarded.strip():
            break
        sender = _address(forwarded.strip())
    return _is_among(sender, allowed)


def knows_secret(request: Request, header: str, secret: SecretStr | None) -> bool:
    """Whether the header's whole value is the secret, in a time that does not tell how near it was."""
    given = request.headers.getlist(header)
    if secret is None or len(given) != 1:
        return False
    # a header's bytes are read as Latin-1 on the way here
    return hmac.compare_digest(given[0].encode("latin-1"), secret.get_secret_value().encode())


def _address(text: str) -> Address | None:
    """The address; of an IPv4 address in IPv6's clothes the IPv4 one. None when it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_among(address: Address | None, networks: Sequence[str]) -> bool:
    return address is not None and any(address in ip_network(network, strict=False) for network in networks)
