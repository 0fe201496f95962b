"""Signals to a gateway that serves: clients read anew, and an end that fails nobody."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.schema.commands import Command, written
from tests.schema.gateways import Client, Simulated, simulators
from tests.web.test_auth import hashed

SOURCES = "{ sources { name } }"
SERVES = r"gateway \S+ serves \S.* at (\S+)/graphql"


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes but to make them slow."""
    with simulators() as held:
        yield held


def client_with(key: str) -> str:
    """A table with one client."""
    return f'[clients.shop]\nkey_sha256 = "{hashed(key)}"\n[server]\nport = 0\ncursor_key = "1234567890123456"\n[state]\ndatabase_url = "sqlite://"\n'


def test_clients_are_read_anew_on_sighup(tmp_path: Path, simulated: Simulated) -> None:
    """New keys hold and old ones do not; a file that cannot be used changes nothing and is complained of."""
    path = written(tmp_path / "gateway.toml", simulated.sources, client_with("old"))
    with Command(tmp_path, "serve", "--config", path) as command:
        url = command.until(SERVES)
        assert [Client(url, key).ask(SOURCES).status for key in ("old", "new")] == [200, 401]
        written(path, simulated.sources, "[clients.shop]\n")
        command.signal(signal.SIGHUP)
        assert command.complaint().startswith("gateway: the clients stay as they are: clients.shop.key_sha256")
        assert Client(url, "old").ask(SOURCES).status == 200
        written(path, simulated.sources, client_with("new"))
        command.signal(signal.SIGHUP)
        assert command.until(r"gateway: (\d+) clients are known now\.") == "1"
        assert [Client(url, key).ask(SOURCES).status for key in ("old", "new")] == [401, 200]
        command.end(signal.SIGTERM)


def test_a_gateway_without_clients_stays_open(tmp_path: Path, simulated: Simulated) -> None:
    """Clients that come into its settings take a restart, and whoever sends the signal is told so."""
    alone = client_with("new").partition("\n[server]")[2]
    path = written(tmp_path / "gateway.toml", simulated.sources, f"[server]{alone}")
    with Command(tmp_path, "serve", "--config", path) as command:
        url = command.until(SERVES)
        assert Client(url).ask(SOURCES).status == 200
        written(path, simulated.sources, client_with("new"))
        command.signal(signal.SIGHUP)
        command.until(r"gateway: it was (opened) for everybody, and stays so: clients take a restart\.")
        assert Client(url).ask(SOURCES).status == 200
        command.end(signal.SIGTERM)


def test_an_end_under_load_fails_nobody(tmp_path: Path, simulated: Simulated) -> None:
    """Operations that wait for a slow source when SIGTERM comes are all answered, and then the process ends with 0."""
    sources = {"london": {**simulated.sources["london"], "ttl": 0}}
    path = written(tmp_path / "gateway.toml", sources, client_with("old"))
    query = '{ phoneNumber(e164: "+1205635%04d", maxStaleness: "PT0S") { complete } }'
    answers: list[bool] = []
    with Command(tmp_path, "serve", "--config", path) as command:
        client = Client(command.until(SERVES), "old")
        before = simulated.calls("webex")
        simulated.turn("webex", latency=1.0)
        asking = [
            threading.Thread(target=lambda k=k: answers.append(client.ask(query % k).data["phoneNumber"]["complete"]))
            for k in range(8)
        ]
        for thread in asking:
            thread.start()
        while simulated.calls("webex") < before + len(asking):
            Client(client.url).send("GET", "/health")
        command.end(signal.SIGTERM)
        for thread in asking:
            thread.join()
        simulated.turn("webex", latency=0.0)
    assert answers == [True] * len(asking)
