"""Gateways that can be killed at any moment: forked by a process that has loaded everything, over one store."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SCRIPT = """
import os, sys
from gateway.app import create_app
from gateway.serving import bind, run, url_of
from gateway.settings import load_only
from tests.upstream.telling import SECRET

source = {"provider": "8x8", "base_url": "http://127.0.0.1:1", "subaccount_id": "MySubAccount", "api_key": "key"}
app = create_app(load_only(
    server={"cursor_key": "1234567890123456"},
    sources={"voice_sg": {**source, "webhook_secret": SECRET}},
    state={"database_url": sys.argv[1]},
))
for _ in sys.stdin:
    bound = bind("127.0.0.1", 0)
    child = os.fork()
    if child == 0:
        run(app, bound)
    print(child, url_of(bound), flush=True)
    bound.close()
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


class Nursery:
    """Begins one gateway after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def begin(self) -> tuple[int, str]:
        """A new gateway: its process id and its address, where it listens already."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        child, address = self._line().split()
        return int(child), address

    def ended(self) -> None:
        """Wait until that gateway is gone."""
        assert self._line() == "gone\n"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def nursery(database_url: str) -> Iterator[Nursery]:
    """A nursery over a store; the last gateway must have ended."""
    command = [sys.executable, "-c", SCRIPT, database_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - fixed
        yield Nursery(process)
