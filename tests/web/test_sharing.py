"""Subscribers who ask alike share their answers, and nobody shares what depends on who asks, or how."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing

import pytest
from graphql.execution.collect_fields import CollectedFields
from msgspec import Raw, json
from msgspec.structs import replace

from gateway.app import open_rooms
from gateway.numbers.model import Record
from gateway.providers.cloudlx import Address, CloudLXDetails
from gateway.schema.authority import Asker
from gateway.schema.context import Rooms
from gateway.schema.graph import make_schema
from gateway.schema.shared_answers import SharedAnswers
from gateway.schema.subscription import cursor_of
from gateway.settings import load_only
from gateway.upstream.clock import SystemClock
from gateway.web.execution import Execution, Operation, Told
from tests.schema.gateways import Json, Simulated
from tests.upstream.logs import MemoryLog
from tests.web.frames import event, socket, stream
from tests.web.listening import hub_of, listening

ANYBODY = Asker("anybody", ("epsilon", "london", "voice_sg"), None)
ALL = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 }} }}'
CHOSEN = """subscription ($after: String, $sources: [String!]) {
    phoneNumberChanged(after: $after, sources: $sources) { e164 number { source { name } } } }"""
SWITCHED = """subscription A ($with: Boolean = false, $and: Boolean = false, $after: String) {
    phoneNumberChanged(after: $after) { ...Told cursor @include(if: $and) } }
    fragment Told on PhoneNumberChange { e164 kind @include(if: $with) }"""
LOOKED_UP = ALL.replace("e164", "number { alsoAt { source { name } } }")
ADDRESS = ALL.replace("e164", "number { details { ... on CloudLXDetails { numberAddress { city } } } }")


@pytest.fixture
def log() -> MemoryLog:
    """A log that nothing was written to."""
    return MemoryLog()


@pytest.fixture
async def rooms(log: MemoryLog, simulated: Simulated) -> AsyncIterator[Rooms]:
    """Everything below the schema, told of changes by that log."""
    settings = load_only(sources=simulated.sources, state={"database_url": "sqlite://"})
    async with open_rooms(settings, SystemClock()) as opened:
        opened.hub = hub_of(log)
        yield opened
        await opened.hub.close()


class Listeners:
    """Subscribers of one process."""

    def __init__(self, rooms: Rooms, opened: AsyncExitStack) -> None:
        self.answers: SharedAnswers = rooms.answers
        self._execution = Execution(make_schema(), rooms)
        self._opened = opened

    async def first(
        self, query: str, variables: Json | None = None, *, asker: Asker = ANYBODY, name: str | None = None
    ) -> Told:
        """The first that another subscriber is told, who listens on."""
        answers = self._execution.stream(Operation(query, variables, name), asker)
        return await anext(await self._opened.enter_async_context(aclosing(answers)))

    async def costs(self, query: str, count: int) -> list[int]:
        """How many calls each answer has cost a subscriber who asks for that."""
        async with aclosing(self._execution.stream(Operation(query, extensions={"cost": True}), ANYBODY)) as told:
            answers = [(await anext(told)).answer for _ in range(count)]
        return [answer["extensions"]["cost"]["actual"]["calls"] for answer in answers]


@pytest.fixture
async def listeners(rooms: Rooms) -> AsyncIterator[Listeners]:
    """Nobody yet."""
    async with AsyncExitStack() as opened:
        yield Listeners(rooms, opened)


def text_of(told: Told) -> Raw:
    """The data, as the text that it is."""
    data: Raw = told.answer["data"]
    return data


async def test_who_asks_alike_is_told_alike(listeners: Listeners, log: MemoryLog) -> None:
    """One change, worked out once for all: from wherever they resume, and to whichever sources they listen."""
    log.append(2)
    start = {"after": cursor_of(1)}
    every = [
        await listeners.first(CHOSEN, start),
        await listeners.first(CHOSEN, {**start, "sources": ["voice_sg"]}),
        await listeners.first(CHOSEN, {**start, "sources": ["london", "voice_sg"]}),
        await listeners.first(CHOSEN, {**start, "sources": None}, asker=replace(ANYBODY)),
    ]
    assert len({id(text_of(told)) for told in every}) == 1
    assert json.decode(text_of(every[0])) == {
        "phoneNumberChanged": {"e164": "+6500000002", "number": {"source": {"name": "voice_sg"}}}
    }
    assert {told.cursor for told in every} == {cursor_of(2)}
    assert listeners.answers.made == 1
    await listeners.first(CHOSEN, {"after": cursor_of(0)})
    assert listeners.answers.made == 2


async def test_wherever_they_resume_nothing_is_lost_or_twice(rooms: Rooms, log: MemoryLog) -> None:
    """Many who begin at different places, while more happens, hear every change once; each is worked out once."""
    execution, count = Execution(make_schema(), rooms), 40

    async def heard(position: int) -> list[str | None]:
        operation = Operation(CHOSEN, {"after": cursor_of(position)})
        async with aclosing(execution.stream(operation, ANYBODY)) as stream:
            return [(await anext(stream)).cursor for _ in range(count - position)]

    log.append(count // 2)
    listening = [asyncio.create_task(heard(position)) for position in range(count // 2)]
    for _ in range(count // 2):
        await asyncio.sleep(0)
        log.append()
    for position, cursors in enumerate(await asyncio.gather(*listening)):
        assert cursors == [cursor_of(sequence) for sequence in range(position + 1, count + 1)]
    assert rooms.answers.made == count


async def test_what_is_asked_otherwise_is_answered_otherwise(listeners: Listeners, log: MemoryLog) -> None:
    """By another document, another operation of the same, or other values below the root field, also in a fragment."""
    log.append()
    spread = "subscription ($after: String) { ... on Subscription { phoneNumberChanged(after: $after) { e164 } } }"
    both = ALL.replace("subscription", "subscription A") + ALL.replace("e164", "kind").replace(
        "subscription", " subscription B"
    )
    start, number = {"after": cursor_of(0)}, {"e164": "+6500000001"}
    told = [
        (await listeners.first(ALL), number),
        (await listeners.first(spread, start), number),
        (await listeners.first(SWITCHED, start), number),
        (await listeners.first(SWITCHED, {**start, "with": True}), number | {"kind": "ADDED"}),
        (await listeners.first(SWITCHED, {**start, "and": True}), number | {"cursor": cursor_of(1)}),
        (await listeners.first(both, name="A"), number),
        (await listeners.first(both, name="B"), {"kind": "ADDED"}),
    ]
    for one, expected in told:
        assert json.decode(text_of(one)) == {"phoneNumberChanged": expected}
    assert listeners.answers.made == len(told)


OTHERS = [
    replace(ANYBODY, name="somebody"),
    replace(ANYBODY, sources=("epsilon", "voice_sg")),
    replace(ANYBODY, scopes=frozenset()),
    replace(ANYBODY, scopes=frozenset({"introspection"})),
]


@pytest.mark.parametrize("other", OTHERS, ids=["name", "sources", "scopes", "other scopes"])
async def test_who_may_see_something_else_shares_nothing(listeners: Listeners, log: MemoryLog, other: Asker) -> None:
    """Two who differ in anything have answers of their own, whoever asks first."""
    log.append(2)
    for first, second in ((ANYBODY, other), (other, ANYBODY)):
        assert text_of(await listeners.first(LOOKED_UP, asker=first)) is not text_of(
            await listeners.first(LOOKED_UP, asker=second)
        )
    assert listeners.answers.made == 2


async def test_a_scope_is_one_clients_own(listeners: Listeners, log: MemoryLog) -> None:
    """What one may read another is refused, in either order; each refusal is in its place, and no text of the other's."""
    log.append()
    details = CloudLXDetails(uuid="1", number_address=Address(city="Aldgate"))
    log.written[0] = replace(log.written[0], number=replace(log.written[0].number or Record(), details=details))
    may, may_not = (replace(ANYBODY, scopes=frozenset(scopes)) for scopes in (["addresses:read"], []))
    told = [await listeners.first(ADDRESS, asker=asker) for asker in (may, may_not, may_not, may)]
    cities = [json.decode(text_of(one))["phoneNumberChanged"]["number"]["details"]["numberAddress"] for one in told]
    assert cities == [{"city": "Aldgate"}, None, None, {"city": "Aldgate"}]
    [refusal], [again] = told[1].answer["errors"], told[2].answer["errors"]
    assert refusal == again
    assert refusal["path"] == ["phoneNumberChanged", "number", "details", "numberAddress"]
    assert refusal["locations"] == [{"line": 1, "column": ADDRESS.index("numberAddress") + 1}]
    assert refusal["extensions"] == {"code": "FORBIDDEN"}
    assert listeners.answers.made == 2


