"""A clone of the scripts alone, and what they can be started with."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("cat", "cksum", "dirname", "mv", "rm")
"""The commands that the scripts take from the system; ``cd``, ``printf`` and the like belong to the shell."""

TELLING = f"""#!/bin/sh
# Told to be a Python, does what the scripts ask of one, in no time, and tells it line by line.
case "$*" in
    "-c "*version_info*) echo "$0" ;;
    "-c "*flock*) echo waits >>"$TOLD" && exec "{sys.executable}" "$@" ;;
    "-m venv "*) echo makes an environment >>"$TOLD" && mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip install "*" --require-hashes -r "*) echo installs >>"$TOLD" && exit "${{PIP_ENDS:-0}}" ;;
    *) echo "$@" ;;
esac
"""


def tool(name: str) -> str:
    """A command of the environment that runs the tests."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} is missing: install requirements-dev.lock"
    return found


def program(file: Path, text: str) -> Path:
    """Write a program."""
    file.write_text(text)
    file.chmod(0o755)
    return file


def commands(place: Path, others: Mapping[str, Path]) -> str:
    """A PATH on which nothing is but what the scripts need, and others under the names they are given."""
    place.mkdir()
    for name in NEEDED:
        (place / name).symlink_to(shutil.which(name) or "")
    for name, file in others.items():
        (place / name).symlink_to(file)
    return str(place)


@dataclass(frozen=True)
class Clone:
    """A folder with the scripts in it, and another one from which they are started."""

    root: Path
    elsewhere: Path

    @property
    def environment(self) -> Path:
        """What the scripts install into."""
        return self.root / ".venv"

    @property
    def stamp(self) -> Path:
        """What says that it is whole."""
        return self.environment / "installed"

    def start(self, script: str, *words: str, path: str = os.defpath, **variables: str) -> subprocess.Popen[str]:
        """Start a script with nothing in its environment but what is named."""
        return subprocess.Popen(  # noqa: S603 - the scripts of this repository
            ["/bin/sh", str(self.root / "scripts" / script), *words],
            cwd=self.elsewhere,
            env={"PATH": path, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, script: str, *words: str, path: str = os.defpath, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return finished([self.start(script, *words, path=path, **variables)])[0]


def finished(processes: Iterable[subprocess.Popen[str]]) -> list[subprocess.CompletedProcess[str]]:
    """Wait for each of them."""
    done = []
    for process in processes:
        out, err = process.communicate()
        done.append(subprocess.CompletedProcess(process.args, process.returncode, out, err))
    return done


def make_clone(place: Path, run_time: str = "# run\n", development: str = "# run\n# development\n") -> Clone:
    """Copy the scripts beside locks of these texts."""
    clone = Clone(place / "a clone", place)
    shutil.copytree(ROOT / "scripts", clone.root / "scripts")
    shutil.copy(ROOT / "pyproject.toml", clone.root)
    (clone.root / "requirements.lock").write_text(run_time)
    (clone.root / "requirements-dev.lock").write_text(development)
    return clone
