"""Kept answers are given as soon as a request has arrived, before a task, a scope or a message is made for it.

What is asked of a request is the same as on the long way, through the application, and so are its count, its line in the
log and every byte of its answer. Whatever is not certain here goes that way: refusals too are told there alone.
"""

import asyncio

from starlette.types import Scope

from gateway.errors import GatewayError
from gateway.sections import ServerSettings
from gateway.telemetry import Answered, Tell
from gateway.upstream.clock import Clock
from gateway.web.auth import Door
from gateway.web.budget import Admission
from gateway.web.exchange import is_json
from gateway.web.kept import Asking, KeptAnswers
from gateway.web.limits import ASKER, Names
from gateway.web.negotiation import media_type, unnamed_type
from gateway.web.requests import HEADER, log_request, name_of

LONG_WAY = frozenset({b"origin", b"content-encoding", b"expect", b"if-none-match", b"x-graphql-event-stream-token"})
"""Headers of a request that more has to be done for."""


class Shortcut:
    """The way of a POST to the graph whose answer is kept; it closes when the process begins to end."""

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
        self._unnamed = unnamed_type(server)

    def answer(self, scope: Scope, content: bytes) -> tuple[bytes, bytes] | None:
        """The headers and the body of a 200; None to go the long way. Who asks is noted in the scope, and not looked for again."""
        began, given = self._clock.monotonic(), dict(scope["headers"])
        if self._ending.is_set() or len(given) < len(scope["headers"]) or not LONG_WAY.isdisjoint(given):
            return None
        try:
            self._names.check(_text(given, b"host"))
            asker = scope[ASKER] = self._door.identify({"authorization": _text(given, b"authorization")})
            kind = media_type(_text(given, b"accept") or self._unnamed)
            if kind is None or not is_json(_text(given, b"content-type")):
                return None
            kept = self._kept.at_once(Asking(asker, kind, "POST", content))
            if kept is None:
                return None
            self._admission.spend(asker.name)
        except GatewayError:
            return None
        name = name_of(_text(given, HEADER.encode()))
        fact = Answered("GRAPHQL", "200", self._clock.monotonic() - began)
        self._tell(fact)
        log_request(fact, "POST", request_id=name)
        return b"%s%s: %s\r\n" % (kept.lines, HEADER.encode(), name.encode()), kept.body


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")
