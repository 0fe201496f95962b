"""What requests leave behind: next to nothing in circles, which only a search for garbage would free while nobody is answered."""

from itertools import count

import pytest

from tests.conftest import OpenGateway, Simulators
from tests.garbage import PLANNED, left_by

ROUNDS = 10
PAGE = """query ($not: E164!, $one: E164!) {
  phoneNumbers(first: 3, filter: {not: {e164: {in: [$not]}}}) { nodes { e164 alsoAt { provider } } complete }
  phoneNumber(e164: $one) { records { id } outcomes { result error { code } } } }"""
LONG = PAGE.replace("complete", "complete " + "nodes { id e164 source { name } } " * 20)
ASKED = {
    "a page": PAGE,
    "a long document": LONG,
    "a long document with mistakes": LONG.replace("e164 source", "colour source"),
    "a long document that is no GraphQL": LONG[:-1],
    "a document that is too much to validate": "{ phoneNumbers { nodes { "
    + "... { alsoAt { id } } ... { alsoAt { e164 } } " * 110
    + "} } }",
}


@pytest.mark.parametrize("document", ASKED.values(), ids=ASKED)
async def test_a_document_leaves_little(gateway: OpenGateway, document: str) -> None:
    """Each is new, by a comment: but for the visitors that validate it, which hold themselves, nothing is left."""
    opened, number = await gateway(), count()

    async def asked() -> None:
        for _ in range(ROUNDS):
            await opened.ask(f"{document} #{next(number)}", {"not": "+4930000002", "one": "+4930000001"})

    assert await left_by(asked) < 3000 * ROUNDS


async def test_a_page_leaves_nothing(gateway: OpenGateway) -> None:
    """Neither the first time that somebody asks so, nor later."""
    opened, number = await gateway(server=PLANNED), count()

    async def asked() -> None:
        for _ in range(ROUNDS):
            await opened.ask(PAGE, {"not": f"+4930{next(number):07}", "one": "+4930000001"})

    assert await left_by(asked) < ROUNDS


async def test_failures_leave_little(sandbox: Simulators, gateway: OpenGateway) -> None:
    """Where every source fails; the simulators, which are in this process, leave something, too."""
    opened, number = await gateway(), count()
    sandbox.turn_all(fault="http_503")

    async def asked() -> None:
        for _ in range(ROUNDS):
            await opened.ask(PAGE, {"not": f"+4930{next(number):07}", "one": f"+4930{next(number):07}"})

    assert await left_by(asked) < 1000 * ROUNDS
