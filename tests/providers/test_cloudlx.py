"""CloudLX: requests as documented, the recorded page field by field, totals, and its tokens."""

from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from pydantic import ValidationError

from gateway.errors import SourceAuthFailed, SourceBadAnswer, SourceMisconfigured, SourceRateLimited, SourceUnavailable
from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164, CountryCode
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.model import Availability, Lifecycle, Location, Number, Pricing, Provenance
from gateway.providers.cloudlx import Address, CloudLXDetails
from gateway.providers.protocol import Token
from tests.providers.build import ROWS, SECRETS, Json, cloudlx, listed, money, origin, response, sample

SOURCE = cloudlx(currency="GBP")
EXCHANGED = {"client_id": "secret-id", "client_secret": "secret-client"}


FIRST = Block(0, 200)


def query(wanted: Filter, block: Block = FIRST) -> dict[str, str]:
    """The parameters of a block's request."""
    return dict(parse_qsl(urlsplit(SOURCE.ask(block, wanted).url).query, strict_parsing=True))


@pytest.mark.parametrize(
    ("block", "page", "reason"),
    [
        (Block(0, 200), "1", "pages are counted from 1"),
        (Block(200, 200), "2", "the second run of 200"),
        (Block(400, 100), "5", "in pages of 100"),
        (Block(12, 6), "3", "a page of 6 that begins at row 12"),
    ],
)
def test_a_block_is_a_page(block: Block, page: str, reason: str) -> None:
    """The page is the block's index and one; the vendor's media type is asked for."""
    assert query(EVERYTHING, block) == {"max_per_page": str(block.size), "page": page}, reason
    request = SOURCE.ask(block, EVERYTHING)
    assert request.url.startswith("https://cloudlx.test/api/numbers?")
    assert (request.method, request.body) == ("GET", b"")
    assert request.headers == (("accept", "application/vnd.cloudlx.v1+json"),)


def test_pages_are_aligned_and_hold_200_rows() -> None:
    """The vendor's largest page; a larger block is a mistake in the settings."""
    assert (SOURCE.paging.size, SOURCE.paging.aligned) == (200, True)
    assert cloudlx(block_size=50).paging.size == 50
    with pytest.raises(ValidationError):
        cloudlx(block_size=201)


def ends(digits: str) -> Filter:
    """Numbers that end so."""
    return Filter(e164=DigitsMatch(ends_with=digits))


@pytest.mark.parametrize(
    ("wanted", "digits", "reason"),
    [
        (Filter(e164=DigitsMatch(among=(E164("+441245123456"),))), "23456", "one number: its last five digits"),
        (Filter(e164=DigitsMatch(among=(E164("+123"),))), "123", "a short number: all its digits, and no plus"),
        (
            Filter(e164=DigitsMatch(among=(E164("+441245100000"),))),
            "00000",
            "zeros may be lost, which widens the search",
        ),
        (ends("456"), "456", "as many digits as are known"),
        (ends("9123456"), "23456", "no more than every local part has"),
        (Filter(all_of=(ends("6"), ends("3456"))), "3456", "the longest of what must hold"),
    ],
)
def test_the_end_of_a_number_is_searched_for(wanted: Filter, digits: str, reason: str) -> None:
    """Trap: nobody says whether ``search`` looks at the whole number or its local part; both end alike."""
    assert query(wanted)["search"] == digits, reason


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (EVERYTHING, "no filter"),
        (Filter(e164=DigitsMatch(among=(E164("+12"), E164("+13")))), "several numbers"),
        (Filter(e164=DigitsMatch(among=())), "no number"),
        (Filter(e164=DigitsMatch(starts_with="441245")), "a beginning is not part of the local number"),
        (Filter(e164=DigitsMatch(contains="123")), "a middle may straddle the range code"),
        (ends(""), "no digits"),
        (Filter(any_of=(ends("1"), ends("2"))), "a branch need not hold"),
        (Filter(none_of=ends("1")), "what must not hold"),
    ],
)
def test_nothing_else_is_searched_for(wanted: Filter, reason: str) -> None:
    """A search that could miss a wanted number is not made."""
    assert "search" not in query(wanted), reason


