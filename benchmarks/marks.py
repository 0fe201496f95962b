"""Figures stand in the documents between two marks, where a new measurement replaces them."""

from pathlib import Path


def marks(name: str) -> tuple[str, str]:
    """What stands before figures of that name and behind them."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def marked(document: str, name: str, table: str) -> str:
    """The document with the table as it is now."""
    begin, end = marks(name)
    before, rest = document.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{table}\n{end}{after}"


def replace_figures(place: Path, name: str, table: str) -> None:
    """Put the table into a document."""
    place.write_text(marked(place.read_text(encoding="utf-8"), name, table), encoding="utf-8")
