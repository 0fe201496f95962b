"""The comparison of designs, in its quick form, as the command that the README names."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_the_gateway_skips_and_doubles_nothing() -> None:
    """Forwards and backwards with three changes a call; the other designs do skip and double, so there was something to lose."""
    command = [sys.executable, "-m", "benchmarks.pages", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - a command of this repository
    walks = json.loads(done.stdout)
    assert [walk["backwards"] for walk, _ in walks] == [False, True]
    for _, figures in walks:
        ours = figures.pop("gateway")
        assert (ours["skipped"], ours["doubled"], ours["unordered"]) == (0, 0, 0)
        assert ours["stable"] > 1000
        assert ours["calls"] < min(other["calls"] for other in figures.values())
        assert all(other["skipped"] and other["doubled"] for other in figures.values())
