"""What a gateway that serves has imported: nothing for which only others have to wait."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.sandbox import accounts
from tests.schema.commands import ROOT, written

STARTED = """
import atexit, sys
from gateway.cli import main
atexit.register(lambda: print(*sys.modules))
main(prog_name="gateway")
"""
"""Runs a command, and prints last everything that it has imported."""

HEAVY = {
    "alembic": "leads older stores to this version's tables",
    "mako": "comes with alembic",
    "jwt": "is for those who take tokens",
    "cryptography.x509": "comes with jwt",
    "gateway.sandbox": "is for the demo",
    "sqlalchemy.dialects.postgresql": "is for stores in PostgreSQL",
    "psycopg": "likewise",
    "gateway.web.traces": "is for those who want spans",
    "opentelemetry.exporter": "comes with it",
}
"""What takes long to import, and why it is not needed by everybody."""

TOKENS = """
[tokens]
issuer = "https://issuer.example"
audience = "numbers"
jwks = "keys.json"

[clients.shop]
"""

SPANS = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "always_off"}


def imported(folder: Path, more: str, environ: Mapping[str, str]) -> set[str]:
    """The modules of a gateway over a new store, once it has answered a query."""
    settings = written(folder / "gateway.toml", accounts.sources("http://127.0.0.1:1"), more)
    words = [sys.executable, "-c", STARTED, "serve", "--config", str(settings), "--port", "0"]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "OTEL_"))}
    own |= {"PYTHONPATH": str(ROOT), **environ}
    with subprocess.Popen(words, cwd=folder, env=own, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - the gateway itself
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().split()[-1])
        asked = HTTPConnection(address.hostname or "", address.port, timeout=30)
        body = json.dumps({"query": "{ phoneNumbers(first: 1) { nodes { e164 } complete } }"})
        asked.request("POST", "/graphql", body, {"content-type": "application/json"})
        asked.getresponse().read()
        asked.close()
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=30)
    return set(told.split())


@pytest.mark.parametrize(
    ("more", "environ", "wanted"),
    [
        ("", {}, set()),
        (TOKENS, {}, {"jwt", "cryptography.x509"}),
        ("", SPANS, {"gateway.web.traces", "opentelemetry.exporter"}),
    ],
    ids=["plain", "tokens", "spans"],
)
def test_nobody_waits_for_what_only_others_need(
    tmp_path: Path, more: str, environ: Mapping[str, str], wanted: set[str]
) -> None:
    """A plain gateway that has answered has none of it; with a setting that needs some, that is there and the rest is not."""
    there = imported(tmp_path, more, environ)
    assert "gateway.web.graphql" in there
    assert HEAVY.keys() & there == wanted
