"""The measurement of events runs in its quick form, and its figures stand in the document that it writes."""

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.events import DOCUMENT, QUICK, Extent, Figures, table_of
from benchmarks.marks import marks, replace_figures

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_every_event_is_acknowledged_and_heard() -> None:
    """Each sender's events are kept, each once, and every listener hears of each; the figures are of one another."""
    command = [sys.executable, "-m", "benchmarks.events", "--quick", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)  # noqa: S603 - a command of this repository
    figures = msgspec.json.decode(done.stdout, type=Figures)
    assert [(row.store, row.senders) for row in figures.acknowledged] == [("SQLite", count) for count in QUICK.senders]
    assert all(0 < row.median <= row.p99 and row.events >= row.senders for row in figures.acknowledged)
    assert [told.transport for told in figures.heard] == list(QUICK.transports)
    for told in figures.heard:
        assert (told.listeners, told.events) == (QUICK.listeners, QUICK.events)
        assert told.p50 <= told.p99 <= told.longest
    assert table_of(figures).count("| SQLite |") == len(QUICK.senders)


def test_the_document_has_the_figures() -> None:
    """What was measured last stands in the document, of both stores and with as many listeners as are promised."""
    begin, end = marks("events")
    shown = DOCUMENT.read_text("utf-8").partition(begin)[2].partition(end)[0]
    assert re.findall(r"^\| (SQLite|PostgreSQL) \| (\d+) \|", shown, re.MULTILINE) == [
        (store, senders) for store in ("SQLite", "PostgreSQL") for senders in ("1", "8", "50")
    ]
    assert re.findall(r"^\| 1,000 \| ([\w -]+) \|", shown, re.MULTILINE) == list(Extent().transports)


def test_figures_are_written_between_their_marks(tmp_path: Path) -> None:
    """What stands before and behind stays, and the old table goes."""
    begin, end = marks("pages")
    place = tmp_path / "document.md"
    place.write_text(f"before\n{begin}\nold\n{end}\nbehind\n", "utf-8")
    replace_figures(place, "pages", "new")
    assert place.read_text("utf-8") == f"before\n{begin}\nnew\n{end}\nbehind\n"
