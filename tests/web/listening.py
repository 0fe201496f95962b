"""Gateways whose changes a test writes itself."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from gateway.app import create_app
from gateway.serving import bind, running, url_of
from gateway.settings import load_only
from gateway.upstream.changes import Hub
from gateway.upstream.clock import Clock
from tests.schema.gateways import Client
from tests.upstream.logs import MemoryLog

Sources = Mapping[str, Mapping[str, object]]


def hub_of(log: MemoryLog, behind: int = 5000) -> Hub:
    """A hub that looks at the log all the time."""
    return Hub(log, poll=0.01, behind=behind)


@contextmanager
def listening(hub: Hub, sources: Sources, clock: Clock | None = None, **tables: Mapping[str, Any]) -> Iterator[Client]:
    """A gateway whose subscriptions are fed by this hub; ``tables`` are further settings."""
    app = create_app(load_only(**{"sources": sources, "state": {"database_url": "sqlite://"}, **tables}), clock)
    bound = bind("127.0.0.1", 0)
    with running(app, bound):
        client = Client(url_of(bound))
        assert client.send("GET", "/health").status == 200
        app.state.rooms.hub = hub
        yield client
