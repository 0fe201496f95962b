"""CallGear's rows as they are really written: empty values, prices, bad rows; and where its token goes."""

import msgspec
import pytest

from gateway.errors import SourceBadAnswer
from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING
from gateway.numbers.model import Availability, Lifecycle, Location, Number
from gateway.providers.callgear import CallGear, CallGearDetails
from tests.providers.build import Json, callgear, listed, origin, response

SOURCE = callgear()
RUSSIAN = callgear(region="RU")
LOGIN = {"login": "secret-login", "password": "secret-password"}


@pytest.mark.parametrize(
    ("source", "token", "credential", "reason"),
    [
        (SOURCE, None, "secret-token", "the configured key"),
        (SOURCE, "exchanged", "exchanged", "an exchanged token comes first"),
        (callgear(**LOGIN), "exchanged", "exchanged", "a session"),
    ],
    ids=lambda value: str(getattr(value, "slug", value)),
)
def test_signing_adds_the_token_and_nothing_else(
    source: CallGear, token: str | None, credential: str, reason: str
) -> None:
    """Trap: the token travels in ``params``; unsigned, windows and look-ups hold no secret."""
    for request in (source.ask(Block(0, 10), EVERYTHING), source.ask_many([E164("+74993720692")])[0][0]):
        assert b"secret" not in request.body, reason
        assert b"access_token" not in request.body, reason
        signed = source.sign(request, token)
        assert (signed.method, signed.url, signed.headers) == (request.method, request.url, request.headers), reason
        body = msgspec.json.decode(request.body)
        body["params"]["access_token"] = credential
        assert msgspec.json.decode(signed.body) == body, reason


def test_a_russian_look_up_asks_for_the_national_forms_too() -> None:
    """Trap: Russian accounts also write 8XXXXXXXXXX and XXXXXXXXXX; other countries' numbers have no such forms."""
    [(request, asked)] = RUSSIAN.ask_many([E164("+74993720692"), E164("+971501234567")])
    assert list(asked) == ["+74993720692", "+971501234567"]
    assert msgspec.json.decode(request.body)["params"]["filter"] == {
        "field": "phone_number",
        "operator": "in",
        "value": ["74993720692", "971501234567", "+74993720692", "+971501234567", "84993720692", "4993720692"],
    }
    tree = RUSSIAN.rephrase(request, "filter_prohibited")
    assert tree is not None
    said = [condition["value"] for condition in msgspec.json.decode(tree.body)["params"]["filter"]["filters"]]
    assert said[-2:] == ["84993720692", "4993720692"]


BARE = Number(
    e164=E164("+74993720692"),
    origin=origin(SOURCE),
    availability=Availability.PURCHASABLE,
    lifecycle=Lifecycle.AVAILABLE,
    details=CallGearDetails(category="unknown"),
)
"""A number of which nothing else is told."""
FACTS = ("category", "location_mnemonic", "location_name", "onetime_payment", "monthly_charge", "min_charge")
TEXTS = ("category", "location_mnemonic", "location_name")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (dict.fromkeys(FACTS), "null, as documented"),
        (dict.fromkeys(FACTS, ""), "empty texts"),
        ({name: [] for name in FACTS}, "PHP's empty arrays"),
        ({name: {} for name in FACTS}, "empty objects"),
        (dict.fromkeys(TEXTS, ""), "empty texts where texts stand: the row decodes at the first try"),
        ({"category": ""}, "a category alone"),
    ],
)
def test_whatever_is_empty_is_null(row: Json, reason: str) -> None:
    """Empty values say nothing, whether or not the row had to be put right for another field."""
    listing = listed(SOURCE, {"category": None} | row)
    assert (listing.rows, listing.holes) == ((BARE,), ()), reason


@pytest.mark.parametrize(
    ("row", "location", "reason"),
    [
        ({"location_mnemonic": "msk", "location_name": ""}, Location(code="msk"), "a key alone"),
        ({"location_mnemonic": "", "location_name": "Moscow"}, Location(name="Moscow"), "a name alone"),
        ({"location_mnemonic": 495, "location_name": "Moscow"}, Location(code="495", name="Moscow"), "a number"),
        ({"location_mnemonic": "atlantis"}, Location(code="atlantis"), "an unknown key: there is no published list"),
        ({"location_mnemonic": "", "location_name": ""}, None, "neither"),
    ],
)
def test_locations(row: Json, location: Location | None, reason: str) -> None:
    """What is known of the place, and the same words in the details."""
    listing = listed(SOURCE, row)
    [number] = listing.rows
    assert isinstance(number.details, CallGearDetails)
    assert (number.location, listing.drift) == (location, ()), reason
    said = (number.details.location_mnemonic, number.details.location_name)
    assert said == (location.code if location else None, location.name if location else None), reason


