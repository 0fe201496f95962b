"""As a subgraph: what a router asks is answered, plain clients see nothing of it, and it composes with other graphs."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.schema.federation import subgraph_sdl
from gateway.schema.graph import make_schema, sdl
from tests.schema.gateways import Client, Json, Simulated, gateway, simulators
from tests.web.test_auth import hashed

HERE = Path(__file__).parent
ENTITIES = """query ($known: [_Any!]!) { _entities(representations: $known) { __typename
    ... on PhoneNumber { id e164 source { name } } ... on PhoneNumberLookup { e164 complete records { source { name } } } } }"""
LONDON_ID, E164 = "bG9uZG9uOis0NDIwNzk0NjAxMjM", "+442079460123"
ORDERS = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
type Query { orders: [Order!]! @shareable }
type Order @key(fields: "id") { id: ID! number: PhoneNumber! dialled: PhoneNumberLookup! page: PageInfo! }
type PhoneNumber @key(fields: "id", resolvable: false) { id: ID! }
type PhoneNumberLookup @key(fields: "e164", resolvable: false) { e164: E164! }
type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
scalar E164
"""


@pytest.fixture(scope="module")
def simulated() -> Iterator[Simulated]:
    """Simulators that nobody changes."""
    with simulators() as held:
        yield held


@pytest.fixture(scope="module")
def subgraph(simulated: Simulated) -> Iterator[Client]:
    """A gateway that answers a router."""
    with gateway(simulated.sources, server={"subgraph": True}) as client:
        yield client


def lookup(number: object = E164) -> Json:
    """A representation of a look-up."""
    return {"__typename": "PhoneNumberLookup", "e164": number}


def test_entities_are_found_by_their_keys(subgraph: Client) -> None:
    """In order and with duplicates; an id of nothing is null, and what a router adds to a key does not matter."""
    number = {"__typename": "PhoneNumber", "id": LONDON_ID}
    known = [lookup(), number, {**number, "id": "nothing"}, {**lookup("+44 20 7946 0123"), "extra": 1}]
    looked, found, nothing, again = subgraph.ask(ENTITIES, {"known": known}).data["_entities"]
    assert found == {"__typename": "PhoneNumber", "id": LONDON_ID, "e164": E164, "source": {"name": "london"}}
    assert (looked["__typename"], looked["e164"], looked["complete"]) == ("PhoneNumberLookup", E164, True)
    assert {"source": {"name": "london"}} in looked["records"]
    assert nothing is None
    assert again == looked


def test_look_ups_of_a_router_are_one(simulated: Simulated) -> None:
    """A hundred numbers cost what the same numbers cost in one field."""
    numbers = [f"+1205635{place:04d}" for place in range(100)]
    counts = []
    for query, variables in (
        ("query ($n: [E164!]!) { phoneNumbersByE164(e164s: $n) { complete } }", {"n": numbers}),
        (ENTITIES, {"known": [lookup(number) for number in numbers]}),
    ):
        with gateway({"dallas": simulated.sources["dallas"]}, server={"subgraph": True}) as client:
            before = simulated.calls("webex")
            assert client.ask(query, variables).data
            counts.append(simulated.calls("webex") - before)
    assert counts[0] == counts[1] <= 3


REFUSED = {
    "a type that is none": {"__typename": "Order", "id": "1"},
    "a key of another type": {"__typename": "PhoneNumber", "e164": E164},
    "no key": {"__typename": "PhoneNumberLookup"},
    "a key that is no text": lookup(5),
    "a number that is none": lookup("abc"),
}


@pytest.mark.parametrize("known", REFUSED.values(), ids=REFUSED)
def test_what_is_no_entity_nulls_its_own_place(subgraph: Client, known: Json) -> None:
    """With an error there, and the others answered."""
    reply = subgraph.ask(ENTITIES, {"known": [known, lookup()]})
    assert reply.codes == ["BAD_USER_INPUT"]
    assert reply.errors[0]["path"] == ["_entities", 0]
    assert [held is None for held in reply.json["data"]["_entities"]] == [True, False]


