"""What holds for every test: in CI a skip fails the run, and no setting comes from the shell."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest

import gateway
from gateway.settings import Settings
from tests.conftest import told_in_ci

SKIPPING = """
import pytest

@pytest.mark.skip(reason="not today")
def test_marked():
    pass

def test_inside():
    pytest.skip("no network")

@pytest.mark.xfail(strict=True)
def test_expected():
    raise AssertionError

def test_good():
    pass
"""


MISSING = """
import pytest

pytest.importorskip("no_such_module")
"""


OPTIONS = f"-q -rN -p no:cacheprovider -c {os.devnull} --continue-on-collection-errors"


def _run(folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """A run of pytest in a folder with the suite's own conftest: its exit code, and what it said."""
    inherited = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("COV_")}
    done = subprocess.run(  # noqa: S603 - the command is this interpreter's own pytest
        [sys.executable, "-m", "pytest", *OPTIONS.split()],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(Path(gateway.__file__).parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_skip_fails_in_ci_alone(tmp_path: Path) -> None:
    """Tests and modules that are skipped pass on a desk, and fail where CI is set, with the reason they gave.

    An expected failure is no skip: it did run.
    """
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_skipping.py").write_text(SKIPPING, encoding="utf-8")
    (tmp_path / "test_missing.py").write_text(MISSING, encoding="utf-8")
    with ThreadPoolExecutor() as running:
        (desk, _), (ci, said) = running.map(lambda environment: _run(tmp_path, environment), [{}, {"CI": "true"}])
    assert (desk, ci, "1 failed, 1 passed, 1 xfailed, 2 errors" in said) == (0, 1, True)
    for reason in ("not today", "no network", "no_such_module"):
        assert reason in said
    assert said.count("was skipped, and CI is set, where every test must run: Skipped: ") == 3


@pytest.mark.parametrize(
    ("outcome", "environment", "becomes"),
    [("skipped", {}, "skipped"), ("skipped", {"CI": "1"}, "failed"), ("passed", {"CI": "1"}, "passed")],
)
def test_a_report_is_looked_at(
    outcome: Literal["passed", "skipped"], environment: dict[str, str], becomes: str
) -> None:
    """Only a skip, and only in CI, becomes a failure that says which test and why."""
    why = ("test_some.py", 3, "Skipped: not today")
    report = pytest.TestReport("test_some", ("test_some.py", 3, "test_some"), {}, outcome, why, "call")
    told_in_ci(report, environment)
    told = "test_some was skipped, and CI is set, where every test must run: Skipped: not today"
    assert (report.outcome, report.longrepr) == (becomes, told if becomes == "failed" else why)


@pytest.fixture(scope="module")
def _set_in_the_shell() -> Iterator[None]:
    os.environ["GATEWAY_SERVER__PORT"] = "1"
    yield
    del os.environ["GATEWAY_SERVER__PORT"]


@pytest.mark.usefixtures("_set_in_the_shell")
def test_no_setting_comes_from_the_shell() -> None:
    """A variable that was set before the tests is not there while one runs."""
    assert Settings().server.port == 8000
