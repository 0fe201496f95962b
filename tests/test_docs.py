"""What the documents say is so: settings, error codes, examples, the version, and what they must not name."""

import ast
import re
import runpy
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import parse, validate

from gateway import __version__, errors
from gateway.commands.simulated import PASTE
from gateway.errors import GatewayError, SourceError
from gateway.schema.graph import make_schema
from gateway.schema.vocabulary import ErrorCode
from gateway.settings import load, make_sources
from tests import settings_table
from tests.schema.gateways import Client, Reply, gateway, simulators
from tests.web.test_console import examples

ROOT = Path(__file__).parents[1]
README = settings_table.README.read_text(encoding="utf-8")
FIXED_SETTINGS = """
    host port insecure provider timeout calls_per_minute concurrency ttl block_size base_url subaccount_id api_key
    webhook_header webhook_secret webhook_allowed_ips location_id org_id access_token client_id client_secret
    refresh_token currency timezone login password user_id key_sha256 sources scopes database_url redis_url
    deadline queries_per_minute
"""
OF_GRAPHQL = {"GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}


def blocks(language: str, document: str = README) -> list[str]:
    """The fenced blocks of one language, of the README unless another document is given."""
    return re.findall(f"```{language}\n(.*?)```", document, re.DOTALL)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A gateway over the simulators, as ``gateway demo`` opens it."""
    with simulators() as simulated, gateway(simulated.sources) as opened:
        yield opened


def test_the_settings_are_those_of_the_models() -> None:
    """``python -m tests.settings_table`` makes the README's tables; every key, type, default and meaning is current."""
    assert settings_table.renewed(README) == README


def test_the_settings_are_written_where_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command mends a README whose tables are out of date, and leaves the rest of it alone."""
    before, after = README.split(settings_table.BEGIN)[0], README.split(settings_table.END)[1]
    stale = tmp_path / "README.md"
    stale.write_text(f"{before}{settings_table.BEGIN}old{settings_table.END}{after}", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["settings_table", str(stale)])
    runpy.run_path(settings_table.__file__, run_name="__main__")
    assert stale.read_text(encoding="utf-8") == README


def test_every_fixed_setting_is_there() -> None:
    """The keys that operators rely on stand in the tables."""
    assert set(FIXED_SETTINGS.split()) <= set(settings_table.settings_in(README))


def leaves(kind: type[GatewayError]) -> Iterator[type[GatewayError]]:
    """The errors that are raised, each with its own code."""
    for below in kind.__subclasses__():
        yield from leaves(below) if below.__subclasses__() else [below]


def raised() -> set[str]:
    """The names of the errors that some module other than ``errors`` speaks of."""
    told: set[str] = set()
    for module in (ROOT / "gateway").rglob("*.py"):
        if module != Path(errors.__file__) and "sandbox" not in module.parts:
            tree = ast.walk(ast.parse(module.read_text(encoding="utf-8")))
            told |= {
                node.id if isinstance(node, ast.Name) else node.attr
                for node in tree
                if isinstance(node, ast.Name | ast.Attribute)
            }
    return told


def test_the_error_codes_are_those_that_clients_meet() -> None:
    """The README explains each code of the schema and each that is raised, those of GraphQL itself, and no other."""
    _, _, rest = README.partition("### Error codes")
    cells = [line.split("|")[1] for line in rest.partition("## ")[0].splitlines() if line.startswith("| `")]
    explained = set(re.findall("`([A-Z_]+)`", "".join(cells)))
    names = raised()
    met = {kind.code for kind in leaves(GatewayError) if kind.__name__ in names or issubclass(kind, SourceError)}
    met -= {errors.SettingsInvalid.code}
    assert {code.name for code in ErrorCode} <= met
    assert explained == met | OF_GRAPHQL | {GatewayError.code}


def test_the_example_settings_load(tmp_path: Path) -> None:
    """The README's TOML, with values where it has dots, is accepted, and names all four providers."""
    [text] = blocks("toml")
    file = tmp_path / "gateway.toml"
    file.write_text(re.sub('(key_sha256 = )"…"', rf'\g<1>"{"0" * 64}"', text).replace("…", "0" * 20), encoding="utf-8")
    settings = load(file)
    assert {source.provider for source in make_sources(settings).values()} == {
        "EIGHT_BY_EIGHT",
        "WEBEX",
        "CLOUDLX",
        "CALLGEAR",
    }
    assert settings.clients["shop"].sources == ("voice_sg", "london")


def test_the_documents_examples_are_taken(tmp_path: Path) -> None:
    """What the other documents show of settings and of GraphQL is of this version."""
    documents = [path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")]
    file, schema = tmp_path / "gateway.toml", make_schema()
    tables = [table for document in documents for table in blocks("toml", document)]
    for table in tables:
        file.write_text(table.replace("…", "0" * 32), encoding="utf-8")
        assert load(file).sources
    operations = [operation for document in documents for operation in blocks("graphql", document)]
    assert [validate(schema._schema, parse(operation)) for operation in operations] == [[]] * len(operations)
    assert tables
    assert operations


def pasted() -> str:
    """The query of the README's curl."""
    [command] = [block for block in blocks("sh") if "curl" in block]
    return command.partition("'query=")[2].rpartition("'")[0]


@pytest.mark.parametrize("document", [PASTE, pasted(), examples()["All providers"]], ids=["demo", "README", "console"])
def test_what_is_pasted_shows_all_four_providers(client: Client, document: str) -> None:
    """The demo's text, the README's and the page's first example are one, and bring a number of every provider."""
    held = client.ask(document).data["phoneNumbers"]
    assert document == PASTE
    assert [(node["e164"], node["provider"], node["details"]["__typename"]) for node in held["nodes"]] == [
        ("+12056350001", "WEBEX", "WebexDetails"),
        ("+441245123456", "CLOUDLX", "CloudLXDetails"),
        ("+65123456789", "EIGHT_BY_EIGHT", "EightByEightDetails"),
        ("+74993720692", "CALLGEAR", "CallGearDetails"),
    ]
    assert held["complete"]
    assert all(len(node["details"]) == 2 for node in held["nodes"])


def test_the_queries_of_the_readme_are_answered(client: Client) -> None:
    """Every GraphQL document in the README runs as it stands."""
    answers: list[Reply] = [client.ask(document) for document in blocks("graphql")]
    assert answers
    assert all(any(reply.data.values()) for reply in answers)


def test_the_version_is_one() -> None:
    """The changelog speaks of this version or of what comes next; the package takes its version from one place."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "gateway/__init__.py"
    assert re.search(rf"^## (\[?{re.escape(__version__)}\]?|Unreleased)", changelog, re.MULTILINE)


FORBIDDEN = {
    "a package registry": r"(?:pypi|pythonhosted|npmjs|yarnpkg|crates|rubygems|anaconda)\.(?:org|com|io)\b",
    "a place of one machine": r"(?<![\w.$}/])/(?:home|Users|root|work|mnt|private)/\w|\b[A-Z]:\\\\?\w",
}
TEXTS = [
    path
    for pattern in (
        "*.md",
        "*.toml",
        "*.graphql",
        "Dockerfile",
        "docs/**/*.md",
        "scripts/*",
        "console/*",
        "console/src/*",
        "console/tabs/*",
        "gateway/**/*",
        "tests/**/*",
    )
    for path in sorted(ROOT.glob(pattern))
    if path.is_file() and not {"__pycache__", "node_modules", "graphiql"} & set(path.parts) and path != Path(__file__)
]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_text_names_what_is_somewhere_else(what: str) -> None:
    """Documents and sources name no host of a package registry and no path of a machine."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in TEXTS
        for match in re.finditer(FORBIDDEN[what], path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert len(TEXTS) > 100
    assert found == []
