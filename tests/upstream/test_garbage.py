"""What is done with is gone at once: no question leaves a cycle behind, in which it would lie until garbage is searched for."""

import pytest

from gateway.numbers.search import Search
from gateway.numbers.windows import Range
from tests.conftest import OpenGateway, Simulators, errand
from tests.garbage import PLANNED, searching
from tests.upstream.conftest import OpenRig
from tests.upstream.plain import Unlisted
from tests.upstream.servers import answer, listening, saying

PAGE = """{ phoneNumbers(first: 10, orderBy: {field: SOURCE}, maxStaleness: "PT0S") {
    nodes { e164 } sources { error { code } } } }"""
COUNTED = """{ phoneNumbers(first: 10, maxStaleness: "PT0S") { totalCount } }"""
LOOK_UP = """{ phoneNumbersByE164(e164s: ["+12056350001", "+999300001"], maxStaleness: "PT0S") {
    outcomes { error { code } } } }"""
ELSEWHERE = """{ phoneNumber(e164: "+12056350001") { records { alsoAt { e164 } } } }"""


@pytest.mark.parametrize("query", [PAGE, COUNTED, LOOK_UP, ELSEWHERE])
@pytest.mark.parametrize("faults", [["", ""], ["http_503"] * 2, ["invalid_json"] * 2, ["", "http_504"]])
async def test_questions_leave_nothing(
    gateway: OpenGateway, sandbox: Simulators, query: str, faults: tuple[str, str]
) -> None:
    """Neither an answer nor a failure, told to many who wait for it, keeps alive what was at work for it."""
    found: set[str] = set()
    opened = await gateway(server=PLANNED)

    def turn(fault: str) -> None:
        for provider in ("webex", "cloudlx", "callgear"):
            sandbox.turn(provider, fault=fault or None)

    before, then = faults
    turn(before)
    for _ in range(2):  # what comes again is planned
        await opened.ask(query)
    turn(then)
    with searching(found):
        assert (await opened.ask(query)).data
    assert found == set()


async def test_a_list_that_is_not_there_leaves_nothing(rig: OpenRig) -> None:
    """Nor does the refusal that says that there is no list, which is no failure."""
    found: set[str] = set()
    async with listening(saying(answer(status=404))) as wire:
        inventory = rig(Unlisted, wire.url).inventory
        with searching(found):
            await inventory.window(Search(), Range(first=1), ["depot"], errand(), counted=False)
    assert found == set()
