"""The gateway as ``gateway serve`` runs it, in a process of its own over the simulators."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory

from gateway.sandbox import accounts
from tests.schema.commands import written

ROOT = Path(__file__).parents[1]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STATE = '[server]\nport = 0\ncursor_key = "1234567890123456"\n[state]\ndatabase_url = "sqlite://"\n'


class Served:
    """One gateway: where it answers, and its process."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self.process = process

    @property
    def megabytes(self) -> float:
        """What it holds in memory now."""
        held = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(held) * PAGE_BYTES / 1e6

    async def ended(self) -> int:
        """What it ends with, after a signal to end."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 30)


@contextmanager
def served(simulators: str, more: str = "", **knobs: object) -> Iterator[Served]:
    """A gateway over the simulators at that URL; ``more`` are further tables, ``knobs`` are of every source."""
    with TemporaryDirectory() as name:
        sources: dict[str, Mapping[str, object]] = {
            source: {**table, **knobs} for source, table in accounts.sources(simulators).items()
        }
        path = written(Path(name) / "gateway.toml", sources, STATE + more)
        with subprocess.Popen(  # noqa: S603 - the gateway itself
            [sys.executable, "-m", "gateway", "serve", "--config", str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a line for each request
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                yield Served(process.stdout.readline().split()[-1].removesuffix("/graphql"), process)
            finally:
                process.kill()


def percentile(values: Sequence[float], hundredth: int) -> float:
    """The value below which so many hundredths of them are."""
    return quantiles(values, n=100, method="inclusive")[hundredth - 1]


def table(lines: Mapping[str, str]) -> str:
    """Figures by what they are of, as Markdown."""
    return "\n".join(["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in lines.items())])


def machine() -> str:
    """Where it was measured, and what else was at work there."""
    return f"{os.cpu_count()} cores, {os.getloadavg()[0]:.1f} processes at work besides (load average before)"
