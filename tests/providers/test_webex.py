"""Webex: requests as documented, the recorded page field by field, its words, and its tokens."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError

from gateway.errors import SourceAuthFailed, SourceBadAnswer, SourceMisconfigured, SourceUnavailable
from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164, NumberType
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.model import Availability, Lifecycle, Location, Number, Provenance
from gateway.providers.protocol import Token
from gateway.providers.webex import Webex, WebexDetails, WebexSettings
from tests.providers.build import SECRETS, Json, listed, origin, response, sample, webex

SOURCE = webex(org_id="org-1")
URL = "https://webexapis.com/v1/telephony/config/locations/loc-1/queues/availableNumbers"
BASE64_ID = "Y2lzY29zcGFyazovL3VzL0xPQ0FUSU9OL2YwYjRmM2I0LTRjMWQtNGU1Ni05YzBhLTJkNmQzYzZkMWUyYQ"
REFRESHED = {"client_id": "secret-id", "client_secret": "secret-client", "refresh_token": "secret-refresh"}


def numbers(count: int) -> tuple[E164, ...]:
    """So many numbers."""
    return tuple(E164(f"+1205635{place:04d}") for place in range(count))


def query(url: str) -> dict[str, str]:
    """The parameters of a URL."""
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


def test_a_block_is_start_and_max() -> None:
    """Any offset can be asked; the page is JSON; the organisation is named when one is configured."""
    request = SOURCE.ask(Block(37, 500), EVERYTHING)
    assert (request.method, request.url) == ("GET", f"{URL}?orgId=org-1&max=500&start=37")
    assert (request.headers, request.body) == ((("accept", "application/json"),), b"")
    assert webex().ask(Block(0, 1000), EVERYTHING).url == f"{URL}?max=1000&start=0"


@pytest.mark.parametrize(("size", "expected"), [(None, 1000), (200, 200)])
def test_the_block_size_is_a_setting(size: int | None, expected: int) -> None:
    """A thousand rows at once, unless the settings say otherwise."""
    assert webex(block_size=size).paging.size == expected


@pytest.mark.parametrize(
    ("location_id", "segment"),
    [
        (BASE64_ID, BASE64_ID),
        ("f0b4f3b4-4c1d-4e56-9c0a-2d6d3c6d1e2a", "f0b4f3b4-4c1d-4e56-9c0a-2d6d3c6d1e2a"),
        ("a/b?c", "a%2Fb%3Fc"),
    ],
)
def test_a_location_of_any_length_is_one_segment(location_id: str, segment: str) -> None:
    """Trap: "maximum length 36" is the length of a UUID; the vendor's own example id has 82 characters."""
    source = webex(location_id=location_id, base_url="https://webexapis.com/v1/")
    assert source.ask(Block(0, 1), EVERYTHING).url.split("/")[-3] == segment


def test_named_numbers_are_asked_for_alone() -> None:
    """Trap: a literal plus would arrive as a space, so it is %2B; commas separate the numbers of one parameter."""
    wanted = Filter(e164=DigitsMatch(among=numbers(2)))
    url = SOURCE.ask(Block(0, 1000), wanted).url
    assert url == f"{URL}?orgId=org-1&max=1000&start=0&phoneNumber=%2B12056350000,%2B12056350001"
    assert query(url)["phoneNumber"] == "+12056350000,+12056350001"


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (EVERYTHING, "no filter"),
        (Filter(e164=DigitsMatch(starts_with="1205")), "Webex cannot filter by digits"),
        (Filter(e164=DigitsMatch(among=numbers(101))), "too many for one URL"),
        (Filter(e164=DigitsMatch(among=())), "none at all"),
    ],
)
def test_other_filters_are_not_pushed_down(wanted: Filter, reason: str) -> None:
    """What Webex cannot filter is read whole and filtered here."""
    assert "phoneNumber" not in query(SOURCE.ask(Block(0, 1000), wanted).url), reason


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])])
def test_many_numbers_are_asked_for_by_the_hundred(count: int, sizes: list[int]) -> None:
    """Each request asks for the numbers it is said to ask for, and together they ask for all, in order."""
    asked = SOURCE.ask_many(numbers(count))
    assert [len(chunk) for _, chunk in asked] == sizes
    for request, chunk in asked:
        assert query(request.url)["phoneNumber"] == ",".join(chunk)
        assert len(request.url) < 2048
    assert [e164 for _, chunk in asked for e164 in chunk] == list(numbers(count))


