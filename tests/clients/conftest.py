"""A Node.js with the clients installed, and gateways for them to ask."""

from collections.abc import Iterator

import pytest

from tests.clients.node import Node, ready
from tests.schema.gateways import Client, Simulated, gateway, simulators


@pytest.fixture(scope="session")
def node() -> Node:
    """Runs the scripts of this folder."""
    return ready()


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes."""
    with simulators() as held:
        yield held


@pytest.fixture(scope="session")
def served(simulated: Simulated) -> Iterator[Client]:
    """A gateway as ``gateway demo`` opens it."""
    with gateway(simulated.sources) as client:
        yield client
