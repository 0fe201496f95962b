"""8x8: requests as documented, recorded bodies field by field, and a check that is never mistaken."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from gateway.errors import (
    UNLISTED,
    SourceAuthFailed,
    SourceBadAnswer,
    SourceError,
    SourceMisconfigured,
    SourceUnavailable,
)
from gateway.numbers.blocks import Block, Paging
from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.model import (
    Availability,
    CurrencyCode,
    Health,
    HealthState,
    Lifecycle,
    Number,
    Observation,
    Pricing,
    Provenance,
)
from gateway.providers.eight_by_eight import EightByEightDetails
from tests.providers.build import Json, eight_by_eight, money, origin, response, sample

SOURCE = eight_by_eight()
ASKED = E164("+6598765432")
URL = "https://voice.8x8.com/api/v1/subaccounts/MySubAccount/numbers"


def test_the_list_is_one_request() -> None:
    """The list has no parameters and no pages, so every block and filter is the same request."""
    assert SOURCE.paging == Paging(size=1, whole=True)
    request = SOURCE.ask(Block(0, 1), EVERYTHING)
    assert (request.method, request.url, request.body) == ("GET", URL, b"")
    assert request.headers == (("accept", "application/json"),)
    assert SOURCE.ask(Block(5, 9), Filter(e164=DigitsMatch(contains="1"))) == request


@pytest.mark.parametrize("e164", ["+6598765432", "+12", "+123456789012345"])
def test_a_check_sends_all_digits_without_the_plus(e164: str) -> None:
    """Trap: the documented rule for ``number`` (7 to 10 digits) is impossible for the vendor's own 11-digit example."""
    request = SOURCE.ask_one(E164(e164))
    assert (request.method, request.url) == ("GET", f"{URL}/{e164[1:]}")


@pytest.mark.parametrize(
    ("subaccount_id", "segment"),
    [("A&B.c_d-9", "A%26B.c_d-9"), ("...", "..."), ("&&&", "%26%26%26")],
)
def test_a_subaccount_is_percent_encoded(subaccount_id: str, segment: str) -> None:
    """Trap: a subaccount's name may hold & and dots; it is one segment of the path."""
    source = eight_by_eight(subaccount_id=subaccount_id, base_url="https://voice.8x8.com/")
    assert source.ask(Block(0, 1), EVERYTHING).url.split("/")[-2] == segment


@pytest.mark.parametrize("subaccount_id", ["ab", "a" * 51, "a/b", "a b", "é" * 3])
def test_other_subaccounts_are_refused_at_once(subaccount_id: str) -> None:
    """A name that the vendor's rule excludes is a mistake in the settings."""
    with pytest.raises(ValidationError):
        eight_by_eight(subaccount_id=subaccount_id)


def test_the_check_s_body_field_by_field() -> None:
    """The documented three fields, and nothing that was not said: no status, no health, no price.

    Trap: the page promises "health details" that its schema does not have, so a check says UNKNOWN, never HEALTHY.
    """
    assert SOURCE.read_one(ASKED, sample("8x8/check.json")) == Number(
        e164=ASKED,
        origin=origin(SOURCE, Observation.CHECK),
        availability=Availability.OWNED,
        lifecycle=Lifecycle.UNKNOWN,
        raw_status=None,
        usable_for_new_sessions=None,
        health=Health(state=HealthState.UNKNOWN),
        said_country=CountryCode("SG"),
        details=EightByEightDetails(sub_account_id="MySubAccount", reference_id="MyVirtualNumber-1"),
    )


PRICES = {
    "monthly": money("5.00", "USD", Provenance.PROVIDER),
    "inbound_per_minute": money("0.050", "USD", Provenance.PROVIDER),
}

HEALTHY = Number(
    e164=E164("+6598765432"),
    origin=origin(SOURCE),
    availability=Availability.OWNED,
    lifecycle=Lifecycle.ACTIVE,
    raw_status="Active",
    usable_for_new_sessions=True,
    health=Health(state=HealthState.HEALTHY, checked_at=datetime(2026, 11, 21, 8, 59, tzinfo=UTC)),
    said_country=CountryCode("SG"),
    said_type=NumberType.MOBILE,
    pricing=Pricing(**PRICES),
    provisioned_at=datetime(2024, 3, 1, 2, tzinfo=UTC),
    updated_at=datetime(2026, 11, 20, 8, 15, 30, 120_000, tzinfo=UTC),
    details=EightByEightDetails(
        sub_account_id="MySubAccount",
        reference_id="MyVirtualNumber-1",
        operational_status="Active",
        rental_price=Decimal("5.00"),
        incoming_rate=Decimal("0.050"),
        billing_unit=60,
        billing_currency=CurrencyCode("USD"),
        number_health_check_enabled=True,
    ),
)

EXPIRING = Number(
    e164=E164("+6598765433"),
    origin=origin(SOURCE),
    availability=Availability.OWNED,
    lifecycle=Lifecycle.EXPIRING,
    raw_status="Expiring",
    usable_for_new_sessions=False,
    health=Health(state=HealthState.UNHEALTHY, checked_at=datetime(2026, 11, 21, 8, 58, tzinfo=UTC)),
    said_country=CountryCode("SG"),
    details=EightByEightDetails(
        sub_account_id="MySubAccount",
        reference_id="MyVirtualNumber-1",
        operational_status="Expiring",
        number_health_check_enabled=True,
    ),
)
"""The first two numbers of the recorded list."""


def test_the_list_s_body_field_by_field() -> None:
    """Every documented field of the list, prices as they are written, times in UTC."""
    listing = SOURCE.read(sample("8x8/numbers.json"))
    assert (listing.sent, listing.total, listing.skipped, listing.drift) == (3, 3, 0, ())
    assert listing.rows[:2] == (HEALTHY, EXPIRING)
    assert str(listing.rows[0].pricing.monthly) == str(PRICES["monthly"])


