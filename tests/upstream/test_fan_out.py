"""All sources are asked at once: shown by the simulators' log, which knows who was asked before whom was answered."""

import asyncio
import time
from collections.abc import Callable

from tests.conftest import OpenGateway, Simulators
from tests.upstream.test_whole_answers import PAGE, page_of

LATENCY = 0.3
"""Seconds that every provider takes for every answer."""


def _first_asked(sandbox: Simulators) -> dict[str, float]:
    """When each source was first asked for its list, by the simulators' clock; Webex's locations apart."""
    first: dict[str, float] = {}
    for entry in sandbox.calls():
        first.setdefault(entry.path, entry.at)
    return first


async def test_nobody_waits_for_another(sandbox: Simulators, gateway: OpenGateway) -> None:
    """While not a single call is answered, every source has already been asked for its list."""
    opened = await gateway({**sandbox.sources, "epsilon": sandbox.variants["epsilon_token"]}, limits={"deadline": 1.5})
    sandbox.turn_all(hang=True)
    answer = await opened.ask("{ phoneNumbers { complete } }")
    assert answer.codes == ["ALL_SOURCES_FAILED"]
    assert {entry.status for entry in sandbox.calls()} == {None}
    assert len(_first_asked(sandbox)) == 5


async def test_a_cold_page_over_five_sources(
    sandbox: Simulators, gateway: OpenGateway, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """With 300 ms at every call, all five sources are asked before the first has answered; how long it took is noted."""
    opened = await gateway({**sandbox.sources, "epsilon": sandbox.variants["epsilon_token"]})
    sandbox.turn_all(latency=LATENCY)
    begun = time.perf_counter()
    page = await page_of(opened)
    record_testsuite_property("cold page over five sources, seconds", round(time.perf_counter() - begun, 3))
    asked = _first_asked(sandbox).values()
    assert len(asked) == 5
    assert max(asked) - min(asked) < LATENCY
    assert page["complete"]
    assert sum(report["upstreamCalls"] for report in page["sources"]) == len(sandbox.calls())


async def test_equal_cold_questions_are_asked_once(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Fifty equal pages at once ask nothing twice, one of them set all calls off, and all get the same rows."""
    opened = await gateway()
    pages = [
        answer.data["phoneNumbers"]
        for answer in await asyncio.gather(*(opened.ask(PAGE, {"rows": 20}) for _ in range(50)))
    ]
    asked = [str((entry.path, entry.query, entry.rpc_params)) for entry in sandbox.calls()]
    assert len(set(asked)) == len(asked)
    assert all(page["nodes"] == pages[0]["nodes"] for page in pages)
    spent = [sum(report["upstreamCalls"] for report in page["sources"]) for page in pages]
    assert sorted(spent) == [0] * 49 + [len(asked)]