LONDON: Json = {
    "address_line2": None,
    "city": "London",
    "region": "London",
    "postal_code": "NW2 1AA",
    "country": CountryCode("GB"),
}

CHELMSFORD = Number(
    e164=E164("+441245123456"),
    origin=origin(SOURCE),
    availability=Availability.OWNED,
    lifecycle=Lifecycle.RESERVED,
    raw_status="Reserved",
    said_country=CountryCode("GB"),
    location=Location(code="1245", name="Chelmsford"),
    pricing=Pricing(monthly=money("0.3", "GBP", Provenance.CONFIGURED), setup=money("0", "GBP", Provenance.CONFIGURED)),
    provisioned_at=datetime(2016, 1, 3, 17, 48, 59, tzinfo=UTC),
    details=CloudLXDetails(
        uuid="7c327e0f-6bce-4b2f-9d5d-9c86e7fa065f",
        number="123456",
        range_code="1245",
        range_name="Chelmsford",
        country_name="United Kingdom",
        country_iso="UK",
        monthly_charge=Decimal("0.3"),
        setup_charge=Decimal(0),
        status="Reserved",
        number_address=Address(
            id="1",
            name="Main office",
            use_for_proof_of_address=True,
            use_for_emergency_address=False,
            address_line1="7800 Alexander Road",
            **LONDON,
        ),
        emergency_number_address=Address(
            id="2",
            name="Other Main office",
            use_for_proof_of_address=False,
            use_for_emergency_address=True,
            address_line1="7801 Alexander Road",
            **LONDON,
        ),
    ),
)
"""The one number of the vendor's example."""


def test_the_page_field_by_field() -> None:
    """The vendor's example, whole.

    Traps: ``country_iso`` UK beside addresses in GB; prices as numbers that are documented as strings; no currency;
    times without a zone; two ``provisioned`` of which the documented, outer one counts; ``addressLine2`` "" is null;
    addresses documented at the top and shown within ``details``.
    """
    listing = SOURCE.read(sample("cloudlx/numbers.json"))
    assert (listing.sent, listing.total, listing.skipped, listing.drift) == (1, 1, 0, ())
    [row] = listing.rows
    assert row == CHELMSFORD
    assert str(row.pricing.monthly and row.pricing.monthly.amount) == "0.3"


@pytest.mark.parametrize(
    ("rows", "beside", "total", "reason"),
    [
        (1, {"num_results": 1, "paginates": False}, 1, "the vendor's example"),
        (2, {"num_results": 450, "paginates": True}, 450, "more than this page holds: a total"),
        (2, {"num_results": 450}, 450, "whatever ``paginates`` says"),
        (2, {"num_results": 2, "paginates": True}, None, "it counts this page, and there is more"),
        (0, {"num_results": 0, "paginates": True}, None, "a page behind the end that counts itself"),
        (0, {"num_results": 0, "paginates": False}, 0, "an empty account"),
        (2, {"num_results": "450"}, 450, "a count as text"),
        (2, {"num_results": ""}, None, "an empty text is null"),
        (2, {"num_results": "many"}, None, "a word"),
        (2, {"num_results": -1}, None, "less than nothing"),
        (2, {"num_results": {"total": 2}}, None, "an object"),
        (2, {}, None, "left out"),
    ],
)
def test_the_total(rows: int, beside: Json, total: int | None, reason: str) -> None:
    """Trap: ``num_results`` may count all numbers or this page; ``paginates`` stays true on the last page."""
    assert listed(SOURCE, *[{}] * rows, **beside).total == total, reason


def test_a_missing_number_is_put_together() -> None:
    """Without ``number_e164`` the number is country code, range code and local part; without those it is none."""
    parts = {"number_e164": None, "country_code": "44", "range_code": "1245", "number": "123456"}
    assert listed(SOURCE, parts).rows[0].e164 == "+441245123456"
    assert listed(SOURCE, {}, {"number_e164": ""}).holes == (1,)
    assert listed(SOURCE, parts | {"number_e164": "+441245999999"}).rows[0].e164 == "+441245999999"


