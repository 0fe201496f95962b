"""CallGear: questions put another way after a refusal, and sessions."""

import msgspec
import pytest
from pydantic import ValidationError

from gateway.errors import SourceAuthFailed, SourceBadAnswer, SourceError, SourceForbidden, SourceUnavailable
from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.providers.protocol import Request, Token
from tests.providers.build import SECRETS, Json, body_of, callgear, response, sample
from tests.providers.test_callgear_errors import MENDABLE, METHOD

SOURCE = callgear()
LOGIN = {"login": "secret-login", "password": "secret-password"}
WINDOW = SOURCE.ask(Block(0, 10_000), Filter(e164=DigitsMatch(among=(E164("+12"), E164("+13")))))
PATTERN = SOURCE.ask(Block(0, 10_000), Filter(e164=DigitsMatch(contains="12")))
PLAIN = SOURCE.ask(Block(0, 10_000), EVERYTHING)
[(LOOK_UP, _)] = SOURCE.ask_many([E164("+12")])


def params(request: Request | None) -> Json:
    """The parameters of a request that was put another way."""
    assert request is not None
    return msgspec.json.decode(request.body)["params"]


def equals(value: str) -> Json:
    """A condition on the whole number."""
    return {"field": "phone_number", "operator": "=", "value": value}


def test_a_refused_list_of_numbers_becomes_a_tree() -> None:
    """Trap: whether ``in`` is allowed on this method is not documented; an or-tree of = says the same."""
    tree = {"filters": [equals(value) for value in ("12", "13", "+12", "+13")], "condition": "or"}
    assert params(SOURCE.rephrase(WINDOW, "filter_prohibited")) == params(WINDOW) | {"filter": tree}


@pytest.mark.parametrize("reason", sorted(MENDABLE - {"sort_prohibited"}))
def test_a_refused_tree_or_pattern_is_left_out(reason: str) -> None:
    """A window is then read unfiltered, and filtered here."""
    tree = SOURCE.rephrase(WINDOW, reason)
    assert tree is not None
    without = {name: value for name, value in params(WINDOW).items() if name != "filter"}
    assert params(SOURCE.rephrase(tree, reason)) == without
    assert params(SOURCE.rephrase(PATTERN, reason)) == without == params(PLAIN)
    assert SOURCE.rephrase(PLAIN, reason) is None


def test_a_look_up_never_goes_without_its_filter() -> None:
    """The first rows of the whole market would say of every other number that it is not there."""
    tree = SOURCE.rephrase(LOOK_UP, "filter_prohibited")
    assert params(tree)["filter"]["condition"] == "or"
    assert tree is not None
    assert SOURCE.rephrase(tree, "filter_prohibited") is None


def test_a_refused_sort_is_left_out() -> None:
    """Trap: the pages disagree on what may be sorted."""
    unsorted = SOURCE.rephrase(PLAIN, "sort_prohibited")
    assert params(unsorted) == {"offset": 0, "limit": 10_000}
    assert unsorted is not None
    assert SOURCE.rephrase(unsorted, "sort_prohibited") is None


@pytest.mark.parametrize("reason", ["", "internal_error", "access_token_invalid", "limit_exceeded"])
def test_other_refusals_have_no_other_way(reason: str) -> None:
    """Only a refused filter or sort can be put another way."""
    assert SOURCE.rephrase(WINDOW, reason) is None


def test_rephrasing_changes_nothing_else() -> None:
    """Method, URL, headers, envelope and the rest of the parameters stay."""
    tree = SOURCE.rephrase(WINDOW, "filter_prohibited")
    assert tree is not None
    assert (tree.method, tree.url, tree.headers) == (WINDOW.method, WINDOW.url, WINDOW.headers)
    said, before = (msgspec.json.decode(request.body) for request in (tree, WINDOW))
    assert {name: said[name] for name in ("jsonrpc", "id", "method")} == {
        name: before[name] for name in ("jsonrpc", "id", "method")
    }


@pytest.mark.parametrize(("settings", "exchanges"), [({}, False), (LOGIN, True)], ids=["key", "login"])
def test_a_login_is_exchanged(settings: Json, exchanges: bool) -> None:
    """A key is used as it is."""
    assert callgear(**settings).exchanges is exchanges


@pytest.mark.parametrize("missing", sorted(LOGIN))
def test_half_a_credential_is_refused(missing: str) -> None:
    """Without a key both login and password are needed."""
    given = {name: value for name, value in LOGIN.items() if name != missing}
    with pytest.raises(ValidationError, match="give access_token, or login and password"):
        callgear(access_token=None, **given)


def test_logging_in() -> None:
    """``login.user`` with both in the body."""
    request = callgear(**LOGIN).log_in()
    assert msgspec.json.decode(request.body) == {
        "jsonrpc": "2.0",
        "id": "login.user",
        "method": "login.user",
        "params": {"login": SECRETS["login"], "password": SECRETS["password"]},
    }


def test_the_session_is_read() -> None:
    """A session lasts an hour."""
    assert callgear(**LOGIN).read_token(sample("callgear/login.json")) == Token("given-by-callgear", 3600.0)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"error": {"data": {"mnemonic": "auth_error"}}}, 200, SourceAuthFailed),
        ({"error": {"data": {"mnemonic": "auth_error"}}}, 500, SourceAuthFailed),
        ({"error": {"data": {"mnemonic": "ip_not_whitelisted"}}}, 200, SourceForbidden),
        ({"id": METHOD, "result": {"data": {"access_token": "t"}}}, 200, SourceBadAnswer),
        ({"id": "login.user", "result": {"data": {}}}, 200, SourceBadAnswer),
        ({}, 401, SourceAuthFailed),
        (body_of("webex/502.html"), 502, SourceUnavailable),
    ],
)
def test_no_session_is_an_error(body: Json, status: int, kind: type[SourceError]) -> None:
    """Wrong credentials, a closed door and a broken answer are told apart."""
    with pytest.raises(kind):
        callgear(**LOGIN).read_token(response(body, status))
