"""Log lines: JSON, with the request's name and never a number; and that name in every answer."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from gateway.web.logs import write_json_lines, write_often
from gateway.web.requests import HEADER
from tests.conftest import Gateway, OpenGateway
from tests.schema.gateways import JSON, Client
from tests.upstream.shelf import until
from tests.web.frames import socket
from tests.web.spans import TRACE, TRACEPARENT, Noted

NUMBER = "+12056350001"
QUERY = 'query Find { phoneNumber(e164: "+12056350001") { complete } }'


class Lines:
    """What is logged while a test runs."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def all(self) -> list[dict[str, Any]]:
        """Each line; it is an object."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        """The last line."""
        return self.all[-1]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Lines]:
    """The log of a served gateway; the end of the test ends it."""
    held, root, own = Lines(), logging.getLogger(), logging.getLogger("gateway")
    caplog.set_level(logging.WARNING)
    level, handler = own.level, write_json_lines(held.stream)
    yield held
    root.removeHandler(handler)
    own.setLevel(level)


async def test_a_request_is_one_line(gateway: OpenGateway, lines: Lines) -> None:
    """Its method, status and time, the digest of its document and its operation's name; no document, no number."""
    opened = await gateway()
    told = await opened.ask(QUERY, headers={HEADER: "from-the-proxy.1"})
    assert (told.headers[HEADER], told.data["phoneNumber"]) == ("from-the-proxy.1", {"complete": True})
    [line] = lines.all
    assert isinstance(line.pop("timestamp"), str)
    assert 0 < line.pop("ms") < 45_000
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "gateway.web.requests",
        "request_id": "from-the-proxy.1",
        "method": "POST",
        "status": "200",
        "document": sha256(QUERY.encode()).hexdigest()[:16],
        "operation": None,
    }


async def test_a_line_names_its_trace(gateway: OpenGateway, lines: Lines) -> None:
    """Where there are spans, a line leads to those of its request."""
    opened = await gateway(tracing=Noted().tracing)
    await opened.ask("{ __typename }", headers={"traceparent": TRACEPARENT})
    assert lines.last["trace_id"] == TRACE


@pytest.mark.parametrize(
    ("name", "shown"), [("Find", "Find"), ("n12056350001", None), ("x" * 65, None), ("of_2026_11", "of_2026_11")]
)
async def test_plain_names_of_operations_are_logged(
    gateway: OpenGateway, lines: Lines, name: str, shown: str | None
) -> None:
    """One that could hold a number, or is very long, is not."""
    opened = await gateway()
    body = json.dumps({"query": f"query {name} {{ __typename }}", "operationName": name}).encode()
    await opened.send("POST", "/graphql", {"content-type": JSON}, body)
    assert lines.last["operation"] == shown


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with a space", 'quote"-quote', "+12056350001", "12056350001", "line-é-feed"]
)
async def test_names_that_are_not_sane_are_replaced(gateway: OpenGateway, lines: Lines, given: str) -> None:
    """What a client sends as its request's name is taken only where it can do no harm; each other gets one of its own."""
    opened = await gateway()
    names = [(await opened.ask("{ __typename }", headers={HEADER: given})).headers[HEADER] for _ in range(2)]
    assert len({*names, given}) == 3
    assert [line["request_id"] for line in lines.all] == names


async def test_every_answer_bears_a_name(gateway: OpenGateway, lines: Lines) -> None:
    """Of refusals, events and pages as well; only what is asked of the graph is a line."""
    opened = await gateway()
    headers = {"content-type": JSON, HEADER: "request-of-mine"}
    for method, path in (
        ("POST", "/webhooks/8x8/nobody"),
        ("GET", "/health"),
        ("GET", "/nowhere"),
        ("GET", "/metrics"),
    ):
        assert (await opened.send(method, path, headers, b"{}")).headers[HEADER] == "request-of-mine"
    assert lines.all == []
    refused = await opened.send("GET", "/graphql", {**headers, "host": "evil.example"})
    assert (refused.status, refused.headers[HEADER], lines.last["status"]) == (421, "request-of-mine", "421")


async def test_a_socket_is_one_line(web: Client, lines: Lines) -> None:
    """A WebSocket's handshake bears the name, and its line comes when it is over."""
    async with socket(web.url, **{HEADER: "socket-of-mine"}) as opened:
        await opened.init()
    await until(lambda: bool(lines.stream.getvalue()))
    assert (lines.last["method"], lines.last["status"], lines.last["request_id"]) == (
        "WEBSOCKET",
        "101",
        "socket-of-mine",
    )


def test_everything_is_written_alike(lines: Lines) -> None:
    """Lines of libraries too, from WARNING; what a library adds to its lines, and what reads like a number, is left out."""
    library, own = logging.getLogger("aiohttp.client"), logging.getLogger("gateway.upstream")
    library.info("not worth a line")
    library.warning("called %s", NUMBER, extra={"token": "seKret"})
    own.info("4930123456 and 12345 of 2026-11-21T12:00:00.123456789Z")
    try:
        int(NUMBER + "x")
    except ValueError:
        own.exception("unforeseen")
    first, second, third = lines.all
    assert (first["event"], first["level"], "token" in first) == ("called <number>", "warning", False)
    assert second["event"] == "<number> and 12345 of 2026-11-21T12:00:00.123456789Z"
    assert third["exception"].endswith("invalid literal for int() with base 10: '<number>x'")


@pytest.mark.parametrize("text", ["café \u009b2J", "\ud800", "a\nb\x1b[2J"])
def test_a_line_is_plain_text(lines: Lines, text: str) -> None:
    """What a terminal could take for its own is escaped, and what is no character at all takes no line away."""
    write_often(logging.getLogger("gateway.upstream"), text, {})  # a record of it could not be told between processes
    written = lines.stream.getvalue()
    assert lines.last["event"] == text
    assert (written.isascii(), written.strip().isprintable()) == (True, True)


async def test_a_log_that_cannot_be_written_keeps_nobody_waiting(gateway: OpenGateway, lines: Lines) -> None:
    """Its disk is full, or nobody reads it any more: what is asked is answered."""
    opened = await gateway()
    lines.stream.close()
    assert (await opened.ask("{ __typename }")).data == {"__typename": "Query"}


def test_a_line_says_when(lines: Lines) -> None:
    """In UTC, to the microsecond."""
    record = logging.LogRecord("gateway", logging.INFO, "", 0, "then", None, None)
    for record.created in (1_795_281_723.015625, 1_795_281_723.75, 1_795_281_724.0):
        logging.getLogger("gateway").handle(record)
    told = [line["timestamp"] for line in lines.all]
    assert told == [f"2026-11-21T17:22:0{time}Z" for time in ("3.015625", "3.750000", "4.000000")]


async def test_who_leaves_is_told_of(gateway: OpenGateway, lines: Lines) -> None:
    """A request without an answer was abandoned."""
    opened: Gateway = await gateway()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    body = json.dumps({"query": "{ phoneNumbers { complete } }"}).encode()
    said: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, Any]:
        return next(said)

    sent: asyncio.Queue[Any] = asyncio.Queue()
    await asyncio.gather(opened.app(scope, receive, sent.put))
    assert (sent.empty(), lines.last["status"]) == (True, "ABANDONED")
