"""CloudLX's words: statuses, countries, prices, times and addresses."""

from datetime import UTC, datetime

import msgspec.inspect
import pytest

from gateway.errors import SourceBadAnswer
from gateway.numbers.blocks import Block
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.model import Availability, Lifecycle, Number
from gateway.providers.cloudlx import Address, CloudLX, CloudLXDetails
from tests.providers.build import Json, cloudlx, listed, response

SOURCE = cloudlx()


def read(**row: Json) -> tuple[Number, CloudLXDetails, tuple[str, ...]]:
    """The number of a row with these fields, its details, and the drift."""
    listing = listed(SOURCE, row)
    [number] = listing.rows
    assert isinstance(number.details, CloudLXDetails)
    return number, number.details, listing.drift


@pytest.mark.parametrize(
    ("word", "lifecycle", "availability", "drift"),
    [
        ("Reserved", Lifecycle.RESERVED, Availability.OWNED, ()),
        ("Cancelled", Lifecycle.CANCELLED, Availability.RELEASED, ()),
        ("Available", Lifecycle.AVAILABLE, Availability.OWNED, ()),
        ("Active", Lifecycle.ACTIVE, Availability.OWNED, ()),
        ("reserved", Lifecycle.RESERVED, Availability.OWNED, ()),
        ("Quarantined", Lifecycle.UNKNOWN, Availability.OWNED, ("unknown word in status",)),
        ("", Lifecycle.UNKNOWN, Availability.OWNED, ()),
        (None, Lifecycle.UNKNOWN, Availability.OWNED, ()),
    ],
)
def test_status(word: str | None, lifecycle: Lifecycle, availability: Availability, drift: tuple[str, ...]) -> None:
    """Each status, an unknown one, and none; the raw word stands beside it.

    Trap: the list is of the account's own numbers, so even a reserved one is OWNED, and only a cancelled one RELEASED.
    """
    number, details, noted = read(status=word)
    assert (number.lifecycle, number.availability, noted) == (lifecycle, availability, drift)
    assert number.raw_status == details.status == (word or None)


@pytest.mark.parametrize(
    ("word", "country"),
    [
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("GB", "GB"),
        (" US ", "US"),
        ("GBR", "GB"),
        ("44", "GB"),
        ("", "GB"),
        (None, "GB"),
        ("ÄÖ", "GB"),
    ],
)
def test_country(word: str | None, country: str) -> None:
    """Trap: UK is not ISO 3166-1. What is no code falls back to the numbering plan; the raw word is kept."""
    number, details, _ = read(country_iso=word)
    assert (number.country, details.country_iso) == (country, word or None)


@pytest.mark.parametrize(
    ("written", "expected", "reason"),
    [
        (0.3, "0.3", "a number"),
        ("0.3", "0.3", "the same as text, as the page documents it"),
        ("0.30", "0.30", "a text's zeros are kept"),
        (0, "0", "nothing to pay is a price"),
        ("0.00", "0.00", "also in pence"),
        (-1, "-1", "a credit"),
        (1e2, "100.0", "a float"),
        ("", None, "an empty text is null"),
        (None, None, "null"),
        ([], None, "an empty array is null"),
        ("123456789012345678.123456789", "123456789012345678.123456789", "more digits than a float has"),
    ],
)
def test_prices(written: Json, expected: str | None, reason: str) -> None:
    """Amounts are what the provider wrote, digit by digit, in numbers and in texts; without a setting no currency."""
    number, details, _ = read(monthly_charge=written, setup_charge=written)
    for price, raw in ((number.pricing.monthly, details.monthly_charge), (number.pricing.setup, details.setup_charge)):
        said = None if price is None else str(price.amount)
        assert said == (None if raw is None else str(raw)) == expected, reason
        assert price is None or price.currency is None


def test_prices_of_json_keep_their_zeros() -> None:
    """0.30 as a JSON number is 0.30, not 0.3: no float stands between."""
    body = b'{"numbers": [{"uuid": "u", "number_e164": "+441245123456", "monthly_charge": 0.30, "setup_charge": 1E+2}]}'
    [number] = SOURCE.read(response(body)).rows
    assert number.pricing.monthly is not None
    assert number.pricing.setup is not None
    assert (str(number.pricing.monthly.amount), str(number.pricing.setup.amount)) == ("0.30", "1E+2")


