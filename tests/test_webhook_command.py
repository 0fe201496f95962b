"""``gateway webhook send``, and the simulator's sender: what is taken, and what is told of what is not."""

import json
from pathlib import Path

from pydantic import SecretStr

from gateway.commands.webhook import example_for
from gateway.providers.eight_by_eight import EightByEightSettings
from tests.schema.commands import written
from tests.schema.gateways import Client, gateway, simulators
from tests.test_cli import called, refused

NUMBERS = ["+65123456789", "+65987654321"]


def test_sending_to_a_running_gateway(tmp_path: Path) -> None:
    """Without a file the documented event, with one that; taken or refused, what the gateway said is shown."""
    with simulators() as simulated, gateway(simulated.sources) as client:
        config = written(tmp_path / "gateway.toml", simulated.sources)
        first = called("webhook", "send", "voice_sg", "--url", f"{client.url}/")
        assert (first.exit_code, first.output) == (0, '200 {"event":"kept","changes":2}\n')
        again = called("webhook", "send", "voice_sg", "--config", config, "--url", client.url)
        assert again.output == '200 {"event":"duplicate","changes":0}\n'
        sample = tmp_path / "event.json"
        sample.write_text('{"namespace": "SMS"}', encoding="utf-8")
        other = called("webhook", "send", "voice_sg", sample, "--url", client.url)
        assert (other.exit_code, other.output[:29]) == (1, '400 {"code":"BAD_USER_INPUT",')


def test_what_cannot_be_sent(tmp_path: Path) -> None:
    """A source that takes none, a file that is not there, and nobody who listens: each in one sentence."""
    path = written(
        tmp_path / "gateway.toml",
        {"voice_sg": {"provider": "8x8", "subaccount_id": "Mine", "api_key": "k"}},
        "[server]\nport = 1\n",
    )
    assert "'london' is no source that takes events; those are: voice_sg." in refused("webhook", "send", "london")
    empty = written(tmp_path / "empty.toml", {})
    assert "those are: none." in refused("webhook", "send", "london", "--config", empty)
    assert "nothing.json cannot be read" in refused("webhook", "send", "voice_sg", tmp_path / "nothing.json")
    away = called("webhook", "send", "voice_sg", "--config", path)
    assert (away.exit_code, away.stderr.count("\n")) == (1, 1)
    words = "gave no answer (SOURCE_UNAVAILABLE): start the gateway, or say where it runs, like --url http://"
    assert away.stderr.startswith(f"gateway: http://127.0.0.1:1/webhooks/8x8/voice_sg {words}")
    nowhere = called("webhook", "send", "voice_sg", "--url", "127.0.0.1:8000")
    assert (nowhere.exit_code, "like --url http://127.0.0.1:8000." in nowhere.stderr) == (1, True)


def test_the_example_of_another_subaccount() -> None:
    """It is sent as if it were of the one that is configured."""
    held = EightByEightSettings(provider="8x8", subaccount_id="Other", api_key=SecretStr("key"))
    assert json.loads(example_for(held))["payload"]["subAccountId"] == "Other"


def test_what_the_simulator_sends() -> None:
    """The simulator's sender, true or spoilt, over sockets: taken or refused as it should be, and seen in the next answer."""
    with simulators() as simulated, gateway(simulated.sources) as client:

        def sent(**order: object) -> list[tuple[int, str | None]]:
            asked = json.dumps({"url": f"{client.url}/webhooks/8x8/voice_sg", **order}).encode()
            told = Client(simulated.url).send(
                "POST", "/control/8x8/events", {"content-type": "application/json"}, asked
            )
            bodies = [(said["status"], json.loads(said["body"])) for said in told.json["deliveries"]]
            return [(status, body.get("event") or body["code"]) for status, body in bodies]

        assert sent(kind="SNAPSHOT", shuffle=True, duplicate=True) == [(200, "kept"), (200, "duplicate")]
        assert sent(wrong_secret=True) == [(401, "UNAUTHENTICATED")]
        assert sent(lone_object=True, msisdns=NUMBERS[:1]) == [(200, "kept")]
        assert sent(kind="SNAPSHOT", truncate=True) == [(200, "kept")]
        assert sent(msisdns=NUMBERS[:1], change={"operationalStatus": "Unhealthy"}) == [(200, "kept")]
        looked = "{ phoneNumber(e164: %s, sources: %s) { records { usableForNewSessions health { state } } } }"
        answer = client.ask(looked % (json.dumps(NUMBERS[0]), json.dumps(["voice_sg"])))
        [record] = answer.data["phoneNumber"]["records"]
        assert record == {"usableForNewSessions": False, "health": {"state": "UNHEALTHY"}}
        page = client.ask('{ phoneNumbers(first: 1, filter: {sources: ["voice_sg"]}) { totalCount complete } }').data
        pool = simulated.world.simulators["8x8"].stocks["MySubAccount"].rows
        assert page["phoneNumbers"] == {"totalCount": len(pool), "complete": True}
