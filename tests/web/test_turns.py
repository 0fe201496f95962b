"""Nobody has the event loop for long: what one connection brings at once is handled in turns with everybody else."""

import asyncio
import struct
from collections import Counter
from contextlib import aclosing

import pytest

from gateway.schema.authority import Asker
from gateway.schema.graph import make_schema
from gateway.schema.subscription import TURN, cursor_of
from gateway.web.execution import Execution, Operation
from gateway.web.frames import AT_ONCE, BoundedSocket
from tests.conftest import OpenRooms
from tests.schema.gateways import Simulated, gateway
from tests.upstream.logs import MemoryLog
from tests.web.bare import frame, opened, text
from tests.web.listening import hub_of
from tests.web.test_unread import drain, held_for, only_socket

SEEING = Asker("anyone", ("voice_sg",), None)

READ = 262_144
"""Bytes that a connection reads at once."""

AFTER_ANOTHER = 2
"""Parts in one turn at most: the last of what was read before, and the first of what is read then."""

PATIENT = 10
"""Looks after which it is sure that no more is read."""


class Turns:
    """Notes of one WebSocket in which turn of the loop it handles how many bytes, and how many wait."""

    def __init__(self, held: BoundedSocket) -> None:
        self.turn, self.waiting = 0, 0
        self.sizes: list[int] = []
        self.turns: list[int] = []
        self._held, self._receive = held, held.conn.receive_data
        held.conn.receive_data = self._received  # type: ignore[method-assign]
        held.loop.call_soon_threadsafe(self._next)

    def _next(self) -> None:
        self.turn += 1
        if not self._held.disconnected:
            self._held.loop.call_soon(self._next)

    def _received(self, data: bytes | bytearray) -> None:
        self.turns.append(self.turn)
        self.sizes.append(len(data))
        self.waiting = max(self.waiting, len(self._held._arrived))
        self._receive(data)


@pytest.mark.parametrize("told", [frame(10, b""), text(type="pong")], ids=["frames", "messages"])
def test_a_flood_leaves_turns_to_others(simulated: Simulated, told: bytes) -> None:
    """Little of it is handled at once, no more is read meanwhile, and what comes behind it is answered."""
    flood = told * (4 * READ // len(told))
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        turns = Turns(only_socket(client))
        connection.sendall(flood + frame(8, struct.pack("!H", 1000)))
        assert drain(connection).endswith(struct.pack("!H", 1000))
    assert sum(turns.sizes) >= len(flood)
    assert max(turns.sizes) <= AT_ONCE
    assert turns.waiting <= READ
    assert max(Counter(turns.turns).values()) <= AFTER_ANOTHER


def test_what_waits_is_dropped_with_its_connection(simulated: Simulated) -> None:
    """A message that is none ends it; what came behind is not looked at."""
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        turns = Turns(only_socket(client))
        connection.sendall(b"\x8f\x80" + bytes(4) + frame(10, b"") * 5000)
        assert struct.pack("!H", 1002) in drain(connection)
    assert sum(turns.sizes) <= AT_ONCE


def test_of_who_reads_nothing_little_is_read(simulated: Simulated) -> None:
    """While an answer waits to be read, what else is asked stays with whoever asks it, also where signs of life come in between."""
    told = text(type="ping") * 200 + frame(10, b"") * 400
    with gateway(simulated.sources) as client, opened(client.url) as connection:
        held, refused = held_for(client), 0
        connection.setblocking(False)
        while held.writable.is_set() or refused < PATIENT:
            try:
                connection.send(told)
                refused = 0
            except BlockingIOError:
                assert client.send("GET", "/health").status == 200
                refused += not held._arrived
            assert held.queue.qsize() <= READ // len(text(type="ping"))


async def test_a_replay_leaves_turns_to_others(rooms: OpenRooms) -> None:
    """Changes that are at hand, and told as fast as they are taken: after a few of them whoever else has something to do does it."""
    log, opened = MemoryLog(), await rooms()
    log.append(10 * TURN)
    opened.hub = hub_of(log)
    changes = f'subscription {{ phoneNumberChanged(after: "{cursor_of(0)}") {{ e164 }} }}'
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    async with aclosing(Execution(make_schema(), opened).stream(Operation(changes), SEEING)) as stream:
        await anext(stream)
        before = turns
        for _ in range(9 * TURN):
            await anext(stream)
    beside.cancel()
    assert turns >= before + 9
