"""Two gateways in two processes over one Valkey ask a provider once for what both want."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import pytest

from tests.conftest import Simulators
from tests.upstream.processes import served
from tests.valkeys import valkey_server

ASKED = """{ phoneNumbers(first: 1000) { complete nodes { e164 asOf source { name } } }
  phoneNumber(e164: "+65123456789") { complete outcomes { result } } }"""
PROCESSES, ASKERS = 2, 5
PAGES, AHEAD = b"/cloudlx/api/numbers", 8
"""Where pages are asked ahead, and how many: which of those past the end are, hangs on the order of the answers before."""


def answer(url: str) -> dict[str, Any]:
    """What a gateway answers."""
    body = json.dumps({"query": ASKED}).encode()
    with urlopen(Request(url, body, {"content-type": "application/json"}), timeout=50) as response:  # noqa: S310 - a loopback URL
        told: dict[str, Any] = json.loads(response.read())
        return told


def asked(sandbox: Simulators) -> Counter[bytes]:
    """How often each question arrived."""
    return Counter(
        msgspec.json.encode([entry.path, entry.query, entry.rpc_method, entry.rpc_params]) for entry in sandbox.calls()
    )


@pytest.mark.timeout(300)
def test_two_processes_ask_once(sandbox: Simulators) -> None:
    """Ten askers at two cold gateways set off the calls that one asker sets off at one, and get the very same answer."""
    with valkey_server() as valkey, ExitStack() as opened, ThreadPoolExecutor(PROCESSES * ASKERS) as askers:
        stores = [f"valkey://127.0.0.1:{valkey.port}/{database}" for database in range(2)]
        sandbox.turn_all(latency=0.3)
        with served(sandbox.sources, redis_url=stores[1]) as url:
            answer(url)
        alone = asked(sandbox)
        sandbox.reset()
        sandbox.turn_all(latency=0.3)
        urls = [opened.enter_context(served(sandbox.sources, redis_url=stores[0])) for _ in range(PROCESSES)]
        answers = list(askers.map(answer, urls * ASKERS))
        assert answers == [answers[0]] * len(answers)
        assert answers[0]["data"]["phoneNumbers"]["complete"]
        assert {"result": "FOUND"} in answers[0]["data"]["phoneNumber"]["outcomes"]
        together = asked(sandbox)
        differing = (together - alone) + (alone - together)
        assert [question for question in differing if PAGES not in question] == []
        assert differing.total() <= AHEAD
        late = opened.enter_context(served(sandbox.sources, redis_url=stores[0]))
        assert answer(late)["data"]["phoneNumbers"] == answers[0]["data"]["phoneNumbers"]
        assert asked(sandbox) == together
