"""The scalars, in and out: what is taken in which spellings, and what is refused in which words."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from gateway.errors import BadUserInput
from gateway.schema.scalars import SCALARS
from tests.schema.documents import Row, page
from tests.schema.gateways import Client

VOICE, LX = "+65123456789", "+441245123456"


@pytest.mark.parametrize(
    "written",
    [
        LX,
        "+44 1245 123456",
        "+44-1245-123-456",
        "+44.1245.123456",
        "+44 (1245) 123456",
        "+44(1245)123456",
        " +441245123456 ",
    ],
)
def test_numbers_are_read_as_people_write_them(graph: Client, written: str) -> None:
    """Spaces, dashes, dots and brackets are allowed in variables and literals alike, and are gone on output."""
    by_variable = graph.ask("query ($n: E164!) { phoneNumber(e164: $n) { e164 } }", {"n": written})
    by_literal = graph.ask(f'{{ phoneNumber(e164: "{written}") {{ e164 }} }}')
    assert by_variable.data == by_literal.data == {"phoneNumber": {"e164": LX}}


@pytest.mark.parametrize("written", ["+12", "+123456789012345"])
def test_the_shortest_and_the_longest_number(graph: Client, written: str) -> None:
    """Two and fifteen digits are numbers."""
    assert (
        graph.ask("query ($n: E164!) { phoneNumber(e164: $n) { e164 } }", {"n": written}).data["phoneNumber"]["e164"]
        == written
    )


REFUSED = [
    ("E164", "441245123456", "is not an E.164 number: write a plus"),
    ("E164", "+1", "2 to 15 digits"),
    ("E164", "+1234567890123456", "2 to 15 digits"),
    ("E164", "+44 1245 x23456", "is not an E.164 number"),
    ("E164", "+٤٤١٢٤٥١٢٣", "is not an E.164 number"),
    ("E164", "", "is not an E.164 number"),
    ("E164", 441245123456, "must be a string"),
    ("Duration", "30", "write ISO 8601, like PT30S"),
    ("Duration", "30s", "is not a Duration"),
    ("Duration", "-PT5S", "is not a Duration"),
    ("Duration", "P1Y", "years and months differ, write days"),
    ("Duration", "P1W1D", "is not a Duration"),
    ("Duration", "P99999999999999D", "is not a Duration"),
    ("Duration", 30, "must be a string"),
    ("Decimal", "ten", "write an exact number as a string"),
    ("Decimal", "NaN", "is not a Decimal"),
    ("Decimal", "-Infinity", "is not a Decimal"),
    ("Decimal", "sNaN", "is not a Decimal"),
    ("Decimal", "", "is not a Decimal"),
    ("Decimal", 0.3, "must be a string"),
    ("Decimal", True, "must be a string"),
    ("CountryCode", "GBR", "write 2 letters"),
    ("CountryCode", "G1", "is not a CountryCode"),
    ("CountryCode", "ß", "is not a CountryCode"),
    ("CountryCode", 44, "must be a string"),
    ("CurrencyCode", "EURO", "write 3 letters"),
    ("CurrencyCode", "€€€", "is not a CurrencyCode"),
    ("CurrencyCode", 978, "must be a string"),
]
FILTERS = {
    "E164": "{e164: {equals: $value}}",
    "Decimal": '{monthlyPrice: {currency: "USD", min: $value}}',
    "CountryCode": "{countries: [$value]}",
    "CurrencyCode": "{monthlyPrice: {currency: $value}}",
}


def asking(scalar: str) -> str:
    """A document that takes one value of a scalar, as the variable ``value``."""
    if scalar == "Duration":
        return "query ($value: Duration) { phoneNumbers(first: 1, maxStaleness: $value) { complete } }"
    return f"query ($value: {scalar}!) {{ phoneNumbers(first: 1, filter: {FILTERS[scalar]}) {{ complete }} }}"


@pytest.mark.parametrize(("scalar", "value", "words"), REFUSED)
def test_what_is_no_value_is_refused_in_words(graph: Client, scalar: str, value: object, words: str) -> None:
    """A wrong value is a request error with BAD_USER_INPUT, whose message says what to write."""
    reply = graph.ask(asking(scalar), {"value": value})
    assert (reply.status, "data" in reply.json) == (400, False)
    code, message = reply.refusal
    assert code == "BAD_USER_INPUT"
    assert words in message


@pytest.mark.parametrize(
    ("literal", "words"),
    [
        ('filter: {e164: {equals: "12"}}', "is not an E.164 number"),
        ("filter: {e164: {equals: 12}}", "An E164 number must be a string."),
        (
            'maxStaleness: "soon"',
            "'soon' is not a Duration: write ISO 8601, like PT30S; years and months differ, write days.",
        ),
        ('filter: {monthlyPrice: {currency: "USD", max: 0.3}}', "A Decimal must be a string."),
        ('filter: {countries: ["GREAT"]}', "'GREAT' is not a CountryCode: write 2 letters."),
        ('filter: {monthlyPrice: {currency: "$"}}', "'$' is not a CurrencyCode: write 3 letters."),
    ],
)
def test_what_is_no_literal_is_refused_in_words(graph: Client, literal: str, words: str) -> None:
    """A wrong literal is BAD_USER_INPUT with the same words as a wrong variable, and says where it stands."""
    reply = graph.ask(f"{{ phoneNumbers({literal}) {{ complete }} }}")
    assert reply.status == 400
    [error] = reply.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert words in error["message"]
    assert error["locations"][0]["line"] == 1


@pytest.mark.parametrize("written", ["5.0", "5", "5.00", "0.5e1", pytest.param(5, id="the integer 5")])
def test_decimals_compare_exactly_however_they_are_written(graph: Client, written: object) -> None:
    """5, 5.0 and 0.5e1 are one amount: both ends of the range are included."""
    query = """query ($d: Decimal!) { phoneNumbers(filter: {
        e164: {equals: "+65123456789"}, monthlyPrice: {currency: "USD", min: $d, max: $d}}) { totalCount } }"""
    assert graph.ask(query, {"d": written}).data["phoneNumbers"]["totalCount"] == 1


def test_amounts_keep_the_text_of_the_provider(everything: list[Row]) -> None:
    """CloudLX sends 0.3, "0.30", 1, "1.50" and 2.125: each comes out digit for digit, never as a float."""
    paid = [row["pricing"]["monthly"] for row in everything if row["source"]["name"] == "epsilon"]
    assert {money["amount"] for money in paid if money} == {"0.3", "0.30", "0.5", "1", "1.50", "12", "2.125"}


@pytest.mark.parametrize("written", ["gb", "GB", " Gb ", "uk"])
def test_codes_are_upper_case_whatever_is_typed(graph: Client, written: str) -> None:
    """A country is the same in small letters, and as people write it beside ISO; it always comes out as ISO's capitals."""
    found = graph.ask(
        "query ($c: CountryCode!) { phoneNumbers(first: 1, filter: {countries: [$c], providers: [CLOUDLX]}) { nodes { country } } }",
        {"c": written},
    )
    assert found.data["phoneNumbers"]["nodes"] == [{"country": "GB"}]