@pytest.mark.parametrize("known", ["x", 5, {}, {"__typename": 5}])
def test_a_representation_is_an_object_with_a_type(subgraph: Client, known: object) -> None:
    """Anything else is told before anything runs."""
    assert subgraph.ask(ENTITIES, {"known": [known]}).codes == ["BAD_USER_INPUT"]


def test_representations_are_bounded(subgraph: Client) -> None:
    """As the numbers of a look-up are."""
    code, message = subgraph.ask(ENTITIES, {"known": [lookup()] * 501}).refusal
    assert (code, message) == (
        "BAD_USER_INPUT",
        "representations holds 501 entries; one field takes 500 at most: ask in several.",
    )


def test_entities_have_a_cost(subgraph: Client) -> None:
    """A router's question is reckoned like everybody's."""
    cost = subgraph.ask(ENTITIES, {"known": [lookup("+12056350001")] * 2}, extensions={"cost": True}).json
    estimated = cost["extensions"]["cost"]["estimated"]
    assert estimated["rows"] == 2 + 2 * 5
    assert estimated["calls"] >= cost["extensions"]["cost"]["actual"]["calls"]


def test_the_subgraph_tells_its_schema(subgraph: Client) -> None:
    """The plain schema and the keys; the file that is served stays the plain one."""
    plain = sdl(make_schema())
    assert subgraph.ask("{ _service { sdl } }").data == {"_service": {"sdl": subgraph_sdl(plain)}}
    assert subgraph.send("GET", "/schema.graphql").content.decode() == plain


def test_the_schema_is_told_to_those_who_may_explore(simulated: Simulated) -> None:
    """Where clients are configured, the router's needs the scope."""
    clients = {
        "shop": {"key_sha256": hashed("shop")},
        "router": {"key_sha256": hashed("r"), "scopes": ["introspection"]},
    }
    with gateway(simulated.sources, server={"subgraph": True}, clients=clients) as client:
        assert Client(client.url, "shop").ask("{ _service { sdl } }").codes == ["FORBIDDEN"]
        assert Client(client.url, "r").ask("{ _service { sdl } }").data


def test_without_the_setting_there_is_nothing_of_it(simulated: Simulated) -> None:
    """Plain clients have the plain schema."""
    with gateway(simulated.sources) as client:
        assert client.ask("{ _service { sdl } }").codes == ["GRAPHQL_VALIDATION_FAILED"]


def composed(**subgraphs: str) -> Json:
    """What Apollo's composition makes of subgraphs."""
    given = json.dumps([{"name": name, "sdl": text} for name, text in subgraphs.items()])
    done = subprocess.run(
        ["node", "compose.js"],  # noqa: S607 - from the PATH
        cwd=HERE,
        input=given,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    held: Json = json.loads(done.stdout)
    return held


@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("npm") is None, reason="needs node and npm: install Node.js 18 or newer")
def test_it_composes_alone_and_with_another_graph(subgraph: Client) -> None:
    """A graph that refers to numbers and look-ups by their keys, and pages like this one, becomes one graph with it.

    That the composition complains where there is reason to shows a page info that is not shared.
    """
    subprocess.run(["npm", "install", "--no-save", "--ignore-scripts"], cwd=HERE, check=True, capture_output=True)  # noqa: S607 - from the PATH
    text = subgraph.ask("{ _service { sdl } }").data["_service"]["sdl"]
    assert composed(numbers=text)["errors"] == []
    told = composed(numbers=text, orders=ORDERS)
    assert told["errors"] == []
    assert "orders: [Order!]!" in told["supergraph"]
    assert '@join__type(graph: NUMBERS, key: "e164")' in told["supergraph"]
    assert '@join__type(graph: NUMBERS, key: "id")' in told["supergraph"]
    unshared = composed(numbers=text.replace("@shareable {", "{"), orders=ORDERS)
    assert unshared["supergraph"] is None
    assert any("PageInfo" in message for message in unshared["errors"])
