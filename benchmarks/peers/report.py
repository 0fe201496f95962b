"""What was found, as tables for people."""

import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from benchmarks.peers.measure import Found, Round
from benchmarks.peers.questions import WORKLOADS

GATEWAY, YARDSTICK, PLAIN = "this gateway", "Tailcall", "plain Strawberry"


class Goal(NamedTuple):
    """What a workload is to reach: times the yardstick's rate, and CPU milliseconds a request."""

    ratio: float | None
    cpu: float


GOALS = {
    "W1": Goal(1.2, 1.05),
    "W2": Goal(10, 0.06),
    "W3": Goal(0.3, 0.25),
    "W3L": Goal(0.95, 0.25),
    "W4": Goal(2.2, 1.3),
    "W4c": Goal(12, 0.15),
    "M": Goal(None, 0.4),
}
MERGED_RATE = 2500
"""Pages a second of the merged list."""
PLAIN_RATIO = {"W1": 20, "W2": 20, "W4": 20}


def medians(rounds: Sequence[Round]) -> Round:
    """The middle of each figure."""
    return Round(*map(statistics.median, zip(*rounds, strict=True)))


def middle(found: Found) -> dict[str, dict[str, Round]]:
    """The medians of every workload, by contender."""
    return {
        workload: {name: medians(told) for name, told in by_name.items()} for workload, by_name in found.rounds.items()
    }


def table(found: Found) -> str:
    """Rate, ratio to this gateway, CPU, upstream calls and the slowest hundredth of every workload and contender."""
    lines = [
        "| | contender | requests/s | of the gateway's | CPU ms a request | upstream calls a request | 99 % within, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for workload, by_name in middle(found).items():
        ours = by_name.get(GATEWAY)
        for name, told in by_name.items():
            share = "" if ours is None else f"{told.rate / ours.rate:.2f}"
            lines.append(
                f"| {workload} | {name} | {told.rate:,.0f} | {share} | {told.cpu:.3f} | {told.calls:.2f} | {told.slow:.0f} |"
            )
    return "\n".join(lines)


def others(found: Found) -> str:
    """The burst, memory and version of every contender."""
    lines = ["| contender | version | W5: upstream calls | W5: ms | memory, MB |", "|---|---|---|---|---|"]
    for name, version in found.versions.items():
        if name in found.bursts:
            burst = found.bursts[name]
            lines.append(
                f"| {name} | {version} | {burst.calls} | {burst.milliseconds:.0f} | {found.megabytes[name]:.0f} |"
            )
    return "\n".join(lines)


def goals(found: Found) -> str:
    """What the gateway is to reach, and where it stands."""
    lines = ["| | what | goal | measured | |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(cells)} |" for cells in _goals(middle(found))]
    return "\n".join(lines)


def _goals(told: Mapping[str, Mapping[str, Round]]) -> Iterator[tuple[str, ...]]:
    for workload, goal in GOALS.items():
        by_name = told.get(workload, {})
        ours = by_name.get(GATEWAY)
        if ours is None:
            continue
        if goal.ratio is not None and YARDSTICK in by_name:
            yield _line(workload, f"times {YARDSTICK}", goal.ratio, ours.rate / by_name[YARDSTICK].rate)
        if workload in PLAIN_RATIO and PLAIN in by_name:
            yield _line(workload, f"times {PLAIN}", PLAIN_RATIO[workload], ours.rate / by_name[PLAIN].rate)
        if workload == "M":
            yield _line(workload, "pages a second", MERGED_RATE, ours.rate)
        yield _line(workload, "CPU ms a request", goal.cpu, ours.cpu, most=True)


def _line(workload: str, what: str, goal: float, told: float, *, most: bool = False) -> tuple[str, ...]:
    reached = told <= goal if most else told >= goal
    shown = f"{told:,.0f}" if told >= 100 else f"{told:.3g}"  # noqa: PLR2004 - three digits are enough
    return workload, what, f"{goal:,}", shown, "reached" if reached else "not reached"


def bench(found: Found) -> str:
    """How fast load and upstream are by themselves, and how busy their core was at most."""
    busiest, where = max(
        (told.busy, (workload, name)) for workload, by in middle(found).items() for name, told in by.items()
    )
    alone = found.alone.answers / found.alone.seconds
    large = found.alone_large.answers / found.alone_large.seconds
    return (
        f"Load and upstream by themselves, on one core together: {alone:,.0f} small answers a second, {large:,.0f} of 40 kB. "
        f"That core was busy for {100 * busiest:.0f} % of the time at most ({where[0]}, {where[1]})."
    )


def written(found: Found, command: str, today: date) -> str:
    """All of it, as it stands in the document."""
    left = [f"Left out: {name}, for {why}." for name, why in sorted(found.missing.items())]
    titles = [f"- **{one.name}** {one.title}" for one in WORKLOADS if one.name in found.rounds]
    parts = [
        f"{today:%Y-%m-%d}, `{command}`; Python {platform.python_version()}, {platform.system()} {platform.machine()}, one core each.",
        "\n".join(titles),
        table(found),
        others(found),
        goals(found),
        "\n\n".join([bench(found), *left]),
    ]
    return "\n\n".join(parts)
