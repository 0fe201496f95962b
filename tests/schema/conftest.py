"""One gateway over untouched simulators for all tests that only read, and one over simulators that a test may break."""

from collections.abc import Iterator

import pytest

from tests.schema.documents import Row, every_row
from tests.schema.gateways import Client, Simulated, gateway, simulators


@pytest.fixture(scope="session")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes."""
    with simulators() as held:
        yield held


@pytest.fixture(scope="session")
def graph(simulated: Simulated) -> Iterator[Client]:
    """A gateway over the five sources of those simulators."""
    with gateway(simulated.sources) as client:
        yield client


@pytest.fixture(scope="session")
def everything(graph: Client) -> list[Row]:
    """All numbers of all sources with what filters and orders look at, in E.164 order."""
    return every_row(graph)


@pytest.fixture(scope="module")
def _breakable() -> Iterator[Simulated]:
    with simulators() as held:
        yield held


@pytest.fixture
def broken(_breakable: Simulated) -> Simulated:
    """Simulators that the test may break, as they were in the beginning."""
    _breakable.world.reset()
    return _breakable
