"""The graph as an Apollo Federation 2 subgraph: other graphs refer to a number by its id, and to a look-up by its number.

Its types are those of the plain graph, to which a router's own two fields are added; the keys stand only in the schema
that a router is told, so that whoever does not federate sees nothing of them.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, NewType

import strawberry
from strawberry import Info
from strawberry.types.scalar import ScalarDefinition

from gateway.errors import BadUserInput
from gateway.numbers import e164
from gateway.schema.authority import INTROSPECTION, RequiresScope
from gateway.schema.context import Context
from gateway.schema.lookup import PhoneNumberLookup, look_up
from gateway.schema.phone_number import PhoneNumber
from gateway.schema.query import Query, check_many, find

LINK = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
"""

DIRECTIVES = {
    "type PhoneNumber implements Node": '@key(fields: "id")',
    "type PhoneNumberLookup": '@key(fields: "e164")',
    "type PageInfo": "@shareable",
}
"""What a router learns of types beside the plain schema (Apollo Federation, subgraph specification)."""


def subgraph_sdl(plain: str) -> str:
    """The plain schema with what a router needs."""
    for kind, directive in DIRECTIVES.items():
        plain = plain.replace(f"\n{kind} {{", f"\n{kind} {directive} {{")
    return plain + LINK


Representation = NewType("Representation", dict[str, Any])


def _representation(value: object) -> dict[str, Any]:
    if isinstance(value, dict) and isinstance(value.get("__typename"), str):
        return value
    msg = 'A representation is an object with __typename and a key, like {"__typename": "PhoneNumber", "id": "…"}.'
    raise BadUserInput(msg)


ANY: ScalarDefinition = strawberry.scalar(
    name="_Any",
    description="What another graph knows of an entity: its type's name and its key.",
    parse_value=_representation,
    serialize=dict,
)

Entity = Annotated[
    PhoneNumber | PhoneNumberLookup,
    strawberry.union("_Entity", description="What other graphs can refer to."),
]


@strawberry.type(name="_Service", description="What a router asks first.")
class Service:
    """The subgraph itself."""

    sdl: str | None = strawberry.field(description="The schema, with the keys of its entities.")


@strawberry.type(name="Query", description="What can be asked.")
class SubgraphQuery(Query):
    """The root, with what a router asks."""

    @strawberry.field(
        name="_service", description="The schema as a subgraph.", extensions=[RequiresScope(INTROSPECTION)]
    )
    def service(self, info: Info[Context, None]) -> Service:
        """The plain schema, and the keys."""
        return Service(sdl=subgraph_sdl(info.context.rooms.sdl))

    @strawberry.field(
        name="_entities",
        description="The entities that are meant, in order; looked up together. One that cannot be found nulls only its own place.",
    )
    async def entities(
        self,
        info: Info[Context, None],
        representations: Annotated[
            list[Representation], strawberry.argument(description="What the router knows of each.")
        ],
    ) -> list[Entity | None]:
        """Apollo Federation, resolving references; batched."""
        check_many(len(representations), "representations", info.context)
        return [_meant(held, info.context) for held in representations]  # type: ignore[misc]  # each is awaited in its own place


def _meant(held: dict[str, Any], context: Context) -> Awaitable[object]:
    """The entity of a representation.

    Raises:
        BadUserInput: it has no key, or is of a type without one.
    """
    match held:
        case {"__typename": "PhoneNumber", "id": str(id_)}:
            return find(id_, context)
        case {"__typename": "PhoneNumberLookup", "e164": str(text)}:
            return _looked_up(text, context)
    return _refused(str(held["__typename"]))


async def _looked_up(text: str, context: Context) -> PhoneNumberLookup:
    [looked] = await look_up([e164.parse(text)], context.asker.sources, None, context)
    return looked


async def _refused(name: str) -> None:
    msg = f"{name[:40]!r} is no entity here, or lacks its key: give PhoneNumber its id, or PhoneNumberLookup its e164."
    raise BadUserInput(msg)