def test_prices_of_a_mended_row_keep_their_zeros() -> None:
    """Nor when the row had to be put right first."""
    body = b'{"numbers": [{"uuid": 7, "number_e164": "+441245123456", "monthly_charge": 0.30}]}'
    [number] = SOURCE.read(response(body)).rows
    assert number.pricing.monthly is not None
    assert str(number.pricing.monthly.amount) == "0.30"


@pytest.mark.parametrize("written", ["NaN", "sNaN", "Infinity", "-inf", "1e99", "cheap", True, {"amount": 1}])
def test_what_is_no_price_loses_its_row_alone(written: Json) -> None:
    """A price that cannot be compared, or is none, makes one row unreadable; it is counted."""
    listing = listed(SOURCE, {}, {"monthly_charge": written})
    assert (len(listing.rows), listing.holes, listing.drift) == (1, (1,), ("unreadable rows",))


@pytest.mark.parametrize(
    ("zone", "written", "expected"),
    [
        ("UTC", "2016-01-03 17:48:59", datetime(2016, 1, 3, 17, 48, 59, tzinfo=UTC)),
        ("Asia/Singapore", "2016-01-03 17:48:59", datetime(2016, 1, 3, 9, 48, 59, tzinfo=UTC)),
        ("Europe/London", "2016-07-03 17:48:59", datetime(2016, 7, 3, 16, 48, 59, tzinfo=UTC)),
        ("Asia/Singapore", "2016-01-03T17:48:59Z", datetime(2016, 1, 3, 17, 48, 59, tzinfo=UTC)),
        ("Asia/Singapore", "2016-01-03T17:48:59+01:00", datetime(2016, 1, 3, 16, 48, 59, tzinfo=UTC)),
        ("Asia/Singapore", "0001-01-01 00:00:00", None),
        ("UTC", "0000-00-00 00:00:00", None),
        ("UTC", "yesterday", None),
        ("UTC", "", None),
        ("UTC", None, None),
    ],
)
def test_times_are_read_in_the_configured_zone(zone: str, written: str | None, expected: datetime | None) -> None:
    """Trap: times have no zone: the setting's is taken, UTC by default; what is no time is null."""
    [number] = listed(cloudlx(timezone=zone), {"provisioned": written}).rows
    assert number.provisioned_at == expected


@pytest.mark.parametrize("details", [None, [], {}, "none", {"status": "Active", "provisioned": "2020-01-01 00:00:00"}])
def test_details_may_be_anything(details: Json) -> None:
    """Trap: ``details`` is absent, PHP's [] or of other facts: only the documented, outer fields count."""
    number, said, drift = read(details=details, status="Reserved", provisioned="2016-01-03 17:48:59")
    assert (number.lifecycle, number.provisioned_at and number.provisioned_at.year) == (Lifecycle.RESERVED, 2016)
    assert (said.number_address, said.emergency_number_address, drift) == (None, None, ())


OFFICE = {"id": 7, "name": "Office", "addressCountry": {"name": "United Kingdom", "iso": "UK"}}
READ = Address(id="7", name="Office", country="GB")  # type: ignore[arg-type] # a literal country


@pytest.mark.parametrize(
    ("row", "number", "emergency", "reason"),
    [
        ({"details": {"number_address": OFFICE}}, READ, None, "within details, as shown"),
        ({"number_address": OFFICE}, READ, None, "at the top, as documented"),
        ({"emergency_number_address": OFFICE}, None, READ, "the other one"),
        ({"details": {"number_address": OFFICE}, "number_address": {"id": 8}}, READ, None, "details come first"),
        ({"details": {"number_address": []}, "number_address": OFFICE}, READ, None, "an empty one is none"),
        ({"details": {"number_address": {}, "emergency_number_address": None}}, None, None, "{} and null are none"),
    ],
)
def test_addresses_at_either_level(row: Json, number: Address | None, emergency: Address | None, reason: str) -> None:
    """Trap: addresses are documented at the top and shown within ``details``."""
    _, details, drift = read(**row)
    assert (details.number_address, details.emergency_number_address, drift) == (number, emergency, ()), reason