def number(e164: str, kind: NumberType, lifecycle: Lifecycle, **details: Json) -> Number:
    """A number of the recorded page."""
    flags = {"is_main_number": False, "toll_free_number": False, "is_service_number": False} | details
    return Number(
        e164=E164(e164),
        origin=origin(SOURCE),
        availability=Availability.ASSIGNABLE,
        lifecycle=lifecycle,
        raw_status=lifecycle.value,
        said_type=kind,
        location=Location(code="loc-1"),
        details=WebexDetails(
            org_id="org-1", location_id="loc-1", state=lifecycle.value, telephony_type="PSTN_NUMBER", **flags
        ),
    )


def test_the_page_field_by_field() -> None:
    """The three numbers of the vendor's example, whole; the page states no total.

    Traps: an "unassigned" number may be the location's main number; one of area code 205 is flagged as toll-free,
    and the flag is believed.
    """
    listing = SOURCE.read(sample("webex/available-numbers.json"))
    assert (listing.sent, listing.total, listing.skipped, listing.drift) == (3, None, 0, ())
    assert listing.rows == (
        number("+12056350001", NumberType.SERVICE, Lifecycle.ACTIVE, is_service_number=True),
        number("+12056350002", NumberType.STANDARD, Lifecycle.ACTIVE, is_main_number=True),
        number("+12056350003", NumberType.TOLL_FREE, Lifecycle.INACTIVE, toll_free_number=True),
    )
    assert {row.number_type_from for row in listing.rows} == {Provenance.PROVIDER}


@pytest.mark.parametrize(
    ("toll_free", "service", "kind", "reason"),
    [
        (True, False, NumberType.TOLL_FREE, "toll-free"),
        (True, True, NumberType.TOLL_FREE, "toll-free comes first"),
        (False, True, NumberType.SERVICE, "service"),
        (False, False, NumberType.STANDARD, "neither"),
        ("true", "false", NumberType.TOLL_FREE, "flags as text"),
        (0, 1, NumberType.SERVICE, "flags as numbers"),
        (None, None, NumberType.STANDARD, "flags left out"),
    ],
    ids=repr,
)
def test_type(toll_free: Json, service: Json, kind: NumberType, reason: str) -> None:
    """The two flags make the type."""
    [row] = listed(SOURCE, {"tollFreeNumber": toll_free, "isServiceNumber": service}).rows
    assert row.number_type is kind, reason


@pytest.mark.parametrize(
    ("word", "lifecycle", "state", "drift"),
    [
        ("ACTIVE", Lifecycle.ACTIVE, "ACTIVE", ()),
        ("INACTIVE", Lifecycle.INACTIVE, "INACTIVE", ()),
        ("active", Lifecycle.ACTIVE, "active", ()),
        ("PORTING", Lifecycle.UNKNOWN, "PORTING", ("unknown word in state",)),
        (None, Lifecycle.UNKNOWN, "UNKNOWN", ()),
    ],
)
def test_state(word: str | None, lifecycle: Lifecycle, state: str, drift: tuple[str, ...]) -> None:
    """Trap: the vendor's own client extends these words at run time, so a new one is data, never an error."""
    listing = listed(SOURCE, {"state": word})
    [row] = listing.rows
    assert (row.lifecycle, row.raw_status, listing.drift) == (lifecycle, word, drift)
    assert isinstance(row.details, WebexDetails)
    assert row.details.state == state


