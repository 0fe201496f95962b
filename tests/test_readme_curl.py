"""The README's section for those who have curl alone: each of its commands is run as it stands there, and answers what stands there."""

import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schema.gateways import Client, Simulated, gateway, simulators
from tests.test_docs import README, blocks

BY_CURL = README.partition("## Ask with curl alone\n")[2].partition("\n## ")[0]
"""The section."""
ADDRESS, KEY = re.findall("(?:URL=|Bearer )([^\n']+)", blocks("bash", BY_CURL)[0])
ANYTHING = '"…"'
"""Stands in an answer for a text that is another each time, and in a command for the one that was answered last."""

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the section is for those who have curl")


@pytest.fixture(scope="module")
def demo() -> Iterator[Simulated]:
    """The simulators as the demo has them."""
    with simulators() as simulated:
        yield simulated


@pytest.fixture
def partner(demo: Simulated) -> Iterator[Client]:
    """A gateway over them that knows one client, by the README's key."""
    clients = {"partner": {"key_sha256": hashlib.sha256(KEY.encode()).hexdigest()}}
    with gateway(demo.sources, clients=clients) as client:
        yield client


class Shell:
    """A folder in which commands are run, after what was set before: the README's address, but where the gateway is."""

    def __init__(self, place: Path, url: str) -> None:
        self._place = place
        self._given = blocks("bash", BY_CURL)[0].replace(ADDRESS, f"{url}/graphql")
        self._cursor = ANYTHING

    def run(self, command: str) -> str:
        """What a command prints; what it sets is there for those that follow."""
        asked = command.replace(ANYTHING, self._cursor)
        self._given += "".join(re.findall(r"^QUERY='[^']*'\n", command))
        line = ["/bin/sh", "-euc", self._given + asked]
        printed = subprocess.run(line, cwd=self._place, capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603 - the README's
        self._cursor = "".join(re.findall('"endCursor":("[^"]+")', printed)) or self._cursor
        return printed


@pytest.fixture
def shell(tmp_path: Path, partner: Client) -> Shell:
    """A shell of the partner's."""
    return Shell(tmp_path, partner.url)


def commands() -> list[str]:
    """The commands that end, in order."""
    return blocks("bash", BY_CURL)[1:-1]


def test_what_is_shown_is_answered(shell: Shell) -> None:
    """Every command runs, and each answer that the section shows is that of the command before it, cursors apart."""
    told = re.findall(r"```bash\n([^`]*)```(?:\n\n```json\n([^`]*)```)?", BY_CURL)
    assert [command for command, _ in told[1:-1]] == commands()
    for command, answer in told[1:-1]:
        printed = shell.run(command)
        if answer:
            pattern = re.escape(json.dumps(json.loads(answer))).replace(re.escape(json.dumps("…")), '"[^"]+"')
            assert re.fullmatch(pattern, json.dumps(json.loads(printed))), printed


def test_the_next_pages_follow(shell: Shell) -> None:
    """Run again and again, the command of the next page goes on where the last one ended."""
    page, following, *_ = commands()
    told = [json.loads(shell.run(command)) for command in (page, following, following, following)]
    walked = [node for one in told for node in one["data"]["phoneNumbers"]["nodes"]]
    whole = json.loads(shell.run(page.replace("first: 3", "first: 12")))
    assert walked == whole["data"]["phoneNumbers"]["nodes"]
    assert len(walked) == 12


def test_what_has_not_changed_is_not_sent(shell: Shell, tmp_path: Path) -> None:
    """200 and 304, as the section says, and the page is still there."""
    page, *others = commands()
    [compare] = [command for command in others if "--etag-compare" in command]
    answered = [shell.run(page), shell.run(page)]
    assert [shell.run(compare) for _ in range(3)] == ["200\n", "304\n", "304\n"]
    assert (tmp_path / "page.json").read_text("utf-8") == answered[1]


def test_the_statuses_that_are_told(partner: Client) -> None:
    """A wrong key is a 401; what cannot be executed is a 200 or a 400, by what is accepted."""
    known, stranger = Client(partner.url, KEY), Client(partner.url, "wrong")
    plain = "application/json"
    assert {stranger.post(b"{}").status, partner.post(b"{}", plain).status} == {401}
    refused = b'{"query": "{ colour }"}'
    assert (known.post(refused, plain).status, known.post(refused).status) == (200, 400)
