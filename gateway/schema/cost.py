"""What an operation may cost, in upstream calls and rows, reckoned before the first call and refused beyond a limit.

Rows are the records of numbers that an answer could hold; calls are those that its fields could take at each source.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeAlias

import strawberry
from graphql import FieldNode, GraphQLError, get_operation_ast
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from msgspec import Struct
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext
from strawberry.types.arguments import convert_arguments

from gateway.errors import QueryTooCostly, RequestRefused
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.model import identity_of
from gateway.numbers.search import Order, Search
from gateway.schema.connection import span_of
from gateway.schema.context import Context
from gateway.schema.plan import Plan
from gateway.schema.selections import ROWS, Lists, Selections, selections_of


class Cost(Struct):
    """Calls by source, and rows."""

    calls: Counter[str]
    rows: int = 0


Price: TypeAlias = Callable[["Reckoning", Cost, Mapping[str, Any], Sequence[FieldNode]], Awaitable[tuple[int, int]]]
"""Adds what a field costs for its arguments; then how many objects it brings, and how many rows each of their lists."""


class Reckoning:
    """One operation's cost, field by field of its root; ``closely`` looks at what is at hand, which takes its time."""

    def __init__(self, selections: Selections, context: Context, *, closely: bool) -> None:
        self._closely = closely
        self._selections = selections
        self._context = context
        self._estimates = context.rooms.estimates

    def prices(self, name: str) -> bool:
        """Whether a field of the root can cost anything."""
        return name in self._PRICES

    async def of(self, name: str, arguments: Mapping[str, Any], nodes: Sequence[FieldNode]) -> Cost:
        """What one field of the root may cost; nothing when its arguments will be refused."""
        cost = Cost(Counter())
        try:
            objects, each = await self._PRICES[name](self, cost, arguments, nodes)
        except RequestRefused:
            return Cost(Counter())
        await self._within(cost, self._selections.lists(nodes), objects, each)
        return cost

    async def _list(self, cost: Cost, arguments: Mapping[str, Any], nodes: Sequence[FieldNode]) -> tuple[int, int]:
        """One connection, and the rows of its page."""
        context, wanted, order = self._context, arguments.get("filter"), arguments.get("order_by")
        search = Search(
            wanted=EVERYTHING if wanted is None else wanted.meant(context),
            order=Order() if order is None else order.meant(),
        )
        first, after, last, before = map(arguments.get, ("first", "after", "last", "before"))
        span = span_of(first, after, last, before, search, context)
        counted = self._selections.mentions(nodes, "totalCount")
        errand = context.errand(arguments.get("max_staleness")) if self._closely else None
        for name in context.rooms.inventory.asked(context.asker.sources, search.wanted):
            cost.calls[name] += await self._estimates.listing(name, search, span, errand, counted=counted)
        return 1, (span.last or 0) if span.first is None else span.first

    async def _look_up(self, cost: Cost, arguments: Mapping[str, Any], _: Sequence[FieldNode]) -> tuple[int, int]:
        """One answer for each number, with a record for each source."""
        numbers = set(arguments["e164s"] if "e164s" in arguments else [arguments["e164"]])
        names = self._context.visible(arguments.get("sources"))
        await self._looking_up(cost, dict.fromkeys(names, len(numbers)), arguments.get("max_staleness"))
        return len(arguments.get("e164s", numbers)), len(names)

    async def _nodes(self, cost: Cost, arguments: Mapping[str, Any], _: Sequence[FieldNode]) -> tuple[int, int]:
        """Records by their ids."""
        ids = arguments["ids"] if "ids" in arguments else [arguments["id"]]
        found = Counter(identity[0] for identity in map(identity_of, set(ids)) if identity is not None)
        seen = {name: count for name, count in found.items() if name in self._context.asker.sources}
        await self._looking_up(cost, seen, None)
        cost.rows = len(ids)
        return len(ids), 0

    async def _entities(self, cost: Cost, arguments: Mapping[str, Any], _: Sequence[FieldNode]) -> tuple[int, int]:
        """Each as if it were asked for at every source."""
        count, names = len(arguments["representations"]), self._context.asker.sources
        await self._looking_up(cost, dict.fromkeys(names, count), None)
        cost.rows = count
        return count, len(names)

    async def _looking_up(self, cost: Cost, counts: Mapping[str, int], max_staleness: Any) -> None:  # noqa: ANN401 - a duration or None
        errand = self._context.errand(max_staleness) if self._closely else None
        for name, count in counts.items():
            if count and not await self._estimates.is_at_hand(name, errand):
                cost.calls[name] += self._estimates.looking_up(name, count)

    async def _within(self, cost: Cost, lists: Lists, objects: int, each: int) -> None:
        """What is within so many objects: lists of ``each`` rows, and the other sources' records at every level."""
        names = self._context.asker.sources
        for name, within in lists:
            if name in ROWS:
                held = objects * each
            else:
                await self._looking_up(cost, dict.fromkeys(names, objects), None)
                held = objects * max(0, len(names) - 1)
            cost.rows += held
            await self._within(cost, within, held, each)

    _PRICES: ClassVar[Mapping[str, Price]] = {
        "phoneNumbers": _list,
        "phoneNumber": _look_up,
        "phoneNumbersByE164": _look_up,
        "node": _nodes,
        "nodes": _nodes,
        "_entities": _entities,
    }


