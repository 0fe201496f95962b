"""Facts: what the gateway does, told as it happens to whoever counts it.

A fact names sources of the settings, codes and words of a fixed set, and amounts. It holds no text of a provider's or a
client's, so it can hold neither a secret nor a number, and whoever counts facts by their words counts few things.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from gateway.numbers import remarks

OK = "OK"
"""The outcome of what went well; what did not has a code."""

ABANDONED = "ABANDONED"
"""The outcome of what nobody waits for any more."""


LIST, LOOK_UP, TOKEN = "LIST", "LOOK_UP", "TOKEN"
"""What a source can be asked for."""


class Called(NamedTuple):
    """A call to a source is over.

    ``outcome``: OK, ABANDONED or the error's code. ``purpose``: LIST, LOOK_UP or TOKEN. ``attempt`` counts from 1.
    """

    source: str
    outcome: str
    seconds: float
    purpose: str = LIST
    attempt: int = 1


class Retried(NamedTuple):
    """A source is asked again after a failure with that code."""

    source: str
    code: str


class Waited(NamedTuple):
    """A call could not leave at once. ``outcome``: OK, ABANDONED, or SOURCE_RATE_LIMITED when there was no turn in time."""

    source: str
    outcome: str
    seconds: float


class CircuitChanged(NamedTuple):
    """A source's circuit has another state: CLOSED, OPEN or HALF_OPEN."""

    source: str
    state: str


class TokenFetched(NamedTuple):
    """A source was asked for a token. ``outcome``: OK or the error's code."""

    source: str
    outcome: str


class CacheRead(NamedTuple):
    """Answers of a source were wanted. ``outcome``: HIT, MISS, or STALE when an old copy stood in after a failure."""

    source: str
    outcome: str
    answers: int = 1


class EventArrived(NamedTuple):
    """A provider told something unasked. ``outcome``: kept, duplicate or a code; ``source`` is empty where unknown."""

    source: str
    outcome: str


class Drifted(NamedTuple):
    """An answer was not as documented, or a list did not keep what it claims; ``kind`` is of ``KINDS``."""

    source: str
    kind: str


class Refused(NamedTuple):
    """A client was told an error with that code."""

    code: str


class Answered(NamedTuple):
    """A request is over. ``kind``: GRAPHQL, SOCKET, WEBHOOK or OTHER; ``outcome``: its HTTP status, ABANDONED without one."""

    kind: str
    outcome: str
    seconds: float


Fact: TypeAlias = (
    Called | Retried | Waited | CircuitChanged | TokenFetched | CacheRead | EventArrived | Drifted | Refused | Answered
)
Tell: TypeAlias = Callable[[Fact], None]
"""Takes a fact, at once and without raising."""

READING = {
    remarks.LIMIT_IGNORED: "LIMIT_IGNORED",
    remarks.CUT: "PAGES_CUT",
    remarks.REPEATED: "PAGE_REPEATED",
    remarks.TOTAL_DIFFERS: "TOTAL_DIFFERS",
    remarks.UNSORTED: "UNSORTED",
    remarks.UNSTABLE: "UNSTABLE",
}
"""What shows only in several pages together."""

WORDING = {"unreadable": "UNREADABLE", "unknown word": "UNKNOWN_WORD"}
"""What shows in a single answer, by how its remark begins; the rest names a field."""

OTHER = "OTHER"
KINDS = frozenset({*READING.values(), *WORDING.values(), OTHER})


def silence(_: Fact) -> None:
    """Nobody listens."""


def kinds_of(drift: Iterable[str]) -> set[str]:
    """The kinds of remarks on one answer, each once."""
    return {_kind(remark) for remark in drift}


def kinds_of_reading(drift: Iterable[str]) -> list[str]:
    """The kinds of those remarks that no single answer has shown yet."""
    return [READING[remark] for remark in drift if remark in READING]


def _kind(remark: str) -> str:
    return next((kind for begins, kind in WORDING.items() if remark.startswith(begins)), OTHER)
