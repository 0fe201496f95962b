"""The `Link` header of Webex lists: the true one, and the forms in which it has been seen broken.

https://developer.webex.com/docs/basics#pagination; the header has no space before `rel`.
"""

from typing import Literal, TypeAlias
from urllib.parse import quote, urlencode

from gateway.sandbox.exchange import Call

Mode: TypeAlias = Literal["good", "absent", "https_https", "max_null", "other_host", "repeating"]


def link_header(call: Call, query: dict[str, str], start: int, end: int, mode: Mode) -> tuple[tuple[str, str], ...]:
    """Return the header that names the page which begins at row `end`, after a page that began at `start`."""
    if mode == "absent":
        return ()
    path = "/webex/" + "/".join(quote(segment, safe="") for segment in call.path)
    following = query | {"start": str(start if mode == "repeating" else end)}
    if mode == "max_null":
        following["max"] = "null"
    origin = "http://elsewhere.invalid" if mode == "other_host" else call.origin
    scheme = "https," if mode == "https_https" else ""
    if mode == "https_https":
        origin = origin.replace("http://", "https://")
    return (("link", f'<{scheme}{origin}{path}?{urlencode(following)}>;rel="next"'),)
