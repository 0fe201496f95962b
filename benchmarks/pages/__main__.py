"""The command: see the package."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from benchmarks.marks import replace_figures
from benchmarks.pages.walks import DESIGNS, Figures, Walk, walked
from benchmarks.simulated import world_of

ROWS = {"8x8": 300, "webex": 900, "cloudlx": 1400, "callgear": 1800}
"""5,000 rows in the four list sources: Webex has two places; 8x8 answers everything at once."""
WALKS = [
    Walk(size, changes, backwards)
    for backwards in (False, True)
    for size in (10, 50, 100, 500)
    for changes in (0, 1, 3)
]
QUICK_ROWS = dict.fromkeys(ROWS, 300)
QUICK_WALKS = [Walk(50, 3, False), Walk(50, 3, True)]
ROOT = Path(__file__).parents[2]
DOCUMENT, README = ROOT / "docs" / "pagination.md", ROOT / "README.md"
SHOWN_FIRST = 50
"""The page size whose lines the README shows."""
HEAD = """\
| walk | page | changes a call | gateway: calls a page | ms a page | skipped | doubled | round robin: calls a page | skipped | doubled | vector: calls a page | skipped | doubled | out of order |
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


async def measured(rows: Mapping[str, int], walks: list[Walk]) -> list[tuple[Walk, dict[str, Figures]]]:
    """The figures of every walk, by design."""
    found = []
    async with world_of(rows) as world:
        for walk in walks:
            figures = {design: await walked(world, design, walk) for design in DESIGNS}
            found.append((walk, figures))
            click.echo(row_of(walk, figures), err=True)
    return found


def row_of(walk: Walk, figures: Mapping[str, Figures]) -> str:
    """One line of the table."""
    ours, robin, vector = (figures[design] for design in DESIGNS)
    cells = [
        "backwards" if walk.backwards else "forwards",
        str(walk.size),
        str(walk.changes),
        f"{ours.calls_a_page:.2f}",
        f"{ours.milliseconds_a_page:.1f}",
        str(ours.skipped),
        str(ours.doubled),
        f"{robin.calls_a_page:.2f}",
        str(robin.skipped),
        str(robin.doubled),
        f"{vector.calls_a_page:.2f}",
        str(vector.skipped),
        str(vector.doubled),
        str(vector.unordered),
    ]
    return f"| {' | '.join(cells)} |"


def table_of(found: Sequence[tuple[Walk, Mapping[str, Figures]]]) -> str:
    """All lines under their heading."""
    return "\n".join([HEAD, *(row_of(walk, figures) for walk, figures in found)])


@click.command(help="Walk all rows of all sources while they change, and compare three designs.")
@click.option("--quick", is_flag=True, help="A small world, pages of 50, three changes a call.")
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--write", is_flag=True, help="Put the table into docs/pagination.md, and some of it into README.md.")
def main(*, quick: bool, as_json: bool, write: bool) -> None:
    """Measure and print."""
    found = asyncio.run(measured(QUICK_ROWS, QUICK_WALKS) if quick else measured(ROWS, WALKS))
    table = table_of(found)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        click.echo(table)
    if write:
        some = table_of([(walk, figures) for walk, figures in found if walk.size == SHOWN_FIRST])
        for place, shown in ((DOCUMENT, table), (README, some)):
            replace_figures(place, "pages", shown)


if __name__ == "__main__":
    main()