@pytest.mark.parametrize(
    ("written", "expected", "reason"),
    [
        ("12.50", "12.50", "a number, with its zero: no float stands between"),
        ('"12.50"', "12.50", "the same as text"),
        ("0", "0", "nothing to pay is a price"),
        ("0.1", "0.1", "a number no float holds"),
        ("1E+2", "1E+2", "an exponent"),
        ('"123456789012345678.123456789"', "123456789012345678.123456789", "more digits than a float has"),
        ("123456789012345678.123456789", "123456789012345678.123456789", "the same as a number"),
        ('""', None, "an empty text is null"),
        ("[]", None, "an empty array is null"),
        ("null", None, "null"),
    ],
)
@pytest.mark.parametrize("number", ['"74993720692"', "74993720692"], ids=["plain", "mended"])
def test_prices_are_exact(number: str, written: str, expected: str | None, reason: str) -> None:
    """All three prices are what was written, digit by digit, also where the row had to be put right."""
    prices = "".join(f', "{field}": {written}' for field in ("onetime_payment", "monthly_charge", "min_charge"))
    row = f'{{"phone_number": {number}, "category": "usual"{prices}}}'
    body = f'{{"id": "look-up", "result": {{"data": [{row}]}}}}'
    [read] = SOURCE.read(response(body.encode())).rows
    assert isinstance(read.details, CallGearDetails)
    pricing, details = read.pricing, read.details
    amounts = [price and price.amount for price in (pricing.setup, pricing.monthly, pricing.minimum_monthly)]
    for said in (*amounts, details.onetime_payment, details.monthly_charge, details.min_charge):
        assert (None if said is None else str(said)) == expected, reason


def test_without_a_setting_prices_have_no_currency() -> None:
    """Trap: no currency is in the payload, and none is guessed."""
    [number] = listed(SOURCE, {"monthly_charge": 1}).rows
    assert number.pricing.monthly is not None
    assert number.pricing.monthly.currency is None


@pytest.mark.parametrize("field", ["onetime_payment", "monthly_charge", "min_charge"])
@pytest.mark.parametrize("written", ["NaN", "sNaN", "Infinity", "-inf", "1e99", "number", True, {"amount": 1}, [1]])
def test_what_is_no_price_loses_its_row_alone(field: str, written: Json) -> None:
    """A price that cannot be compared, or is none, makes one row unreadable; its place is told."""
    listing = listed(SOURCE, {}, {field: written}, {})
    assert (len(listing.rows), listing.sent, listing.skipped, listing.holes) == (2, 3, 1, (1,))
    assert listing.drift == ("unreadable rows",)


def test_bad_rows_are_counted_with_their_places() -> None:
    """Bad rows cost themselves alone; when all are bad the shape has changed, which is no empty list."""
    bad: list[Json] = [None, 5, "row", [], {"phone_number": "string"}, {"phone_number": None}, {"phone_number": ""}]
    plain: Json = {}
    listing = listed(SOURCE, *[row for each in bad for row in (each, plain)])
    assert (listing.sent, listing.skipped, listing.holes) == (14, 7, (0, 2, 4, 6, 8, 10, 12))
    assert listing.rows == listed(SOURCE, *[{}] * 7).rows
    with pytest.raises(SourceBadAnswer, match="CallGear answered 7 rows of which none can be read"):
        listed(SOURCE, *bad)


def test_new_fields_and_words_are_news_not_errors() -> None:
    """A field of a later version is ignored; a new word is passed on and noted, once for all rows."""
    listing = listed(SOURCE, {"sms": {"in": []}, "category": "diamond"}, {"category": "ruby"})
    assert ([row.category for row in listing.rows], listing.holes) == (["diamond", "ruby"], ())
    assert listing.drift == ("unknown word in category",)
