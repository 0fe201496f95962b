"""The matrix of docs/failures.md: ``python -m tests.failures`` has every simulator fail in every way, and writes down what is told.

With the names of failures, only their rows are made anew.
"""

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, TypeAlias

from gateway.app import open_rooms
from gateway.numbers.remarks import TOTAL_DIFFERS, UNSTABLE
from gateway.numbers.search import Search
from gateway.numbers.windows import Range, Read, Window
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.exchange import Errand
from gateway.sandbox.faults import FAULTS, faults_of
from gateway.schema.context import Rooms
from gateway.upstream.clock import SystemClock
from tests.conftest import PATIENCE, Simulators, Tables, errand, serving, settings_of
from tests.contract.truth import NAMES, ONE_OF_EACH, held, table_of
from tests.upstream.looked import failed, found

PAGE = Path(__file__).parents[1] / "docs" / "failures.md"
BEGIN, END = "<!-- matrix: begin -->\n", "<!-- matrix: end -->\n"
ROWS = dict.fromkeys(NAMES.values(), 200)
"""The length of the lists: enough for one of everything, in several pages."""
SMALL = 60
"""Rows of a page, where there are pages: then half of the calls are some of those of one list."""
WITH_TOKENS = {"webex": "dallas_refreshed", "cloudlx": "epsilon", "callgear": "market_login"}
"""The source of each provider that exchanges its credentials for a token."""
TIMELESS = {"hang", "drip"}
"""Failures that end by the clock alone: their source has little time, and every other has plenty."""
SHARES = {"": 1.0, "_half": 0.5}
"""The part of the calls that fail, by how the name of the failing source ends."""
HUGE = 34_000_000
"""Bytes, a little more than are read."""
RIGHT, FEWER, NOTHING = "right", "fewer", "nothing"
"""All that there is; fewer rows than there are, which the report says; an empty answer that nothing contradicts."""
CODES = "SOURCE_"
"""How every code of a source begins; left out in the matrix."""


class Column(NamedTuple):
    """The calls of one provider that fail: those for its list, for a look-up, or for a token."""

    provider: str
    purpose: Errand

    @property
    def faults(self) -> list[str]:
        """Every failure that these calls can have."""
        return [fault for fault in faults_of(self.provider) if FAULTS[fault].happens_on(self.purpose)]

    @property
    def victim(self) -> str:
        """The source of the sandbox that is to fail."""
        alone = {provider: name for name in ONE_OF_EACH for provider in [NAMES[name]]}
        return (WITH_TOKENS if self.purpose is Errand.TOKEN else alone)[self.provider]

    @property
    def others(self) -> list[str]:
        """A source of every other provider."""
        return [name for name in ONE_OF_EACH if NAMES[name] != self.provider]


COLUMNS = [
    Column(NAMES[name], purpose)
    for name in ONE_OF_EACH
    for purpose in (Errand.LIST, Errand.LOOKUP, Errand.TOKEN)
    if purpose is not Errand.TOKEN or NAMES[name] in WITH_TOKENS
]
Matrix: TypeAlias = Mapping[Column, Mapping[str, str]]
"""What came of each failure, by column and by the failure's name."""


@contextmanager
def simulators() -> Iterator[Simulators]:
    """The simulators on a socket, with short lists."""
    app = create_sandbox(rows=ROWS)
    with serving(app) as url:
        yield Simulators(app.state.sandbox, url)


def failing(sandbox: Simulators, column: Column, fault: str) -> Tables:
    """The settings of a source that is to fail."""
    size = {} if column.provider == "8x8" else {"block_size": SMALL}
    return table_of(sandbox, column.victim) | size | {"timeout": 0.2 if fault in TIMELESS else PATIENCE}


def fail(sandbox: Simulators, column: Column, fault: str | None, share: float = 1.0) -> None:
    """Have so many of a column's calls fail."""
    sandbox.turn(
        column.provider, fault=fault, fault_on=column.purpose, fault_share=share, drip_interval=0.2, huge_bytes=HUGE
    )


async def outcomes(sandbox: Simulators, column: Column, faults: Sequence[str]) -> dict[str, str]:
    """What a gateway tells of each failure. Each has sources of its own: none remembers another's."""
    tables = {name: {**table_of(sandbox, name), "calls_per_minute": 100_000} for name in column.others}
    tables |= {fault + ending: dict(failing(sandbox, column, fault)) for fault in faults for ending in SHARES}
    async with open_rooms(settings_of(tables, {}), SystemClock()) as rooms:
        trial = Trial(sandbox, rooms, column)
        return {fault: await trial.outcome(fault) for fault in faults}


