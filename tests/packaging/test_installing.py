"""The scripts with a real Python and a real package, which is made here: no registry is asked."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.packaging.clone import Clone, commands, make_clone


def wheel(place: Path, name: str) -> str:
    """Make a wheel of one empty module; the line of a lock file that wants exactly it."""
    file = place / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(file, "w") as held:
        held.writestr(f"{name}.py", "")
        held.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        held.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        held.writestr(f"{info}/RECORD", "")
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


def install(clone: Clone, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script where a Python is, and the wheels are the only packages that can be had."""
    wheels = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(clone.elsewhere), "PIP_CONFIG_FILE": os.devnull}
    return clone.run(script, "two words", PYTHON=sys.executable, **wheels)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone whose demo was started once; its gateway and its pytest tell what they were asked."""
    place = tmp_path_factory.mktemp("installed")
    runs, tests = wheel(place, "tiny_runs"), wheel(place, "tiny_tests")
    clone = make_clone(place, runs, runs + tests)
    (clone.root / "gateway.py").write_text("import sys, tiny_runs\nprint(sys.argv[1:])\n")
    (clone.root / "pytest.py").write_text("import os, sys, tiny_runs, tiny_tests\nprint(sys.argv[1:], os.getcwd())\n")
    first = install(clone, "demo")
    assert "demo: installing requirements.lock into" in first.stderr
    assert first.stdout == "['demo', 'two words']\n", first.stderr
    return clone


def test_a_second_start_installs_nothing(installed: Clone, tmp_path: Path) -> None:
    """It needs no package, no Python beside the environment's and few commands."""
    second = installed.run("demo", path=commands(tmp_path / "bin", {}))
    assert (second.returncode, second.stdout, second.stderr) == (0, "['demo']\n", "")


def test_what_lies_where_it_is_called_is_not_imported(installed: Clone) -> None:
    """A module named like the gateway, in the folder from which the script is called, is left alone."""
    (installed.elsewhere / "gateway.py").write_text("raise RuntimeError\n")
    assert installed.run("demo").stdout == "['demo']\n"


def test_the_name_of_the_python_may_change(installed: Clone, tmp_path: Path) -> None:
    """Another name for the Python that was taken installs nothing: what counts is where the name leads."""
    path = commands(tmp_path / "bin", {"another": Path(sys.executable).resolve()})
    assert installed.run("demo", path=path, PYTHON="another").stderr == ""


def test_the_tests_add_what_they_need(installed: Clone) -> None:
    """What is there for the demo stays; the tests run in the checkout, wherever they are called."""
    first, second = install(installed, "test"), installed.run("test")
    assert "test: installing requirements-dev.lock into" in first.stderr
    assert first.stdout == f"['two words'] {installed.root}\n", first.stderr
    assert (second.stdout, second.stderr) == (f"['-n', 'auto', '--dist', 'worksteal'] {installed.root}\n", "")


def test_a_package_that_is_not_the_locked_one_is_refused(clone: Clone) -> None:
    """With another checksum than the lock's nothing is installed, nothing is started, and nothing counts as whole."""
    line = wheel(clone.elsewhere, "tiny_runs")
    (clone.root / "requirements.lock").write_text(line[:-5] + "0000\n")
    refused = install(clone, "demo")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in refused.stderr
    assert not clone.stamp.exists()