def test_a_row_of_empty_texts_is_a_number_without_facts() -> None:
    """Trap: "" stands for null everywhere."""
    empty = dict.fromkeys(
        (
            "number",
            "range_code",
            "range_name",
            "country_name",
            "country_iso",
            "monthly_charge",
            "status",
            "provisioned",
        ),
        "",
    )
    listing = listed(SOURCE, empty | {"setup_charge": "", "details": []})
    assert listing.drift == ()
    assert listing.rows == (
        Number(
            e164=E164("+441245123456"),
            origin=origin(SOURCE),
            availability=Availability.OWNED,
            details=CloudLXDetails(uuid=ROWS["cloudlx"]["uuid"]),
        ),
    )


@pytest.mark.parametrize(
    ("settings", "exchanges"), [({"access_token": "secret-token"}, False), (EXCHANGED, True)], ids=["key", "client"]
)
def test_client_credentials_are_exchanged(settings: Json, exchanges: bool) -> None:
    """An access token is used as it is."""
    assert cloudlx(**settings).exchanges is exchanges


@pytest.mark.parametrize("missing", sorted(EXCHANGED))
def test_half_a_credential_is_refused(missing: str) -> None:
    """Without an access token both of the others are needed."""
    given = {name: value for name, value in EXCHANGED.items() if name != missing}
    with pytest.raises(ValidationError, match="give client_id and client_secret, or access_token"):
        cloudlx(access_token=None, **given)


@pytest.mark.parametrize("zone", ["Nowhere/Land", "", "../etc/passwd", "Europe", "\0"])
def test_an_unknown_time_zone_is_refused(zone: str) -> None:
    """Whatever is wrong with it, the message names what a zone is."""
    with pytest.raises(ValidationError, match="not a time zone of the IANA database"):
        cloudlx(timezone=zone)


@pytest.mark.parametrize("currency", ["gbp", "POUND", "£", ""])
def test_a_currency_is_three_capitals(currency: str) -> None:
    """Anything else is a mistake in the settings."""
    with pytest.raises(ValidationError):
        cloudlx(currency=currency)


def test_logging_in() -> None:
    """Client credentials go as JSON to the token endpoint, under the vendor's media type."""
    request = cloudlx(**EXCHANGED, base_url="https://cloudlx.test/api/").log_in()
    assert (request.method, request.url) == ("POST", "https://cloudlx.test/api/oauth2/access-token")
    assert request.headers == (
        ("accept", "application/vnd.cloudlx.v1+json"),
        ("content-type", "application/json"),
    )
    assert msgspec.json.decode(request.body) == {
        "grant_type": "client_credentials",
        "client_id": SECRETS["client_id"],
        "client_secret": SECRETS["client_secret"],
    }


def test_the_token_is_read() -> None:
    """Trap: the recorded ``token_type`` is "client_credentials"; it is ignored."""
    assert cloudlx(**EXCHANGED).read_token(sample("cloudlx/token.json")) == Token("given-by-cloudlx", 3600.0)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("cloudlx/401.json", 401, SourceAuthFailed),
        ("cloudlx/401.json", 400, SourceAuthFailed),
        ("cloudlx/500-client.json", 500, SourceAuthFailed),
        ("cloudlx/500.json", 500, SourceUnavailable),
        ("webex/502.html", 500, SourceUnavailable),
        ("cloudlx/422.json", 422, SourceMisconfigured),
        ("cloudlx/429.json", 429, SourceRateLimited),
        ("cloudlx/401.json", 200, SourceBadAnswer),
    ],
)
def test_no_token_is_an_error(body: str, status: int, kind: type[Exception]) -> None:
    """Trap: wrong client credentials have been seen as a 500 with a telling message; asking again will not help."""
    with pytest.raises(kind):
        cloudlx(**EXCHANGED).read_token(sample(body, status))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"message": null}', b'{"message":' * 100_000], ids=lambda body: repr(body[:14])
)
def test_any_500_without_that_message_is_an_outage(body: bytes) -> None:
    """Only the telling message makes it a matter of credentials, whatever the body is."""
    with pytest.raises(SourceUnavailable):
        cloudlx(**EXCHANGED).read_token(response(body, 500))
