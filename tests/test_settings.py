"""Settings: where they come from, which one stands above which, what is refused in which words, and what is never shown."""

import hashlib
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.effective import shown
from gateway.errors import SettingsInvalid
from gateway.providers.webex import WebexSettings
from gateway.settings import check_exposure, is_loopback, load, load_only, make_sources

HASH = hashlib.sha256(b"key").hexdigest()
EVERYTHING = Path(__file__).with_name("settings.toml").read_text(encoding="utf-8")
MARKET = '[sources.market]\nprovider = "callgear"\n'
TOKEN = "GATEWAY_SOURCES__MARKET__ACCESS_TOKEN"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a test writes its settings."""
    return tmp_path / "gateway.toml"


def told(path: Path | None) -> str:
    """How settings are refused."""
    with pytest.raises(SettingsInvalid) as refused:
        load(path)
    return str(refused.value)


def test_without_anything_there_are_defaults() -> None:
    """No file and no variable: loopback, port 8000, no source, no client."""
    settings = load()
    assert (settings.server.host, settings.server.port, settings.sources, settings.clients) == (
        "127.0.0.1",
        8000,
        {},
        {},
    )
    assert settings.state.database_url == "sqlite:///gateway.db"
    assert settings.limits.deadline == 10


def test_every_setting_is_read(file: Path) -> None:
    """All the fixed keys of all tables, with every kind of credential, are taken as they are written."""
    file.write_text(EVERYTHING, encoding="utf-8")
    settings = load(file)
    written = tomllib.loads(EVERYTHING)
    dumped = settings.model_dump(mode="json", exclude_unset=True)
    masked = {"cursor_key", "api_key", "webhook_secret", "access_token", "client_secret", "refresh_token", "password"}
    for table in ("server", "state", "limits"):
        assert {key: value for key, value in dumped[table].items() if key not in masked} == {
            key: value for key, value in written[table].items() if key not in masked
        }
    for name, source in settings.sources.items():
        for key, value in written["sources"][name].items():
            held = getattr(source, key)
            said = held.get_secret_value() if key in masked else list(held) if isinstance(held, tuple) else held
            assert (name, key, said) == (name, key, value)
    assert settings.clients["shop"].scopes == {"addresses:read", "debug"}
    assert settings.clients["office"].sources is None


def test_sources_are_made_in_name_order(file: Path) -> None:
    """Each configured place becomes a source of its provider."""
    file.write_text(EVERYTHING, encoding="utf-8")
    sources = make_sources(load(file))
    assert list(sources) == sorted(tomllib.loads(EVERYTHING)["sources"])
    assert {name: source.provider for name, source in sources.items()}["epsilon_token"] == "CLOUDLX"


def test_the_command_line_stands_above_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is given by hand wins; what is not given leaves the others alone."""
    file.write_text("[server]\nport = 1000\nhost = 'localhost'\n", encoding="utf-8")
    monkeypatch.setenv("GATEWAY_SERVER__PORT", "2000")
    server = load(file, server={"port": 3000, "host": None, "insecure": True}).server
    assert (server.port, server.host, server.insecure) == (3000, "localhost", True)
    assert load(file, server={"port": None}).server.port == 2000


def test_tables_alone_hear_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's settings are its own, and are checked like all others."""
    monkeypatch.setenv("GATEWAY_SERVER__PORT", "2000")
    monkeypatch.setenv("GATEWAY_CLIENTS__SHOP__KEY_SHA256", "nonsense")
    assert (load_only(server={"host": "::1"}).server.port, load_only().clients) == (8000, {})
    with pytest.raises(SettingsInvalid, match=r"server\.port: "):
        load_only(server={"port": -1})