@dataclass(frozen=True)
class Trial:
    """Asks a gateway while a column's calls fail; the other providers must not suffer from it."""

    sandbox: Simulators
    rooms: Rooms
    column: Column

    async def outcome(self, fault: str) -> str:
        """What comes of a failure of every call; one of half of the calls comes to that, or to nothing at all."""
        ask = self._looked_up if self.column.purpose is Errand.LOOKUP else self._listed
        told: list[str] = []
        for ending, share in SHARES.items():
            fail(self.sandbox, self.column, fault, share)
            async with asyncio.timeout(PATIENCE):
                told += await asyncio.gather(ask(fault + ending))
            fail(self.sandbox, self.column, None)
        always, half = told
        assert half in {always, RIGHT}, f"{fault}: {half} instead of {always}"
        return always

    async def _listed(self, victim: str) -> str:
        names = [victim, *self.column.others]
        anew = errand(max_staleness=timedelta(0))
        window = await self.rooms.inventory.window(Search(), Range(), names, anew, counted=True)
        [read, *others] = sorted(window.reads, key=lambda read: names.index(read.source))
        assert [self._told(window, other, other.source) for other in others] == [RIGHT] * len(others)
        assert window.complete is (read.error is None)
        return self._told(window, read, self.column.victim)

    def _told(self, window: Window, read: Read, place: str) -> str:
        """The code of a source's report, or how many of the rows that it has were shown."""
        if read.error is not None:
            return read.error.code
        shown = [number.e164 for number in window.numbers if number.origin.source == read.source]
        truth = sorted(held(self.sandbox.world, table_of(self.sandbox, place)))
        if shown == truth:
            return RIGHT
        assert len(shown) == len(set(shown) & set(truth)) < len(truth), "a number twice, or one that nobody has"
        if read.rows_skipped or {TOTAL_DIFFERS, UNSTABLE} & {*read.remarks}:
            return FEWER
        assert shown == [], "rows are missing, and nothing says so"
        return NOTHING

    async def _looked_up(self, victim: str) -> str:
        """What is said of a number that the source holds."""
        places = {victim: self.column.victim} | {name: name for name in self.column.others}
        said = [await self._said(name, place) for name, place in places.items()]
        assert said[1:] == [RIGHT] * len(self.column.others)
        return said[0]

    async def _said(self, name: str, place: str) -> str:
        e164 = held(self.sandbox.world, table_of(self.sandbox, place))[5]
        told = await self.rooms.lookups.at(name, [e164], errand(max_staleness=timedelta(0)))
        codes = [error.code for error in failed(told).values()]
        return codes[0] if codes else RIGHT if found(told) else NOTHING


def table(matrix: Matrix) -> str:
    """A matrix as Markdown."""
    lines = [
        "| failure | " + " | ".join(f"{column.provider} {column.purpose}" for column in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 1) + "|",
    ]
    for name, fault in FAULTS.items():
        told = [matrix.get(column, {}).get(name, "").removeprefix(CODES) for column in COLUMNS]
        lines.append(" | ".join([f"| `{name}`: {fault.meaning}", *told, ""]).rstrip())
    return "\n".join(lines) + "\n"


def told_in(page: str) -> dict[Column, dict[str, str]]:
    """The matrix that a page shows."""
    matrix: dict[Column, dict[str, str]] = {column: {} for column in COLUMNS}
    for line in page.partition(BEGIN)[2].partition(END)[0].splitlines():
        if line.startswith("| `"):
            name = line.split("`")[1]
            for column, told in zip(COLUMNS, line.split(" | ")[1:], strict=True):
                word = told.removesuffix(" |").strip()
                matrix[column] |= {name: CODES + word if word.isupper() else word} if word else {}
    return matrix


def renewed(page: str, matrix: Matrix) -> str:
    """The page with these outcomes, and all others as they were."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    shown = told_in(page)
    merged = {column: {**shown[column], **matrix[column]} for column in COLUMNS}
    return f"{before}{BEGIN}{table(merged)}{END}{after}"


def main() -> None:
    """Write the page anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.failures", description=__doc__)
    parser.add_argument("fault", nargs="*", help="the failures whose rows are made anew; all by default")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page that holds the matrix")
    asked = parser.parse_args()
    wanted = asked.fault or list(FAULTS)
    matrix: dict[Column, dict[str, str]] = {}
    with simulators() as sandbox, ThreadPoolExecutor(1) as beside:
        for column in COLUMNS:
            faults = [fault for fault in column.faults if fault in wanted]
            matrix[column] = beside.submit(asyncio.run, outcomes(sandbox, column, faults)).result()
    asked.page.write_text(renewed(asked.page.read_text(encoding="utf-8"), matrix), encoding="utf-8")


if __name__ == "__main__":
    main()
