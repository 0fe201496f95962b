"""What providers change without a word costs no number, and is remarked."""

import pytest

from gateway.sandbox.faults import faults_of
from tests.conftest import OpenRooms, Simulators
from tests.contract.known import cases
from tests.contract.test_listing import shown, whole
from tests.contract.truth import NAMES, ONE_OF_EACH, held, stock_of, table_of

DRIFT = [
    "unknown_fields",
    "unknown_words",
    "flipped_types",
    "null_fields",
    "missing_fields",
    "duplicate_keys",
    "bom",
    "wrong_content_type",
    "no_content_type",
    "cookies",
]
"""What providers change without a word; none of it costs a number."""


@pytest.mark.parametrize(("name", "fault"), cases((name, fault) for fault in DRIFT for name in ONE_OF_EACH))
async def test_a_provider_that_changes_its_ways(sandbox: Simulators, rooms: OpenRooms, name: str, fault: str) -> None:
    """Unknown words and fields, other types and missing values cost no number, and never fail the list.

    A number that a row says only in parts goes with the fields that are not there any more.
    """
    table = table_of(sandbox, name)
    sandbox.turn(NAMES[name], fault=fault, fault_on="list")
    window = await whole(await rooms({name: table}), name)
    stock = stock_of(sandbox.world, table)
    bare = fault in {"null_fields", "missing_fields"}
    truth = [
        e164 for e164, row in zip(held(sandbox.world, table), stock.rows, strict=True) if not bare or stock.key in row
    ]
    assert (shown(window), window.complete) == (sorted(truth), True)


@pytest.mark.parametrize("name", ONE_OF_EACH)
async def test_an_unknown_word_is_told(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """A word that a provider's class does not know is remarked by the field it stands in, without its text."""
    table = table_of(sandbox, name)
    sandbox.turn(NAMES[name], fault="unknown_words", fault_on="list")
    [read] = (await whole(await rooms({name: table}), name)).reads
    assert [remark for remark in read.remarks if remark.startswith("unknown word in ")]
    assert "Quarantined" not in " ".join(read.remarks)


@pytest.mark.parametrize("name", ONE_OF_EACH)
async def test_rows_that_cannot_be_read_are_counted(sandbox: Simulators, rooms: OpenRooms, name: str) -> None:
    """Unreadable rows are left out and counted; every other number is there."""
    table = table_of(sandbox, name)
    truth = held(sandbox.world, table)
    sandbox.turn(NAMES[name], fault="bad_rows", fault_on="list")
    window = await whole(await rooms({name: table}), name)
    [read] = window.reads
    assert len(truth) // 3 - 1 <= read.rows_skipped <= len(truth) // 2 + 1
    assert (len(window.numbers) >= len(truth) - read.rows_skipped, set(shown(window)) <= set(truth)) == (True, True)
    assert "unreadable rows" in read.remarks


def test_the_drift_exists() -> None:
    """What is called drift here can happen at every provider."""
    for provider in set(NAMES.values()):
        assert set(DRIFT) <= set(faults_of(provider))
