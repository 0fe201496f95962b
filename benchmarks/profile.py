"""Where a workload's time goes: ``python -m benchmarks.profile W2`` runs the gateway under cProfile and prints functions.

The same upstream, settings, questions and load as in ``benchmarks.peers``. Microseconds are by request and of the
function itself, without what it calls; the profiler makes everything two to four times as slow, small functions most.
"""

import cProfile
import os
import pstats
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop

from benchmarks.peers.contenders import Gateway, Place
from benchmarks.peers.load import asked
from benchmarks.peers.measure import Bench
from benchmarks.peers.questions import WORKLOADS, Workload
from gateway.cli import main as gateway

STATS = "BENCHMARK_STATS"
"""Tells the gateway's process where to write what it saw."""


class Profiled(Gateway):
    """The gateway in a process that watches itself from a signal on."""

    def command(self, place: Place) -> Sequence[str]:
        """This module, which serves where it is told to."""
        python, _, _, *rest = super().command(place)
        return [python, "-m", "benchmarks.profile", *rest]

    def variables(self, place: Place) -> Mapping[str, str]:
        """As the gateway's."""
        return {**super().variables(place), STATS: str(place.folder / "stats")}


def watched(stats: str) -> None:
    """Serve as the command line says, and write what was seen from the signal to the end."""
    profile = cProfile.Profile()
    signal.signal(signal.SIGUSR1, lambda *_: profile.enable())
    try:
        gateway()
    finally:
        profile.disable()
        profile.dump_stats(stats)


def profiled(workload: Workload, seconds: float, folder: Path) -> tuple[pstats.Stats, int]:
    """What was seen, and how many requests were answered meanwhile."""
    bench = Bench(folder, seconds, 1)

    with bench.upstream(), bench.run(Profiled(), kept=workload.kept) as running:

        async def load() -> int:
            await bench.walk(running)
            requests = bench.requests(running, workload.questions(bench.cursors))
            await bench.wait_for(workload.latency)
            await asked(requests, running.port, 2.0)
            os.kill(running.pid, signal.SIGUSR1)
            return (await asked(requests, running.port, seconds)).answers

        count = uvloop.run(load())
    return pstats.Stats(str(folder / Profiled.__name__ / "stats")), count


def by_room(stats: pstats.Stats) -> Counter[str]:
    """Seconds of each room of the gateway and of each library, what is built in apart."""
    found: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, _) in stats.stats.items():  # type: ignore[attr-defined]  # typeshed leaves it out
        parts = Path(file).parts
        known = next((place for place, part in enumerate(parts) if part in {"site-packages", "gateway"}), None)
        at = 0 if known is None else known if parts[known] == "gateway" else known + 1
        room = "/".join(parts[at : at + 2]) if known is not None and parts[known] == "gateway" else parts[at]
        found["built in" if known is None else room] += own
    return found


@click.command(help="Profile the gateway under one workload.")
@click.argument("name", type=click.Choice([one.name for one in WORKLOADS]))
@click.option("--seconds", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Of load.")
@click.option("--functions", type=click.IntRange(min=1), default=40, show_default=True, help="How many are shown.")
def main(name: str, seconds: float, functions: int) -> None:
    """Measure and print."""
    [workload] = [one for one in WORKLOADS if one.name == name]
    with TemporaryDirectory() as folder:
        stats, count = profiled(workload, seconds, Path(folder))
    click.echo(f"{workload.name}, {workload.title}: {count:,} requests. By request: µs of its own, µs in all, calls")
    click.echo("  ".join(f"{room} {1e6 * own / count:.0f}" for room, own in by_room(stats).most_common(12)))
    told = sorted(stats.stats.items(), key=lambda one: -one[1][2])  # type: ignore[attr-defined]  # typeshed leaves it out
    for (file, line, function), (_, calls, own, whole, _) in told[:functions]:
        place = f"{'/'.join(Path(file).parts[-2:])}:{line} {function}" if line else function
        click.echo(f"{1e6 * own / count:9.1f} {1e6 * whole / count:9.1f} {calls / count:8.1f}  {place}")


if __name__ == "__main__":
    watched(os.environ[STATS]) if STATS in os.environ else main()
