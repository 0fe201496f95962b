"""Figures in documents: what stands between two marks is written by a command."""


def between(begin: str, end: str, document: str, figures: str) -> str:
    """The document with the figures as they are now."""
    before, rest = document.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{figures}\n{end}{after}"
