"""Credentials are canaries: none is ever heard outside of the questions to its own source. Numbers stay out of the log."""

import hashlib
import logging
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis import Redis

from gateway.cli import main
from gateway.sandbox.accounts import CALLGEAR_LOGIN
from gateway.sandbox.faults import faults_of
from gateway.sandbox.tokens import Tokens
from tests.conftest import NO_FILES, Gateway, OpenGateway, Simulators
from tests.contract.truth import NAMES, held, table_of
from tests.leaks import CREDENTIALS, leaked, told_of_leaks
from tests.schema.commands import written
from tests.valkeys import valkey_server
from tests.web.spans import Noted
from tests.web.test_logs import Lines, lines  # noqa: F401 - a fixture

CLIENT_KEY = "SECRET-client-key"
CLIENTS = {
    "shop": {"key_sha256": hashlib.sha256(CLIENT_KEY.encode()).hexdigest(), "scopes": ["debug", "introspection"]}
}
ASKED = """query Ask($number: E164!) {
  phoneNumbers(first: 100, orderBy: {field: COUNTRY}, maxStaleness: "PT0S") { nodes { e164 } sources { error { code message } } }
  phoneNumber(e164: $number, maxStaleness: "PT0S") { outcomes { error { code message } } }
  sources { name state }
}"""


KEYS = ("voice_sg", "dallas", "dallas_refreshed", "epsilon", "epsilon_token", "market", "market_login")
"""Sources with every kind of credential that there is."""

DEADLINE = 2.0
"""Seconds for a request: some faults ask for more patience than that."""


class Heard:
    """Everything that comes out of one gateway."""

    def __init__(self, gateway: Gateway, caplog: pytest.LogCaptureFixture, written: Lines) -> None:
        caplog.set_level(logging.DEBUG)
        self._gateway = gateway
        self._caplog = caplog
        self._written = written
        self.told: list[str] = []
        self.codes: set[str] = set()

    async def ask(self, number: str, key: str = CLIENT_KEY) -> None:
        """A list, a look-up and the states."""
        answer = await self._gateway.ask(
            ASKED, {"number": f"+{number.removeprefix('+')}"}, {"authorization": f"Bearer {key}"}
        )
        self.told.append(f"{answer.headers} {answer.content.decode()}")
        self.codes |= set(re.findall(r'"code":"(\w+)"', self.told[-1]))

    async def read(self, path: str) -> str:
        """A page."""
        self.told.append((await self._gateway.get(path)).content.decode())
        return self.told[-1]

    @property
    def logged(self) -> str:
        """The lines, and all records at any level, with their tracebacks; the simulators' server keeps a log of its own."""
        records = [record for record in self._caplog.records if record.name != "uvicorn.access"]
        told = "\n".join(f"{self._caplog.handler.format(record)} {vars(record)}" for record in records)
        own = [line for line in self._written.all if line["logger"] != "uvicorn.access"]
        return f"{own}\n{told}"


async def opened_for(gateway: OpenGateway, sandbox: Simulators, name: str, noted: Noted | None = None) -> Gateway:
    """A gateway with a client, over one source of which the time is short, and which may be asked at any rate."""
    table = {**table_of(sandbox, name), "timeout": 0.3, "ttl": 0.0, "calls_per_minute": 1_000_000}
    tracing = None if noted is None else noted.tracing
    return await gateway({name: table}, clients=CLIENTS, limits={"deadline": DEADLINE}, tracing=tracing)


def digits_of(sandbox: Simulators, name: str) -> list[str]:
    """The numbers that a source holds, as digits; a few are too short to be told from other figures."""
    told = [e164.removeprefix("+") for e164 in held(sandbox.world, table_of(sandbox, name))]
    return [digits for digits in told if len(digits) > 6]


def told_in(text: str, numbers: list[str]) -> set[str]:
    """Those of the numbers that stand anywhere in a text, within longer figures too."""
    lengths, figures = set(map(len, numbers)), set(re.findall("[0-9]{7,}", text))
    parts = (figure[at : at + length] for figure in figures for length in lengths for at in range(len(figure)))
    return set(numbers).intersection(parts)


def test_numbers_are_found_wherever_they_stand() -> None:
    """Beside other figures, within them, and more than once."""
    numbers = ["442079460123", "12056350001", "49301234567"]
    assert told_in("call 4420794601230 of 12056350001, 12056350001", numbers) == set(numbers[:2])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", KEYS)
