"""Gateways in processes of their own, for the tests of what these share."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.conftest import NO_FILES, PATIENCE, Tables


@contextmanager
def served(sources: Tables, **state: str) -> Iterator[str]:
    """A gateway in a process of its own; the URL of its graph. ``state`` is its table of that name."""
    tables = {"sources": sources, "state": {**NO_FILES, **state}, "limits": {"deadline": PATIENCE}}
    environ = {**os.environ, **{f"GATEWAY_{name.upper()}": json.dumps(table) for name, table in tables.items()}}
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout is not None
        [url] = re.findall("http://[^ ]*/graphql", process.stdout.readline())
        try:
            yield url
        finally:
            process.terminate()