def test_an_enum_word_stands_for_a_code(graph: Client) -> None:
    """A country may be written without quotation marks, as people do."""
    assert graph.ask("{ phoneNumbers(first: 1, filter: {countries: [GB]}) { complete } }").data["phoneNumbers"][
        "complete"
    ]


@pytest.mark.parametrize("written", ["PT0S", "PT30S", "PT0.5S", "P1D", "P1DT2H", "PT1M30S", "P2W"])
def test_durations(graph: Client, written: str) -> None:
    """ISO 8601 durations of weeks, or days, hours, minutes and seconds are taken."""
    query = 'query ($d: Duration!) { phoneNumber(e164: "+65123456789", sources: ["voice_sg"], maxStaleness: $d) { complete } }'
    assert graph.ask(query, {"d": written}).data == {"phoneNumber": {"complete": True}}


def test_a_duration_comes_out_as_it_goes_in() -> None:
    """The scalar's other half, for whoever shows one: ISO 8601."""
    duration = SCALARS[timedelta]
    assert duration.serialize is not None
    assert duration.serialize(timedelta(seconds=30)) == "PT30S"


def test_moments_are_shown_in_utc(everything: list[Row]) -> None:
    """A DateTime has an offset, and it is Z."""
    moments = [row["updatedAt"] for row in everything if row["updatedAt"]]
    assert moments
    assert all(moment.endswith("Z") and datetime.fromisoformat(moment).tzinfo for moment in moments)
    serialize = SCALARS[datetime].serialize
    assert serialize is not None
    assert serialize(datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=1)))) == "2026-11-21T08:30:00Z"


def test_moments_are_read_with_their_offset() -> None:
    """No argument takes a DateTime yet; the scalar reads RFC 3339, and refuses what has no offset or no place in UTC."""
    parse = SCALARS[datetime].parse_value
    assert parse is not None
    assert parse("2026-11-21T09:30:00+01:00") == datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
    for wrong in ("2026-11-21T09:30:00", "2026-11-21", "yesterday", "0001-01-01T00:00:00+23:59", 5):
        with pytest.raises(BadUserInput, match="DateTime"):
            parse(wrong)


def test_decimals_have_no_exponent_on_output() -> None:
    """1E+3 is shown as 1000: text that every client reads as an exact decimal."""
    serialize = SCALARS[Decimal].serialize
    assert serialize is not None
    assert [serialize(Decimal(text)) for text in ("1E+3", "0.30", "-0.0")] == ["1000", "0.30", "-0.0"]


def test_an_ordinary_page_needs_no_scalar(graph: Client) -> None:
    """The default page is fifty numbers in E.164 order."""
    connection = page(graph)
    digits = [edge["node"]["e164"][1:] for edge in connection["edges"]]
    assert (len(digits), digits) == (50, sorted(digits))
