"""What each provider can, by its protocols; and that nobody's secrets are where they do not belong."""

import inspect
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164
from gateway.numbers.filters import Filter
from gateway.numbers.model import Availability, Record
from gateway.providers import PROVIDERS
from gateway.providers.protocol import (
    Authenticates,
    Lists,
    LooksUp,
    LooksUpMany,
    Receives,
    Rephrases,
    Request,
    Source,
    SourceSettings,
)
from tests.numbers.build import E164S, FILTERS
from tests.providers.build import (
    SECRETS,
    Json,
    all_lists,
    all_sources,
    callgear,
    cloudlx,
    eight_by_eight,
    listed,
    webex,
)

EACH = pytest.mark.parametrize("source", all_sources(), ids=lambda source: source.slug)
CAPABILITIES: dict[type, set[str]] = {
    Source: {"8x8", "webex", "cloudlx", "callgear"},
    Lists: {"8x8", "webex", "cloudlx", "callgear"},
    LooksUp: {"8x8"},
    LooksUpMany: {"webex", "callgear"},
    Rephrases: {"callgear"},
    Authenticates: {"webex", "cloudlx", "callgear"},
    Receives: {"8x8"},
}
FULL: list[Lists] = [
    eight_by_eight(webhook_secret=SECRETS["webhook_secret"]),
    webex(
        client_id="secret-id",
        client_secret="secret-client",
        refresh_token="secret-refresh",
        access_token="secret-token",
    ),
    cloudlx(client_id="secret-id", client_secret="secret-client", access_token="secret-token"),
    callgear(login="secret-login", password="secret-password", access_token="secret-token"),
]
"""Each provider with every credential it can be given."""


