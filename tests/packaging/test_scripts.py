"""The scripts run in any POSIX shell."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.clone import ROOT, tool

SCRIPTS = sorted((ROOT / "scripts").iterdir())
RUN = [path for path in SCRIPTS if not path.suffix]
SOURCED = [path for path in SCRIPTS if path.suffix == ".sh"]
NO_SHELLCHECK = "shellcheck has no wheel for this machine"


def say(*words: str | Path) -> str:
    """What a command that should be silent has to say."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - linters on our files
    return done.stdout + done.stderr


def test_the_scripts_are_all_there() -> None:
    """Those that are run can be run and name the shell; those that are read by others can not."""
    assert [path.name for path in RUN] == ["check", "console", "demo", "image", "lock", "nightly", "test"]
    for path in RUN:
        assert os.access(path, os.X_OK), path
        assert path.read_text().startswith("#!/bin/sh\n")
    assert [path.name for path in SOURCED if os.access(path, os.X_OK)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_plain_shell_reads_them(path: Path) -> None:
    """Dash, which has nothing that POSIX has not, finds no fault in their syntax; where it is missing, sh is asked."""
    assert say(shutil.which("dash") or "/bin/sh", "-n", path) == ""


@pytest.mark.skipif(sys.platform == "linux" and os.uname().machine != "x86_64", reason=NO_SHELLCHECK)
def test_the_linter_finds_nothing() -> None:
    """Shellcheck, which knows quoting, undefined variables and what is not POSIX, is content with all of them."""
    assert say(tool("shellcheck"), "--external-sources", *SCRIPTS, ROOT / ".ci" / "run") == ""
