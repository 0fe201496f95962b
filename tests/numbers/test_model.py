"""Records: identities, what falls back to the numbering plan, and prices that are exact."""

from base64 import urlsafe_b64encode
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.numbers.e164 import E164, CountryCode, NumberType
from gateway.numbers.model import (
    CurrencyCode,
    Money,
    Observation,
    Origin,
    Pricing,
    Provenance,
    identity_of,
    location,
    pricing,
)
from tests.numbers.build import E164S, NOW, PLAIN, number

USD = CurrencyCode("USD")


def opaque(text: str) -> str:
    """Text as ids are written."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def test_a_number_carries_where_it_was_heard() -> None:
    """The origin's facts are the number's facts."""
    origin = Origin(provider="CLOUDLX", source="epsilon", via=Observation.LIST, as_of=NOW, stale=True)
    heard = number().__class__(e164=E164("+441245123456"), origin=origin, details=PLAIN)
    assert (heard.provider, heard.observed_via, heard.as_of, heard.stale) == ("CLOUDLX", Observation.LIST, NOW, True)
    assert (heard.is_valid, heard.national_format) == (True, "01245 123456")


def test_the_id_is_pinned() -> None:
    """An id keeps its text over restarts and releases."""
    assert number("+441245123456", source="epsilon").id == "ZXBzaWxvbjorNDQxMjQ1MTIzNDU2"


@settings(deadline=None)
@given(E164S, st.from_regex("[a-z][a-z0-9_]*", fullmatch=True))
def test_an_id_is_read_back(e164: str, source: str) -> None:
    """The id stands for source and number, and identity is what makes two rows one number in one place."""
    held = number(e164, source=source)
    assert identity_of(held.id) == held.identity == (source, e164)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"),
        ("!", "not base64"),
        ("é", "not ASCII"),
        ("AAAAA", "a length base64 never has"),
        (opaque("epsilon"), "no number"),
        (opaque("epsilon:+"), "no digits"),
        (opaque("epsilon:+44x"), "a letter among the digits"),
        (urlsafe_b64encode(b"\xff\xfe").decode(), "not UTF-8"),
    ],
)
def test_other_texts_are_no_ids(text: str, reason: str) -> None:
    """What is not an id is None, and never an error of another kind."""
    assert identity_of(text) is None, reason


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_reader_of_ids(text: str) -> None:
    """Any text is an id or is None."""
    identity = identity_of(text)
    assert identity is None or identity[1].startswith("+")


@pytest.mark.parametrize(
    ("e164", "said", "expected", "reason"),
    [
        ("+441245123456", None, "GB", "derived where the provider says none"),
        ("+441245123456", "IE", "IE", "the provider's word is above the plan's"),
        ("+80012345678", None, None, "a worldwide number belongs to no country"),
    ],
)
def test_country(e164: str, said: CountryCode | None, expected: str | None, reason: str) -> None:
    """The provider's country, else the numbering plan's."""
    assert number(e164, said_country=said).country == expected, reason


@pytest.mark.parametrize(
    ("e164", "said", "expected", "provenance", "reason"),
    [
        ("+12056350003", NumberType.TOLL_FREE, NumberType.TOLL_FREE, Provenance.PROVIDER, "the provider's flag wins"),
        ("+12056350003", None, NumberType.STANDARD, Provenance.DERIVED, "derived where the provider says none"),
        ("+65123456789", None, NumberType.UNKNOWN, Provenance.UNKNOWN, "an invalid number has no derived type"),
    ],
)
def test_number_type(
    e164: str, said: NumberType | None, expected: NumberType, provenance: Provenance, reason: str
) -> None:
    """Whose word the type is stands beside it.

    Trap: Webex flags a +1 205 number as toll-free, which the plan denies; the flag is trusted.
    """
    held = number(e164, said_type=said)
    assert (held.number_type, held.number_type_from) == (expected, provenance), reason


def test_places_are_shared_and_nothing_is_no_place() -> None:
    """Numbers of one place share one record; a place without code and name is None."""
    assert location("1245", "Chelmsford") is location("1245", "Chelmsford")
    assert location(None, None) is None
    assert location("", "") is None
    held = location(None, "Chelmsford")
    assert held is not None
    assert (held.code, held.name) == (None, "Chelmsford")


def test_prices_keep_the_provider_s_digits() -> None:
    """0.3 and 0.30 are equal, and yet each is kept as it was written."""
    short = pricing(USD, Provenance.PROVIDER, monthly=Decimal("0.3")).monthly
    long = pricing(USD, Provenance.PROVIDER, monthly=Decimal("0.30")).monthly
    assert short is not None
    assert long is not None
    assert (str(short.amount), str(long.amount)) == ("0.3", "0.30")
    assert short == long


def test_every_price_has_its_own_place() -> None:
    """Monthly, setup, minimum and inbound do not change places, and zero is a price."""
    amounts = {"monthly": "1", "setup": "0", "minimum_monthly": "3", "inbound_per_minute": "0.004"}
    said = pricing(USD, Provenance.CONFIGURED, **{name: Decimal(text) for name, text in amounts.items()})
    expected = {
        name: Money(amount=Decimal(text), currency=USD, currency_from=Provenance.CONFIGURED)
        for name, text in amounts.items()
    }
    assert said == Pricing(**expected)


def test_a_price_without_a_currency_is_still_a_price() -> None:
    """Nobody named a currency: the amount stands, and the provenance says UNKNOWN."""
    said = pricing(None, Provenance.CONFIGURED, monthly=Decimal("0.30"))
    assert said.monthly == Money(amount=Decimal("0.30"), currency=None, currency_from=Provenance.UNKNOWN)
    assert (said.setup, said.minimum_monthly, said.inbound_per_minute) == (None, None, None)


@pytest.mark.parametrize(
    "text", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+999999999", "1E-999999999", "1" * 41, "0." + "0" * 41]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    """NaN would break the price order, an endless amount the cursor: neither becomes a price."""
    with pytest.raises(ValueError, match="not an amount"):
        pricing(USD, Provenance.PROVIDER, monthly=Decimal(text))
