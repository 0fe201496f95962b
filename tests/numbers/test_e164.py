"""Reading numbers as people and providers write them, and what the numbering plan says of them."""

import re
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.errors import BadUserInput
from gateway.numbers.e164 import E164, NumberType, country_of, from_digits, is_valid, national_format, parse, type_of

E164S = st.from_regex(r"\+[0-9]{2,15}", fullmatch=True).map(E164)
FILLERS = (" ", "-", ".", "(", ")", "\u00a0", "\u2011", "\u2013", "\t")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("+441245123456", "as it is stored"),
        ("+44 1245 123456", "spaces"),
        ("+44-1245-123456", "dashes"),
        ("+44.1245.123456", "dots"),
        ("+44 (1245) 123 456", "brackets"),
        ("  +441245123456\n", "blanks around it, as pasted"),
        (
            "+44\u00a01245\u2011123\u2013456",
            "no-break space, non-breaking hyphen and en dash, as word processors write",
        ),
        ("(+44) 1245 123456", "the plus within brackets"),
    ],
)
def test_people_may_write_a_number_with_fillers(text: str, reason: str) -> None:
    """Every documented way of writing a number is read as the same number."""
    assert parse(text) == "+441245123456", reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing"),
        ("+", "a plus alone"),
        ("+1", "one digit: E.164 has at least 2"),
        ("+1234567890123456", "16 digits: E.164 has at most 15"),
        ("441245123456", "no plus: national or international is a guess"),
        ("00441245123456", "an international prefix in place of the plus"),
        ("++441245123456", "two pluses"),
        ("+44+1245", "a plus in the middle"),
        ("+44 1245 12345x", "a letter"),
        ("+44/1245", "a slash"),
        ("+\u0664\u0664\u0661\u0662", "digits that are not ASCII"),
        ("+44_1245", "an underscore, which int() would take"),
        ("tel:+441245123456", "a URI"),
        ("+441245123456;ext=1", "an extension"),
    ],
)
def test_anything_else_is_a_request_error(text: str, reason: str) -> None:
    """What is not a plus and 2 to 15 digits is refused with a message that shows the way."""
    with pytest.raises(BadUserInput, match=r"\+441245123456"):
        parse(text)
    assert reason


def test_a_refusal_repeats_little_of_what_was_sent() -> None:
    """A hostile argument is not echoed in full."""
    with pytest.raises(BadUserInput) as refused:
        parse("x" * 10_000)
    assert len(str(refused.value)) < 250


@settings(deadline=None)
@given(E164S, st.data())
def test_reading_undoes_writing(e164: E164, data: st.DataObject) -> None:
    """parse(format(number)) is the number, wherever fillers are put."""
    places = data.draw(st.lists(st.integers(0, len(e164)), max_size=6))
    text = str(e164)
    for place in sorted(places, reverse=True):
        text = text[:place] + data.draw(st.sampled_from(FILLERS)) + text[place:]
    assert parse(text) == e164
    assert from_digits(text) == e164
    assert from_digits(e164[1:]) == e164


@settings(deadline=None)
@given(st.text(max_size=20) | st.text("+0123456789 ", min_size=2))
@example("+44 1245 123456")
def test_reading_any_text_gives_a_number_or_the_one_error(text: str) -> None:
    """No text makes the reader fail in another way, and what it gives is E.164."""
    with suppress(BadUserInput):
        assert re.fullmatch(r"\+[0-9]{2,15}", parse(text))


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("+6598765432", "+6598765432", "8x8, Webex and CloudLX write a plus"),
        ("74993720692", "+74993720692", "CallGear writes none"),
        ("7 (499) 372-06-92", "+74993720692", "fillers are taken out"),
    ],
)
def test_providers_write_numbers_with_or_without_a_plus(text: str, expected: str, reason: str) -> None:
    """A provider's number is read as it is written."""
    assert from_digits(text) == expected, reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty: Webex rows of extensions alone"),
        ("string", "a placeholder"),
        ("+", "a plus alone"),
        ("++12", "two of them"),
        ("1", "too short"),
        ("1234567890123456", "too long"),
        ("\u0667\u0664\u0669\u0669", "digits that are not ASCII"),
    ],
)
def test_what_cannot_be_a_providers_number_is_refused(text: str, reason: str) -> None:
    """A row that holds such a number cannot be read."""
    with pytest.raises(ValueError, match="no telephone number"):
        from_digits(text)
    assert reason


@pytest.mark.parametrize(
    ("e164", "valid", "country", "kind", "national"),
    [
        ("+441245123456", True, "GB", NumberType.GEOGRAPHIC, "01245 123456"),
        ("+447400123456", True, "GB", NumberType.MOBILE, "07400 123456"),
        ("+448001111111", True, "GB", NumberType.TOLL_FREE, "0800 111 1111"),
        ("+449012345678", True, "GB", NumberType.PREMIUM, "0901 234 5678"),
        ("+448431234567", True, "GB", NumberType.PREMIUM, "0843 123 4567"),
        ("+43810123456", True, "AT", NumberType.SERVICE, "0810 123456"),
        ("+447012345678", True, "GB", NumberType.SERVICE, "070 1234 5678"),
        ("+447640123456", True, "GB", NumberType.SERVICE, "076 4012 3456"),
        ("+445512345678", True, "GB", NumberType.SERVICE, "055 1234 5678"),
        ("+49177991234567", True, "DE", NumberType.SERVICE, "0177 99 1234567"),
        ("+445612345678", True, "GB", NumberType.STANDARD, "056 1234 5678"),
        ("+12056350001", True, "US", NumberType.STANDARD, "(205) 635-0001"),
        ("+78001234567", True, "RU", NumberType.TOLL_FREE, "8 (800) 123-45-67"),
        ("+80012345678", True, None, NumberType.TOLL_FREE, "1234 5678"),
        ("+65123456789", False, "SG", NumberType.UNKNOWN, "123456789"),
        ("+15551", False, None, NumberType.UNKNOWN, "5551"),
        ("+12", False, None, NumberType.UNKNOWN, "12"),
        ("+999999999999999", False, None, NumberType.UNKNOWN, "999999999999999"),
        ("+00", False, None, NumberType.UNKNOWN, "00"),
    ],
    ids=str,
)
def test_derived_facts(e164: str, valid: bool, country: str | None, kind: NumberType, national: str) -> None:
    """The numbering plan's facts: also for the vendor's invalid example, for a worldwide freephone and for no plan at all.

    Trap: 8x8's own example +65123456789 is not a valid Singapore number, so validity is data and never a gate.
    """
    number = E164(e164)
    assert (is_valid(number), country_of(number), type_of(number)) == (valid, country, kind)
    assert national_format(number) == national


@settings(deadline=None)
@given(E164S)
def test_every_number_has_derived_facts(e164: E164) -> None:
    """No E.164 text makes the numbering plan fail; digits are never lost from the national form."""
    assert isinstance(is_valid(e164), bool)
    assert isinstance(type_of(e164), NumberType)
    country = country_of(e164)
    assert country is None or (len(country) == 2 and country.isupper())
    assert any(digit.isdecimal() for digit in national_format(e164))
