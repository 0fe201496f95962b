"""Who asks: a bearer key compared with the configured hashes, or a token that the configured issuer signed."""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gateway.errors import Forbidden, RequestRefused, Unauthenticated
from gateway.schema.authority import DEBUG, INTROSPECTION, Asker
from gateway.sections import ClientSettings
from gateway.settings import Settings

if TYPE_CHECKING:  # with cryptography, for which only those wait who take tokens
    from gateway.web.tokens import Tokens

MISSING = "Send the header Authorization: Bearer <key>."
UNKNOWN = "Nobody has this key; check it, or ask the operator for one."


class _Watch:
    """Somebody who listens: with what they were let in, who they were then, and how they are put out."""

    def __init__(self, headers: Mapping[str, str], asker: Asker, lapse: Callable[[], object]) -> None:
        self.headers = headers
        self.asker = asker
        self.lapse = lapse
        self.loop = asyncio.get_running_loop()
        self.alarm: asyncio.TimerHandle | None = None


class Door:
    """Knows the configured clients. Without any, everybody who can reach the gateway may ask for everything."""

    def __init__(self, settings: Settings, tokens: "Tokens | None" = None) -> None:
        self._tokens = tokens
        self._open = not settings.clients
        self._everything = tuple(sorted(settings.sources))
        self._watches: set[_Watch] = set()
        self.reload(settings)

    @property
    def open(self) -> bool:
        """Whether everybody may ask, which does not change while it stands."""
        return self._open

    def reload(self, settings: Settings) -> None:
        """Know these clients from now on, and no others: new keys hold and old ones do not, without a restart.

        A gateway that was opened for everybody stays so, and one that was not never becomes so. Its sources are those
        that it was opened with. Whoever listens and is not known any more, or has other rights now, is put out.
        """
        everything = self._everything
        self._anyone = Asker("anyone", everything, None) if self._open else None
        self._clients = {name: _asker(name, client, everything) for name, client in settings.clients.items()}
        self._names = {
            digest: name
            for name, client in sorted(settings.clients.items(), reverse=True)
            for digest in (client.key_sha256, client.next_key_sha256)
            if digest is not None
        }
        for watch in list(self._watches):
            watch.loop.call_soon_threadsafe(self._look_at, watch)  # a signal may come in the midst of anything

    @contextmanager
    def watched(self, headers: Mapping[str, str], asker: Asker, lapse: Callable[[], object]) -> Iterator[None]:
        """Meanwhile ``lapse`` is called once these headers do not stand for that asker any more: a token ends by itself."""
        watch = _Watch(headers, asker, lapse)
        self._watches.add(watch)
        self._look_at(watch)  # the clients may have been read anew since they were let in
        try:
            yield
        finally:
            self._forget(watch)

    def _look_at(self, watch: _Watch) -> None:
        if watch not in self._watches:
            return
        self._forget(watch)
        if not self._stands_for(watch.headers, watch.asker):
            watch.lapse()
            return
        self._watches.add(watch)
        left = None if self._tokens is None else self._tokens.left(_key_of(watch.headers))
        if left is not None:
            watch.alarm = watch.loop.call_later(left, self._look_at, watch)

    def _forget(self, watch: _Watch) -> None:
        self._watches.discard(watch)
        if watch.alarm is not None:
            watch.alarm.cancel()

    def _stands_for(self, headers: Mapping[str, str], asker: Asker) -> bool:
        try:
            return self.identify(headers) == asker
        except Unauthenticated:
            return False

    def identify(self, headers: Mapping[str, str]) -> Asker:
        """Whoever holds the key or the token of ``Authorization: Bearer <key>``; the header's name in lower case.

        A key is looked for by its SHA-256: the time that takes tells nothing of what the configured ones are.

        Raises:
            Unauthenticated: there is no key, or nobody has this one.
        """
        if self._anyone is not None:
            return self._anyone
        key = _key_of(headers)
        if not key:
            raise Unauthenticated(MISSING)
        # a header's bytes are read as Latin-1 on the way here
        given = hashlib.sha256(key.encode("latin-1")).hexdigest()
        name = self._names.get(given)
        if name is None and self._tokens is not None:
            name = self._tokens.client_of(key)
        if name not in self._clients:
            raise Unauthenticated(UNKNOWN)
        return self._clients[name]

    def demand(self, headers: Mapping[str, str], scope: str) -> None:
        """Refuse whoever lacks a right.

        Raises:
            Unauthenticated: nobody known is asking.
            Forbidden: somebody without the scope is.
        """
        if not self.identify(headers).may(scope):
            msg = f"This needs the scope {scope}: ask the operator for it."
            raise Forbidden(msg)

    def admits(self, headers: Mapping[str, str], scope: str) -> bool:
        """Whether whoever asks holds a right."""
        try:
            self.demand(headers, scope)
        except RequestRefused:
            return False
        return True


def _key_of(headers: Mapping[str, str]) -> str:
    """What follows ``Bearer``; empty where nothing does."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _asker(name: str, client: ClientSettings, everything: tuple[str, ...]) -> Asker:
    seen = everything if client.sources is None else tuple(name for name in everything if name in client.sources)
    scopes: frozenset[str] = client.scopes
    return Asker(name, seen, scopes | {INTROSPECTION} if DEBUG in scopes else scopes)
