"""Which media type an answer takes: the Accept header, weighed (RFC 9110, 12.5.1; GraphQL over HTTP, Accept)."""

from functools import lru_cache

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"

_OURS = {RESPONSE: RESPONSE, JSON: JSON, "application/*": JSON, "*/*": JSON}


@lru_cache(256)
def media_type(accept: str) -> str | None:
    """The media type for an answer, None when none of ours is accepted. Without a header, plain JSON."""
    for kind in _by_weight(accept or "*/*"):
        if kind in _OURS:
            return _OURS[kind]
    return None


@lru_cache(256)
def prefers_html(accept: str) -> bool:
    """Whether a browser asks for a page: text/html is named, and no JSON is preferred to it."""
    kinds = _by_weight(accept)
    ours = [kind for kind in kinds if kind in (RESPONSE, JSON, HTML)]
    return ours[:1] == [HTML]


def _by_weight(accept: str) -> list[str]:
    """The accepted media types, heaviest first; equal ones as written, those of weight 0 left out."""
    weighed = []
    for place, part in enumerate(accept.lower().split(",")):
        kind, *parameters = (piece.strip() for piece in part.split(";"))
        weight = _weight(parameters)
        if weight > 0 and _speaks_utf8(parameters):
            weighed.append((-weight, place, kind))
    return [kind for _, _, kind in sorted(weighed)]


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
