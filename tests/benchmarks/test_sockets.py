"""The figures of the WebSockets' benchmark stand in the document that it writes, and are as they are promised."""

import re

from benchmarks.marks import marks
from benchmarks.sockets import DOCUMENT, GROWTH


def test_the_document_has_the_figures() -> None:
    """A thousand silent sockets were closed with 4408, all that nobody reads were cut, and memory grew by less than 50 MB."""
    begin, end = marks("sockets")
    shown = DOCUMENT.read_text("utf-8").partition(begin)[2].partition(end)[0]
    rows = re.findall(r"^\| ([\w ,`]+) \| ([\w ,]+) \| ([\d.]+) MB \|", shown, re.MULTILINE)
    assert [told for _, told, _ in rows if "4408" in told or "cut" in told] == ["1,000 closed with 4408", "5 cut"]
    assert len(rows) == 4
    assert all(float(grown) < GROWTH for _, _, grown in rows)
