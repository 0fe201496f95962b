"""Every capability that finds a number finds a held one, and knows that it does not hold another; by its own verbs."""

from functools import partial

import pytest

from gateway.numbers.e164 import E164
from gateway.numbers.model import Observation
from gateway.providers.protocol import LooksUp, LooksUpMany
from tests.conftest import OpenRooms, Simulators, errand
from tests.contract.truth import LISTED, NAMES, having, held, table_of
from tests.upstream.looked import absent, found

UNHELD = E164("+493012345678")


@pytest.mark.parametrize("name", having(LooksUp))
async def test_one_number(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """``ask_one`` and ``read_one`` find what the place holds, as a check, and None where it holds nothing."""
    table = table_of(sandbox, name)
    caller = (await rooms({name: table})).callers[name]
    check = caller.looks_up
    assert check is not None
    for e164 in held(sandbox.world, table)[:20]:
        number = await caller.ask(check.ask_one(e164), partial(check.read_one, e164), errand())
        assert number is not None
        assert (number.e164, number.observed_via, type(number.details)) == (e164, Observation.CHECK, check.Details)
    assert await caller.ask(check.ask_one(UNHELD), partial(check.read_one, UNHELD), errand()) is None


@pytest.mark.parametrize("name", having(LooksUpMany))
async def test_many_numbers(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """``ask_many`` asks for each number once, and ``read`` finds exactly the held ones."""
    table = table_of(sandbox, name)
    caller = (await rooms({name: table})).callers[name]
    many = caller.looks_up_many
    assert many is not None
    numbers = held(sandbox.world, table)[:350]
    asked = many.ask_many([UNHELD, *numbers])
    assert [e164 for _, chunk in asked for e164 in chunk] == [UNHELD, *numbers]
    rows = [number.e164 for request, _ in asked for number in (await caller.ask(request, many.read, errand())).rows]
    assert sorted(rows) == sorted(numbers)
    assert many.ask_many([]) == []


@pytest.mark.parametrize("name", NAMES)
async def test_whatever_the_way(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Each source, in its own way, finds every held number of a sample and no other, few or many at a time."""
    table = table_of(sandbox, name)
    numbers = held(sandbox.world, table)
    for count in (1, 2, 20):
        opened = await rooms({name: table})
        told = await opened.lookups.at(name, [*numbers[:count], UNHELD], errand())
        assert (found(told), absent(told)) == (set(numbers[:count]), {UNHELD})


@pytest.mark.parametrize("name", LISTED)
async def test_list_and_look_up_agree(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A number has the same id and details type however it is heard of; a look-up knows no more than the list."""
    table = table_of(sandbox, name)
    [e164, *_] = held(sandbox.world, table)
    looked = (await (await rooms({name: table})).lookups.at(name, [e164], errand()))[e164]
    opened = await rooms({name: table})
    for other in await opened.lookups.at(name, held(sandbox.world, table)[:20], errand()), {e164: looked}:
        number = getattr(other[e164], "number", None)
        assert number is not None
        assert number.identity == (name, e164)