class CostLimit(SchemaExtension):
    """Refuses what could cost too much before it begins, and tells the cost of an operation that asks for it.

    A request asks with ``"extensions": {"cost": true}``.
    """

    _told: dict[str, Any] | None = None

    async def on_execute(self) -> AsyncIterator[None]:
        """Once the document is known to be valid."""
        held = self.execution_context
        if held.context.resolved is not None:  # it was reckoned before that
            yield
            return
        wanted = wants_cost(held.operation_extensions)
        costs = await reckon(held, closely=wanted)
        if not wanted and _beyond(costs, held.context):
            costs = await reckon(held, closely=True)
        total = _together(costs.values(), held.context)
        if wanted:
            self._told = {"estimated": total}
        _check(costs, total, held.context)
        yield

    def get_results(self) -> dict[str, Any]:
        """The entry of the answer's ``extensions``."""
        if self._told is None:
            return {}
        context: Context = self.execution_context.context
        limits = context.rooms.limits
        spent = {"calls": context.upstream_calls}
        return {"cost": {**self._told, "actual": spent, "limit": {"calls": limits.calls, "rows": limits.rows}}}


def wants_cost(extensions: Mapping[str, Any] | None) -> bool:
    """Whether a request asks for the cost of its operation."""
    return (extensions or {}).get("cost") is True


async def affordable(plan: Plan, arguments: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether a planned operation is certainly within the limits; if not, it is to be looked at closely."""
    reckoning = Reckoning(plan.selections, context, closely=False)
    costs = {
        key: await reckoning.of(field.name, arguments[key], field.nodes)
        for key, field in plan.fields.items()
        if reckoning.prices(field.name)
    }
    return not _beyond(costs, context)


async def reckon(held: ExecutionContext, *, closely: bool) -> dict[str, Cost]:
    """The cost of each field of an operation's root, by the name of its answer; empty when variables are wrong."""
    assert held.graphql_document is not None
    operation = get_operation_ast(held.graphql_document, held.operation_name)
    assert operation is not None
    schema: strawberry.Schema = held.schema
    inner = schema._schema  # noqa: SLF001 - Strawberry offers no other way to the schema it made
    selections = selections_of(operation, held.graphql_document.definitions)
    reckoning = Reckoning(selections, held.context, closely=closely)
    costly = {
        key: nodes
        for key, nodes in selections.fields([operation.selection_set]).items()
        if reckoning.prices(nodes[0].name.value)
    }
    variables = get_variable_values(inner, operation.variable_definitions or (), held.variables or {})
    if isinstance(variables, list):
        return {}
    costs = {}
    for key, nodes in costly.items():
        with suppress(GraphQLError):  # a null where none may be: the field will say so in its place
            arguments = _arguments(schema, nodes[0], variables)
            costs[key] = await reckoning.of(nodes[0].name.value, arguments, nodes)
    return costs


def _arguments(schema: strawberry.Schema, node: FieldNode, variables: VariableValues) -> dict[str, Any]:
    """A root field's arguments as its resolver gets them."""
    name = node.name.value
    query = schema._schema.query_type  # noqa: SLF001 - Strawberry offers no other way to the schema it made
    field = schema.get_field_for_type(name, "Query")
    assert query is not None
    assert field is not None
    values = get_argument_values(query.fields[name], node, variables)
    return convert_arguments(values, field.arguments, schema.schema_converter.scalar_registry, schema.config)


def _together(costs: Iterable[Cost], context: Context) -> dict[str, int]:
    """What all fields cost; a source is asked no more than its rate allows until the deadline."""
    calls: Counter[str] = Counter()
    rows = 0
    for cost in costs:
        calls += cost.calls
        rows += cost.rows
    rooms = context.rooms
    held = {name: min(count, rooms.estimates.most(name, rooms.limits.deadline)) for name, count in calls.items()}
    return {"calls": sum(held.values()), "rows": rows}


def _beyond(costs: Mapping[str, Cost], context: Context) -> bool:
    limits = context.rooms.limits
    if (
        sum(cost.calls.total() for cost in costs.values()) <= limits.calls
        and sum(cost.rows for cost in costs.values()) <= limits.rows
    ):
        return False  # nearly always: what the sources' rates allow need not be looked at
    total = _together(costs.values(), context)
    return total["calls"] > limits.calls or total["rows"] > limits.rows


def _check(costs: Mapping[str, Cost], total: Mapping[str, int], context: Context) -> None:
    for what, limit in (("calls", context.rooms.limits.calls), ("rows", context.rooms.limits.rows)):
        if total[what] > limit:
            told = "take {} upstream calls" if what == "calls" else "bring {} rows"
            msg = f"The operation could {told.format(total[what])}; {limit} is the limit: {_mend(costs, what, limit, context)}."
            raise QueryTooCostly(msg, cost=total[what], limit=limit)


def _mend(costs: Mapping[str, Cost], what: str, limit: int, context: Context) -> str:
    """What would fit: the first of its fields that do so together, else smaller pages or fewer sources."""
    names = list(costs)
    together = (_together([costs[name] for name in names[:count]], context)[what] for count in range(len(names)))
    fitting = names[: sum(cost <= limit for cost in together) - 1]
    if fitting:
        return f"{', '.join(fitting)} would fit into one request, and the rest into others"
    return "ask for fewer rows at once" if what == "rows" else "name fewer sources, or ask for fewer numbers at once"
