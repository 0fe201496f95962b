"""Compiled operations at work: kept from their second sight on, and given up for graphql-core wherever they fall short.

graphql-core's executor resolves the root fields, so that arguments, limits, deadlines, errors and reports are the same
whichever way a value is written; what is compiled is the completion of a root field's value, which is where the time
goes. A value that cannot be written is completed by graphql-core from the very same value: no source is asked twice.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import Any, TypeAlias

from graphql import (
    GraphQLOutputType,
    GraphQLResolveInfo,
    NamedTypeNode,
    NonNullTypeNode,
    OperationType,
    TypeNode,
)
from graphql.pyutils import Path
from msgspec import Raw
from strawberry import Info

from gateway.errors import GatewayError
from gateway.schema.compile import STRAWBERRY, Details, Unsupported, Write, Written, compiled
from gateway.schema.sharing import Sharing

logger = logging.getLogger(__name__)

BYTES = 32 * 1024 * 1024
"""What all compiled operations may take together."""

SEEN = 10_000
"""Operations that are remembered as seen once."""

_PER_CHARACTER = 6
"""Bytes that a compiled function takes for each character of its code, roughly."""

Key: TypeAlias = tuple[str, str | None, tuple[object, ...]]
"""A document's text, the operation's name, and the values of its Boolean variables: @skip and @include take no others."""


class Operation:
    """One operation's root fields by response key; None is one that cannot be compiled."""

    def __init__(self) -> None:
        self.fields: dict[str, Written | None] = {}
        self.length = 0


class Operations:
    """The compiled operations of one schema, the least recently used of which goes first; ``given_up`` counts values."""

    def __init__(self, most_bytes: int = BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Key, Operation] = OrderedDict()
        self._seen: OrderedDict[int, None] = OrderedDict()
        self.held = 0
        self.given_up = 0

    def find(self, key: Key) -> Operation | None:
        """The operation from its second sight on."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
            return kept
        mark = hash(key)
        if mark in self._seen:
            del self._seen[mark]
            self._kept[key] = Operation()
            self._grow(key, self._kept[key], len(key[0]) * 2)
            return self._kept.get(key)
        self._seen[mark] = None
        if len(self._seen) > SEEN:
            self._seen.popitem(last=False)
        return None

    def keep(self, key: Key, operation: Operation, name: str, written: Written | None) -> None:
        """Keep a root field's function with its operation."""
        operation.fields[name] = written
        self._grow(key, operation, len(name) + (0 if written is None else written.length * _PER_CHARACTER))

    def give_up(self, operation: Operation, name: str, error: Exception) -> None:
        """A value was left to graphql-core. Refusals are the resolvers' own; all else is told once, and tried no more."""
        self.given_up += 1
        if not isinstance(error, GatewayError):
            logger.warning("a compiled operation was left to the executor for a %s", type(error).__name__)
            operation.fields[name] = None

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

    def __init__(self, executor: Sharing, written: Written, path: Path) -> None:
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


def executor_over(operations: Operations) -> type[Sharing]:
    """An executor over those operations."""
    return type("Compiling", (_Compiling,), {"operations": operations})


class _Compiling(Sharing):
    """The executor that shares; the values of root fields are ``msgspec.Raw`` text where the context wants text."""

    operations: Operations
    _key: Key
    _operation: Operation

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: ANN401 - graphql-core's signature
        """The answer; only an operation that is compiled is looked at field by field."""
        found = self._find() if self.context_value.as_text else None
        if found is not None:
            self._operation = found
            self.complete_value = self._completed_root  # type: ignore[method-assign]
        return super().execute_operation(serially)

    def _find(self) -> Operation | None:
        asked = self.operation
        if asked.operation is not OperationType.QUERY or asked.loc is None or "@defer" in asked.loc.source.body:
            return None
        given, defined = self.variable_values.coerced, asked.variable_definitions or ()
        switches = tuple(given.get(one.variable.name.value) for one in defined if _is_switch(one.type))
        self._key = (asked.loc.source.body, asked.name.value if asked.name else None, switches)
        return self.operations.find(self._key)

    def _completed_root(
        self,
        return_type: GraphQLOutputType,
        field_details_list: Details,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,  # noqa: ANN401 - what a resolver gave
        position_context: Any,  # noqa: ANN401 - graphql-core's own
    ) -> Any:  # noqa: ANN401 - text, a value, or an awaitable of one
        def plainly() -> Any:  # noqa: ANN401 - graphql-core's
            return Sharing.complete_value(self, return_type, field_details_list, info, path, result, position_context)

        if path.prev is not None or not _writable(result, info):
            return plainly()
        written = self._written(return_type, field_details_list, str(path.key))
        return plainly() if written is None else self._text(written, result, path, plainly)

    def _written(self, kind: GraphQLOutputType, details: Details, name: str) -> Written | None:
        held = self._operation.fields
        if name not in held:
            try:
                written = compiled(self.schema, kind, details, self.collect_subfields)
            except Unsupported:
                self.operations.keep(self._key, self._operation, name, None)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the compiler, the client gets its answer
                self.operations.give_up(self._operation, name, error)
            else:
                self.operations.keep(self._key, self._operation, name, written)
        return held[name]

    def _text(self, written: Written, value: object, path: Path, plainly: Callable[[], Any]) -> Any:  # noqa: ANN401 - see _completed_root
        run = Run(self, written, path)
        try:
            text = written.write(value, run)
            return self._filled(run, text, plainly, path) if run.open else Raw(text.encode())
        except Exception as error:  # noqa: BLE001 - a failed resolver's error is found again, with its place
            return self._given_up(run, error, plainly, path)

    async def _filled(self, run: Run, text: str, plainly: Callable[[], Any], path: Path) -> Any:  # noqa: ANN401 - see _completed_root
        try:
            return Raw((await run.filled(text)).encode())
        except Exception as error:  # noqa: BLE001 - as above
            value = self._given_up(run, error, plainly, path)
        return await value if self.is_awaitable(value) else value

    def _given_up(self, run: Run, error: Exception, plainly: Callable[[], Any], path: Path) -> Any:  # noqa: ANN401 - see _completed_root
        run.close()
        self.operations.give_up(self._operation, str(path.key), error)
        return plainly()


def _is_switch(kind: TypeNode) -> bool:
    """Whether a variable can be what @skip and @include take."""
    named = kind.type if isinstance(kind, NonNullTypeNode) else kind
    return isinstance(named, NamedTypeNode) and named.name.value == "Boolean"


def _writable(value: object, info: GraphQLResolveInfo[Any]) -> bool:
    """Not the schema's own fields, nor a federation's; nor a failure, nor a list that is still being awaited."""
    if value is None or isinstance(value, Exception) or info.field_name.startswith("_"):
        return False
    return not (isinstance(value, list) and value and iscoroutine(value[0]))
