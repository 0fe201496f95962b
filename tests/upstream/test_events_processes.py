"""Two gateways in two processes over one store and one Valkey: what one is told the other tells, and answers with."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from gateway.sandbox.accounts import WEBHOOK_SECRET
from gateway.schema.subscription import cursor_of
from tests.conftest import Simulators
from tests.schema.gateways import JSON, Client, Json
from tests.upstream.processes import served
from tests.upstream.telling import event, row
from tests.valkeys import valkey_server
from tests.web import frames

HELD = "+65123456789"
"""A number of the simulator's pool, whose health nobody checks there."""
LOOK = f'{{ phoneNumber(e164: "{HELD}", sources: "voice_sg") {{ records {{ usableForNewSessions health {{ state }} }} }} }}'
LISTEN = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 number {{ health {{ state }} }} }} }}'
SECONDS = 5.0
"""For a change to be heard elsewhere; a machine that does nothing else takes a fraction of one."""


@pytest.fixture
def gateways(sandbox: Simulators, database_url: str) -> Iterator[tuple[Client, Client]]:
    """Both, over the simulators."""
    with valkey_server() as valkey, ExitStack() as opened:
        state = {"database_url": database_url, "redis_url": f"valkey://127.0.0.1:{valkey.port}/0"}
        urls = [opened.enter_context(served(sandbox.sources, **state)) for _ in range(2)]
        one, other = (Client(url.removesuffix("/graphql")) for url in urls)
        yield one, other


def record(client: Client) -> Json:
    """What a gateway answers of the number."""
    [found] = client.ask(LOOK).data["phoneNumber"]["records"]
    assert isinstance(found, dict)
    return found


@pytest.mark.timeout(300)
async def test_told_by_one_heard_at_the_other(gateways: tuple[Client, Client], sandbox: Simulators) -> None:
    """A listener at one hears what the other received; a look-up there, whose answer had been kept, says it at once."""
    one, other = gateways
    assert record(one) == {"usableForNewSessions": None, "health": {"state": "UNKNOWN"}}
    calls = len(sandbox.calls())
    assert record(one) == record(other)
    assert len(sandbox.calls()) == calls
    told = event(row(HELD, status="Unhealthy", updatedTimestamp=datetime.now(UTC).isoformat()))
    headers = {"authorization": WEBHOOK_SECRET, "content-type": JSON}
    async with frames.stream(one.url, LISTEN, "text/event-stream") as response:
        assert other.send("POST", "/webhooks/8x8/voice_sg", headers, told).json == {"event": "kept", "changes": 1}
        answered = time.monotonic()
        _, _, said = await frames.event(response)
        assert time.monotonic() - answered < SECONDS
        assert record(one) == {"usableForNewSessions": False, "health": {"state": "UNHEALTHY"}}
    assert said["data"]["phoneNumberChanged"] == {"e164": HELD, "number": {"health": {"state": "UNHEALTHY"}}}
