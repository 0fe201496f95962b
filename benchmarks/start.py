"""How soon the gateway is there: ``python -m benchmarks.start``.

Each figure is the time of a process of its own: from its start until it has ended, or until `GET /health` is answered.
The gateway that serves has the five sources of the simulators. Python's bytecode is there already, as pip leaves it;
what a start takes that has to compile everything stands beside, and the CPU, which a busy machine changes less.
"""

import os
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

import click
import msgspec

from benchmarks.marks import replace_figures
from benchmarks.simulated import simulators
from gateway.sandbox import accounts

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "benchmarks.md"
ROWS = {"8x8": 1000, "webex": 1000, "cloudlx": 1000, "callgear": 1000}
PATIENCE = 60.0


class Taken(NamedTuple):
    """Seconds that a start took, and those of a processor that the whole process took, its end included."""

    seconds: float
    cpu: float


class Figure(NamedTuple):
    """Milliseconds of several starts: in the middle, and of the quickest; ``goal`` is the most that is wanted."""

    what: str
    median: float
    least: float
    cpu: float
    goal: int | None = None


class Place:
    """A folder with settings, a store and the bytecode of everything that was imported in it."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._settings = folder / "gateway.toml"
        self._settings.write_text(
            "\n".join(
                f"[sources.{name}]\n"
                + "".join(f"{key} = {msgspec.json.encode(value).decode()}\n" for key, value in table.items())
                for name, table in accounts.sources(url).items()
            ),
            encoding="utf-8",
        )

    def run(self, *words: str) -> Taken:
        """Until a command has ended."""
        began, spent = time.perf_counter(), _spent()
        with self._process(*words) as process:
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, words
        return Taken(time.perf_counter() - began, _spent() - spent)

    def serve(self, *, anew: bool = False) -> Taken:
        """Until a gateway has answered; ``anew``: over a store that it has to make."""
        if anew:
            for held in self._folder.glob("gateway.db*"):
                held.unlink()
        return self._until_answered("serve", "--config", str(self._settings), "--port", "0")

    def demo(self) -> Taken:
        """Until the simulators and the gateway over them have answered."""
        return self._until_answered("demo", "--port", "0")

    def _until_answered(self, *words: str) -> Taken:
        began, spent = time.perf_counter(), _spent()
        with self._process("-m", "gateway", *words) as process:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "http://" in line)
            address = urlsplit(next(word for word in line.split() if word.startswith("http://")))
            asked = HTTPConnection(address.hostname or "", address.port, timeout=PATIENCE)
            asked.request("GET", "/health")  # it listens before it can answer: nobody has to ask again
            assert asked.getresponse().status == 200, words  # noqa: PLR2004 - OK
            seconds = time.perf_counter() - began
            asked.close()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        return Taken(seconds, _spent() - spent)

    @contextmanager
    def _process(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("GATEWAY_") and name != "PYTHONDONTWRITEBYTECODE"
        }
        with subprocess.Popen(  # noqa: S603 - the gateway itself
            [sys.executable, *words],
            cwd=self._folder,
            env=own | {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(self._folder / "bytecode")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


def _spent() -> float:
    """Seconds of a processor that the processes took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(runs: int) -> list[Figure]:
    """All starts, in turn, so that what else the machine does is shared by all of them."""
    with simulators(ROWS) as url, TemporaryDirectory() as folder:
        place = Place(Path(folder), url)
        compiling = place.serve()
        place.demo()
        starts: dict[tuple[str, int | None], Callable[[], Taken]] = {
            ("Python alone", None): lambda: place.run("-c", "pass"),
            ("`gateway --help`", 300): lambda: place.run("-m", "gateway", "--help"),
            ("`gateway serve --help`: the imports", None): lambda: place.run("-m", "gateway", "serve", "--help"),
            ("`gateway serve`", 1000): place.serve,
            ("`gateway serve` with a new store", 1000): lambda: place.serve(anew=True),
            ("`gateway demo`", 1000): place.demo,
        }
        rounds = [[start() for start in starts.values()] for _ in range(runs)]
    told = [figure(what, taken, goal) for (what, goal), taken in zip(starts, zip(*rounds, strict=True), strict=True)]
    return [*told, figure("`gateway serve`, nothing compiled", [compiling])]


def figure(what: str, taken: Sequence[Taken], goal: int | None = None) -> Figure:
    """What several starts come to."""
    seconds, cpu = zip(*taken, strict=True)
    return Figure(what, 1000 * statistics.median(seconds), 1000 * min(seconds), 1000 * statistics.median(cpu), goal)


def table_of(figures: list[Figure], runs: int) -> str:
    """All of it as Markdown."""
    lines = [
        f"| {row.what} | {row.median:.0f} ms | {row.least:.0f} ms | {row.cpu:.0f} ms | {f'{row.goal} ms' if row.goal else ''} |"
        for row in figures
    ]
    machine = (
        f"Python {sys.version.split()[0]}, {len(os.sched_getaffinity(0))} cores; {runs} runs, the last line of one; the load average "
        f"was {os.getloadavg()[0]:.1f} afterwards."
    )
    return "\n".join(["| start | median | least | CPU | goal |", "|---|---|---|---|---|", *lines, "", machine])


@click.command(help="Time the gateway's start: its help, its imports, and until it answers.")
@click.option("--runs", type=click.IntRange(1), default=9, show_default=True, help="Starts of each kind.")
@click.option("--write", "writes", is_flag=True, help="Put the table into docs/benchmarks.md.")
def main(*, runs: int, writes: bool) -> None:
    """Measure and print."""
    table = table_of(measured(runs), runs)
    click.echo(table)
    if writes:
        replace_figures(DOCUMENT, "start", table)


if __name__ == "__main__":
    main()
