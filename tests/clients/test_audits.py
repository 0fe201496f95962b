"""GraphQL over HTTP as its authors audit it: https://graphql.github.io/graphql-over-http, npm's graphql-http."""

import pytest

from tests.clients.node import Node
from tests.schema.gateways import Client

pytestmark = pytest.mark.timeout(300)


def test_all_61_audits_pass(node: Node, served: Client) -> None:
    """Every audit, those that say MAY and SHOULD included, is passed without a warning."""
    results = node.run("audits.js", f"{served.url}/graphql")
    assert len(results) == 61
    assert [audit for audit in results if audit["status"] != "ok"] == []
