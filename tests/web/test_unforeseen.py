"""What nobody foresaw, in the middle of operations that are answered in streams: it is told, logged, and ends them alone."""

import json
import logging

import pytest

from gateway.web.execution import Execution, Operation, Stream
from tests.schema.gateways import JSON, RESPONSE, Client
from tests.web.frames import event, socket
from tests.web.test_reservations import TOKEN, listening, operate, reserved

QUERY = "{ __typename }"
ERRORS = [
    {
        "message": "The gateway failed here; the failure is logged.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR"},
    }
]


@pytest.fixture(autouse=True)
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every second operation over a stream fails after its first answer, the others before."""
    told, count = Execution._told, 0

    async def telling(self: Execution, operation: Operation, *rest: object) -> Stream:
        nonlocal count
        count += 1
        if not count % 2:
            async for one in told(self, operation, *rest):  # type: ignore[arg-type]  # as they came
                yield one
        msg = "secret"
        raise RuntimeError(msg)

    monkeypatch.setattr(Execution, "_told", telling)


async def test_a_socket_is_told(web: Client, caplog: pytest.LogCaptureFixture) -> None:
    """An ``error`` ends the operation, whether or not an answer came before; its id is free again, and the log has why."""
    with caplog.at_level(logging.ERROR, "gateway"):
        async with socket(web.url) as opened:
            await opened.init()
            for answers in (0, 1, 0):
                await opened.subscribe("1", QUERY)
                told = [await opened.next() for _ in range(answers + 1)]
                assert [one["type"] for one in told] == [*["next"] * answers, "error"]
                assert told[-1]["payload"] == ERRORS
    assert [record.message for record in caplog.records] == ["unforeseen failure of a stream"] * 3


async def test_a_reserved_stream_is_told(web: Client) -> None:
    """The operation has its last answer and its end, and its id is free again."""
    token = reserved(web)
    async with listening(web.url, "", {TOKEN: token}) as stream:
        for _ in range(2):
            assert operate(web, token, QUERY).status == 202
            heard = await event(stream)
            while "errors" not in heard[2]["payload"]:
                heard = await event(stream)
            assert heard == (None, "next", {"id": "1", "payload": {"errors": ERRORS}})
            assert await event(stream) == (None, "complete", {"id": "1"})


def test_a_request_is_told(web: Client) -> None:
    """Over SSE and as parts; where nothing was said before, the status tells it as well."""
    listened = web.send("POST", "/graphql", {"content-type": JSON, "accept": "text/event-stream"}, body(QUERY))
    assert (listened.status, json.dumps(ERRORS, separators=(",", ":")) in listened.content.decode()) == (200, True)
    web.send("POST", "/graphql", {"content-type": JSON, "accept": "text/event-stream"}, body(QUERY))
    for kind in (JSON, RESPONSE):
        deferred = body(f"{{ ... @defer {{ __typename }} }} # {kind}")
        asked = {"content-type": JSON, "accept": f"multipart/mixed, {kind}"}
        reply = web.send("POST", "/graphql", asked, deferred)
        assert (reply.status, reply.json) == (500, {"errors": ERRORS})
        web.send("POST", "/graphql", asked, deferred)


def body(query: str) -> bytes:
    """A request's."""
    return json.dumps({"query": query}).encode()
