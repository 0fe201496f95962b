"""A request as a simulator reads it, and the answer it gives, free of any server's types."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TypeAlias, TypeVar
from urllib.parse import parse_qsl, unquote

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope

Row: TypeAlias = dict[str, object]
"""One JSON object as a provider writes it."""


Shape = TypeVar("Shape")


class Errand(StrEnum):
    """What a call is for; `fault_on` chooses among them."""

    LIST = "list"
    LOOKUP = "lookup"
    TOKEN = "token"  # noqa: S105 - a word of the control interface
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: the path below the provider's mount is split and decoded, `+` in the query has become a space."""

    method: str
    path: tuple[str, ...]
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    origin: str
    target: str

    @property
    def bearer(self) -> str:
        """The bearer token of the Authorization header, or nothing."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Delivery(StrEnum):
    """How the bytes of an answer reach the socket."""

    WHOLE = "whole"
    DRIP = "drip"
    SHORT = "short"
    CUT = "cut"
    RESET = "reset"
    HANG_UP = "hang_up"
    HANG = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer: a JSON `content`, or a `body` that replaces it; `rows_at` is the way to the rows or the one row."""

    status: int = HTTPStatus.OK
    content: object = field(default_factory=dict)
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = "application/json"
    rows_at: tuple[str, ...] = ()
    delivery: Delivery = Delivery.WHOLE

    @property
    def members(self) -> Row:
        """A copy of the JSON object; empty when the answer is not one."""
        return dict(self.content) if isinstance(self.content, dict) else {}

    def encoded(self) -> bytes:
        """Return the bytes of the body."""
        return msgspec.json.encode(self.content) if self.body is None else self.body


class Unreadable(ValueError):
    """A body is not JSON, or not of the shape that was expected; the message says where."""


class Refused(Exception):
    """A rule of the provider was broken; `answer` says so in the provider's own words."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def read_json(body: bytes, shape: type[Shape]) -> Shape:
    """Read JSON of a given shape."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from error


async def read_call(scope: Scope, receive: Receive) -> Call:
    """Read one request whole; the first path segment names the provider's mount and is left out."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = Headers(scope=scope)
    raw_path = scope["raw_path"].decode("ascii")
    query = scope["query_string"].decode("ascii", "replace")
    origin = f"{scope['scheme']}://{headers.get('host', 'sandbox.invalid')}"
    return Call(
        method=scope["method"],
        path=tuple(unquote(segment) for segment in raw_path.split("/")[2:]),
        query=tuple(parse_qsl(query, keep_blank_values=True)),
        headers=headers,
        body=bytes(body),
        origin=origin,
        target=raw_path + (f"?{query}" if query else ""),
    )
