"""Who asks: a bearer key compared with the configured hashes."""

import hashlib
import hmac
from collections.abc import Mapping

from gateway.errors import Unauthenticated
from gateway.schema.authority import Asker
from gateway.settings import ClientSettings, Settings


class Door:
    """Knows the configured clients. Without any, everybody who can reach the gateway may ask for everything."""

    def __init__(self, settings: Settings) -> None:
        everything = tuple(sorted(settings.sources))
        self._anyone = None if settings.clients else Asker("anyone", everything, None)
        self._clients = [
            (client.key_sha256, _asker(name, client, everything)) for name, client in sorted(settings.clients.items())
        ]

    def identify(self, headers: Mapping[str, str]) -> Asker:
        """Whoever holds the key of ``Authorization: Bearer <key>``.

        Every configured hash is compared, so that the time taken does not tell which one was near.

        Raises:
            Unauthenticated: there is no key, or nobody has this one.
        """
        if self._anyone is not None:
            return self._anyone
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            msg = "Send the header Authorization: Bearer <key>."
            raise Unauthenticated(msg)
        # a header's bytes are read as Latin-1 on the way here
        given = hashlib.sha256(key.strip().encode("latin-1")).hexdigest()
        known = [asker for digest, asker in self._clients if hmac.compare_digest(digest, given)]
        if not known:
            msg = "Nobody has this key; check it, or ask the operator for one."
            raise Unauthenticated(msg)
        return known[0]


def _asker(name: str, client: ClientSettings, everything: tuple[str, ...]) -> Asker:
    return Asker(name, everything if client.sources is None else tuple(sorted(client.sources)), client.scopes)
