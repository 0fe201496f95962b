"""A place in the merged order as opaque text: signed, versioned, made for one filter and one order.

The bytes, before base64url without padding: version (1) · key id (1) · fingerprint of filter and order (8) ·
msgpack of ``[key, hints]`` or ``[key, hints, sources]`` · keyed BLAKE2b (RFC 7693, section 2.9) over all of it, of 12 bytes. Signed, not
secret; a cursor grants nothing.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import lru_cache, partial
from hmac import compare_digest
from typing import NamedTuple

import msgspec
from msgspec import Struct

from gateway.errors import CursorInvalid, CursorMismatch
from gateway.numbers.search import Key, OrderField, Search

VERSION = 2
LONGEST = 512
"""Characters a cursor has at most; hints are dropped first when one would be longer."""

DECODED = 256
"""Cursors whose places are remembered: each is read when its operation's cost is reckoned, and when it runs."""

_HEAD, _MAC, _TOKEN = 10, 12, 3
_PACKED = msgspec.msgpack.Encoder()

Hints = tuple[tuple[str, int], ...]
"""Source name and the offset its next row had: saves calls when right, costs calls when wrong, never rows."""


class Place(Struct, frozen=True):
    """A position between two rows: everything up to ``key`` lies before it.

    ``sources`` are the tokens of those that the walk has had so far, empty when that is not known.
    """

    key: Key
    hints: Hints = ()
    sources: bytes = b""


class _Body(Struct, frozen=True, array_like=True):
    """A place as it is written."""

    key: tuple[str | int, ...]
    hints: Hints
    sources: bytes = b""


class _Key(NamedTuple):
    """A secret: its id, and a hash that it was put into first."""

    id: bytes
    begun: "hashlib.blake2b"

    def mac(self, body: bytes) -> bytes:
        made = self.begun.copy()
        made.update(body)
        return made.digest()


def _key(secret: bytes) -> _Key:
    key = hashlib.sha256(b"key" + secret).digest()
    return _Key(hashlib.sha256(b"key id" + secret).digest()[:1], hashlib.blake2b(key=key, digest_size=_MAC))


@lru_cache(1024)
def token_of(source: str) -> bytes:
    """Three bytes that tell a source's name from others."""
    return hashlib.sha256(b"source" + source.encode()).digest()[:_TOKEN]


@lru_cache(1024)
def tokens_of(sources: tuple[str, ...]) -> bytes:
    """The sources of a walk, for its places."""
    return b"".join(sorted(map(token_of, sources)))


def newcomers(place: Place, sources: Iterable[str]) -> list[str]:
    """Sources that the walk which led to a place has not had."""
    held = {place.sources[at : at + _TOKEN] for at in range(0, len(place.sources), _TOKEN)}
    return [source for source in sources if held and token_of(source) not in held]


class Signer:
    """Makes and checks cursors. The first secret signs; the others are still accepted, for rotation."""

    def __init__(self, secret: bytes, *retired: bytes) -> None:
        self._keys = tuple(map(_key, (secret, *retired)))
        self._read = lru_cache(DECODED)(self._decoded)

    def encode(self, place: Place, search: Search) -> str:
        """The place as text, at most 512 characters."""
        return self.encoder(search)(place)

    def encoder(self, search: Search) -> Callable[[Place], str]:
        """What makes the places of one search text."""
        return partial(self._encoded, bytes((VERSION,)) + self._keys[0].id + search.fingerprint)

    def _encoded(self, head: bytes, place: Place) -> str:
        held = (place.sources,) if place.sources else ()
        text = self._sealed(head + _PACKED.encode((place.key, place.hints, *held)))
        if len(text) > LONGEST:
            text = self._sealed(head + _PACKED.encode((place.key, (), *held)))
        return text if len(text) <= LONGEST else self._sealed(head + _PACKED.encode((place.key, ())))

    def _sealed(self, body: bytes) -> str:
        return _spelled(body + self._keys[0].mac(body))

    def decode(self, text: str, search: Search) -> Place:
        """The place a text stands for.

        Raises:
            CursorInvalid: damaged, forged, or of a version this gateway does not read.
            CursorMismatch: made for another filter or order.
        """
        return self._read(text, search)

    def _decoded(self, text: str, search: Search) -> Place:
        body = self._opened(text)
        filtered, ordered = body[2:6], body[6:10]
        if (filtered, ordered) != (search.fingerprint[:4], search.fingerprint[4:]):
            changed = [
                word
                for word, same in (
                    ("filter", filtered == search.fingerprint[:4]),
                    ("order", ordered == search.fingerprint[4:]),
                )
                if not same
            ]
            msg = f"This cursor was made for another {' and another '.join(changed)}; start again without it, or ask as you did then."
            raise CursorMismatch(msg)
        held = msgspec.msgpack.decode(body[_HEAD:], type=_Body)
        return Place(_revived(held.key, search), held.hints, held.sources)

    def _opened(self, text: str) -> bytes:
        refused = CursorInvalid(
            "This is not a cursor of this gateway; pass one back exactly as it was given, or start again without it."
        )
        if len(text) > LONGEST or not text.isascii():
            raise refused
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise refused from None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        genuine = any(compare_digest(mac, key.mac(body)) for key in self._keys if key.id == body[1:2])
        if body[:1] != bytes((VERSION,)) or not genuine or _spelled(raw) != text:
            raise refused
        return body


def _spelled(raw: bytes) -> str:
    """The one spelling of these bytes: base64 readers pass over foreign characters and spare bits."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _revived(key: tuple[str | int, ...], search: Search) -> Key:
    """The key as the rows have it: a price travels as text and compares as a number."""
    if search.order.field is OrderField.MONTHLY_PRICE and key[0] == 0:
        return (0, Decimal(key[1]), *key[2:])
    return key
