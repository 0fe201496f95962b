"""Work ends when nobody waits for it any more."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message

from gateway.web import presence
from gateway.web.presence import ClientGone, while_present
from tests.conftest import OpenGateway, Simulators

ASKED = json.dumps({"query": '{ phoneNumbers(filter: {sources: ["london"]}) { nodes { e164 } } }'}).encode()


class Visitor:
    """A client in this process that leaves when it is told to, and keeps what it was sent."""

    def __init__(self, content: bytes) -> None:
        self._content = [content]
        self.leaving = asyncio.Event()
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        """The request, then that the client left."""
        if self._content:
            return {"type": "http.request", "body": self._content.pop(), "more_body": False}
        await self.leaving.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Keep it."""
        self.sent.append(message)


async def test_a_client_that_leaves_ends_its_work(gateway: OpenGateway, sandbox: Simulators) -> None:
    """A source that never answers is waited for until the deadline, unless the client leaves; who stays is answered."""
    sandbox.turn("webex", hang=True)
    app = (await gateway()).app
    visitor = Visitor(ASKED)
    headers = [(b"content-type", b"application/json")]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "headers": headers,
        "query_string": b"",
    }
    work = asyncio.ensure_future(app(scope, visitor.receive, visitor.send))
    while not sandbox.calls("webex"):  # noqa: ASYNC110 - the simulators are in another thread
        await asyncio.sleep(0)
    assert not work.done()
    visitor.leaving.set()
    await asyncio.wait_for(work, 10)
    assert visitor.sent == []
    patient = Visitor(b'{"query": "{ __typename }"}')
    await app(scope, patient.receive, patient.send)
    assert patient.sent[0]["status"] == 200


async def test_work_that_is_done_in_time_is_left_alone() -> None:
    """Whoever stays until the end is not disturbed, and nobody watches any longer."""
    visitor = Visitor(b"")
    before = asyncio.all_tasks()
    async with while_present(visitor.receive):
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_work_that_is_over_at_once_is_never_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watch that would begin later does not begin any more."""
    monkeypatch.setattr(presence, "BRIEF", 0)
    before = asyncio.all_tasks()
    async with while_present(Visitor(b"").receive):
        pass
    for _ in range(3):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_another_cancellation_is_passed_on() -> None:
    """Who is cancelled for another reason is cancelled, although the client stays."""

    async def stay() -> None:
        async with while_present(Visitor(b"").receive):
            await asyncio.Event().wait()

    staying = asyncio.create_task(stay())
    await asyncio.sleep(0)
    staying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await staying


async def test_after_it_left_the_task_goes_on() -> None:
    """What comes after the work, an answer to nobody for instance, is not cancelled with it."""
    visitor = Visitor(b"")
    visitor.leaving.set()
    with pytest.raises(ClientGone):
        async with while_present(visitor.receive):
            await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
