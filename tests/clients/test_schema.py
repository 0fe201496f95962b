"""The schema under the field's own gates: graphql-eslint, and graphql-inspector against the contract."""

import json
from pathlib import Path

from tests.clients.node import HERE, Node

ROOT = Path(__file__).parents[2]
SCHEMA = (ROOT / "schema.graphql").read_text(encoding="utf-8")
CONTRACT = ROOT / "tests" / "schema" / "contract.graphql"


def found(node: Node, folder: Path, schema: str) -> list[str]:
    """What the linter finds in a schema."""
    (folder / "schema.graphql").write_text(schema, encoding="utf-8")
    told = json.loads(node.execute(str(HERE / "schema-lint.js"), folder=folder))
    assert told["files"] == 1
    rules: list[str] = told["found"]
    return rules


def test_the_linter_finds_nothing(node: Node, tmp_path: Path) -> None:
    """All recommended rules for schemas and all of Relay's hold, but for those that eslint.config.js gives up with reasons."""
    assert found(node, tmp_path, SCHEMA) == []


def test_the_linter_bites(node: Node, tmp_path: Path) -> None:
    """Without a description, and with a page that may not say whether there is more, there is something to find."""
    bad = SCHEMA.replace('"""What can be asked."""\n', "").replace("  hasNextPage: Boolean!", "  hasNextPage: Boolean")
    rules = {told.split(": ")[1] for told in found(node, tmp_path, bad)}
    assert rules == {"@graphql-eslint/require-description", "@graphql-eslint/relay-page-info"}


def test_nothing_breaks_against_the_contract(node: Node) -> None:
    """Everything that a client of the contract uses is there as it was; the other way round something would be missing."""
    forwards = node.run("schema-diff.js", str(CONTRACT), str(ROOT / "schema.graphql"))
    backwards = node.run("schema-diff.js", str(ROOT / "schema.graphql"), str(CONTRACT))
    assert [words for level, words in forwards if level == "BREAKING"] == []
    assert "BREAKING" in {level for level, _ in backwards}
