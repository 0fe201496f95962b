"""A schema of things that a test makes, and both ways of answering what is asked of them."""

import asyncio
from collections.abc import Callable
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Any, TypeAlias

import msgspec
import strawberry
from strawberry.extensions import FieldExtension

from gateway.errors import Forbidden
from gateway.schema.compile_run import Operations
from gateway.schema.documents import Documents
from gateway.schema.quick import Admits, Quick, Resuming
from gateway.sections import LimitSettings

Json: TypeAlias = dict[str, Any]


class Guard(FieldExtension):
    """Refuses everybody."""

    def resolve(self, next_: Callable[..., Any], source: Any, info: Any, **_: Any) -> Any:  # noqa: ANN401 - strawberry's signature
        """Nothing."""
        msg = f"You may not see {info.field_name} of {source.size}, nor ask {callable(next_)}."
        raise Forbidden(msg)


async def _late(thing: strawberry.Parent["Thing"]) -> "Thing | None":
    if isinstance(thing.after, Exception):
        raise thing.after
    return thing.after


def _name_of(thing: strawberry.Parent["Thing"]) -> str | None:
    return thing.name


def _sized(by: int) -> int:
    return by


@strawberry.type
class Lone:
    """Of the union, beside Thing."""

    name: str = "lone"

    @classmethod
    def is_type_of(cls, value: object, _: object) -> bool:
        """By its class."""
        return isinstance(value, cls)


@strawberry.type
class Thing:
    """Whatever a test makes it."""

    name: str = 'a "name"\n\x01é'
    size: int | None = 3
    flag: bool = True
    ratio: float = 0.5
    items: list[str] = strawberry.field(default_factory=lambda: ["x", "y"])
    other: Annotated["Thing | Lone", strawberry.union("Either")] | None = None
    twin: "Thing | None" = None
    parts: list["Thing"] = strawberry.field(default_factory=list)
    after: strawberry.Private["Thing | Exception | None"] = None
    late: "Thing | None" = strawberry.field(resolver=_late)
    sized: int = strawberry.field(resolver=_sized)
    guarded: str | None = strawberry.field(default="", extensions=[Guard()])
    called: str | None = strawberry.field(resolver=_name_of)
    barred: str | None = strawberry.field(resolver=_name_of, extensions=[Guard()])


class Kind(Enum):
    """A word of an input."""

    LARGE = "l"
    SMALL = "s"


strawberry.enum(Kind)


@strawberry.input
class Wanted:
    """An input."""

    kind: Kind = Kind.SMALL
    names: list[str] | None = None


async def _soon(thing: Any) -> Thing | None:  # noqa: ANN401 - what the test holds
    if isinstance(thing, Exception):
        raise thing
    return thing  # type: ignore[no-any-return]


@strawberry.type
class Query:
    """The root."""

    barred: str | None = strawberry.field(resolver=lambda: "", extensions=[Guard()])

    @strawberry.field
    def thing(self, info: strawberry.Info) -> Thing | None:
        """What the test holds."""
        return info.context.thing  # type: ignore[no-any-return]

    @strawberry.field
    async def soon(self, info: strawberry.Info) -> Thing | None:
        """The same a moment later."""
        await asyncio.sleep(0)
        return info.context.thing  # type: ignore[no-any-return]

    @strawberry.field
    async def never(self) -> str | None:
        """It does not come."""
        return str(await asyncio.Event().wait())

    @strawberry.field
    async def whole(self, info: strawberry.Info) -> Thing:
        """The same, which may not be null."""
        return await _soon(info.context.thing)  # type: ignore[return-value]  # as the test has it

    @strawberry.field
    def things(self, info: strawberry.Info) -> list[Thing | None]:
        """The same twice, each awaited in its own place."""
        return [_soon(info.context.thing), _soon(None)]  # type: ignore[list-item]  # as graphql-core takes it

    @strawberry.field
    def picked(
        self,
        kinds: list[Kind] | None = None,
        at: int = 2,
        by: int | None = 4,
        wanted: Wanted | None = None,
        names: list[str] | None = None,
    ) -> str:
        """What was asked for."""
        return f"{kinds} {at} {by} {wanted} {names}"


async def _admitted(*_: object) -> bool:
    return True


def _shown(schema: strawberry.Schema, quick: Quick | None, asked: tuple[str, Json | None], thing: object) -> str:
    async def answer() -> Json:
        context = SimpleNamespace(resolved=None, thing=thing)
        data = quick and await quick.data(asked[0], asked[1] or {}, None, context)
        if data is not None:
            return {"data": data, "errors": []}
        result = await schema.execute(asked[0], asked[1], context_value=context)
        return {"data": result.data, "errors": [error.formatted for error in result.errors or ()]}

    return msgspec.json.encode(asyncio.run(answer())).decode()


def answers(
    query: str,
    thing: object,
    times: int = 3,
    variables: Json | None = None,
    held: Operations | None = None,
    admits: Admits = _admitted,
) -> tuple[Operations, str]:
    """The answer of the compiling way, which must be the plain way's each time, and the compiled operations."""
    held, asked = held or Operations(), (query, variables)
    expected = _shown(strawberry.Schema(Query), None, asked, thing)
    schema = strawberry.Schema(Query, execution_context_class=Resuming)
    quick = Quick(schema, Documents(LimitSettings(depth=100)), held, admits)
    assert [_shown(schema, quick, asked, thing) for _ in range(times)] == [expected] * times
    return held, expected
