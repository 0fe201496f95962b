"""The soak: what it calls wrong, what it calls flat, and a short one as the command."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.soak.judge import Judge
from benchmarks.soak.samples import Sample, growth, left_over

ROOT = Path(__file__).parents[2]
HERE, GONE = ("london", "441"), ("london", "442")
NEVER = ("london", "449")


def page(*numbers: str, complete: bool = True, **report: object) -> dict[str, Any]:
    """A page of London."""
    nodes = [{"e164": f"+{number}", "source": {"name": "london"}} for number in numbers]
    told = {"status": "OK", "rowsSkipped": 0, "error": None, **report}
    return {"nodes": nodes, "complete": complete, "sources": [told]}


def looked(number: str, result: str, error: object = None) -> dict[str, Any]:
    """What London said of a number."""
    return {"e164": f"+{number}", "outcomes": [{"source": {"name": "london"}, "result": result, "error": error}]}


@pytest.mark.parametrize(
    ("status", "answer", "right"),
    [
        (200, {"data": {"a": 1}}, True),
        (200, {"data": None, "errors": [{"extensions": {"code": "ALL_SOURCES_FAILED"}}]}, True),
        (503, {"errors": [{"extensions": {"code": "OVERLOADED"}}]}, True),
        (200, {"errors": [{"extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}, False),
        (200, {"errors": [{"message": "?"}]}, False),
        (500, {"data": {"a": 1}}, False),
        (200, {}, False),
    ],
)
def test_answers(status: int, answer: dict[str, Any], *, right: bool) -> None:
    """Data, or a documented code."""
    judge = Judge()
    judge.hears("page", status, answer)
    assert (judge.wrong == []) is right


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (page("440", "441", "443"), True),
        (page("440", "443"), False),
        (page("440", "443", complete=False), True),
        (page("440", "443", rowsSkipped=1), True),
        (page("440", "441", "442", "443"), True),
        (page("440", "441", "449"), False),
        (page("441", "440"), False),
        (page("441", "441"), False),
        (page("441", status="FAILED", error={"code": "SOURCE_TIMEOUT"}), False),
    ],
)
def test_pages(found: dict[str, Any], *, right: bool) -> None:
    """In order, once each, of numbers that were there, and whole where it says so."""
    judge = Judge()
    judge.page(found)
    stable = {HERE, ("london", "440"), ("london", "443")}
    assert (judge.verdict(stable, stable | {GONE}) == []) is right


@pytest.mark.parametrize(
    ("found", "right"),
    [
        (looked("441", "FOUND"), True),
        (looked("441", "NOT_FOUND"), False),
        (looked("441", "UNKNOWN", {"code": "SOURCE_TIMEOUT"}), True),
        (looked("442", "FOUND"), True),
        (looked("442", "NOT_FOUND"), True),
        (looked("449", "FOUND"), False),
        (looked("449", "NOT_FOUND"), True),
    ],
)
def test_lookups(found: dict[str, Any], *, right: bool) -> None:
    """Found what was never there, or not found what was there all the time, is wrong."""
    judge = Judge()
    judge.lookup(found)
    assert (judge.verdict({HERE}, {HERE, GONE}) == []) is right


def test_what_grows() -> None:
    """The floor counts, not what a large answer takes for a moment; and what is left over is named."""
    flat = [Sample(float(at), 100 + 500 * (at % 10 == 5), 3, {"serve": 1}) for at in range(300)]
    assert growth(flat) == pytest.approx(0.0)
    rising = [Sample(float(at), 100_000 + at * 1000, 3, {"serve": 1}) for at in range(300)]
    assert growth(rising) > 0.5
    assert left_over(flat[0], flat[-1]) == []
    assert left_over(flat[0], Sample(1.0, 1, 5, {"serve": 1, "fetch": 2})) == ["2 of fetch", "2 of sockets"]


@pytest.mark.timeout(200)
def test_a_short_one() -> None:
    """The command asks, fails providers, tells its figures, and finds nothing wrong."""
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.05", "--warm-up", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)  # noqa: S603 - a command of this repository
    assert "| wrong answers, or without a documented code | 0 |" in done.stdout, done.stderr
    assert "left over" not in done.stderr
