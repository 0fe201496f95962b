"""Settings in variables of the environment: what they stand above, and how they are refused."""

from pathlib import Path

import pytest

from gateway.settings import load
from tests.test_settings import EVERYTHING, told


def test_the_environment_stands_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable changes one setting, adds one or a whole source, and leaves the rest of the file alone."""
    file = tmp_path / "gateway.toml"
    file.write_text(EVERYTHING, encoding="utf-8")
    monkeypatch.setenv("GATEWAY_SERVER__PORT", "9000")
    monkeypatch.setenv("GATEWAY_SOURCES__MARKET__CURRENCY", "EUR")
    monkeypatch.setenv("GATEWAY_SOURCES__NEW__PROVIDER", "8x8")
    monkeypatch.setenv("GATEWAY_SOURCES__NEW__SUBACCOUNT_ID", "Another")
    monkeypatch.setenv("GATEWAY_SOURCES__NEW__API_KEY", "key")
    monkeypatch.setenv("GATEWAY_CLIENTS__SHOP__SOURCES", '["new"]')
    monkeypatch.setenv("GATEWAY_LIMITS", '{"deadline": 1}')
    settings = load(file)
    sources = {name: source.model_dump() for name, source in settings.sources.items()}
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert (sources["market"]["currency"], sources["market"]["user_id"]) == ("EUR", 123)
    assert sources["new"]["subaccount_id"] == "Another"
    assert settings.clients["shop"].sources == ("new",)
    assert (settings.limits.deadline, settings.limits.lookups) == (1, 100)


def test_variables_of_whole_tables_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is not is refused by its name, and what it holds is not repeated."""
    monkeypatch.setenv("GATEWAY_SOURCES", "SECRET-of-a-table")
    message = told(None)
    assert 'field "sources"' in message
    assert "must be JSON" in message
    assert "SECRET" not in message


def test_lists_in_variables_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes a list with commas is told how it is written."""
    monkeypatch.setenv("GATEWAY_SERVER__HOSTS", "a.example,b.example")
    assert told(None).endswith("""must be JSON, like GATEWAY_SERVER__HOSTS='["numbers.example"]'.""")


def test_variables_of_no_table_are_misspelt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable with a path into a table that does not exist is refused; those that Kubernetes makes are let be."""
    monkeypatch.setenv("GATEWAY_PORT_8000_TCP", "tcp://10.0.0.1:8000")
    assert load(None).limits.deadline == 10
    monkeypatch.setenv("GATEWAY_LIMIT__DEADLINE", "5")
    assert told(None).startswith("GATEWAY_LIMIT__DEADLINE: is not a setting; remove it or mend")
