"""Cursors are opaque and sealed: anything but one that this gateway gave out for this list is refused with one of two codes."""

from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.schema.documents import PAGE, Row, ids, page
from tests.schema.gateways import Client, Simulated, gateway

KEY = "a key that signs cursors"
GERMAN: Row = {"countries": ["DE"]}


def refused(graph: Client, cursor: str, side: str = "after", **asked: object) -> str:
    """The code with which a cursor is refused."""
    reply = graph.ask(PAGE, {"filter": GERMAN, side: cursor, **asked})
    assert (reply.status, reply.json["data"]) == (200, {"phoneNumbers": None})
    return reply.refusal[0]


@pytest.fixture(scope="module")
def cursor(graph: Client) -> str:
    """The third row's cursor."""
    end: str = page(graph, first=3, filter=GERMAN)["pageInfo"]["endCursor"]
    return end


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ .,ü"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_changed_cursor_is_never_taken(graph: Client, cursor: str, data: st.DataObject) -> None:
    """Characters replaced, inserted, removed or cut off: always CURSOR_INVALID, never another page."""
    start = data.draw(st.integers(0, len(cursor) - 1))
    stop = data.draw(st.integers(start, min(len(cursor), start + 4)))
    changed = cursor[:start] + data.draw(st.text(ALPHABET, max_size=4)) + cursor[stop:]
    side = data.draw(st.sampled_from(["after", "before"]))
    assume(changed != cursor)
    assert refused(graph, changed, side) == "CURSOR_INVALID"


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=700))
@example("")
@example("AQ")
@example("A" * 4)
@example("A" * 10_000)
@example("=")
@example("null")
def test_any_other_text_is_no_cursor(graph: Client, text: str) -> None:
    """Whatever is sent as a cursor, the answer is CURSOR_INVALID."""
    assert refused(graph, text) == "CURSOR_INVALID"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"filter": {"countries": ["HK"]}}, "made for another filter;"),
        ({"filter": None}, "made for another filter;"),
        ({"orderBy": {"field": "COUNTRY"}}, "made for another order;"),
        ({"orderBy": {"field": "E164", "direction": "DESC"}}, "made for another order;"),
        ({"orderBy": {"field": "SOURCE"}, "filter": {}}, "made for another filter and another order;"),
    ],
)
def test_a_cursor_belongs_to_its_list(graph: Client, cursor: str, asked: Row, words: str) -> None:
    """A cursor of another filter or order is CURSOR_MISMATCH, and the message says what differs."""
    code, message = graph.ask(PAGE, {"filter": GERMAN, "after": cursor, **asked}).refusal
    assert code == "CURSOR_MISMATCH"
    assert words in message


def test_the_same_list_in_other_words_takes_the_cursor(graph: Client) -> None:
    """Filters that mean the same are one: order and repetition of values, and capitals, do not matter."""
    cursor = page(graph, first=3, filter={"countries": ["DE", "HK"]})["pageInfo"]["endCursor"]
    told = page(graph, first=3, filter={"countries": ["hk", "DE", "HK"]}, orderBy={"field": "E164"}, after=cursor)
    assert ids(told) == ids(page(graph, first=6, filter={"countries": ["DE", "HK"]}))[3:]


def test_a_cursor_of_another_gateway_is_forged(simulated: Simulated, cursor: str) -> None:
    """Another gateway over the same sources has another key."""
    with gateway(simulated.sources) as other:
        assert refused(other, cursor) == "CURSOR_INVALID"


def test_cursors_survive_a_restart_by_their_key(simulated: Simulated) -> None:
    """With ``server.cursor_key`` set, a second gateway goes on where the first one stopped."""
    with gateway(simulated.sources, server={"cursor_key": KEY}) as first:
        end = page(first, first=3, filter=GERMAN)["pageInfo"]["endCursor"]
    with gateway(simulated.sources, server={"cursor_key": KEY}) as second:
        assert ids(page(second, filter=GERMAN, first=2, after=end)) == ids(page(second, filter=GERMAN, first=5))[3:]


def test_cursors_survive_a_restart_beside_the_store(simulated: Simulated, tmp_path: Path) -> None:
    """Without the setting, a key is made once beside the store, readable by its owner alone."""
    state = {"database_url": f"sqlite:///{tmp_path}/gateway.db"}
    with gateway(simulated.sources, state=state) as first:
        end = page(first, first=3, filter=GERMAN)["pageInfo"]["endCursor"]
    with gateway(simulated.sources, state=state) as second:
        assert len(ids(page(second, filter=GERMAN, first=2, after=end))) == 2
    assert {file.name for file in tmp_path.iterdir()} == {"gateway.db", "gateway.key"}
    assert (tmp_path / "gateway.key").stat().st_mode & 0o777 == 0o600


def test_a_cursor_is_short(graph: Client) -> None:
    """512 characters at most, in every order."""
    for field in ("E164", "COUNTRY", "UPDATED_AT", "SOURCE"):
        held = page(graph, first=50, orderBy={"field": field})
        assert max(len(edge["cursor"]) for edge in held["edges"]) <= 512