async def test_who_leaves_harms_nobody(listeners: Listeners, log: MemoryLog) -> None:
    """The first to hear of a change goes away while it is looked up elsewhere; the others are told all the same."""
    log.append()
    every = [asyncio.create_task(listeners.first(LOOKED_UP)) for _ in range(3)]
    while not listeners.answers.made:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)
    every[0].cancel()
    await asyncio.wait(every)
    assert every[0].cancelled()
    second, third = (one.result() for one in every[1:])
    assert text_of(second) is text_of(third)
    assert listeners.answers.made == 1


def collected() -> int:
    """How many selections graphql-core has collected and holds."""
    gc.collect()
    return sum(isinstance(held, CollectedFields) for held in gc.get_objects())


async def test_what_was_told_is_let_go(rooms: Rooms, log: MemoryLog) -> None:
    """However many changes a subscriber is told, nothing of them is held because it listens on."""
    log.append(12)
    async with aclosing(Execution(make_schema(), rooms).stream(Operation(ALL), ANYBODY)) as told:
        await anext(told)
        held = collected()
        for _ in range(11):
            await anext(told)
        assert collected() == held


async def test_at_the_end_nothing_is_under_way(log: MemoryLog, simulated: Simulated) -> None:
    """What is being looked up for listeners ends with the gateway, before what it is looked up by."""
    log.append()
    async with AsyncExitStack() as opened:
        settings = load_only(sources=simulated.sources, state={"database_url": "sqlite://"})
        async with open_rooms(settings, SystemClock()) as rooms:
            rooms.hub = hub_of(log)
            opened.push_async_callback(rooms.hub.close)
            listening = asyncio.create_task(Listeners(rooms, opened).first(LOOKED_UP))
            while not rooms.answers.made:  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0)
        await asyncio.wait([listening])
    assert listening.cancelled()


