"""Runs the scripts of this folder with Node.js, over packages that are installed as package-lock.json says."""

import fcntl
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
OLDEST = 18
"""The oldest Node.js that has ``fetch``; Debian 12 has this one."""


def programs(path: str | None = None) -> tuple[str, str] | str:
    """Node.js and npm as they are found on a PATH, by default this process's; else the sentence that says what is missing."""
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None:
        return f"the real clients need node and npm: install Node.js {OLDEST} or newer (Debian: apt-get install nodejs npm)"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - as the PATH says
    major = re.match(r"v(\d+)\.", said)
    if major is None or int(major[1]) < OLDEST:
        return f"the real clients need Node.js {OLDEST} or newer, and {node} is {said.strip()}"
    return node, npm


def install(npm: str, folder: Path = HERE) -> None:
    """See that ``node_modules`` is what the lock file says; of several processes one installs, and the others wait."""
    lock_file = folder / "package-lock.json"
    stamp = folder / "node_modules" / "installed"
    wanted = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    with lock_file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        _run([npm, "ci", "--ignore-scripts", "--prefer-offline"], folder)
        stamp.write_text(wanted)


class Node:
    """A Node.js over the installed clients."""

    def __init__(self, node: str) -> None:
        self.program = node

    def run(self, script: str, *words: str) -> Any:  # noqa: ANN401 - any JSON
        """What a script of this folder writes, as JSON; its words on the other stream are told when it fails."""
        return json.loads(self.execute(str(HERE / script), *words))

    def execute(self, script: str, *words: str, folder: Path = HERE) -> str:
        """What any script writes, run in a folder."""
        return _run([self.program, script, *words], folder)


def ready(path: str | None = None) -> Node:
    """The Node.js of a PATH with the clients installed; where it is missing the test is skipped, and says how to get it."""
    found = programs(path)
    if isinstance(found, str):
        pytest.skip(found)
    node, npm = found
    install(npm)
    return Node(node)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)  # noqa: S603 - of this repository
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout
