"""How the scripts find a Python, and what they say when none will do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.clone import ROOT, TELLING, Clone, commands, program

TOO_OLD = "#!/bin/sh\necho is Python 3.9\nexit 1\n"
PROBE = (ROOT / "scripts" / "environment.sh").read_text().partition("probe='")[2].partition("'\n")[0]


def probed(before: str) -> tuple[int, str]:
    """How a Python judges itself after some lines: its exit status, and what it says."""
    words = [sys.executable, "-c", before + PROBE]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - the script's own probe
    return done.returncode, done.stdout.strip()


def test_this_python_finds_itself_fit() -> None:
    """It says where it really is, past every link, so that a link that changes later changes nothing."""
    assert probed("") == (0, str(Path(sys.executable).resolve()))


def test_a_python_finds_itself_too_old() -> None:
    """Before 3.11 the gateway does not run."""
    assert probed("import sys; sys.version_info = (3, 10, 14)\n") == (1, "is Python 3.10")


def test_a_python_finds_itself_without_environments() -> None:
    """Debian's Python makes none until a package is added; its name is said."""
    status, words = probed("import sys; sys.modules['ensurepip'] = None\n")
    assert status == 1
    assert "apt-get install python3-venv" in words


@pytest.mark.parametrize("script", ["check", "demo", "test"])
def test_without_a_python_it_says_what_is_missing(clone: Clone, script: str, tmp_path: Path) -> None:
    """The end is 2, with every name that was tried and what to do; nothing is made."""
    run = clone.run(script, path=commands(tmp_path / "bin", {}))
    assert run.returncode == 2
    assert run.stderr.startswith(f"{script}: no Python 3.11 or newer that can make virtual environments:\n")
    for name in ("python3", "python3.14", "python3.13", "python3.12", "python3.11"):
        assert f"\n  {name} is not there\n" in run.stderr
    assert f"PYTHON=/path/to/python sh {clone.root}/scripts/{script}" in run.stderr
    assert not clone.environment.exists()


def test_a_named_python_is_the_only_one_tried(clone: Clone, tmp_path: Path) -> None:
    """PYTHON that does not work is an error, although another Python could be found."""
    path = commands(tmp_path / "bin", {"python3": program(tmp_path / "telling", TELLING)})
    run = clone.run("demo", path=path, PYTHON="/no/such/python")
    assert run.returncode == 2
    assert "\n  /no/such/python is not there\n" in run.stderr


def test_an_old_python_is_passed_over(clone: Clone, tmp_path: Path) -> None:
    """python3 may be too old while python3.12 is there."""
    old, new = program(tmp_path / "old", TOO_OLD), program(tmp_path / "new", TELLING)
    path = commands(
        tmp_path / "bin", {"python3": old, "python3.12": new, "mkdir": Path("/bin/mkdir"), "cp": Path("/bin/cp")}
    )
    run = clone.run("demo", path=path, TOLD=str(tmp_path / "told"))
    assert (run.returncode, run.stdout) == (0, "-P -m gateway demo\n"), run.stderr


def test_an_old_python_is_named_with_its_reason(clone: Clone, tmp_path: Path) -> None:
    """Where only an unfit Python is found, its own words say why it will not do."""
    run = clone.run("demo", path=commands(tmp_path / "bin", {"python3": program(tmp_path / "old", TOO_OLD)}))
    assert run.returncode == 2
    assert "\n  python3 is Python 3.9\n" in run.stderr
