"""The comparison with others, in a quick form, as the command that its document names."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.peers.chart import chart
from benchmarks.peers.contenders import contenders
from benchmarks.peers.load import Load, unchunked
from benchmarks.peers.measure import Burst, Found, Round
from benchmarks.peers.questions import held, our_facts, raw_facts, their_facts
from benchmarks.peers.report import goals, medians, table

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(180)
def test_the_gateway_is_measured_beside_plain_strawberry() -> None:
    """Answers are equal and complete; what is kept costs no call, what is not costs one for each provider, and a burst one each."""
    quick = ["--seconds", "0.3", "--rounds", "1", "--only", "W1", "--only", "W2", "--only", "M"]
    command = [sys.executable, "-m", "benchmarks.peers", *quick, "--against", "plain Strawberry", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - a command of this repository
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    calls = {
        (workload, name): rounds[0]["calls"]
        for workload, by_name in told["rounds"].items()
        for name, rounds in by_name.items()
    }
    assert calls == {
        ("W1", "this gateway"): pytest.approx(4, abs=0.01),
        ("W1", "plain Strawberry"): pytest.approx(4, abs=0.01),
        ("W2", "this gateway"): 0,
        ("W2", "plain Strawberry"): pytest.approx(4, abs=0.01),
        ("M", "this gateway"): 0,
    }
    assert told["bursts"]["this gateway"]["calls"] == 4
    assert told["bursts"]["plain Strawberry"]["calls"] == 80
    assert told["missing"] == {}


def test_another_value_is_noticed() -> None:
    """The same numbers in both vocabularies are the same facts, and a price that differs is not."""
    row = held("CALLGEAR")[0]
    said = {
        "category": row["category"],
        "locationMnemonic": row["location_mnemonic"],
        "locationName": row["location_name"],
        "onetimePayment": str(row["onetime_payment"]),
        "monthlyCharge": str(row["monthly_charge"]),
        "minCharge": str(row["min_charge"]),
    }
    node = {"e164": f"+{row['phone_number']}", "provider": "CALLGEAR", "details": said}
    ours = {"data": {"d": {"nodes": [node], "complete": True}}}
    assert our_facts(ours) == their_facts({"data": {"d": {"result": {"data": [row]}}}}) == raw_facts("CALLGEAR", [row])
    said["monthlyCharge"] = "1"
    assert our_facts(ours) != raw_facts("CALLGEAR", [row])


def test_an_incomplete_answer_says_nothing() -> None:
    """A page that lacks a source is never taken for one that is quickly answered."""
    assert our_facts({"data": {"d": {"nodes": [{}], "complete": False}}}) == []


FOUND = Found(
    versions={"this gateway": "1"},
    missing={},
    rounds={
        "W1": {
            "this gateway": [Round(1000, 1.0, 4, 90, 0.1)] * 3,
            "Tailcall": [Round(500, 2.0, 4, 90, 0.1), Round(900, 1.0, 4, 90, 0.1), Round(800, 1.2, 4, 90, 0.1)],
        },
        "M": {"this gateway": [Round(2000, 0.5, 0, 90, 0.1)]},
    },
    bursts={"this gateway": Burst(4, 10.0)},
    megabytes={"this gateway": 80.0},
    alone=Load(100, 1.0, 1.0),
    alone_large=Load(100, 1.0, 1.0),
)


def test_ratios_and_goals_are_told() -> None:
    """Medians are compared: reached where the goal is met, and not reached where it is missed."""
    assert medians(FOUND.rounds["W1"]["Tailcall"]).rate == 800
    assert "| W1 | Tailcall | 800 | 0.80 | 1.200 | 4.00 | 90 |" in table(FOUND)
    assert goals(FOUND).splitlines()[2:] == [
        "| W1 | times Tailcall | 1.2 | 1.25 | reached |",
        "| W1 | CPU ms a request | 1.05 | 1 | reached |",
        "| M | pages a second | 2,500 | 2,000 | not reached |",
        "| M | CPU ms a request | 0.4 | 0.5 | not reached |",
    ]


def test_the_chart_draws_every_figure() -> None:
    """One bar for each contender of each workload, the longest the fastest."""
    told = {name: {who: medians(rounds) for who, rounds in by.items()} for name, by in FOUND.rounds.items()}
    drawn = ET.fromstring(chart(told, {"W1": "<one>", "M": "two"}))  # noqa: S314 - our own
    bars = [float(bar.attrib["width"]) for bar in drawn.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert len(bars) == 3
    assert bars[1] == pytest.approx(0.8 * bars[0])


def test_chunks_become_a_body() -> None:
    """A peer may answer in chunks."""
    assert unchunked(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n") == b"abcde"


def test_every_peer_has_a_lock_without_a_host() -> None:
    """What is installed is pinned, and comes from whatever registry npm is set up with."""
    for folder in {getattr(one, "folder", "") for one in contenders(None)} - {""}:
        lock = json.loads((ROOT / "benchmarks" / "peers" / folder / "package-lock.json").read_bytes())
        assert all("integrity" in one and "resolved" not in one for name, one in lock["packages"].items() if name)
