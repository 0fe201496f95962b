"""One gateway over the simulators for all tests of HTTP."""

from collections.abc import Iterator

import pytest

from tests.schema.gateways import Client, Simulated, gateway, simulators


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes."""
    with simulators() as held:
        yield held


@pytest.fixture(scope="session")
def web(simulated: Simulated) -> Iterator[Client]:
    """A gateway without clients: whoever reaches it may ask."""
    with gateway(simulated.sources) as client:
        yield client
