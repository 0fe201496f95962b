"""Who may ask: keys, the sources that each client sees, and scopes."""

import hashlib
from collections.abc import Iterator

import pytest

from gateway.errors import Unauthenticated
from gateway.settings import Settings, load_only
from gateway.web.auth import Door
from tests.schema.documents import Row
from tests.schema.gateways import JSON, RESPONSE, Client, Simulated, gateway
from tests.web.frames import socket

SHOP, OFFICE, TWIN, AUDIT = "shop-key", "office-kéy", "twin-key", "audit-key"
EVERYWHERE = "+442079460123"
LONDON_ID, MARKET_ID = "bG9uZG9uOis0NDIwNzk0NjAxMjM", "bWFya2V0Ois0NDIwNzk0NjAxMjM"
ADDRESSES = """{ phoneNumbers(filter: {e164: {equals: "+441245123456"}}) { nodes { e164 details { ... on CloudLXDetails {
    rangeName numberAddress { city } emergencyNumberAddress { city } } } } } }"""


def hashed(key: str) -> str:
    """A key as the settings hold it."""
    return hashlib.sha256(key.encode()).hexdigest()


CLIENTS: dict[str, Row] = {
    "shop": {"key_sha256": hashed(SHOP), "sources": ["london", "voice_sg"]},
    "office": {"key_sha256": hashed(OFFICE), "scopes": ["addresses:read"]},
    "audit": {"key_sha256": hashed(AUDIT), "sources": []},
    "twin": {"key_sha256": hashed(TWIN), "scopes": ["debug"]},
}


@pytest.fixture(scope="module")
def guarded(simulated: Simulated) -> Iterator[str]:
    """The address of a gateway with four clients."""
    with gateway(simulated.sources, clients=CLIENTS) as client:
        yield client.url


@pytest.fixture(scope="module")
def shop(guarded: str) -> Client:
    """A client that sees two sources and holds no scope."""
    return Client(guarded, SHOP)


MISSING = "Send the header Authorization: Bearer <key>."
UNKNOWN = "Nobody has this key; check it, or ask the operator for one."


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        (None, MISSING),
        ("", MISSING),
        ("Bearer", MISSING),
        ("Bearer ", MISSING),
        (SHOP, MISSING),
        (f"Basic {SHOP}", MISSING),
        ("Bearer wrong", UNKNOWN),
        (f"Bearer {SHOP}x", UNKNOWN),
        (f"Bearer {hashed(SHOP)}", UNKNOWN),
        ("Bearer \xff\xfe", UNKNOWN),
    ],
)
def test_without_a_known_key_nothing_is_answered(guarded: str, authorization: str | None, message: str) -> None:
    """A 401 in JSON with UNAUTHENTICATED and WWW-Authenticate, whatever is asked, also of something malformed."""
    headers = {"content-type": JSON, "accept": RESPONSE}
    headers |= {} if authorization is None else {"authorization": authorization}
    for content in (b'{"query": "{ sources { name } }"}', b"[]"):
        reply = Client(guarded).send("POST", "/graphql", headers, content)
        assert (reply.status, reply.headers["www-authenticate"], set(reply.json)) == (401, "Bearer", {"errors"})
        assert reply.refusal == ("UNAUTHENTICATED", message)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_known_key_is_let_in(guarded: str, scheme: str) -> None:
    """The scheme's name is compared without regard to capitals; a GET is let in like a POST."""
    reply = Client(guarded).send("GET", "/graphql?query={sources{name}}", {"authorization": scheme + SHOP})
    assert reply.data == {"sources": [{"name": "london"}, {"name": "voice_sg"}]}


def test_a_key_may_have_any_letters(guarded: str) -> None:
    """A key beyond ASCII is sent as UTF-8 and hashed as it was sent."""
    sent = OFFICE.encode().decode("latin-1")
    assert len(Client(guarded, sent).ask("{ sources { name } }").data["sources"]) == 5


def test_a_list_holds_the_clients_sources_alone(shop: Client) -> None:
    """``phoneNumbers`` neither shows nor counts nor mentions other sources, whatever the filter says."""
    query = """query ($f: PhoneNumberFilter) { phoneNumbers(first: 1000, filter: $f) {
        nodes { source { name } } totalCount sources { source { name } } } }"""
    held = shop.ask(query, {"f": {"not": {"providers": []}}}).data["phoneNumbers"]
    assert {node["source"]["name"] for node in held["nodes"]} == {"london", "voice_sg"}
    assert [report["source"]["name"] for report in held["sources"]] == ["london", "voice_sg"]
    assert held["totalCount"] == len(held["nodes"])
    others = shop.ask(query, {"f": {"providers": ["CALLGEAR"]}}).data["phoneNumbers"]
    assert (others["nodes"], others["totalCount"]) == ([], 0)


