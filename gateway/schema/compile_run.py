"""Compiled operations at work: kept from their second sight on, and given up for graphql-core wherever they fall short."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable
from inspect import iscoroutine
from typing import Any, TypeAlias

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path
from strawberry import Info
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Executor

from gateway.errors import GatewayError
from gateway.schema.compile import STRAWBERRY, Write, Written
from gateway.schema.plan import Plan
from gateway.schema.sightings import Sightings

logger = logging.getLogger(__name__)

BYTES = 32 * 1024 * 1024
"""What all compiled operations may take together."""

_PER_CHARACTER, _PARSED = 6, 100
"""Bytes that a compiled function takes for each character of its code, and a parsed document for each of its own, roughly."""

Key: TypeAlias = tuple[str, str | None, tuple[tuple[str, Any], ...]]
"""A document's text, the operation's name, and the variables that are true or false: @skip and @include take no others."""


class Operation:
    """A kept operation: its plan once there is one; what cannot be planned, or fell short, is given up."""

    def __init__(self) -> None:
        self.plan: Plan | None = None
        self.given_up = False
        self.length = 0


class Operations:
    """The compiled operations of one schema, the least recently used of which goes first; ``given_up`` counts values."""

    def __init__(self, most_bytes: int = BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Key, Operation] = OrderedDict()
        self._sightings = Sightings()
        self.held = 0
        self.given_up = 0

    def find(self, key: Key) -> Operation | None:
        """The operation from its second sight on."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        if not self._sightings.again(key):
            return None
        self._kept[key] = Operation()
        self._grow(key, self._kept[key], len(key[0]) * 2)
        return self._kept.get(key)

    def keep(self, key: Key, operation: Operation, plan: Plan) -> None:
        """Keep an operation's plan with it."""
        operation.plan = plan
        self._grow(key, operation, plan.length * _PER_CHARACTER + len(key[0]) * _PARSED)

    def give_up(self, operation: Operation, error: Exception) -> None:
        """Something was left to graphql-core. Refusals are the resolvers' own; all else is told once, and tried no more."""
        self.given_up += 1
        if not isinstance(error, GatewayError):
            logger.warning("a compiled operation was left to the executor for a %s", type(error).__name__)
            operation.given_up = True

    def _grow(self, key: Key, operation: Operation, size: int) -> None:
        if self._kept.get(key) is not operation:
            return
        operation.length += size
        self.held += size
        while self.held > self._most:
            _, gone = self._kept.popitem(last=False)
            self.held -= gone.length


class Run:
    """The writing of one value: hands resolvers their info, and gathers what has to be awaited."""

    def __init__(self, executor: Executor, written: Written, path: Path) -> None:
        self._executor = executor
        self._owns = written.owns
        self._path = path
        self._infos: dict[int, GraphQLResolveInfo[Any]] = {}
        self._told: dict[int, Info] = {}
        self.open: list[tuple[Awaitable[Any], Write]] = []

    def info(self, place: int) -> GraphQLResolveInfo[Any]:
        """What a field's resolver is told, the same for every record."""
        info = self._infos.get(place)
        if info is None:
            own = self._owns[place]
            nodes = [details.node for details in own.details]
            info = self._executor.build_resolve_info(own.definition, nodes, own.parent, self._path)
            self._infos[place] = info
        return info

    def told(self, place: int) -> Info:
        """The same as Strawberry hands it to a field's own function."""
        told = self._told.get(place)
        if told is None:
            told = Info(_raw_info=self.info(place), _field=self._owns[place].definition.extensions[STRAWBERRY])
            self._told[place] = told
        return told

    def later(self, awaited: Awaitable[Any], write: Write) -> str:
        """A mark that stands for what is not there yet; JSON text holds no bare NUL."""
        self.open.append((awaited, write))
        return f"\0{len(self.open) - 1}\0"

    async def filled(self, text: str) -> str:
        """The text with every mark replaced; siblings are awaited together."""
        while self.open:
            opened, self.open = self.open, []
            values = await asyncio.gather(*(awaited for awaited, _ in opened), return_exceptions=True)
            pieces = text.split("\0")
            pieces[1::2] = [self._shown(values[int(mark)], opened[int(mark)][1]) for mark in pieces[1::2]]
            text = "".join(pieces)
        return text

    def _shown(self, value: Any, write: Write) -> str:  # noqa: ANN401 - what a resolver gave
        if isinstance(value, BaseException):
            raise value
        return write(value, self)

    def close(self) -> None:
        """Drop what was not awaited."""
        for awaited in filter(iscoroutine, (awaited for awaited, _ in self.open)):
            awaited.close()