@pytest.mark.parametrize(
    ("capability", "slugs"), CAPABILITIES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_capabilities(capability: type, slugs: set[str]) -> None:
    """A capability is a protocol that a class satisfies; these and no others do."""
    assert {source.slug for source in all_sources() if isinstance(source, capability)} == slugs


def test_every_provider_is_registered_once() -> None:
    """The one line names all four, each with its own word and its own value of the enumeration."""
    assert [kind.slug for kind in PROVIDERS] == ["8x8", "webex", "cloudlx", "callgear"]
    assert {kind.provider for kind in PROVIDERS} == {"EIGHT_BY_EIGHT", "WEBEX", "CLOUDLX", "CALLGEAR"}
    assert {type(source) for source in all_sources()} == set(PROVIDERS)


@EACH
def test_a_provider_says_what_it_is(source: Source) -> None:
    """Settings, details, title and version are there, and a source keeps its name and settings."""
    kind = type(source)
    assert issubclass(kind.Settings, SourceSettings)
    assert issubclass(kind.Details, Record)
    assert (kind.title, kind.version) != ("", 0)
    assert kind.Settings.model_fields["provider"].annotation is not str
    assert isinstance(source.settings, kind.Settings)
    assert source.name
    assert inspect.getdoc(kind)


@EACH
def test_every_row_has_an_availability_that_was_announced(source: Lists) -> None:
    """What a source's rows can be is what the planner is told; so a source is never skipped wrongly.

    Trap: "available" means four things: in my pool, unassigned at my location, reserved to me, for sale.
    """
    words = ("Active", "INACTIVE", "Cancelled", "Reserved", "Available", "gold", "Something")
    for word in words:
        listing = listed(source, dict.fromkeys(("operationalStatus", "state", "status", "category"), word))
        assert {row.availability for row in listing.rows} <= source.availabilities
    assert source.availabilities <= set(Availability)


@EACH
def test_every_row_has_the_provider_s_details(source: Lists) -> None:
    """Rows carry their provider's own record, and say where they were heard."""
    [row] = listed(source, {}).rows
    assert isinstance(row.details, source.Details)
    assert (row.origin.provider, row.origin.source) == (source.provider, source.name)


@EACH
def test_settings_refuse_what_they_do_not_know(source: Source) -> None:
    """A misspelt setting is a mistake, durations and sizes have bounds, and settings do not change."""
    given = source.settings.model_dump()
    for wrong in (
        {"acces_token": "x"},
        {"timeout": 0},
        {"timeout": 301},
        {"ttl": -1},
        {"concurrency": 0},
        {"block_size": 0},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            type(source).Settings(**given | wrong)
    with pytest.raises(ValueError, match="frozen"):
        source.settings.timeout = 5.0


@EACH
def test_settings_do_not_show_secrets(source: Source) -> None:
    """Credentials are masked wherever settings are printed."""
    shown = f"{source.settings!r} {source.settings} {source.settings.model_dump()}"
    assert not set(re.findall("secret-(?:key|token|client|refresh|password|header)", shown))


def questions(source: Lists, wanted: Filter, block: Block, e164s: list[E164]) -> list[Request]:
    """Every unsigned request a source makes."""
    asked = [source.ask(block, wanted)]
    if isinstance(source, LooksUp):
        asked += [source.ask_one(e164) for e164 in e164s]
    if isinstance(source, LooksUpMany):
        asked += [request for request, _ in source.ask_many(e164s)]
    if isinstance(source, Rephrases):
        reasons = ("filter_prohibited", "sort_prohibited")
        others = [source.rephrase(request, reason) for request in asked for reason in reasons]
        asked += [request for request in others if request is not None]
    return asked


def text_of(request: Request) -> str:
    """Everything a request says."""
    return f"{request.method} {request.url} {request.headers} {request.body.decode()}"


@settings(deadline=None)
@given(
    source=st.sampled_from(FULL),
    wanted=FILTERS,
    place=st.tuples(st.integers(0, 99), st.integers(1, 200)),
    e164s=st.lists(E164S.map(E164), max_size=3),
)
def test_an_unsigned_request_holds_no_secret(
    source: Lists, wanted: Filter, place: tuple[int, int], e164s: list[E164]
) -> None:
    """The request that is a cache key, and may be logged, holds no credential; signing adds it, and only it."""
    block = Block(place[0] * place[1], place[1])
    for request in questions(source, wanted, block, e164s):
        assert "secret" not in text_of(request)
        assert hash(request) == hash(Request(request.method, request.url, request.headers, request.body))
        signed = source.sign(request, None)
        assert ("secret-token" in text_of(signed)) != ("secret-key" in text_of(signed))
        assert stripped(signed) == stripped(request)


def stripped(request: Request) -> tuple[Json, ...]:
    """A request without its credential."""
    headers = tuple(header for header in request.headers if header[0] != "authorization")
    body = msgspec.json.decode(request.body) if request.body else None
    if body is not None:
        body["params"].pop("access_token", None)
    return (request.method, request.url, headers, body)


@pytest.mark.parametrize(
    ("source", "token", "credential"),
    [
        (eight_by_eight(), None, "Bearer secret-key"),
        (eight_by_eight(), "exchanged", "Bearer secret-key"),
        (webex(), None, "Bearer secret-token"),
        (webex(), "exchanged", "Bearer exchanged"),
        (cloudlx(), None, "Bearer secret-token"),
        (cloudlx(), "exchanged", "Bearer exchanged"),
    ],
    ids=lambda value: str(getattr(value, "slug", value)),
)
def test_a_bearer_goes_into_the_header(source: Source, token: str | None, credential: str) -> None:
    """An exchanged token comes before the configured one; 8x8's key never changes. A GET has no body."""
    request = Request("GET", "https://x.test/y?z=1", (("accept", "a/b"),))
    assert source.sign(request, token) == Request(
        "GET", "https://x.test/y?z=1", (("accept", "a/b"), ("authorization", credential))
    )


@pytest.mark.parametrize(("token", "credential"), [(None, "secret-token"), ("exchanged", "exchanged")])
def test_callgear_s_token_goes_into_the_body(token: str | None, credential: str) -> None:
    """Trap: the token travels in the body; it is added last, and no header holds it."""
    request = callgear().ask(Block(0, 1), Filter())
    signed = callgear().sign(request, token)
    assert msgspec.json.decode(signed.body)["params"]["access_token"] == credential
    assert (signed.method, signed.url, signed.headers) == (request.method, request.url, request.headers)


@pytest.mark.parametrize("source", all_lists(), ids=lambda source: source.slug)
def test_without_any_credential_nothing_is_invented(source: Lists) -> None:
    """A token that is empty is sent as it is."""
    request = questions(source, Filter(), Block(0, 1), [])[0]
    assert "None" not in text_of(source.sign(request, ""))


def test_a_login_alone_signs_with_what_was_exchanged() -> None:
    """Where the settings hold no lasting key, only the exchanged token signs."""
    source = callgear(login="secret-login", password="secret-password", access_token=None)
    request = source.ask(Block(0, 1), Filter())
    assert msgspec.json.decode(source.sign(request, None).body)["params"]["access_token"] == ""
    assert "secret" not in text_of(source.sign(request, "exchanged"))
