"""Documents that are not sent whole: automatic persisted queries, and trusted documents from the clients' manifests."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.app import create_app
from gateway.errors import PersistedQueryNotFound, SettingsInvalid
from gateway.settings import load_only
from gateway.upstream.cache import Cache
from gateway.upstream.cache_memory import BoundedMemory, size_of
from gateway.upstream.documents import Documents, KeptDocument
from gateway.web.documents import Library
from gateway.web.exchange import Asked
from tests.clocks import ManualClock
from tests.schema.gateways import JSON, RESPONSE, Client, Json, Reply, Simulated, gateway
from tests.valkeys import valkey_server

SOURCES = "{ sources { name } }"
KINDS = "{ __typename }"


def digest(text: str) -> str:
    """The hash that clients send."""
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(text: str, **changed: object) -> Json:
    """Apollo's extensions for a document."""
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text), **changed}}


def sent(client: Client, accept: str = RESPONSE, **body: object) -> Reply:
    """A body with these entries."""
    return client.post(json.dumps(body).encode(), accept)


@pytest.fixture(scope="module")
def fresh(simulated: Simulated) -> Iterator[Client]:
    """A gateway of this module's own, which knows no documents yet."""
    with gateway(simulated.sources) as client:
        yield client


@pytest.mark.parametrize(("accept", "status"), [(RESPONSE, 400), (JSON, 200)])
def test_an_unknown_hash_is_told_as_apollo_expects(fresh: Client, accept: str, status: int) -> None:
    """The message and code that make Apollo Client send the document, with a status that lets it read them."""
    reply = sent(fresh, accept, extensions=persisted("{ unknown }"))
    assert (reply.status, reply.headers["content-type"]) == (status, f"{accept}; charset=utf-8")
    assert reply.json == {
        "errors": [{"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}]
    }


@pytest.mark.parametrize("named", [{"extensions": persisted(SOURCES)}, {"documentId": f"sha256:{digest(SOURCES)}"}])
def test_a_document_is_registered_with_its_hash(simulated: Simulated, named: Json) -> None:
    """First unknown, then sent with its text, then known by the hash alone, by POST and GET, in both ways of naming it."""
    with gateway(simulated.sources) as client:
        assert sent(client, **named).codes == ["PERSISTED_QUERY_NOT_FOUND"]
        first = sent(client, query=SOURCES, **named)
        assert len(first.data["sources"]) == 5
        assert sent(client, documentId=digest(SOURCES)).json == first.json
        assert sent(client, extensions=persisted(SOURCES)).json == first.json
        url = f"/graphql?extensions={quote(json.dumps(persisted(SOURCES)))}"
        assert client.send("GET", url, {"accept": "text/html, */*;q=0.8"}).json == first.json
        assert client.send("GET", f"/graphql?documentId=sha256:{digest(SOURCES)}").json == first.json


def test_another_hash_is_refused(fresh: Client) -> None:
    """Nobody can put a document under the hash of another one."""
    reply = sent(fresh, query=KINDS, extensions=persisted(SOURCES + " "))
    assert (reply.status, reply.codes) == (400, ["BAD_USER_INPUT"])
    assert "send the lower-case hex SHA-256" in reply.refusal[1]
    assert sent(fresh, extensions=persisted(SOURCES + " ")).codes == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    "extension", [5, [], {}, {"version": 2, "sha256Hash": "a"}, {"version": 1}, {"version": 1, "sha256Hash": ""}]
)
def test_another_shape_is_refused(fresh: Client, extension: object) -> None:
    """The extension is checked, and the answer says how it looks."""
    reply = sent(fresh, query=KINDS, extensions={"persistedQuery": extension})
    assert (reply.status, reply.codes) == (400, ["BAD_USER_INPUT"])
    assert '{"version": 1, "sha256Hash": "…"}' in reply.refusal[1]


def test_what_is_not_asked_is_not_registered(simulated: Simulated) -> None:
    """A document that is too long is refused before it is kept."""
    with gateway(simulated.sources, limits={"document_bytes": 30}) as client:
        long = SOURCES + " " * 30
        assert sent(client, query=long, extensions=persisted(long)).codes == ["DOCUMENT_TOO_COMPLEX"]
        assert sent(client, extensions=persisted(long)).codes == ["PERSISTED_QUERY_NOT_FOUND"]


async def test_registered_documents_are_bounded(clock: ManualClock) -> None:
    """Bytes are counted, and what was longest unused goes first; a day later a document is asked for again."""
    size = size_of(KeptDocument("é" * 2, clock.now()))
    documents = Documents(Cache(BoundedMemory(2 * size)), clock)
    first, second, third = map(digest, "123")
    await documents.keep(first, "é" * 2)
    await documents.keep(second, "b" * 4)
    assert (await documents.find(first), await documents.find(second)) == ("éé", "bbbb")
    await documents.keep(third, "c")
    assert [await documents.find(each) for each in (first, second, third)] == [None, "bbbb", "c"]
    clock.advance(24 * 3600 - 1)
    assert await documents.find(second) == "bbbb"
    clock.advance(1)
    assert await documents.find(second) is None


async def test_only_hashes_are_looked_for(clock: ManualClock) -> None:
    """What is no SHA-256 never becomes a name in the cache, where it could stand for something else."""
    documents = Documents(Cache(BoundedMemory()), clock)
    await documents.keep("a/b", SOURCES)
    assert await documents.find("a/b") is None


def test_processes_share_what_was_registered(simulated: Simulated) -> None:
    """A document that was registered with one gateway is known to another one with the same Valkey."""
    with valkey_server() as valkey:
        state = {"database_url": "sqlite://", "redis_url": f"redis://127.0.0.1:{valkey.port}"}
        with gateway(simulated.sources, state=state) as one:
            first = sent(one, query=SOURCES, extensions=persisted(SOURCES))
            with gateway(simulated.sources, state=state) as other:
                assert sent(other, extensions=persisted(SOURCES)).json == first.json


async def test_what_others_registered_is_not_trusted(clock: ManualClock) -> None:
    """Processes may share what was registered; one that answers trusted documents only takes nothing from there."""
    registered = Documents(Cache(BoundedMemory()), clock)
    await registered.keep(digest(SOURCES), SOURCES)
    asked = Asked(document_id=digest(SOURCES))
    assert await Library(registered, {}, 100, only=False).text_of(asked) == SOURCES
    with pytest.raises(PersistedQueryNotFound):
        await Library(registered, {}, 100, only=True).text_of(asked)


APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": digest(SOURCES), "body": SOURCES, "name": "Sources", "type": "query"}],
}
RELAY = {"0123456789abcdef0123456789abcdef": KINDS}
PRESET = {"sha256:" + digest(SOURCES): SOURCES, "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12": "{ sources { state } }"}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The files that the three tools write."""
    folder = tmp_path_factory.mktemp("manifests")
    paths = [folder / name for name in ("apollo.json", "relay.json", "preset.json")]
    for path, held in zip(paths, (APOLLO, RELAY, PRESET), strict=True):
        path.write_text(json.dumps(held))
    return [str(path) for path in paths]


@pytest.fixture(scope="module", params=["allow", "only"])
def trusting(request: pytest.FixtureRequest, simulated: Simulated, manifests: list[str]) -> Iterator[Client]:
    """Gateways that know the manifests, one of which answers nothing else."""
    server = {"trusted_documents": request.param, "trusted_manifests": manifests}
    with gateway(simulated.sources, server=server) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"extensions": persisted(SOURCES)}, "sources"),
        ({"documentId": "sha256:" + digest(SOURCES)}, "sources"),
        ({"documentId": "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}, "sources"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": next(iter(RELAY))}}}, "__typename"),
        ({"id": next(iter(RELAY))}, "__typename"),
        ({"doc_id": next(iter(RELAY))}, "__typename"),
        ({"doc_id": next(iter(RELAY)), "query": KINDS}, "__typename"),
        ({"query": KINDS}, "__typename"),
    ],
)
def test_trusted_documents_are_known_by_their_ids(trusting: Client, body: Json, field: str) -> None:
    """Every tool's manifest, and every client's way to name a document; the text itself is trusted too."""
    assert list(sent(trusting, **body).data) == [field]


def test_only_trusted_documents_are_answered(simulated: Simulated, manifests: list[str]) -> None:
    """Where only they are, another text is a 403, with a hash too, and no hash can be registered."""
    server = {"trusted_documents": "only", "trusted_manifests": manifests}
    with gateway(simulated.sources, server=server) as client:
        other = SOURCES + " "
        for body in ({"query": other}, {"query": other, "extensions": persisted(other)}):
            reply = sent(client, **body)
            assert (reply.status, reply.codes) == (403, ["FORBIDDEN"])
            assert "send the id of one as documentId" in reply.refusal[1]
        assert sent(client, extensions=persisted(other)).codes == ["PERSISTED_QUERY_NOT_FOUND"]


def test_others_are_allowed_too(simulated: Simulated, manifests: list[str]) -> None:
    """With ``allow``, texts are answered and hashes registered beside the trusted documents; an id is never overwritten."""
    server = {"trusted_documents": "allow", "trusted_manifests": manifests}
    other = SOURCES + " "
    with gateway(simulated.sources, server=server) as client:
        assert sent(client, query=other, extensions=persisted(other)).data["sources"]
        assert sent(client, extensions=persisted(other)).data["sources"]
        assert sent(client, query=other, documentId=next(iter(RELAY))).codes == ["BAD_USER_INPUT"]


def test_without_trust_a_manifest_is_not_read(simulated: Simulated) -> None:
    """``off`` is the default: ids of manifests are unknown."""
    with gateway(simulated.sources, server={"trusted_manifests": ["nowhere.json"]}) as client:
        assert sent(client, documentId=next(iter(RELAY))).codes == ["PERSISTED_QUERY_NOT_FOUND"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("{", "is not JSON"),
        ("[" * 10_000, "is not JSON"),
        ("[]", "neither Apollo's manifest nor an object"),
        ('{"a": 5}', "neither Apollo's manifest nor an object"),
        ('{"format": "apollo-persisted-query-manifest"}', "neither Apollo's manifest nor an object"),
        ('{"format": "apollo-persisted-query-manifest", "operations": [5]}', "neither Apollo's manifest nor an object"),
        (json.dumps({"sha256:a": SOURCES, "a": KINDS}), "has another document under 'a'"),
    ],
)
def test_manifests_that_cannot_be_used(tmp_path: Path, text: str | None, words: str) -> None:
    """The gateway does not start; the setting, the file and what is wrong are named."""
    path = tmp_path / "manifest.json"
    if text is not None:
        path.write_text(text)
    server = {"trusted_documents": "only", "trusted_manifests": [str(path)]}
    with pytest.raises(SettingsInvalid) as refused:
        create_app(load_only(server=server, state={"database_url": "sqlite://"}))
    assert str(refused.value).startswith(f"server.trusted_manifests: {path} ")
    assert words in str(refused.value)


def test_trust_needs_something_to_trust() -> None:
    """A setting that would refuse everything, or do nothing, names the one that is missing."""
    with pytest.raises(SettingsInvalid, match="needs trusted_manifests"):
        load_only(server={"trusted_documents": "only"})
