"""One end under load, as the command that the document names, and the figures in the document."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.marks import marks
from benchmarks.shutdown import DOCUMENT, LISTENERS

ROOT = Path(__file__).parents[2]


def figures(report: str) -> dict[str, str]:
    """The lines of a table."""
    return dict(re.findall(r"^\| (.+?) \| (.+?) \|$", report, re.MULTILINE))


@pytest.mark.timeout(200)
def test_an_end_fails_nobody() -> None:
    """What is under way is answered, ``/ready`` says no before the door is shut, and sockets are closed with 1001."""
    command = [sys.executable, "-m", "benchmarks.shutdown", "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)  # noqa: S603 - a command of this repository
    assert (done.returncode, done.stderr) == (0, "")
    told = figures(done.stdout)
    assert int(told["operations under way when the signal came"]) > LISTENERS
    assert (told["failed"], told["WebSockets closed"]) == ("0", f"{LISTENERS} with 1001")


def test_the_document_has_the_figures() -> None:
    """What was measured last stands in the document: of a hundred ends nobody failed, and none took more than 10 seconds."""
    begin, end = marks("shutdown")
    told = figures(DOCUMENT.read_text("utf-8").partition(begin)[2].partition(end)[0])
    assert (told["ends by SIGTERM"], told["failed"]) == ("100", "0")
    assert float(told["seconds from the signal to the end"].rpartition(" ")[2]) <= 10
