"""Every simulator fails in every way: what docs/failures.md says came of it is what comes of it, over HTTP as well."""

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.exchange import Errand
from gateway.sandbox.faults import FAULTS
from gateway.schema.vocabulary import ErrorCode
from tests import failures
from tests.conftest import PLAINLY, Simulators
from tests.contract.test_faults import CODE_OF, OTHERWISE
from tests.contract.truth import table_of
from tests.failures import COLUMNS, NOTHING, PAGE, Column
from tests.schema.gateways import Client, gateway

TEXT = PAGE.read_text(encoding="utf-8")
MATRIX = failures.told_in(TEXT)
LIST, LOOKUP = Errand.LIST, Errand.LOOKUP
BELIEVED = {
    ("empty_page", "webex", LIST),
    ("empty_page", "webex", LOOKUP),
    ("empty_page", "cloudlx", LOOKUP),
    ("empty_page", "8x8", LOOKUP),
    ("bad_rows", "8x8", LOOKUP),
    ("missing_payload", "8x8", LOOKUP),
}
"""Where a provider says "nothing" in a well-formed answer, and nothing else that it says speaks against it."""
QUESTION = """query ($sources: [String!]) {
  phoneNumbers(first: 50, filter: {sources: $sources}) {
    complete nodes { e164 } sources { source { name } status error { code } gap { after before } }
  }
}"""


@pytest.fixture(scope="module")
def served() -> Iterator[Simulators]:
    """The simulators that these tests break."""
    with failures.simulators() as simulated:
        yield simulated


@pytest.mark.timeout(300)
@pytest.mark.parametrize("column", COLUMNS, ids=" ".join)
async def test_what_the_page_says(served: Simulators, column: Column) -> None:
    """Every failure of every call, or of half of them, ends as written; the other providers are complete beside it."""
    assert await failures.outcomes(served, column, column.faults) == MATRIX[column]


def test_what_is_believed() -> None:
    """An empty answer is taken for the truth nowhere else."""
    shown = {
        (fault, *column) for column, outcomes in MATRIX.items() for fault, told in outcomes.items() if told == NOTHING
    }
    assert shown == BELIEVED


def test_a_failure_has_one_code() -> None:
    """A list, a look-up and a token that fail in one way are called the same; what is odd only in parts is a bad answer."""
    for column, outcomes in MATRIX.items():
        for fault, told in outcomes.items():
            error = OTHERWISE.get((fault, column.provider), CODE_OF.get(fault))
            if error is None:
                assert told in {failures.RIGHT, failures.FEWER, NOTHING, "SOURCE_BAD_ANSWER"}, (fault, column)
            else:
                assert told == error.code or (fault, *column) in BELIEVED, (fault, column)


def test_the_page_is_written_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command mends the row of a failure that is out of date, and leaves the rest of the page alone."""
    row = next(line for line in TEXT.splitlines() if line.startswith("| `http_403`"))
    stale = tmp_path / "failures.md"
    stale.write_text(TEXT.replace(row, row.replace("FORBIDDEN", "right")), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["failures", "--page", str(stale), "http_403"])
    runpy.run_path(failures.__file__, run_name="__main__")
    assert stale.read_text(encoding="utf-8") == TEXT


def test_every_code_is_explained() -> None:
    """The page says of each code of a source what it means and what is done about it, and of no other."""
    [codes] = re.findall(r"## The codes\n(.*?)\n## ", TEXT, re.DOTALL)
    assert re.findall(r"^\| `(\w+)`", codes, re.MULTILINE) == [code.name for code in ErrorCode]


def of_one_provider(fault: str) -> Column:
    """Where a failure is tried over HTTP: at each provider some, in lists, or where it can only happen otherwise."""
    columns = [column for column in COLUMNS if fault in column.faults]
    lists = [column for column in columns if column.purpose is LIST] or columns
    return lists[list(FAULTS).index(fault) % len(lists)]


@pytest.fixture(scope="module")
def client(served: Simulators) -> Iterator[Client]:
    """A gateway with a source for each failure, none of which has been asked yet."""
    names = {name for column in COLUMNS for name in column.others}
    tables: dict[str, dict[str, Any]] = {name: table_of(served, name) for name in names}
    tables |= {fault: {**failures.failing(served, of_one_provider(fault), fault)} for fault in FAULTS}
    with gateway({name: {**table, **PLAINLY} for name, table in tables.items()}) as opened:
        yield opened


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_client_is_told(served: Simulators, client: Client, fault: str) -> None:
    """A page of the other providers' numbers, never a 5xx; not complete, and with the code, where the source failed."""
    column = of_one_provider(fault)
    failures.fail(served, column, fault)
    served.turn(column.provider, **({"expire_tokens": True} if column.purpose is Errand.TOKEN else {}))
    reply = client.ask(QUESTION, {"sources": [fault, *column.others]})
    failures.fail(served, column, None)
    told = MATRIX[column][fault]
    page = reply.data["phoneNumbers"]
    reports = {report["source"]["name"]: report for report in page["sources"]}
    broken = reports.pop(fault)
    assert (reply.status, page["complete"]) == (200, broken["status"] == "OK")
    assert {name: report["status"] for name, report in reports.items() if name in column.others} == dict.fromkeys(
        column.others, "OK"
    )
    assert page["nodes"]
    seen = (broken["status"], (broken["error"] or {}).get("code"), broken["gap"] is not None)
    assert seen == (("FAILED", told, True) if told.startswith(failures.CODES) else ("OK", None, False))
