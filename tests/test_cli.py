"""The command line: what each command prints, how it ends, and that it leaves nothing behind."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from gateway import __version__
from gateway.cli import main
from gateway.commands.simulated import PASTE
from gateway.commands.sources import ask_once
from gateway.numbers.model import Availability, Record
from gateway.providers.callgear import CallGearDetails, CallGearSettings
from gateway.providers.protocol import Request, SourceSettings
from gateway.schema.graph import make_schema, sdl
from gateway.serving import bind
from gateway.upstream.client import HttpTransport
from gateway.upstream.clock import SystemClock
from gateway.upstream.policy import Caller
from tests.schema.commands import Command, written
from tests.schema.gateways import Client, Simulated, simulators

ENDINGS = pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
OFF_LOOPBACK = "gateway: server.host: 0.0.0.0 can be reached by others, and no client is configured: "


def called(*words: object) -> Result:
    """A command, run in this process."""
    return CliRunner().invoke(main, [str(word) for word in words])


def refused(*words: object) -> str:
    """What a command says that ends with 2, in one sentence and not in a traceback."""
    result = called(*words)
    assert (result.exit_code, result.stderr.count("Traceback")) == (2, 0)
    return result.stderr


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes."""
    with simulators() as held:
        yield held


@ENDINGS
def test_demo(tmp_path: Path, ending: signal.Signals) -> None:
    """It says what to open and what to paste, and that is answered by all four providers, whatever the environment holds."""
    foreign = {"GATEWAY_CLIENTS__SHOP__KEY_SHA256": "0" * 64, "GATEWAY_SOURCES__X__PROVIDER": "nobody"}
    with Command(tmp_path, "demo", "--port", 0, **foreign) as command:
        paste = command.until(r"or paste there:\n\n(.*?)\n\nKnobs of the simulators: .*? Stop with Ctrl\+C\.")
        opened = Client(command.until(r"Open   (http://127\.0\.0\.1:\d+)/graphql   and press Run"))
        answers = (opened.ask(paste).data["phoneNumbers"] for _ in range(20))
        held = next(answer for answer in answers if answer["complete"])  # a busy machine may need more than one
        assert [node["provider"] for node in held["nodes"]] == ["WEBEX", "CLOUDLX", "EIGHT_BY_EIGHT", "CALLGEAR"]
        assert len({node["details"]["__typename"] for node in held["nodes"]}) == 4
        assert paste == PASTE
        assert opened.send("GET", "/graphql", {"accept": "text/html"}).content.startswith(b"<!doctype html>")
        knobs = Client(command.until(r"Knobs of the simulators: (\S+)/control\."))
        assert set(knobs.send("GET", "/control").json["knobs"]) == {"8x8", "webex", "cloudlx", "callgear"}
        command.end(ending)


@ENDINGS
def test_sandbox(tmp_path: Path, ending: signal.Signals) -> None:
    """The simulators alone, and where they and their knobs answer."""
    with Command(tmp_path, "sandbox", "--port", 0) as command:
        url = command.until(r"The simulators answer at (\S+), their knobs at \1/control\. Stop with Ctrl\+C\.")
        assert Client(url).send("GET", "/control").status == 200
        assert Client(url).send("GET", "/callgear/v2.0").status in {404, 405}
        command.end(ending)


@ENDINGS
def test_serve(tmp_path: Path, simulated: Simulated, ending: signal.Signals) -> None:
    """The configured sources are served, with what the command line and the environment change."""
    path = written(tmp_path / "gateway.toml", simulated.sources, "[server]\nport = 1\n")
    apart = {"GATEWAY_SERVER__CURSOR_KEY": "1234567890123456", "GATEWAY_STATE__DATABASE_URL": "sqlite://"}
    with Command(tmp_path, "serve", "--config", path, "--port", 0, **apart) as command:
        url = command.until(rf"gateway {__version__} serves dallas, epsilon, london, market, voice_sg at (\S+)/graphql")
        assert Client(url).ask('{ phoneNumber(e164: "+12056350001") { complete } }').data["phoneNumber"]["complete"]
        command.end(ending)


def test_serve_needs_sources() -> None:
    """Without any source there is nothing to serve or to check; the words point to the demo."""
    words = "gateway: sources: none is configured: add a [sources.<name>] table, or try gateway demo.\n"
    assert refused("serve") == refused("sources", "check") == words