def test_a_reference_tells_no_numbers_apart() -> None:
    """Trap: ``referenceId`` is said to belong to a number and names a range: ids do not depend on it."""
    first, second, _ = SOURCE.read(sample("8x8/numbers.json")).rows
    assert [getattr(row.details, "reference_id", "") for row in (first, second)] == ["MyVirtualNumber-1"] * 2
    assert first.id != second.id


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("8x8/404-number.json", "the voice family's 404"),
        ("8x8/404-number-platform.json", "the platform family's 404"),
        ("8x8/404-placeholders.json", "the documented bad example, whose statusCode is 0 too"),
    ],
)
def test_an_unknown_number_is_none(body: str, reason: str) -> None:
    """Trap: two families of error bodies; the HTTP status decides."""
    assert SOURCE.read_one(ASKED, sample(body, 404)) is None, reason


@pytest.mark.parametrize(
    "body", [b"", b"<html>404</html>", b"[]", b'"no"', b"\xff\xfe", b'{"a":' * 100_000], ids=lambda body: repr(body[:9])
)
def test_a_404_of_any_body_means_unknown(body: bytes) -> None:
    """Trap: some errors have no documented body; empty, HTML or endlessly deep, a 404 is a 404."""
    assert SOURCE.read_one(ASKED, response(body, 404)) is None


@pytest.mark.parametrize("body", ["8x8/404-subaccount.json", "8x8/404-subaccount-platform.json"])
def test_an_unknown_subaccount_is_the_operator_s_mistake(body: str) -> None:
    """Trap: 8x8 answers 404 for an unknown subaccount too; that is a wrong setting, not a missing number."""
    for read in (SOURCE.read, lambda answer: SOURCE.read_one(ASKED, answer)):
        with pytest.raises(SourceMisconfigured, match="subaccount_id") as refused:
            read(sample(body, 404))
        assert refused.value.reason == ""


def test_an_unknown_subaccount_is_seen_behind_a_byte_order_mark() -> None:
    """A 404 that names the subaccount is read as tolerantly as any other answer."""
    with pytest.raises(SourceMisconfigured):
        SOURCE.read_one(ASKED, response(b"\xef\xbb\xbf" + sample("8x8/404-subaccount.json").body, 404))


def test_an_account_without_the_list_says_so() -> None:
    """The list is not on the vendor's page: where it answers 404, only look-ups and events can reach the source."""
    with pytest.raises(SourceMisconfigured) as refused:
        SOURCE.read(sample("8x8/404-number.json", 404))
    assert refused.value.reason == UNLISTED


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"statusCode": 0}, "no payload: the documented bad example under a 200"),
        ({"statusCode": 0, "payload": None}, "a null payload"),
        ({"statusCode": 0, "payload": {}}, "an empty payload"),
        ({"statusCode": 0, "payload": {"countryCode": "SG"}}, "a payload without a number"),
        ({"statusCode": 0, "payload": {"msisdn": None}}, "a payload whose number is null"),
        ({"statusCode": 0, "payload": {"msisdn": "+6511111111"}}, "another number than was asked for"),
    ],
)
def test_a_200_without_the_number_is_none(body: Json, reason: str) -> None:
    """Trap: ``statusCode`` is 0 in the good and in the bad example: what is there decides."""
    assert SOURCE.read_one(ASKED, response(body)) is None, reason


@pytest.mark.parametrize("said", [0, 1, "0", "1", 200, "200", None], ids=repr)
def test_successful_status_codes(said: Json) -> None:
    """Success is 0 or 1, as number or as text, or left out."""
    body = {"statusCode": said, "payload": {"msisdn": "+6598765432"}, "numbers": []}
    assert SOURCE.read_one(ASKED, response(body)) is not None
    assert SOURCE.read(response(body)).rows == ()


@pytest.mark.parametrize("said", [-1002, "1001", 401, "404", -9999, [], {}], ids=repr)
def test_failing_status_codes(said: Json) -> None:
    """A 200 may carry a failure; then it is an error, and never "no such number"."""
    body = {"statusCode": said, "payload": {"msisdn": "+6598765432"}, "numbers": []}
    for read in (SOURCE.read, lambda answer: SOURCE.read_one(ASKED, answer)):
        with pytest.raises(SourceBadAnswer, match="statusCode"):
            read(response(body))


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ("8x8/401.json", 401, SourceAuthFailed),
        ("8x8/426.json", 426, SourceMisconfigured),
        ("8x8/500.json", 500, SourceUnavailable),
        ("8x8/200-failed.json", 200, SourceBadAnswer),
        ("8x8/check-placeholders.json", 200, SourceBadAnswer),
        ("webex/502.html", 200, SourceBadAnswer),
    ],
)
def test_an_outage_is_never_no_such_number(body: str, status: int, kind: type[SourceError]) -> None:
    """Every other answer to a check is an error of its kind, also the page's own placeholders."""
    with pytest.raises(kind):
        SOURCE.read_one(ASKED, sample(body, status))


@pytest.mark.parametrize("payload", [[], "no", 5, {"msisdn": "string"}, {"msisdn": []}], ids=repr)
def test_an_unreadable_payload_is_an_error(payload: Json) -> None:
    """What cannot be read is not the absence of a number."""
    with pytest.raises(SourceBadAnswer):
        SOURCE.read_one(ASKED, response({"payload": payload}))


def test_a_number_as_a_number_is_read() -> None:
    """A flipped type, and a number without its plus, are forgiven."""
    found = SOURCE.read_one(ASKED, response({"payload": {"msisdn": 6598765432}}))
    assert found is not None
    assert found.e164 == ASKED