def test_look_ups_ask_the_clients_sources_alone(shop: Client) -> None:
    """``phoneNumber``, ``phoneNumbersByE164`` and ``alsoAt`` know no other source."""
    query = """query ($n: E164!) {
        phoneNumber(e164: $n) { records { source { name } alsoAt { source { name } } } outcomes { source { name } } }
        phoneNumbersByE164(e164s: [$n]) { outcomes { source { name } } } }"""
    held = shop.ask(query, {"n": EVERYWHERE}).data
    mine = [{"source": {"name": "voice_sg"}}, {"source": {"name": "london"}}]
    assert held["phoneNumber"]["outcomes"] == held["phoneNumbersByE164"][0]["outcomes"] == mine
    assert held["phoneNumber"]["records"] == [mine[0] | {"alsoAt": [mine[1]]}, mine[1] | {"alsoAt": [mine[0]]}]


def test_ids_of_other_sources_are_nobody(shop: Client) -> None:
    """``node`` and ``nodes`` of a source that the client does not see are null, as if it did not exist."""
    query = "query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }"
    held = shop.ask(query, {"id": MARKET_ID, "ids": [MARKET_ID, LONDON_ID]}).data
    assert held == {"node": None, "nodes": [None, {"id": LONDON_ID}]}


@pytest.mark.parametrize(
    "query",
    [
        '{ phoneNumbers(filter: {sources: ["market"]}) { complete } }',
        '{ phoneNumbers(filter: {not: {sources: ["market", "london"]}}) { complete } }',
        '{ phoneNumber(e164: "+12", sources: ["market"]) { complete } }',
        '{ phoneNumbersByE164(e164s: [], sources: ["market"]) { complete } }',
    ],
)
def test_other_sources_do_not_exist_for_a_client(shop: Client, query: str) -> None:
    """Naming one is refused in the words for one that nobody has, and the known ones are the client's own."""
    message = "There is no source named 'market'; the sources are london, voice_sg."
    assert shop.ask(query).refusal == ("BAD_USER_INPUT", message)


def test_a_client_of_no_source(guarded: str) -> None:
    """An empty list of sources is none, not all."""
    audit = Client(guarded, AUDIT)
    query = "{ sources { name } phoneNumbers { nodes { id } complete totalCount sources { status } } }"
    assert audit.ask(query).data == {
        "sources": [],
        "phoneNumbers": {"nodes": [], "complete": True, "totalCount": 0, "sources": []},
    }


def test_addresses_need_their_scope(guarded: str) -> None:
    """Without addresses:read both addresses are null with FORBIDDEN in their places; the rest of the row is there."""
    reply = Client(guarded, TWIN).ask(ADDRESSES)
    [node] = reply.json["data"]["phoneNumbers"]["nodes"]
    assert node["details"] == {"rangeName": "Chelmsford", "numberAddress": None, "emergencyNumberAddress": None}
    assert reply.codes == ["FORBIDDEN", "FORBIDDEN"]
    place = ["phoneNumbers", "nodes", 0, "details"]
    assert [error["path"] for error in reply.errors] == [[*place, "numberAddress"], [*place, "emergencyNumberAddress"]]
    assert {error["message"] for error in reply.errors} == {"This field needs the scope addresses:read."}


def test_whoever_may_reads_addresses(guarded: str, web: Client) -> None:
    """A client with the scope reads them, and so does everybody where no client is configured."""
    sent = OFFICE.encode().decode("latin-1")
    for client in (Client(guarded, sent), web):
        [node] = client.ask(ADDRESSES).data["phoneNumbers"]["nodes"]
        assert node["details"]["numberAddress"] == node["details"]["emergencyNumberAddress"] == {"city": "London"}


@pytest.mark.parametrize("header", [{}, {"authorization": "Bearer whatever"}])
def test_without_clients_everybody_may_ask(web: Client, header: dict[str, str]) -> None:
    """Nobody is configured: no key is needed, and one that is sent does no harm."""
    reply = web.send("GET", "/graphql?query={sources{name}}", header)
    assert len(reply.data["sources"]) == 5


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_what_is_no_number_needs_no_key(guarded: str, path: str) -> None:
    """Probes are open."""
    assert Client(guarded).send("GET", path).status == 200