def test_strangers_are_not_served_by_accident(tmp_path: Path, simulated: Simulated) -> None:
    """A host that others can reach needs a client or --insecure: nothing is opened before that is known."""
    path = written(tmp_path / "gateway.toml", simulated.sources)
    with bind("127.0.0.1", 0) as bound:
        taken = ("--host", "0.0.0.0", "--port", bound.getsockname()[1])
        assert refused("serve", "--config", path, *taken).startswith(OFF_LOOPBACK)
        assert refused("demo", *taken).startswith(OFF_LOOPBACK)


def test_a_taken_port_is_a_sentence(tmp_path: Path, simulated: Simulated) -> None:
    """Each command that listens says which address it cannot have, and how to choose another."""
    path = written(tmp_path / "gateway.toml", simulated.sources, '[state]\ndatabase_url = "sqlite://"\n')
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        words = f"gateway: 127.0.0.1:{port} cannot be listened on (Address already in use): choose another with --host"
        for command in (("serve", "--config", path), ("demo",), ("sandbox",)):
            assert refused(*command, "--port", port).startswith(words)


def test_a_key_that_cannot_be_kept_is_a_sentence(tmp_path: Path, simulated: Simulated) -> None:
    """Without a place for the key that signs cursors nothing is served; the words name the setting."""
    state = f'[state]\ndatabase_url = "sqlite:///{tmp_path}/nowhere/gateway.db"\n'
    path = written(tmp_path / "gateway.toml", simulated.sources, state)
    with bind("127.0.0.1", 0) as bound:
        told = refused("serve", "--config", path, "--port", bound.getsockname()[1])
    assert told.startswith(f"gateway: server.cursor_key: none is set, and {tmp_path}/nowhere/gateway.key cannot be")
    assert "set one of at least 16 characters" in told


def test_schema_print() -> None:
    """The schema, as it is committed and served."""
    assert called("schema", "print").output == sdl(make_schema())


def test_schema_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 when the file is the schema, 1 when it differs, 2 when it cannot be read; ``schema.graphql`` when none is named."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "schema.graphql"
    missing = called("schema", "check")
    assert (missing.exit_code, missing.stderr) == (
        2,
        "gateway: schema.graphql cannot be read (No such file or directory).\n",
    )
    file.write_text(sdl(make_schema()), encoding="utf-8")
    same = called("schema", "check")
    assert (same.exit_code, same.output) == (0, "schema.graphql is the schema.\n")
    file.write_text("type Query { a: Int }", encoding="utf-8")
    other = called("schema", "check", file)
    assert (other.exit_code, other.stderr) == (
        1,
        f"{file} differs from the schema: run gateway schema print > {file}, and read what changed.\n",
    )
    assert "BREAKING  Field Query.a was removed.\n" in other.stdout
    file.write_text(f"# a remark\n{sdl(make_schema())}", encoding="utf-8")
    assert called("schema", "check", file).stdout == "Only the layout changed.\n"
    file.write_text("type Query {", encoding="utf-8")
    broken = called("schema", "check", file)
    assert (broken.exit_code, broken.stdout) == (2, "")
    assert broken.stderr.startswith(f"gateway: {file} is not a GraphQL schema (Syntax Error: Expected Name")
    file.write_bytes(b"\xff")
    assert called("schema", "check", file).stderr == f"gateway: {file} cannot be read (it is not UTF-8).\n"
    assert called("schema", "check", tmp_path).exit_code == 2


