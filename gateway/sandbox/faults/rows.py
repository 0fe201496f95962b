"""Faults of the rows: unreadable ones, other types, other words, and pages with too many or too few."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

from gateway.sandbox.exchange import Answer, Row
from gateway.sandbox.faults.fault import Act, Fault, Scene
from gateway.sandbox.simulator import Simulator

UNREADABLE: tuple[object, ...] = (None, [], "+12025550100", 7, {})
"""What stands in the place of a row that cannot be read."""
EVERY_THIRD = 3


def over(answer: Answer, change: Callable[[list[object]], list[object]]) -> Answer:
    """Change the rows of an answer; a lone row is treated as a list of one, and an answer without rows as one row."""
    *way, last = answer.rows_at or ("",)
    if not last:
        return replace(answer, content=change([answer.content])[0])
    content = answer.members
    inner: Row = content
    for step in way:
        inner[step] = inner = dict(cast("Row", inner[step]))
    rows = inner[last]
    inner[last] = change(list(rows)) if isinstance(rows, list) else next(iter(change([rows])), None)
    return replace(answer, content=content)


def each(answer: Answer, change: Callable[[Row], object]) -> Answer:
    """Change every row of an answer."""
    return over(answer, lambda rows: [change(row) if isinstance(row, dict) else row for row in rows])


def _rowwise(change: Callable[[Row, Simulator], object]) -> Act:
    def act(answer: Answer, scene: Scene) -> Answer:
        return each(answer, lambda row: change(row, scene.simulator))

    return act


def _listwise(change: Callable[[list[object], Simulator], list[object]]) -> Act:
    def act(answer: Answer, scene: Scene) -> Answer:
        return over(answer, lambda rows: change(rows, scene.simulator)) if answer.rows_at else answer

    return act


def _scalar(_: Row, __: Simulator) -> object:
    return 42


def _unknown_fields(row: Row, _: Simulator) -> Row:
    return {"x_added": {"since": "v9"}, **row, "added": [1, 2]}


def _unknown_words(row: Row, simulator: Simulator) -> Row:
    return {name: "Quarantined" if name in simulator.words else value for name, value in row.items()}


def _flipped_types(row: Row, _: Simulator) -> Row:
    return {name: _flipped(value) for name, value in row.items()}


def _flipped(value: object) -> object:
    """Return numbers and truth values as text, and digits as numbers where that loses nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and not value.startswith("0"):
        return int(value)
    return value


def _null_fields(row: Row, simulator: Simulator) -> Row:
    return {name: value if name in simulator.identity else None for name, value in row.items()}


def _missing_fields(row: Row, simulator: Simulator) -> Row:
    return {name: value for name, value in row.items() if name in simulator.identity}


def _bad_rows(rows: list[object], _: Simulator) -> list[object]:
    return [
        UNREADABLE[place // EVERY_THIRD % len(UNREADABLE)] if place % EVERY_THIRD == 0 else row
        for place, row in enumerate(rows)
    ]


def _empty(_: list[object], __: Simulator) -> list[object]:
    return []


def _doubled(rows: list[object], _: Simulator) -> list[object]:
    return [row for row in rows for _ in range(2)]


def _shuffled(rows: list[object], simulator: Simulator) -> list[object]:
    return simulator.random.sample(rows, len(rows))


def _longer(rows: list[object], _: Simulator) -> list[object]:
    return rows + rows[:3]


ROWS = tuple(
    Fault(name=name, meaning=meaning, act=act)
    for name, act, meaning in (
        ("scalar_items", _rowwise(_scalar), "Numbers where rows should be objects."),
        ("bad_rows", _listwise(_bad_rows), "Every third row is unreadable, the others are sound."),
        ("unknown_fields", _rowwise(_unknown_fields), "Rows with fields nobody has described."),
        ("unknown_words", _rowwise(_unknown_words), "Statuses and categories nobody has described."),
        ("flipped_types", _rowwise(_flipped_types), "Numbers as text and digits as numbers."),
        ("null_fields", _rowwise(_null_fields), "Every field but the number is null."),
        ("missing_fields", _rowwise(_missing_fields), "Every field but the number is missing."),
        ("empty_page", _listwise(_empty), "No rows, whatever was asked for."),
        ("doubled_rows", _listwise(_doubled), "Every row twice."),
        ("shuffled_rows", _listwise(_shuffled), "The rows of a page in another order every time."),
        ("longer_page", _listwise(_longer), "The first three rows again at the end."),
    )
)
