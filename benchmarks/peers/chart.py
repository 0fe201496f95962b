"""The chart: requests a second, each workload on a scale of its own."""

from collections.abc import Mapping
from html import escape

from benchmarks.peers.measure import Round

WIDTH, BAR, GAP, LABEL = 760, 16, 26, 170
COLOURS = ("#1f6feb", "#6e7781", "#8c959f", "#afb8c1", "#d0d7de", "#eac54f")


def chart(told: Mapping[str, Mapping[str, Round]], titles: Mapping[str, str]) -> str:
    """An SVG of bars: the longest of every workload fills the width."""
    names = list(dict.fromkeys(name for by_name in told.values() for name in by_name))
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    drawn: list[str] = []
    height = GAP
    for workload, by_name in told.items():
        drawn.append(_text(8, height, f"{workload}  {titles[workload]}", "bold"))
        height += 8
        most = max(one.rate for one in by_name.values())
        for name, one in by_name.items():
            length = max(1.0, (WIDTH - LABEL - 110) * one.rate / most)
            drawn.append(
                f'<rect x="{LABEL}" y="{height}" width="{length:.1f}" height="{BAR - 3}" fill="{colours[name]}"/>'
            )
            drawn.append(_text(8, height + BAR - 5, name))
            drawn.append(_text(LABEL + length + 6, height + BAR - 5, f"{one.rate:,.0f}/s"))
            height += BAR
        height += GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="system-ui, sans-serif" font-size="12" fill="#24292f">'
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, "<title>Requests a second on one core</title>", ground, *drawn, "</svg>", ""])


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}">{escape(text)}</text>'