async def test_no_canary_is_heard(
    sandbox: Simulators,
    gateway: OpenGateway,
    caplog: pytest.LogCaptureFixture,
    lines: Lines,  # noqa: F811 - the fixture
    name: str,
) -> None:
    """Whatever goes wrong at a source, no log, answer, metric, span or cache holds a credential; no log, metric or span a number."""
    noted = Noted({name: NAMES[name]})
    opened = await opened_for(gateway, sandbox, name, noted)
    heard, number = Heard(opened, caplog, lines), held(sandbox.world, table_of(sandbox, name))[0]
    provider = NAMES[name]
    await heard.ask(number, "SECRET-of-a-stranger")
    for fault in [None, *faults_of(provider)]:
        knobs = {"retry_after": 0.0, "drip_interval": 0.2, "huge_bytes": 34_000_000}
        sandbox.turn(provider, fault=fault, fault_on="any", **knobs)
        await heard.ask(number)
    metrics = await heard.read("/metrics")
    await heard.read("/ready")
    rooms = opened.app.state.rooms  # type: ignore[attr-defined]  # a Starlette application
    kept = rooms.inventory._cache._store._entries
    assert len(heard.codes) > 5, heard.codes
    assert "gateway_source_call_seconds" in metrics
    assert "gateway.web.requests" in heard.logged
    assert kept
    assert noted.named("query")
    assert any(name in span.name for span in noted.all)
    everything = [*heard.told, heard.logged, noted.text, *kept, *(str(entry.value) for entry in kept.values())]
    issued = [
        token
        for tokens in vars(sandbox.world.simulators[provider]).values()
        if isinstance(tokens, Tokens)
        for token in tokens._ends
    ]
    assert [leaked(text) for text in everything if leaked(text)] == []
    assert [token for token in issued for text in everything if token in text] == []
    everybody = "\n".join([heard.logged, metrics, noted.words, *kept])
    assert told_in(everybody, digits_of(sandbox, name)) == set()


async def test_no_canary_is_shared(
    sandbox: Simulators,
    gateway: OpenGateway,
    caplog: pytest.LogCaptureFixture,
    lines: Lines,  # noqa: F811 - the fixture
) -> None:
    """What gateways keep together in a Valkey holds no credential, and its keys no number; nor does what its password opens."""
    sources = {name: {**table_of(sandbox, name), "ttl": 60.0} for name in NAMES}
    with valkey_server() as server, Redis(port=server.port) as valkey:
        valkey.config_set("requirepass", "SECRET-valkey")
        logged = ""
        for password in ("SECRET-valkey", "SECRET-wrong"):
            state = {**NO_FILES, "redis_url": f"redis://:{password}@127.0.0.1:{server.port}/0"}
            heard = Heard(await gateway(sources, clients=CLIENTS, state=state), caplog, lines)
            await heard.ask(digits_of(sandbox, "voice_sg")[0])
            everything = [*heard.told, heard.logged, await heard.read("/metrics")]
            assert [leaked(text) for text in everything if leaked(text)] == []
            logged = heard.logged
        assert "The shared cache does not answer (AuthenticationError)" in logged
        keys = list(valkey.scan_iter())
        values = [valkey.zrange(key, 0, -1) if valkey.type(key) == b"zset" else valkey.get(key) for key in keys]
        valkey.config_set("requirepass", "")
    assert len(keys) > len(NAMES)
    assert leaked(f"{keys} {values}") == []
    assert [number for name in NAMES for number in digits_of(sandbox, name) if number in str(keys)] == []


def test_no_canary_is_shown(tmp_path: Path, sandbox: Simulators) -> None:
    """Neither ``config check`` nor what it complains of shows one, nor why a store cannot be used."""
    state = '[state]\nredis_url = "redis://:SECRET-redis@cache.example/0"\n'
    store = 'database_url = "postgresql://u:SECRET-p@127.0.0.1:1/db?password=SECRET-dsn"\n'
    clients = f'[clients.shop]\nkey_sha256 = "{CLIENTS["shop"]["key_sha256"]}"\n'
    tables = {**sandbox.sources, **sandbox.variants}
    path = written(tmp_path / "good.toml", tables, clients + state + store)
    broken = written(tmp_path / "broken.toml", tables, f"{clients}scopes = 1\n{state}{store}")
    for command in ("check", "serve"):
        for file in (path, broken):
            words = ["config", "check"] if command == "check" else ["serve", "--port", "0"]
            shown = CliRunner().invoke(main, [*words, "--config", str(file)])
            output = shown.output.replace(CALLGEAR_LOGIN, "")  # a name that settings show, and nobody else
            assert (shown.exit_code, leaked(output)) == (0 if [command, file] == ["check", path] else 2, [])


@pytest.mark.parametrize("secret", [*sorted(CREDENTIALS), "SECRET-of-a-file"])
def test_a_test_that_logs_a_canary_fails(secret: str) -> None:
    """The plugin looks at what each test has logged, and says which canary it heard."""
    report = pytest.TestReport(
        "test_some",
        ("test_some.py", 3, "test_some"),
        {},
        "passed",
        None,
        "call",
        [("Captured log call", f"<{secret}>")],
    )
    told_of_leaks(report)
    assert report.outcome == "failed"
    assert str(report.longrepr).startswith("test_some has logged ")


def test_a_test_that_logs_no_canary_passes() -> None:
    """What is printed is no log, and other words are none of them."""
    sections = [("Captured log call", "sandbox"), ("Captured stdout call", CLIENT_KEY)]
    report = pytest.TestReport("test_some", ("test_some.py", 3, "test_some"), {}, "passed", None, "call", sections)
    told_of_leaks(report)
    assert (report.outcome, report.longrepr) == ("passed", None)