async def test_a_failure_is_everybodys_and_logged_once(
    listeners: Listeners, log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    """An unforeseen failure is told to each of them in its place, and stands in the log once."""
    log.append()
    lost = replace(ANYBODY, sources=("a source that is gone", "voice_sg"))
    with caplog.at_level(logging.ERROR, "gateway"):
        every = await asyncio.gather(*(listeners.first(LOOKED_UP, asker=lost) for _ in range(3)))
    for told in every:
        [error] = told.answer["errors"]
        assert (error["path"], error["extensions"]) == (
            ["phoneNumberChanged", "number", "alsoAt"],
            {"code": "INTERNAL_SERVER_ERROR"},
        )
        assert json.decode(text_of(told)) == {"phoneNumberChanged": {"number": {"alsoAt": None}}}
    assert [record.message for record in caplog.records] == [
        "unforeseen failure at ['phoneNumberChanged', 'number', 'alsoAt']"
    ]


async def test_the_cost_is_ones_own(listeners: Listeners, log: MemoryLog) -> None:
    """Who asks what an answer has cost is told of calls that were made for this very answer, and shares none."""
    log.append(2)
    first, second = await listeners.costs(LOOKED_UP, 2)
    assert first >= second > 0
    assert listeners.answers.made == 0


@pytest.mark.parametrize("compiled", [True, False])
async def test_over_every_transport(log: MemoryLog, simulated: Simulated, compiled: bool) -> None:
    """A shared answer is the same JSON to each, within what its own transport writes around it."""
    log.append()
    answer = {"data": {"phoneNumberChanged": {"e164": "+6500000001"}}}
    with listening(hub_of(log), simulated.sources, server={"compiled": compiled}) as client:
        for _ in range(2):
            async with socket(client.url) as opened, stream(client.url, ALL, "text/event-stream") as response:
                await opened.init()
                await opened.subscribe("mine", ALL)
                assert await opened.next() == {"id": "mine", "type": "next", "payload": answer}
                assert await event(response) == (cursor_of(1), "next", answer)
