"""A walker: turns the pages of one list, and reads the gaps that were reported on the way."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct

from gateway.numbers.e164 import E164
from gateway.sandbox.world import Sandbox
from tests.conftest import Answer, Gateway, Simulators
from tests.contract.truth import held, stock_of

Json: TypeAlias = dict[str, Any]
PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $filter: PhoneNumberFilter,
       $orderBy: PhoneNumberOrder, $maxStaleness: Duration) {
  phoneNumbers(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy,
               maxStaleness: $maxStaleness) {
    nodes { e164 source { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    complete
    sources { source { name } status upstreamCalls remarks error { code } gap { after before } }
  }
}
"""
LARGEST = 1000


class Row(NamedTuple):
    """One row of the merged list; rows compare as the list in E.164 order has them, within a provider."""

    e164: str
    source: str


class Page(Struct):
    """One page: its rows, what is missing in it by source, and where the next one begins."""

    rows: list[Row]
    gaps: dict[str, Json]
    remarks: dict[str, list[str]]
    complete: bool
    calls: int
    more: bool
    cursor: str | None


def rows_of(world: Sandbox, tables: Mapping[str, Mapping[str, Any]]) -> set[Row]:
    """Every row that the simulators hold for these sources."""
    return {Row(e164, name) for name, table in tables.items() for e164 in held(world, table)}


def moved(world: Sandbox, tables: Mapping[str, Mapping[str, Any]]) -> set[Row]:
    """The rows that came or went since the beginning."""
    return {
        Row(E164(f"+{str(said).removeprefix('+')}"), name)
        for name, table in tables.items()
        for said in stock_of(world, table).moved.copy()  # what is read in the background may still change it
    }


def unhurried(sandbox: Simulators) -> dict[str, dict[str, Any]]:
    """The five sources, which may be asked as often as they answer."""
    return {name: {**table, "calls_per_minute": 100_000} for name, table in sandbox.sources.items()}


class Walker:
    """Walks one list of a gateway; ``asked`` are further variables of its query."""

    def __init__(self, gateway: Gateway, **asked: object) -> None:
        self._gateway = gateway
        self._asked = asked

    async def ask(self, **asked: object) -> Answer:
        """Whatever is answered to a page."""
        return await self._gateway.ask(PAGE, {**self._asked, **asked})

    async def page(self, size: int, cursor: str | None = None, *, backwards: bool = False) -> Page:
        """One page; an answer with errors fails the test."""
        count, side = ("last", "before") if backwards else ("first", "after")
        return _page_of((await self.ask(**{count: size, side: cursor})).data["phoneNumbers"], backwards=backwards)

    async def between(self, gap: Json) -> list[Row]:
        """The rows of all sources that stand in a gap."""
        found: list[Row] = []
        more = True
        after = gap["after"]
        while more:
            answer = await self.ask(first=LARGEST, after=after, before=gap["before"])
            page = _page_of(answer.data["phoneNumbers"], backwards=False)
            assert page.complete
            found += page.rows
            after, more = page.cursor, page.more
        return found


def _page_of(connection: Json, *, backwards: bool) -> Page:
    info = connection["pageInfo"]
    reports = {report["source"]["name"]: report for report in connection["sources"]}
    return Page(
        rows=[Row(node["e164"], node["source"]["name"]) for node in connection["nodes"]],
        gaps={name: report["gap"] for name, report in reports.items() if report["gap"]},
        remarks={name: report["remarks"] for name, report in reports.items()},
        complete=connection["complete"],
        calls=sum(report["upstreamCalls"] for report in reports.values()),
        more=info["hasPreviousPage" if backwards else "hasNextPage"],
        cursor=info["startCursor" if backwards else "endCursor"],
    )
