"""When the scripts make the environment: once, whole or not at all, and anew when something changed."""

import fcntl
import os
import shutil
from pathlib import Path

import pytest

from tests.packaging.clone import TELLING, Clone, commands, finished, program

ANEW = ["waits", "makes an environment", "installs"]
ADDED = ["waits", "installs"]
NOTHING: list[str] = []


class Telling:
    """A clone, and a Python that tells what it was asked to do."""

    def __init__(self, clone: Clone, place: Path) -> None:
        self.clone = clone
        self.python = program(place / "telling", TELLING)
        self.told = place / "told"
        self.told.touch()

    def run(self, script: str, path: str = os.defpath, **variables: str) -> list[str]:
        """What is asked of Python when a script is run, besides what the script is for."""
        before = len(self.told.read_text().splitlines())
        done = self.clone.run(script, path=path, **{"PYTHON": str(self.python), "TOLD": str(self.told), **variables})
        told = self.told.read_text().splitlines()[before:]
        assert bool(done.stdout) is (done.returncode == 0), done.stderr
        assert ("installing" in done.stderr) is ("installs" in told)
        return told


@pytest.fixture
def telling(clone: Clone, tmp_path: Path) -> Telling:
    """A clone in which nothing was started."""
    return Telling(clone, tmp_path)


def test_what_is_there_is_not_installed_again(telling: Telling) -> None:
    """A demo installs, the next does not; the tests add to it; then there is enough for both."""
    assert [telling.run(script) for script in ("demo", "demo")] == [ANEW, NOTHING]
    assert [telling.run(script) for script in ("test", "test", "demo")] == [ADDED, NOTHING, NOTHING]


def test_the_tests_may_come_first(telling: Telling) -> None:
    """What the tests need holds what the demo needs."""
    assert [telling.run(script) for script in ("test", "demo")] == [ANEW, NOTHING]


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_changed_lock_makes_it_anew(telling: Telling, lock: str) -> None:
    """Nothing of what was locked before stays."""
    telling.run("test")
    (telling.clone.environment / "left over").touch()
    with (telling.clone.root / lock).open("a") as file:
        file.write("# changed\n")
    assert [telling.run(script) for script in ("test", "test")] == [ANEW, NOTHING]
    assert not (telling.clone.environment / "left over").exists()


def test_a_clone_that_was_moved_makes_it_anew(telling: Telling) -> None:
    """The commands in an environment name the place where it was made."""
    telling.run("demo")
    moved = Clone(telling.clone.root.rename(telling.clone.elsewhere / "moved"), telling.clone.elsewhere)
    telling.clone = moved
    assert [telling.run(script) for script in ("demo", "demo")] == [ANEW, NOTHING]


def test_another_python_makes_it_anew(telling: Telling) -> None:
    """A Python that is named is never silently passed over; where none is named, the one that was taken will do."""
    telling.run("demo")
    telling.python = telling.python.rename(telling.python.with_name("another"))
    assert [telling.run("demo", PYTHON=""), telling.run("demo"), telling.run("demo")] == [NOTHING, ANEW, NOTHING]


def test_the_tests_keep_the_python_of_the_demo(telling: Telling, tmp_path: Path) -> None:
    """Where none is named, what is missing is added to what is there, whatever python3 is by now."""
    telling.run("demo")
    path = commands(tmp_path / "bin", {"python3": program(tmp_path / "another", TELLING)})
    assert telling.run("test", PYTHON="", path=path) == ADDED
    assert telling.run("test") == NOTHING


def test_a_python_that_went_away_makes_it_anew(telling: Telling) -> None:
    """After an upgrade of the system the environment's Python leads nowhere, and is not called."""
    telling.run("demo")
    python = telling.clone.environment / "bin" / "python"
    python.unlink()
    python.symlink_to("/gone")
    assert telling.run("demo") == ANEW


def test_an_installation_that_was_cut_off_is_begun_anew(telling: Telling) -> None:
    """Nothing is started after it, and what it left does not count, however far it came."""
    assert [telling.run("demo", PIP_ENDS="130"), telling.clone.stamp.exists()] == [ANEW, False]
    assert [telling.run("demo"), telling.run("demo")] == [ANEW, NOTHING]


def test_a_removal_that_was_cut_off_does_not_count_as_whole(telling: Telling, tmp_path: Path) -> None:
    """The stamp goes before the environment that it speaks of, so that what is half gone is never taken for whole."""
    telling.run("demo")
    telling.python = telling.python.rename(telling.python.with_name("another"))
    path = commands(tmp_path / "bin", {})
    (tmp_path / "bin" / "rm").unlink()
    program(tmp_path / "bin" / "rm", f'#!/bin/sh\n[ "$1" != -rf ] && exec {shutil.which("rm")} "$@"\n')
    variables = {"PYTHON": str(telling.python), "TOLD": str(telling.told)}
    assert telling.clone.run("demo", path=path, **variables).returncode == 1
    assert (telling.clone.environment.exists(), telling.clone.stamp.exists()) == (True, False)


def test_what_was_added_to_counts_until_it_is_whole_again(telling: Telling) -> None:
    """When the tests' packages cannot be added, the demo still has what it needs, and the tests try again."""
    telling.run("demo")
    assert telling.run("test", PIP_ENDS="1") == ADDED
    assert [telling.run("demo"), telling.run("test")] == [NOTHING, ADDED]


def test_starts_at_once_install_once(telling: Telling) -> None:
    """Of several first starts one installs while the others wait for it; here all wait at first, for this test."""
    os.mkfifo(waits := telling.told.with_name("waits"))
    telling.python.write_text(TELLING.replace('echo waits >>"$TOLD"', f'echo waits >"{waits}"'))
    waiting = os.open(waits, os.O_RDWR)
    variables = {"PYTHON": str(telling.python), "TOLD": str(telling.told)}
    with (telling.clone.root / "pyproject.toml").open("r+") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        processes = [telling.clone.start("demo", **variables) for _ in range(3)]
        for _ in processes:
            assert os.read(waiting, len("waits\n")) == b"waits\n"
        assert telling.told.read_text() == ""
    done = finished(processes)
    os.close(waiting)
    assert [run.stdout for run in done] == ["-P -m gateway demo\n"] * 3
    assert telling.told.read_text().splitlines() == ["makes an environment", "installs"]
