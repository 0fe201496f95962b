"""The README's event, sent by curl to ``gateway demo`` as it stands there: in the list, in a look-up, and told to who listens."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from gateway.commands.webhook import EXAMPLE
from gateway.schema.subscription import cursor_of
from tests.schema.commands import Command
from tests.schema.gateways import Client, Json
from tests.test_docs import blocks
from tests.test_readme_curl import BY_CURL
from tests.web.frames import events_in

SAMPLE = Path(__file__).parent / "samples" / "8x8" / "event.json"
NUMBERS = ["+65123456789", "+65987654321"]
SEEN = """
query ($e164s: [E164!]!, $first: E164!) {
  phoneNumbers(filter: {e164: {in: $e164s}, sources: ["voice_sg"]}) { nodes { ...told } complete }
  phoneNumber(e164: $first, sources: ["voice_sg"]) { records { ...told } }
}
fragment told on PhoneNumber { e164 observedVia updatedAt }
"""
SAID = [
    {"e164": NUMBERS[0], "observedVia": "WEBHOOK", "updatedAt": "2023-02-17T05:10:14.760000Z"},
    {"e164": NUMBERS[1], "observedVia": "WEBHOOK", "updatedAt": "2023-04-11T09:34:18.780000Z"},
]
ASKED = {"e164s": NUMBERS, "first": NUMBERS[0]}
WRITTEN_FOR = "http://127.0.0.1:8000"

Heard = Iterator[tuple[str, Json]]


def sending() -> str:
    """The README's command that sends the documented event."""
    [command] = [block for block in blocks("bash") if f"curl {WRITTEN_FOR}/webhooks/" in block]
    return command


def listening() -> str:
    """The README's command that listens, behind the address and the key that it sets before."""
    given, *_, command = blocks("bash", BY_CURL)
    assert command.startswith("curl -N ")
    return f"{given}exec {command.strip()}"


def shown(cursor: str) -> tuple[str | None, str, Json]:
    """The README's event, at that place of the log."""
    [text] = blocks("text", BY_CURL)
    [event] = events_in(text.strip().replace("id: …", f"id: {cursor}"))
    return event


def ran(command: str) -> str:
    """What a command prints in a shell."""
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True, timeout=30).stdout  # noqa: S603 - the README's


@contextmanager
def heard(command: str, after: str) -> Iterator[Heard]:
    """The cursors and changes that the listening command prints, behind this cursor."""
    resumed = f"{command} -H 'last-event-id: {after}'"
    with subprocess.Popen(["/bin/sh", "-c", resumed], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603 - the README's
        printed = process.stdout
        assert printed is not None
        texts = iter(lambda: b"".join(iter(printed.readline, b"\n")).decode().removesuffix("\n"), "")
        yield (
            (str(cursor), data["data"]["phoneNumberChanged"]) for text in texts for cursor, _, data in events_in(text)
        )
        process.terminate()


def test_the_example_is_the_documents() -> None:
    """The README, the command that sends it and the provider's document have the same event."""
    sent = sending().partition("-d '")[2].rpartition("'")[0]
    assert json.loads(sent) == json.loads(EXAMPLE.read_bytes()) == json.loads(SAMPLE.read_bytes())


@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's commands are curl's, and there is none")
def test_the_readmes_curl(tmp_path: Path) -> None:
    """The list and a look-up have both numbers; who listens hears them, can resume between them, and hears what is next."""
    with Command(tmp_path, "demo", "--port", 0) as demo:
        url = demo.until(r"Open   (http://127\.0\.0\.1:\d+)/graphql   and press Run")
        send, listen = (command.replace(WRITTEN_FOR, url) for command in (sending(), listening()))
        client = Client(url)
        assert "WEBHOOK" not in json.dumps(client.ask(SEEN, ASKED).data)
        assert json.loads(ran(send)) == {"event": "kept", "changes": 2}
        told = client.ask(SEEN, ASKED).data
        assert told["phoneNumbers"] == {"nodes": SAID, "complete": True}
        assert told["phoneNumber"] == {"records": SAID[:1]}
        assert json.loads(ran(send)) == {"event": "duplicate", "changes": 0}
        assert client.send("GET", "/ready").json["sources"]["voice_sg"]["events"] == {"kept": 1, "duplicate": 1}
        with heard(listen, cursor_of(0)) as changes:
            (first, change), (second, other) = islice(changes, 2)
        assert [change, other] == [{"kind": "UPDATED", "e164": e164} for e164 in NUMBERS]
        assert (first, "next", {"data": {"phoneNumberChanged": change}}) == shown(first)
        with heard(listen, first) as changes:
            assert next(changes) == (second, other)
            assert json.loads(ran(send.replace("2023-02-17", "2024-02-17")))["event"] == "kept"
            assert next(change for _, change in changes if change["e164"] == NUMBERS[0])["kind"] == "UPDATED"
