"""Whole answers are kept, for as long as computing them anew would give the same bytes.

An answer is kept when it holds data alone, nothing in it is old, incomplete or an error, and no source was called for
it; under who asked, in which media type, and the request's own bytes. It is served while the copies it was made of are
fresh by their sources' rules and the request's ``maxStaleness``, less the time in which a copy in use is refreshed; and
while nothing was read, told or forgotten of any source that the asker sees, and none of them changed its state.
Where processes share what they keep, others may forget for this one: there no whole answer is kept.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.schema.authority import Asker
from gateway.schema.context import Context, Rooms
from gateway.upstream.keys import scope_of
from gateway.upstream.policy import Caller
from gateway.web.answers import Head, with_safe

LARGEST = 8
"""An answer may take so great a part of all that answers may take: one in eight."""

BESIDE = 2048
"""What an answer takes beside its text and its request's, roughly: its head twice, its stamp, its places in the order."""

HEADERS = {"cache-control": "private, no-cache"}
"""A client may keep it, and asks each time whether it still holds."""

SERVED = "gateway.kept"
"""What a request's scope bears once it was answered with a kept answer."""

Versions: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]
"""Of every source that the asker sees: what was read and forgotten; and what events told."""

Stamp: TypeAlias = tuple[Versions, tuple[str, ...]]
"""The versions of every source that the asker sees, and their states."""


class Asking(NamedTuple):
    """Who asks, for which media type, how, and with what: the body, or the URL's query."""

    asker: Asker
    kind: str
    method: str
    content: bytes


class Kept(Struct, frozen=True):
    """An answer, its strong ETag, its head, until when it holds, and the stamp it holds under.

    ``lines`` is the head with what every answer has, as HTTP/1.1 writes it.
    """

    body: bytes
    etag: str
    head: list[tuple[bytes, bytes]]
    lines: bytes
    until: datetime
    stamp: Stamp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Answer with it; 304 to a client that has it already (RFC 9110, 13.1.2), whatever its method."""
        had = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
        if had is not None and names(had.decode("latin-1"), self.etag):
            head = [pair for pair in self.head if not pair[0].startswith(b"content-")]
            await send({"type": "http.response.start", "status": 304, "headers": head})
            await send({"type": "http.response.body", "body": b""})
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.head.copy()})
        await send({"type": "http.response.body", "body": self.body})


def names(header: str, etag: str) -> bool:
    """Whether an If-None-Match header names the ETag, weakly compared, or any."""
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in header.split(","))


def lines(head: Head) -> bytes:
    """Headers as HTTP/1.1 writes them (RFC 9112, 5)."""
    return b"".join([b"%s: %s\r\n" % pair for pair in head])


class _Seen(NamedTuple):
    """The versions of an asker's sources at a moment."""

    asker: Asker
    moment: tuple[int, int]
    versions: Versions
    callers: Sequence[Caller]


class KeptAnswers:
    """The kept answers of one process, of ``most`` bytes with their requests; the least recently used go first."""

    def __init__(self, rooms: Rooms, most: int) -> None:
        self._rooms = rooms
        self._most = most
        self._kept: OrderedDict[Asking, Kept] = OrderedDict()
        self._seen: dict[str, _Seen] = {}
        self.held = 0

    async def stamp(self, asker: Asker) -> Stamp | None:
        """How things stand for whoever asks; None where others may change them unseen."""
        await self._rooms.events.settle()
        return self._stamp(asker)

    async def find(self, asking: Asking) -> Kept | None:
        """The answer, where it still holds."""
        if asking not in self._kept:
            return None
        await self._rooms.events.settle()
        return self.at_once(asking)

    def at_once(self, asking: Asking) -> Kept | None:
        """The same without waiting; None also where that cannot be said yet."""
        kept = self._kept.get(asking)
        stamp = None if kept is None else self._stamp(asking.asker)
        if kept is None or stamp is None:
            return None
        if kept.until <= self._rooms.clock.now() or kept.stamp != stamp:
            self._drop(asking)
            return None
        self._kept.move_to_end(asking)
        return kept

    def keep(
        self, asking: Asking, stamp: Stamp | None, context: Context, answer: Mapping[str, Any], response: Response
    ) -> Kept | None:
        """The answer as it is kept; None where it may not be. ``stamp`` is from before it was computed."""
        until = context.until
        if stamp is None or until is None or answer.keys() != {"data"} or context.upstream_calls:
            return None
        body = bytes(response.body)
        size = _size(asking, body)
        if size * LARGEST > self._most or until <= self._rooms.clock.now():
            return None
        etag = f'"{hashlib.blake2b(body, digest_size=16, person=asking.kind[-16:].encode()).hexdigest()}"'
        response.headers.update({**HEADERS, "etag": etag})
        self._drop(asking)
        head = response.raw_headers
        kept = self._kept[asking] = Kept(body, etag, head, lines(with_safe(head)), until, stamp)
        self.held += size
        while self.held > self._most:
            self._drop(next(iter(self._kept)))
        return kept

    def _stamp(self, asker: Asker) -> Stamp | None:
        rooms = self._rooms
        read, told = rooms.cache.change, rooms.events.change
        if read is None or told is None:
            return None
        seen = self._seen.get(asker.name)
        if seen is None or seen.asker is not asker or seen.moment != (read, told):  # else nothing happened anywhere
            callers = [rooms.callers[name] for name in asker.sources]
            scopes = [scope_of(caller.source) for caller in callers]
            versions = rooms.cache.versions(scopes), rooms.events.revisions(asker.sources)
            seen = self._seen[asker.name] = _Seen(asker, (read, told), versions, callers)
        return seen.versions, tuple([caller.state for caller in seen.callers])

    def _drop(self, asking: Asking) -> None:
        kept = self._kept.pop(asking, None)
        if kept is not None:
            self.held -= _size(asking, kept.body)


def _size(asking: Asking, body: bytes) -> int:
    return len(body) + len(asking.content) + BESIDE
