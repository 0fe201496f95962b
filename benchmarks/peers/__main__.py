"""The command: see the package."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.marks import replace_figures
from benchmarks.peers.chart import chart
from benchmarks.peers.contenders import contenders
from benchmarks.peers.measure import measured, numbers_of
from benchmarks.peers.questions import WORKLOADS
from benchmarks.peers.report import GATEWAY, middle, written

ROOT = Path(__file__).parents[2]
DOCUMENT, CHART = ROOT / "docs" / "benchmarks.md", ROOT / "docs" / "benchmarks.svg"
NAMES = [one.name for one in contenders(None)]


@click.command(help="Load this gateway and its peers in turn, and compare.")
@click.option("--seconds", type=click.FloatRange(min=0.05), default=1.5, show_default=True, help="Of one round.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Rounds of everybody.")
@click.option(
    "--only", multiple=True, type=click.Choice([one.name for one in WORKLOADS]), help="These workloads; default all."
)
@click.option("--against", multiple=True, type=click.Choice(NAMES[1:]), help="These contenders; default all.")
@click.option(
    "--loader",
    type=click.Path(exists=True, path_type=Path),
    envvar="BENCHMARK_LOADER",
    help="The ld-linux of a newer C library, for a prebuilt peer.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
@click.option("--write", is_flag=True, help="Put the figures into docs/benchmarks.md, with docs/benchmarks.svg.")
def main(
    seconds: float,
    rounds: int,
    only: tuple[str, ...],
    against: tuple[str, ...],
    loader: Path | None,
    as_json: bool,
    write: bool,
) -> None:
    """Measure and print."""
    if not hasattr(os, "sched_setaffinity"):
        msg = "Cores can be given out on Linux only."
        raise click.ClickException(msg)
    wanted = {GATEWAY, *(against or NAMES)}
    entered = [one for one in contenders(loader) if one.name in wanted]
    found = measured(entered, only or [one.name for one in WORKLOADS], seconds, rounds)
    text = written(
        found, f"python -m benchmarks.peers --seconds {seconds:g} --rounds {rounds}", datetime.now(UTC).date()
    )
    click.echo(json.dumps(numbers_of(found)) if as_json else text)
    if write:
        replace_figures(DOCUMENT, "peers", text)
        titles = {one.name: one.title for one in WORKLOADS}
        CHART.write_text(chart(middle(found), titles), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
