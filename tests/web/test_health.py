"""Probes and the schema as text."""

import pytest

from gateway.schema.graph import make_schema, sdl
from tests.schema.gateways import Client, Simulated, gateway, simulators


def test_health_asks_nobody() -> None:
    """The process lives, although no source can be reached, and asking for it reaches none."""
    with gateway({"gone": {"provider": "callgear", "base_url": "http://127.0.0.1:1", "access_token": "x"}}) as client:
        reply = client.send("GET", "/health")
        assert (reply.status, reply.json) == (200, {"status": "alive"})
        assert client.send("GET", "/ready").json["sources"]["gone"]["state"] == "UNKNOWN"


def test_ready_while_one_source_can_answer(simulated: Simulated) -> None:
    """503 only when all sources are DOWN; each is named with its provider and state."""
    gone = {"provider": "callgear", "base_url": "http://127.0.0.1:1", "access_token": "x"}
    with gateway({"gone": gone, "lost": gone, "london": simulated.sources["london"]}) as client:
        asked = '{{ phoneNumbers(filter: {{sources: ["{}"]}}) {{ complete }} }}'
        for name in ("gone", "lost"):
            assert client.ask(asked.format(name)).codes == ["ALL_SOURCES_FAILED"]
        reply = client.send("GET", "/ready")
        down, unknown = {"provider": "CALLGEAR", "state": "DOWN"}, {"provider": "WEBEX", "state": "UNKNOWN"}
        states = {"gone": down, "lost": down, "london": unknown}
        assert (reply.status, reply.json) == (200, {"ready": True, "sources": states})
        assert client.ask(asked.format("london")).data == {"phoneNumbers": {"complete": True}}
        assert client.send("GET", "/ready").json["sources"]["london"]["state"] == "UP"
    with gateway({"gone": gone}) as client:
        assert client.ask(asked.format("gone")).codes == ["ALL_SOURCES_FAILED"]
        reply = client.send("GET", "/ready")
        assert (reply.status, reply.json) == (503, {"ready": False, "sources": {"gone": down}})


def test_a_source_that_answered_before_is_degraded() -> None:
    """One failure after good answers leaves the gateway ready."""
    with simulators() as mine, gateway({"voice_sg": mine.sources["voice_sg"] | {"ttl": 0}}) as client:
        assert client.ask("{ phoneNumbers { complete } }").data["phoneNumbers"] == {"complete": True}
        assert client.ask("{ sources { state } }").data["sources"] == [{"state": "UP"}]
        mine.turn("8x8", fault="http_500")
        client.ask("{ phoneNumbers { complete } }")
        assert client.ask("{ sources { state } }").data["sources"] == [{"state": "DEGRADED"}]
        assert client.send("GET", "/ready").status == 200


def test_the_schema_has_a_tag(web: Client) -> None:
    """The SDL comes as text with an ETag that stays the same while the schema does."""
    reply = web.send("GET", "/schema.graphql")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert reply.content.decode() == sdl(make_schema())
    assert reply.headers["etag"] == web.send("GET", "/schema.graphql").headers["etag"]
    assert web.send("HEAD", "/schema.graphql").headers["etag"] == reply.headers["etag"]


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*", " * "])
def test_a_known_schema_is_not_sent_again(web: Client, form: str) -> None:
    """If-None-Match with the tag, weak or among others, or with a star, is answered 304 without a body."""
    tag = web.send("GET", "/schema.graphql").headers["etag"]
    reply = web.send("GET", "/schema.graphql", {"if-none-match": form.format(tag)})
    assert (reply.status, reply.content, reply.headers["etag"]) == (304, b"", tag)


@pytest.mark.parametrize("form", ["", '"other"', "x*x"])
def test_another_schema_is_sent(web: Client, form: str) -> None:
    """Any other tag gets the schema."""
    assert web.send("GET", "/schema.graphql", {"if-none-match": form}).status == 200


def test_other_places_and_methods(web: Client) -> None:
    """There is nothing elsewhere, and probes are asked with GET."""
    assert web.send("GET", "/nowhere").status == 404
    assert web.send("POST", "/health").status == 405