def test_a_new_telephony_type_is_passed_on() -> None:
    """Siblings of this page already say MOBILE_NUMBER."""
    [row] = listed(SOURCE, {"telephonyType": "MOBILE_NUMBER"}).rows
    assert isinstance(row.details, WebexDetails)
    assert row.details.telephony_type == "MOBILE_NUMBER"


@pytest.mark.parametrize(
    "link",
    [
        '<https://webexapis.com/v1/x?start=1000>;rel="next"',
        '<https,https://webexapis.com/v1/x?start=1000>; rel="next"',
        '<https://webexapis.com/v1/x?max=null>; rel="next"',
        '<https://thief.test/x>; rel="next"',
    ],
)
def test_a_link_is_never_followed(link: str) -> None:
    """Trap: ``Link`` has been broken in production and would carry the token to where it points; it changes nothing."""
    body = sample("webex/available-numbers.json").body
    assert SOURCE.read(response(body, headers={"link": link})) == SOURCE.read(response(body))


def test_one_number_at_two_locations_is_two_numbers() -> None:
    """Trap: the number is called "a unique identifier", and the answer does not repeat the location."""
    body = sample("webex/available-numbers.json")
    here, there = (
        Webex(name, WebexSettings(provider="webex", location_id=name, access_token="t")) for name in ("london", "paris")
    )
    assert {row.id for row in here.read(body).rows}.isdisjoint(row.id for row in there.read(body).rows)
    assert [row.location and row.location.code for row in there.read(body).rows] == ["paris"] * 3


def test_a_row_of_an_extension_alone_is_skipped() -> None:
    """Trap: sibling pages write ``phoneNumber: ""`` for extensions."""
    listing = listed(SOURCE, {}, {"phoneNumber": ""})
    assert (len(listing.rows), listing.skipped, listing.holes) == (1, 1, (1,))


@pytest.mark.parametrize(
    ("settings", "exchanges"), [({"access_token": "secret-token"}, False), (REFRESHED, True)], ids=["key", "refresh"]
)
def test_a_refresh_token_is_exchanged(settings: Json, exchanges: bool) -> None:
    """An access token is used as it is; a service app's refresh token is exchanged for one."""
    assert webex(**settings).exchanges is exchanges


@pytest.mark.parametrize("missing", sorted(REFRESHED))
def test_half_a_credential_is_refused(missing: str) -> None:
    """Without an access token, all three of the others are needed."""
    given = {name: value for name, value in REFRESHED.items() if name != missing}
    with pytest.raises(ValidationError, match="give access_token, or client_id, client_secret and refresh_token"):
        webex(access_token=None, **given)


def test_logging_in() -> None:
    """The refresh token goes as a form to the token endpoint."""
    request = webex(**REFRESHED).log_in()
    assert (request.method, request.url) == ("POST", "https://webexapis.com/v1/access_token")
    assert dict(request.headers)["content-type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(request.body.decode())) == {
        "grant_type": "refresh_token",
        "client_id": SECRETS["client_id"],
        "client_secret": SECRETS["client_secret"],
        "refresh_token": SECRETS["refresh_token"],
    }


def test_the_token_is_read() -> None:
    """The token and its fourteen days."""
    source = webex(**REFRESHED)
    assert source.read_token(sample("webex/token.json")) == Token("given-by-webex", 1209599.0)
    assert source.read_token(response({"access_token": "t"})) == Token("t", None)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("webex/400-token.json", 400, SourceAuthFailed),
        ("webex/401.json", 401, SourceAuthFailed),
        ("webex/404.json", 404, SourceMisconfigured),
        ("webex/502.html", 502, SourceUnavailable),
        ("webex/502.html", 200, SourceBadAnswer),
        ("webex/404.json", 200, SourceBadAnswer),
    ],
)
def test_no_token_is_an_error(body: str, status: int, kind: type[Exception]) -> None:
    """Trap: a bad refresh token is a 400: the credentials are wrong, and asking again will not help."""
    with pytest.raises(kind):
        webex(**REFRESHED).read_token(sample(body, status))
