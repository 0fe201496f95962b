"""Which media type an answer takes: the Accept header, weighed (RFC 9110, 12.5.1; GraphQL over HTTP, Accept)."""

from functools import lru_cache

from gateway.sections import ServerSettings

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"
PARTS = "multipart/mixed"
SUBSCRIPTION_PARTS = f"{PARTS};subscriptionspec=1.0"
"""A range of its own: whoever names it takes payloads, whoever names the plain one takes the parts of one answer."""

Weighed = dict[str, tuple[float, int]]
"""The named media ranges, each with its weight and its place in the header; of one named twice, the heavier."""


def unnamed_type(server: ServerSettings) -> str:
    """The media type for whoever accepts none by name."""
    return RESPONSE if server.status_codes == "draft" else JSON


@lru_cache(256)
def media_type(accept: str) -> str | None:
    """The media type for an answer, None when none of ours is accepted. Without a header, plain JSON.

    The closest range that names a type weighs it; of equal weights the one that is written first wins.
    """
    named = _weighed(accept or "*/*")
    found = [(*_closest(kind, named), kind) for kind in (JSON, RESPONSE)]
    taken = [(-weight, place, kind) for weight, place, kind in found if weight > 0]
    return min(taken, key=lambda kind: kind[:2])[2] if taken else None


@lru_cache(256)
def stream_type(accept: str) -> str | None:
    """The media type for a stream of answers, which must be named; None when neither is."""
    named = _weighed(accept)
    found = [(-named[kind][0], named[kind][1], kind) for kind in (EVENTS, SUBSCRIPTION_PARTS) if kind in named]
    weight, _, kind = min(found, default=(0.0, 0, ""))
    return kind if weight < 0 else None


@lru_cache(256)
def takes_parts(accept: str) -> bool:
    """Whether one answer may come in parts."""
    return _weighed(accept).get(PARTS, (0.0, 0))[0] > 0


@lru_cache(256)
def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page: text/html is named, and no JSON is preferred to it."""
    named = _weighed(accept)
    found = [(-named[kind][0], named[kind][1], kind) for kind in (RESPONSE, JSON, HTML) if kind in named]
    weight, _, kind = min(found, default=(0.0, 0, ""))
    return kind == HTML and weight < 0


def _closest(kind: str, named: Weighed) -> tuple[float, int]:
    """The weight and place of the closest range that takes a type (RFC 9110, 12.5.1: the most specific)."""
    return next((named[taken] for taken in (kind, "application/*", "*/*") if taken in named), (0.0, 0))


def _weighed(accept: str) -> Weighed:
    named: Weighed = {}
    for place, part in enumerate(accept.lower().split(",")):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        kind = SUBSCRIPTION_PARTS if kind == PARTS and "subscriptionspec=1.0" in parameters else kind
        if _speaks_utf8(parameters) and weight > named.get(kind, (-1.0, 0))[0]:
            named[kind] = (weight, place)
    return named


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _speaks_utf8(parameters: list[str]) -> bool:
    charsets = [
        value.strip('" ')
        for name, _, value in (part.partition("=") for part in parameters)
        if name.strip() == "charset"
    ]
    return all(charset in ("utf-8", "utf8") for charset in charsets)
