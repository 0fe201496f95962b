"""What changes in the data, on request and before reads, and which rows can be told to have stayed."""

from collections.abc import Mapping
from random import Random
from typing import Any, TypeAlias

import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.stock import Stock
from gateway.sandbox.world import Sandbox
from tests.sandbox.caller import Caller

Rows: TypeAlias = Mapping[tuple[str, str], Mapping[object, Mapping[str, Any]]]


def rows_of(sandbox: Sandbox) -> Rows:
    """The rows of every list, by their number."""
    return {
        (provider, place): {row.get(stock.key): dict(row) for row in stock.rows}
        for provider, simulator in sandbox.simulators.items()
        for place, stock in simulator.stocks.items()
    }


async def test_what_has_changed_is_told(caller: Caller, sandbox: Sandbox) -> None:
    """Numbers that came or went are ``moved``, rows that became others ``altered``, and all the others are as before."""
    before = rows_of(sandbox)
    assert (await caller.send("POST", "/control/churn", json={"changes": 40})).status == 200
    told = (await caller.send("GET", "/control/churn")).json
    for (provider, place), rows in rows_of(sandbox).items():
        first, changed = before[provider, place], told[provider][place]
        assert set(changed["moved"]) >= first.keys() ^ rows.keys()
        assert set(changed["altered"]) >= {
            number for number in first.keys() & rows.keys() if first[number] != rows[number]
        }
        assert len(changed["moved"]) + len(changed["altered"]) <= 80
    assert all(any(places[place]["moved"] for place in places) for places in told.values())


async def test_a_reset_forgets_what_has_changed(caller: Caller) -> None:
    """In the beginning nothing has come, gone or become another."""
    await caller.send("POST", "/control/churn", json={"changes": 40})
    await caller.send("POST", "/control/reset")
    told = (await caller.send("GET", "/control/churn")).json
    assert {str(changed) for places in told.values() for changed in places.values()} == {"{'moved': [], 'altered': []}"}


async def test_churn_before_reads_is_told_too(caller: Caller) -> None:
    """The knob's changes count like the ones on request."""
    await caller.turn("webex", churn=100)
    await caller.webex()
    told = (await caller.send("GET", "/control/churn")).json
    assert sum(len(changed["moved"]) for changed in told["webex"].values()) > 20


def test_a_number_in_another_place() -> None:
    """Renumbered rows keep their place in the list; rows that are kept, and rows without a number, stay."""
    drawn = iter(range(100, 200))
    rows: list[dict[str, object]] = [{"n": str(place)} for place in range(9)]
    rows.append({"x": "no number"})
    stock = Stock(
        rows,
        key="n",
        kept={"0"},
        draw=lambda _: {"n": str(next(drawn))},
        alter=lambda _, row: row.update(changed=True),
    )
    stock.churn(Random(1), 60)  # noqa: S311 - repeatable, not secret
    assert {"n": "0"} in stock.rows
    assert {"x": "no number"} in stock.rows
    assert not {"0", None} & (stock.moved | stock.altered)


@pytest.mark.parametrize("rows", [400, 2000])
def test_lists_of_another_length(rows: int) -> None:
    """Lists are as long as they are asked to be, 8x8's about so, and hold each number once."""
    sandbox: Sandbox = create_sandbox(
        rows={"8x8": rows, "webex": rows, "cloudlx": rows, "callgear": rows}
    ).state.sandbox
    lengths = {place: len(held) for (_, place), held in rows_of(sandbox).items()}
    pools = {place: lengths.pop(place) for place in sandbox.eight_by_eight.stocks}
    assert abs(pools["MySubAccount"] - rows) < 10
    assert set(lengths.values()) == {rows}
    assert all(len(stock.rows) == rows for stock in sandbox.webex.stocks.values())