@pytest.mark.parametrize("scope", ["introspection", "debug"])
def test_the_page_is_for_those_who_may_explore(simulated: Simulated, scope: str) -> None:
    """Where clients are configured a browser without a key is told to send one, and gets no page to guess with."""
    clients = {"shop": CLIENTS["shop"], "twin": CLIENTS["twin"] | {"scopes": [scope]}}
    browser = {"accept": "text/html,*/*;q=0.8"}
    with gateway(simulated.sources, clients=clients) as client:
        asked = [held.send("GET", "/graphql", browser) for held in (client, Client(client.url, SHOP))]
        assert [(reply.status, reply.codes) for reply in asked] == [
            (401, ["UNAUTHENTICATED"]),
            (400, ["BAD_USER_INPUT"]),
        ]
        page = Client(client.url, TWIN).send("GET", "/graphql", browser)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


SCHEMA = "{ __schema { queryType { name } } }"


@pytest.mark.parametrize("scope", ["introspection", "debug"])
def test_the_schema_is_for_those_who_may_explore(simulated: Simulated, scope: str) -> None:
    """Without the scope there is no introspection, no name that was near, no SDL and no page; ``__typename`` stays."""
    clients = {"shop": CLIENTS["shop"], "twin": CLIENTS["twin"] | {"scopes": [scope]}}
    with gateway(simulated.sources, clients=clients) as client:
        shop, twin = Client(client.url, SHOP), Client(client.url, TWIN)
        assert shop.ask(SCHEMA).refusal == (
            "FORBIDDEN",
            "__schema needs the scope introspection: ask the operator for it, or for the schema's file.",
        )
        assert shop.ask('{ __type(name: "Query") { name } }').codes == ["FORBIDDEN"]
        assert shop.ask("{ __typename }").data == {"__typename": "Query"}
        assert shop.ask("{ source { name } }").refusal[1] == "Cannot query field 'source' on type 'Query'."
        query = "query ($o: PhoneNumberOrder) { phoneNumbers(orderBy: $o) { complete } }"
        assert "Did you mean" not in shop.ask(query, {"o": {"field": "E163"}}).refusal[1]
        assert "Did you mean" in twin.ask(query, {"o": {"field": "E163"}}).refusal[1]
        assert "Did you mean" in twin.ask("{ source { name } }").refusal[1]
        assert twin.ask(SCHEMA).data
        statuses = [held.send("GET", "/schema.graphql").status for held in (twin, shop, client)]
        assert statuses == [200, 403, 401]


def test_two_keys_hold_while_one_is_replaced(simulated: Simulated) -> None:
    """``next_key_sha256`` is a second key of the same client."""
    clients = {"shop": CLIENTS["shop"] | {"next_key_sha256": hashed("new")}}
    with gateway(simulated.sources, clients=clients) as client:
        told = [Client(client.url, key).ask("{ sources { name } }").data for key in (SHOP, "new")]
    assert told[0] == told[1]


def test_keys_are_replaced_without_a_restart(simulated: Simulated) -> None:
    """After a reload new keys hold, old ones do not, and rights are the new ones; sources stay those it opened with."""

    def settings(**clients: Row) -> Settings:
        return load_only(sources=simulated.sources, clients=clients)

    door = Door(settings(shop=CLIENTS["shop"]))
    before = door.identify({"authorization": f"Bearer {SHOP}"})
    door.reload(settings(shop={"key_sha256": hashed("new"), "sources": ["market"]}))
    assert before.sources == ("london", "voice_sg")
    assert door.identify({"authorization": "Bearer new"}).sources == ("market",)
    with pytest.raises(Unauthenticated):
        door.identify({"authorization": f"Bearer {SHOP}"})
    door.reload(settings())
    with pytest.raises(Unauthenticated):
        door.identify({"authorization": "Bearer new"})


def test_an_open_gateway_stays_open() -> None:
    """Whoever serves everybody restarts to change that: what has begun so may have been told so."""
    door = Door(load_only())
    door.reload(load_only(clients={"shop": {"key_sha256": hashed(SHOP)}}))
    assert door.identify({}).name == "anyone"


async def test_a_socket_takes_any_key(guarded: str) -> None:
    """What stands in the payload is read like a header: a key beyond ASCII holds there too, and what no header can hold is nobody's."""
    async with socket(guarded) as opened:
        await opened.init({"Authorization": f"Bearer {OFFICE}"})
    for key in ("office-k\u20acy", "\U0001f600.a.b"):
        async with socket(guarded) as opened:
            await opened.send(type="connection_init", payload={"Authorization": f"Bearer {key}"})
            assert await opened.closed() == (4403, "Forbidden")
