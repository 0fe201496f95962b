"""Processes on a core of their own, and what they use."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.contenders import NotThere

PATIENCE = 60.0
"""Seconds until somebody who starts must listen."""
TICK = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """The contender's core, and the one of load and upstream: the same where there is only one."""
    there = sorted(os.sched_getaffinity(0))
    return there[0], there[-1]


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def process(command: Sequence[str], core: int, told: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process and all it starts, on one core; ended with the block whatever happens."""
    with log.open("ab") as output:
        begun = subprocess.Popen(  # noqa: S603 - our own commands
            ["taskset", "-c", str(core), *command],  # noqa: S607 - util-linux, found by PATH
            env=dict(told),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield begun
    finally:
        for sign, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
            if _group_ended(begun, sign, seconds):
                break


def _group_ended(begun: subprocess.Popen[bytes], sign: signal.Signals, seconds: float) -> bool:
    try:
        os.killpg(begun.pid, sign)
        begun.wait(seconds)
    except ProcessLookupError:
        return True
    except subprocess.TimeoutExpired:
        return False
    return True


def _tree(pid: int) -> list[int]:
    """A process and all below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(one for child in below for one in _tree(int(child)))]


def cpu_seconds(pid: int) -> float:
    """What a process and all below it have used."""
    total = 0
    for one in _tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def megabytes(pid: int) -> float:
    """What they hold in memory."""
    pages = [int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1]) for one in _tree(pid)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def await_port(port: int, begun: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and begun.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    msg = f"it does not start ({lines[-1][:200] if lines else 'without a word'})"
    raise NotThere(msg)