@pytest.mark.parametrize(
    "token", ["123", "0012", "1.10", "1e5", "true", "null", '"quoted"', '{"a": 1}', "[1]", "NaN", "-0", " x "]
)
def test_tokens_are_text_whatever_they_look_like(file: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """A token of the environment that looks like JSON is taken letter by letter."""
    file.write_text(MARKET, encoding="utf-8")
    monkeypatch.setenv(TOKEN, token)
    held = load(file).model_dump()["sources"]["market"]["access_token"]
    assert held.get_secret_value() == token


def test_numbers_for_texts_are_forgiven(file: Path) -> None:
    """A token of digits may be written in the file without quotation marks."""
    file.write_text(MARKET + "access_token = 12345\n", encoding="utf-8")
    assert load(file).model_dump()["sources"]["market"]["access_token"].get_secret_value() == "12345"


def test_a_source_is_a_table() -> None:
    """What is no table is refused as such."""
    with pytest.raises(ValidationError, match="valid dictionary"):
        WebexSettings.model_validate("webex")


def test_an_empty_secret_is_none(file: Path) -> None:
    """A variable without a value is no credential, and is refused like one that is missing."""
    file.write_text(MARKET + 'access_token = ""\n', encoding="utf-8")
    empty = told(file)
    file.write_text(MARKET, encoding="utf-8")
    assert empty == told(file)
    assert "access_token" in empty


@pytest.mark.parametrize("address", ["", "ftp://x.example", "x.example/api", "https://", "//x.example", "file:///x"])
def test_an_address_is_http_and_has_a_host(file: Path, address: str) -> None:
    """What could never be asked is told when the settings are read."""
    file.write_text(f'{MARKET}access_token = "x"\nbase_url = "{address}"\n', encoding="utf-8")
    assert "sources.market.base_url: write an address like https://api.example, with http or https and a host" in told(
        file
    )


@pytest.mark.parametrize("behind", ["?key=seKret", "#part", "/v2?"])
def test_an_address_is_one_that_paths_can_be_put_behind(file: Path, behind: str) -> None:
    """A query or a fragment would end up in the middle of what is asked; neither is repeated."""
    file.write_text(f'{MARKET}access_token = "x"\nbase_url = "https://x.example{behind}"\n', encoding="utf-8")
    assert "sources.market.base_url: leave out what follows ? or #: paths are put behind the address" in told(file)
    assert "seKret" not in told(file)


BAD = {
    "an unknown table": ("[sorces.x]\n", "sorces: is not a setting; remove it or mend its spelling"),
    "an unknown key": ("[server]\nprot = 1\n", "server.prot: is not a setting; remove it or mend its spelling"),
    "no table": ("server = 3\n", "server: Input should be a valid dictionary"),
    "a source of no table": ("[sources]\nx = 3\n", "sources.x: Input should be a valid dictionary"),
    "a bad name": ('[sources.X-1]\nprovider = "8x8"\n', "sources.X-1: is no name: write small letters, digits and _"),
    "no provider": ("[sources.x]\n", "sources.x: needs a provider: '8x8', 'webex', 'cloudlx', 'callgear'"),
    "an unknown provider": ('[sources.x]\nprovider = "acme"\n', "sources.x: Input tag 'acme' found using 'provider'"),
    "no key": ('[sources.x]\nprovider = "8x8"\nsubaccount_id = "abc"\n', "sources.x.api_key: is required; add it"),
    "no place": ('[sources.x]\nprovider = "webex"\naccess_token = "t"\n', "sources.x.location_id: is required; add it"),
    "no address": (
        '[sources.x]\nprovider = "cloudlx"\naccess_token = "t"\n',
        "sources.x.base_url: is required; add it",
    ),
    "no credential": (MARKET, "sources.market: give access_token, or login and password"),
    "half a credential": (MARKET + 'login = "l"\n', "sources.market: give access_token, or login and password"),
    "an extra key": (MARKET + 'access_token = "t"\ncolour = 1\n', "sources.market.colour: is not a setting"),
    "a bad number": (
        MARKET + 'access_token = "t"\ntimeout = "long"\n',
        "sources.market.timeout: Input should be a valid number",
    ),
    "a number out of range": (
        MARKET + 'access_token = "t"\ntimeout = 0\n',
        "sources.market.timeout: Input should be greater than 0",
    ),
    "a bad currency": (MARKET + 'access_token = "t"\ncurrency = "$"\n', "sources.market.currency: String should match"),
    "a bad zone": (
        '[sources.x]\nprovider = "cloudlx"\naccess_token = "t"\nbase_url = "u"\ntimezone = "Mars"\n',
        "sources.x.timezone: 'Mars' is not a time zone of the IANA database, such as Europe/London",
    ),
    "a bad port": ("[server]\nport = 70000\n", "server.port: Input should be less than or equal to 65535"),
    "a short cursor key": (
        '[server]\ncursor_key = "short"\n',
        "server.cursor_key: Value should have at least 16 items",
    ),
    "a bad hash": (
        '[clients.shop]\nkey_sha256 = "key"\n',
        "clients.shop.key_sha256: is no SHA-256: write the 64 small hex digits of printf",
    ),
    "no hash": ("[clients.shop]\n", "clients.shop.key_sha256: is required; add it"),
    "a client's bad name": (
        f'[clients.Shop]\nkey_sha256 = "{HASH}"\n',
        "clients.Shop: is no name: write small letters",
    ),
    "an unknown scope": (
        f'[clients.shop]\nkey_sha256 = "{HASH}"\nscopes = ["address:read"]\n',
        "clients.shop.scopes.0: Input should be 'addresses:read', 'debug' or 'introspection'",
    ),
    "a key of two clients": (
        f'[clients.shop]\nkey_sha256 = "{HASH}"\n[clients.twin]\nkey_sha256 = "{HASH}"\n',
        "clients.twin has a key of clients.shop: give each client its own",
    ),
    "an unknown source": (
        f'[clients.shop]\nkey_sha256 = "{HASH}"\nsources = ["paris"]\n',
        "clients.shop.sources names paris, and no such source is configured",
    ),
    "a strange store": (
        '[state]\ndatabase_url = "mysql://x"\n',
        "state.database_url: is no database: write sqlite:///path or",
    ),
    "a strange cache": ('[state]\nredis_url = "http://x"\n', "state.redis_url: is no address: write redis://"),
    "a cache at no port": (
        '[state]\nredis_url = "redis://:seKret@host:x/0"\n',
        "state.redis_url: is no address: write redis://",
    ),
    "a cache with no such option": (
        '[state]\nredis_url = "valkey://h/0?no=1"\n',
        "state.redis_url: is no address: write",
    ),
    "a bad limit": ("[limits]\ndeadline = -1\n", "limits.deadline: Input should be greater than 0"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_bad_setting_is_named_with_its_mend(file: Path, text: str, words: str) -> None:
    """The message begins with the key as it stands in the file, and says what it must be."""
    file.write_text(text, encoding="utf-8")
    assert words in told(file)
    assert "seKret" not in told(file)


def test_all_that_is_bad_is_told_at_once(file: Path) -> None:
    """One line for each setting that must be mended."""
    file.write_text("[server]\nport = -1\nhost = 5\n[limits]\nlookups = 0\n", encoding="utf-8")
    assert [line.partition(":")[0] for line in told(file).splitlines()] == [
        "server.host",
        "server.port",
        "limits.lookups",
    ]


def test_a_file_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    """A missing file, a folder, and text that is no TOML or no UTF-8 are told with their path."""
    words = "cannot be read ({}): name a readable TOML file with --config."
    assert told(file) == f"{file} {words.format('No such file or directory')}"
    assert told(tmp_path) == f"{tmp_path} {words.format('Is a directory')}"
    file.write_text("[server\n", encoding="utf-8")
    assert told(file).startswith(f"{file} is not TOML: ")
    file.write_bytes(b"host = '\xff'")
    assert told(file).startswith(f"{file} is not TOML: ")


def test_secrets_are_never_shown(file: Path) -> None:
    """The effective settings are TOML in which every credential is stars, also within addresses; the rest is readable."""
    file.write_text(EVERYTHING, encoding="utf-8")
    text = shown(load(file))
    assert "SECRET" not in text
    assert "p@ss" not in text
    held, written = tomllib.loads(text), tomllib.loads(EVERYTHING)
    assert {
        name: set(table) >= set(written["sources"][name]) for name, table in held["sources"].items()
    } == dict.fromkeys(written["sources"], True)
    assert held["sources"]["voice_sg"]["base_url"] == "https://**********@voice.8x8.com"
    assert held["state"]["redis_url"] == "rediss://**********@cache.example/0"
    assert held["state"]["database_url"].startswith("postgresql://**********@db.example/numbers?password=**********")
    assert held["sources"]["epsilon"]["client_secret"] == "*" * 10
    assert (held["clients"]["shop"], held["limits"]) == (written["clients"]["shop"], written["limits"])


def test_awkward_texts_are_shown_as_toml() -> None:
    """Quotation marks and backslashes are escaped, and an empty list stays one."""
    settings = load_only(server={"host": 'a"b\\c'}, state={"database_url": "sqlite://"})
    assert tomllib.loads(shown(settings))["server"]["host"] == 'a"b\\c'


@pytest.mark.parametrize("wrong", [line for line in EVERYTHING.splitlines() if "SECRET-" in line])
def test_errors_never_repeat_a_secret(file: Path, wrong: str) -> None:
    """Whatever is wrong beside or with a secret, the message does not quote it."""
    key = wrong.partition(" =")[0]
    for spoilt in (
        f"{wrong}\n{key}_x = 1",
        wrong.replace(f"{key} = ", f"{key} = [") + "]",
        wrong.replace(key, f"{key}x", 1),
    ):
        file.write_text(EVERYTHING.replace(wrong, spoilt), encoding="utf-8")
        assert "SECRET" not in told(file)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_is_open(host: str) -> None:
    """What only this machine can reach needs no client."""
    assert is_loopback(host)
    check_exposure(load_only(server={"host": host}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example", ""])
def test_strangers_need_a_client(host: str) -> None:
    """Any other host is refused without a client, unless the operator says that it is meant."""
    words = rf"server\.host: {host} can be reached by others, and no client is configured: add \[clients\.<name>\]"
    with pytest.raises(SettingsInvalid, match=words):
        check_exposure(load_only(server={"host": host}))
    check_exposure(load_only(server={"host": host, "insecure": True}))
    check_exposure(load_only(server={"host": host}, clients={"shop": {"key_sha256": HASH}}))
