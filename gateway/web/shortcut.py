"""Kept answers are given as soon as a request has arrived, before a task, a scope or a message is made for it.

So is the refusal of what comes when there is no place for it. What is asked of a request is the same as on the long way,
through the application, and so are its count, its line in the log and every byte of its answer. Whatever is not certain
here goes that way: all other refusals are told there alone.
"""

import asyncio
from typing import NamedTuple

from starlette.types import Scope

from gateway.errors import GatewayError, Overloaded
from gateway.sections import ServerSettings
from gateway.telemetry import Answered, Refused, Tell
from gateway.upstream.clock import Clock
from gateway.web.answers import with_safe
from gateway.web.auth import Door
from gateway.web.budget import Admission
from gateway.web.exchange import is_json
from gateway.web.kept import Asking, KeptAnswers, lines
from gateway.web.limits import ASKER, Names, refusal_of
from gateway.web.negotiation import media_type, unnamed_type
from gateway.web.requests import HEADER, log_request, name_of

LONG_WAY = frozenset({b"origin", b"content-encoding", b"expect", b"if-none-match", b"x-graphql-event-stream-token"})
"""Headers of a request that more has to be done for."""

GOOD, FULL = b"200 OK", b"503 Service Unavailable"


class Short(NamedTuple):
    """An answer as HTTP/1.1 writes it: its status with its reason, the lines of its head, and its body."""

    status: bytes
    lines: bytes
    body: bytes


class Shortcut:
    """The way of a POST to the graph that needs no work; it closes when the process begins to end."""

    def __init__(
        self,
        server: ServerSettings,
        door: Door,
        admission: Admission,
        kept: KeptAnswers,
        tell: Tell,
        clock: Clock,
        ending: asyncio.Event,
    ) -> None:
        self._names = Names(server)
        self._door = door
        self._admission = admission
        self._tell = tell
        self._clock = clock
        self._ending = ending
        self._kept = kept
        full = refusal_of(admission.full())
        self._full = Short(FULL, lines(with_safe(full.raw_headers)), bytes(full.body))
        self._unnamed = unnamed_type(server)

    def answer(self, scope: Scope, content: bytes) -> Short | None:
        """What is told at once; None to go the long way. Who asks is noted in the scope, and not looked for again."""
        began, given = self._clock.monotonic(), dict(scope["headers"])
        if self._ending.is_set() or len(given) < len(scope["headers"]) or not LONG_WAY.isdisjoint(given):
            return None
        try:
            self._names.check(_text(given, b"host"))
            asker = scope[ASKER] = self._door.identify({"authorization": _text(given, b"authorization")})
            kind = media_type(_text(given, b"accept") or self._unnamed)
            if kind is None or not is_json(_text(given, b"content-type")):
                return None
            told = self._told(Asking(asker, kind, "POST", content))
            if told is None:
                return None
            self._admission.spend(asker.name)
        except GatewayError:
            return None
        name = name_of(_text(given, HEADER.encode()))
        fact = Answered("GRAPHQL", told.status[:3].decode(), self._clock.monotonic() - began)
        if told is self._full:
            self._tell(Refused(Overloaded.code))
        self._tell(fact)
        log_request(fact, "POST", request_id=name)
        return Short(told.status, b"%s%s: %s\r\n" % (told.lines, HEADER.encode(), name.encode()), told.body)

    def _told(self, asking: Asking) -> Short | None:
        """What is kept; else that there is no place, if so."""
        kept = self._kept.at_once(asking)
        if kept is not None:
            return Short(GOOD, kept.lines, kept.body)
        return None if self._admission.expects_one() else self._full


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")
