"""What a question to a source costs can be measured by one command."""

import re
import subprocess
import sys

from tests.schema.commands import ROOT


def test_every_way_of_asking_is_measured() -> None:
    """All ways hear the same from a real upstream, else it fails; each has its processor time for both questions."""
    words = [sys.executable, "-m", "benchmarks.asking", "--questions", "160", "--rounds", "1"]
    told = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own command
    figures = re.findall(r"^\| (\D+) \| (\d+) \| (\d+) \|$", told, flags=re.MULTILINE)
    assert [name for name, *_ in figures] == [
        "the gateway's transport",
        "aiohttp's session alone",
        "aiohttp's connector and request",
        "a protocol of our own, without safety",
    ]
    assert all(int(figure) > 0 for _, *both in figures for figure in both)