def test_config_check(tmp_path: Path, simulated: Simulated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The effective settings without their secrets; 2 and a sentence for each that cannot be used."""
    path = written(tmp_path / "gateway.toml", simulated.sources)
    monkeypatch.setenv("GATEWAY_SOURCES__MARKET__ACCESS_TOKEN", "token-of-the-environment")
    good = called("config", "check", "--config", path)
    assert good.exit_code == 0
    assert 'access_token = "**********"' in good.output
    assert "token-of-the-environment" not in good.output
    assert "sandbox-8x8-api-key" not in good.output
    (tmp_path / "empty.toml").touch()
    assert called("config", "check", "--config", tmp_path / "empty.toml").exit_code == 2
    monkeypatch.setenv("GATEWAY_SERVER__HOST", "0.0.0.0")
    exposed = called("config", "check", "--config", path)
    assert (exposed.exit_code, exposed.stderr.startswith(OFF_LOOPBACK)) == (2, True)
    assert 'host = "0.0.0.0"' in exposed.stdout
    monkeypatch.setenv("GATEWAY_SERVER__PORT", "many")
    assert refused("config", "check", "--config", path).startswith(
        "gateway: server.port: Input should be a valid integer"
    )
    assert refused("config", "check", "--config", tmp_path / "none").startswith(
        f"gateway: {tmp_path}/none cannot be read"
    )


def test_sources_check_finds_nothing_wrong(
    tmp_path: Path, simulated: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line a source with what it holds, also one without a list; nothing is kept."""
    monkeypatch.chdir(tmp_path)
    masking = simulated.sources["voice_sg"] | {"subaccount_id": "Masking-Only_2"}
    path = written(tmp_path / "gateway.toml", {**simulated.sources, "masking": masking})
    result = called("sources", "check", "--config", path)
    assert result.output.splitlines() == [
        "ok    dallas (Webex): answers, and holds an unknown number of numbers.",
        "ok    epsilon (CloudLX): answers, and holds 1200 numbers.",
        "ok    london (Webex): answers, and holds an unknown number of numbers.",
        "ok    market (CallGear): answers, and holds 6000 numbers.",
        "ok    masking (8x8): has no list; it is asked number by number, and listed once its events tell it.",
        "ok    voice_sg (8x8): answers, and holds 302 numbers.",
    ]
    assert (result.exit_code, list(tmp_path.iterdir())) == (0, [path])


WRONG: list[tuple[str, dict[str, object], str]] = [
    (
        "voice_sg",
        {"api_key": "wrong"},
        "(8x8): SOURCE_AUTH_FAILED: 8x8 refused the credentials: check the configured key",
    ),
    (
        "voice_sg",
        {"subaccount_id": "Nowhere"},
        "(8x8): SOURCE_MISCONFIGURED: 8x8 does not know the subaccount: check subaccount_id.",
    ),
    ("london", {"access_token": "wrong"}, "(Webex): SOURCE_AUTH_FAILED: Webex refused the credentials"),
    ("london", {"location_id": "wrong"}, "(Webex): SOURCE_MISCONFIGURED: Webex "),
    (
        "epsilon",
        {"client_secret": "wrong"},
        "(CloudLX): SOURCE_AUTH_FAILED: CloudLX refused the client credentials: check client_id",
    ),
    ("market", {"access_token": "wrong"}, "(CallGear): SOURCE_AUTH_FAILED: CallGear answered access_token_invalid"),
    ("market", {"base_url": "http://127.0.0.1:1"}, "(CallGear): SOURCE_UNAVAILABLE: The source cannot be reached"),
    (
        "market",
        {"base_url": "http://no.such.host.invalid"},
        "(CallGear): SOURCE_UNAVAILABLE: The source cannot be reached",
    ),
]


@pytest.mark.parametrize(("name", "wrong", "words"), WRONG)
def test_sources_check_says_what_is_wrong(
    tmp_path: Path, simulated: Simulated, name: str, wrong: dict[str, object], words: str
) -> None:
    """A wrong key, a wrong place and an address where nobody is are told apart, the others are fine, and it ends with 1."""
    path = written(tmp_path / "gateway.toml", {**simulated.sources, name: simulated.sources[name] | wrong})
    result = called("sources", "check", "--config", path)
    lines = {line.split()[1]: line for line in result.output.splitlines()}
    assert lines[name].startswith(f"FAILS {name} {words}")
    assert all(line.startswith("ok ") for place, line in lines.items() if place != name)
    assert (result.exit_code, len(lines)) == (1, 5)


class LooksUpOnly:
    """A source of a provider that has no list at all."""

    slug: ClassVar[str] = "only"
    provider: ClassVar[str] = "ONLY"
    title: ClassVar[str] = "Only"
    version: ClassVar[int] = 1
    Settings: ClassVar[type[SourceSettings]] = CallGearSettings
    Details: ClassVar[type[Record]] = CallGearDetails
    availabilities: ClassVar[frozenset[Availability]] = frozenset()

    def __init__(self, name: str, settings: Any) -> None:  # noqa: ANN401 - the protocol's
        self.name = name
        self.settings = settings

    def sign(self, request: Request, token: str | None) -> Request:  # noqa: ARG002 - the protocol's
        """As it is: nobody is asked."""
        return request


async def test_a_provider_without_lists_is_not_asked() -> None:
    """There is no smallest question for it, so nothing is wrong with it."""
    source = LooksUpOnly("one", CallGearSettings(provider="callgear", access_token="t"))
    transport = HttpTransport.open(SystemClock().now)
    told = await ask_once(Caller(source, transport, SystemClock()), SystemClock())
    await transport.close()
    assert source.sign(request := Request("GET", "/"), None) is request
    assert told == "ok    one (Only): has no list to ask for; it is asked number by number."