@pytest.mark.parametrize(
    ("written", "expected", "reason"),
    [
        ({"addressPostalCode": 12345}, Address(postal_code="12345"), "a post code as a number"),
        ({"id": "7"}, Address(id="7"), "an id as text"),
        ({"addressLine1": "", "name": "x"}, Address(name="x"), "an empty text is null"),
        ({"useForProofOfAddress": "true"}, Address(use_for_proof_of_address=True), "a flag as text"),
        ({"useForEmergencyAddress": 0}, Address(use_for_emergency_address=False), "a flag as a number"),
        ({"name": "x", "addressCountry": []}, Address(name="x"), "PHP's empty country"),
        ({"addressCountry": "UK"}, Address(country="GB"), "a country as text"),  # type: ignore[arg-type] # a literal country
        ({"name": "x", "addressCountry": {"iso": 44}}, Address(name="x"), "a country that is none"),
        ({"name": "x", "planet": "Earth"}, Address(name="x"), "a field of a later version"),
    ],
)
def test_addresses_are_read_tolerantly(written: Json, expected: Address, reason: str) -> None:
    """Loose types within an address do not lose it."""
    _, details, drift = read(number_address=written)
    assert (details.number_address, drift) == (expected, ()), reason


@pytest.mark.parametrize("written", ["London", 5, ["London"], {"name": {"first": "x"}}])
def test_an_unreadable_address_is_noted_and_loses_no_number(written: Json) -> None:
    """An address that cannot be read is null, and that is told."""
    _, details, drift = read(details={"number_address": written})
    assert (details.number_address, drift) == (None, ("unreadable number_address",))


def test_addresses_are_marked_as_personal() -> None:
    """Trap: addresses are personal data: both fields, and no others, name the right to read them."""
    marked = {
        field.name: meta.extra
        for field in msgspec.inspect.type_info(CloudLXDetails).fields  # type: ignore[attr-defined] # a struct's
        for meta in [field.type]
        if isinstance(meta, msgspec.inspect.Metadata) and (meta.extra or {}).get("scope")
    }
    assert marked == {
        "number_address": {"scope": "addresses:read"},
        "emergency_number_address": {"scope": "addresses:read"},
    }


@pytest.mark.parametrize(
    ("source", "token", "bearer", "reason"),
    [
        (SOURCE, None, "Bearer secret-token", "the configured token"),
        (SOURCE, "exchanged", "Bearer exchanged", "an exchanged token comes first"),
        (cloudlx(client_id="secret-id", client_secret="secret-client"), "exchanged", "Bearer exchanged", "a client's"),
    ],
    ids=lambda value: str(getattr(value, "slug", value)),
)
def test_signing_adds_a_bearer_and_nothing_else(source: CloudLX, token: str | None, bearer: str, reason: str) -> None:
    """The bearer stands in the header, as documented; unsigned, the request holds no secret."""
    request = source.ask(Block(0, 200), EVERYTHING)
    assert "secret" not in repr(request), reason
    signed = source.sign(request, token)
    assert (signed.method, signed.url, signed.body) == (request.method, request.url, request.body), reason
    assert signed.headers == (*request.headers, ("authorization", bearer)), reason


def test_bad_rows_are_counted_with_their_places() -> None:
    """Bad rows cost themselves alone; when all are bad the shape has changed, which is no empty account."""
    bad: list[Json] = [None, 5, "row", [], {"uuid": None}, {"uuid": {}}, {"number_e164": "string"}]
    plain: Json = {}
    listing = listed(SOURCE, *[row for each in bad for row in (each, plain)])
    assert (listing.sent, listing.skipped, listing.holes) == (14, 7, (0, 2, 4, 6, 8, 10, 12))
    assert (listing.rows, listing.drift) == (listed(SOURCE, *[{}] * 7).rows, ("unreadable rows",))
    with pytest.raises(SourceBadAnswer, match="CloudLX answered 7 rows of which none can be read"):
        listed(SOURCE, *bad)


def test_new_fields_are_ignored() -> None:
    """Trap: the vendor adds fields without a new version of the media type."""
    assert listed(SOURCE, {"number_translations": {"all": []}}, links=None) == listed(SOURCE, {})
