"""What the clients that people use make of the gateway over HTTP: a query, a list to its end, and errors."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError

from gateway.schema.graph import make_schema, sdl
from tests.clients.node import HERE, Node
from tests.schema.gateways import Client, Simulated, gateway

pytestmark = pytest.mark.timeout(300)

SOURCES = ["dallas", "epsilon", "london", "market", "voice_sg"]
ALL = "{ phoneNumbers(first: 1000, filter: {providers: [EIGHT_BY_EIGHT]}) { nodes { e164 } pageInfo { hasNextPage } } }"
MISSED_THEN_SENT_THEN_KNOWN = [[False, True], [True, True], [False, True]]
"""Whether each request holds the query, and its hash."""


@pytest.fixture
def unlearned(simulated: Simulated) -> Iterator[Client]:
    """A gateway that nobody has sent a document yet."""
    with gateway(simulated.sources) as client:
        yield client


@pytest.fixture(scope="module")
def everything(served: Client) -> list[str]:
    """What a walk must find."""
    held = served.ask(ALL).data["phoneNumbers"]
    assert not held["pageInfo"]["hasNextPage"]
    assert len(held["nodes"]) == 302
    return [node["e164"] for node in held["nodes"]]


def embedded_types() -> list[str]:
    """The types that are part of whatever holds them: neither an id nor a name finds them again."""
    objects = re.findall(r"^type (\w+)[^{]*\{(.*?)^\}", sdl(make_schema()), re.MULTILINE | re.DOTALL)
    known = {"Query", "Source"}
    return [name for name, fields in objects if name not in known and "\n  id: ID!" not in fields]


def test_apollo_client(node: Node, unlearned: Client, everything: list[str]) -> None:
    """Its cache merges the pages, its link learns that a hash is unknown and sends the query, errors keep their codes."""
    told = node.run("apollo.js", f"{unlearned.url}/graphql")
    assert told == {
        "sources": SOURCES,
        "asked": MISSED_THEN_SENT_THEN_KNOWN,
        "walked": everything,
        "wrongArgument": ["BAD_USER_INPUT"],
        "wrongField": ["GRAPHQL_VALIDATION_FAILED"],
    }


def test_urql_with_graphcache(node: Node, unlearned: Client, everything: list[str]) -> None:
    """It accepts event streams with every query and gets JSON; its cache has no word to say against the keys."""
    told = node.run("urql.js", f"{unlearned.url}/graphql", ",".join(embedded_types()))
    assert "text/event-stream" in told.pop("accept")
    assert told == {
        "sources": SOURCES,
        "asked": MISSED_THEN_SENT_THEN_KNOWN,
        "walked": everything,
        "wrongArgument": ["BAD_USER_INPUT"],
        "wrongField": ["GRAPHQL_VALIDATION_FAILED"],
        "warnings": [],
    }


def test_graphql_request(node: Node, served: Client, everything: list[str]) -> None:
    """The plainest client walks to the end and sees the codes of errors."""
    assert node.run("request.js", f"{served.url}/graphql") == {
        "sources": SOURCES,
        "walked": everything,
        "wrongArgument": ["BAD_USER_INPUT"],
        "wrongField": ["GRAPHQL_VALIDATION_FAILED"],
    }


def compiled(node: Node, folder: Path) -> Path:
    """The folder with what the Relay compiler makes of the application's documents, over the schema as it is."""
    shutil.copytree(HERE / "relay", folder, dirs_exist_ok=True)
    (folder / "__generated__").mkdir()
    (folder / "persisted.json").touch()
    (folder / "schema.graphql").write_text(sdl(make_schema()), encoding="utf-8")
    node.execute(str(HERE / "node_modules/relay-compiler/cli.js"), "relay.config.json", folder=folder)
    return folder


def test_relay(node: Node, simulated: Simulated, everything: list[str], tmp_path: Path) -> None:
    """Its compiler takes the schema; its manifest is all that the gateway answers; connection and node fill its store."""
    folder = compiled(node, tmp_path)
    server = {"trusted_documents": "only", "trusted_manifests": [str(folder / "persisted.json")]}
    with gateway(simulated.sources, server=server) as client:
        told = node.run("relay.js", f"{client.url}/graphql", str(folder))
    first, again = told.pop("again")
    assert (again["e164"], again["details"]) == (first, {"subAccountId": "MySubAccount"})
    assert told == {
        "sources": SOURCES,
        "walked": everything,
        "caught": {"ok": False, "errors": [{"extensions": {"code": "BAD_USER_INPUT"}}]},
        "texts": [],
    }


PAGE = """query Page($after: String) {
  phoneNumbers(first: 60, after: $after, filter: {providers: [EIGHT_BY_EIGHT]}) {
    nodes { e164 } pageInfo { hasNextPage endCursor } } }"""


async def test_gql_for_python(served: Client, everything: list[str]) -> None:
    """It checks documents against the schema it fetched, walks to the end, and sees the codes of errors."""
    transport = AIOHTTPTransport(f"{served.url}/graphql")
    async with GqlClient(transport=transport, fetch_schema_from_transport=True) as session:
        walked: list[str] = []
        page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
        while page["hasNextPage"]:
            asked = gql(PAGE)
            asked.variable_values = {"after": page["endCursor"]}
            held = (await session.execute(asked))["phoneNumbers"]
            walked += [number["e164"] for number in held["nodes"]]
            page = held["pageInfo"]
        assert walked == everything
        with pytest.raises(TransportQueryError) as refused:
            await session.execute(gql("{ phoneNumbers(first: -1) { complete } sources { name } }"))
        [error] = refused.value.errors or []
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert refused.value.data == {"phoneNumbers": None, "sources": [{"name": name} for name in SOURCES]}
