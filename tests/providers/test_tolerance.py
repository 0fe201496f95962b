"""Bodies as providers really send them: at every provider alike, row by row."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import SourceBadAnswer
from gateway.numbers.blocks import Listing
from gateway.providers.protocol import Lists
from tests.providers.build import ENVELOPES, NOW, NUMBER_FIELDS, ROWS, Json, all_lists, listed, page, response

EACH = pytest.mark.parametrize("source", all_lists(), ids=lambda source: source.slug)
DEEP = b"[" * 100_000 + b"]" * 100_000

BAD_ROWS: list[tuple[Json, str]] = [
    (1, "a number"),
    ("row", "a text"),
    (None, "null"),
    (True, "a flag"),
    ([], "a list"),
    ({}, "nothing in it"),
]


def bad_rows(slug: str) -> list[Json]:
    """Rows of a provider that cannot be read."""
    field = NUMBER_FIELDS[slug]
    wrong: list[Json] = [None, "", "string", "+", "1", "+" + "1" * 16, [], {}, True, -5, "٣٣٣", "12x"]
    return [row for row, _ in BAD_ROWS] + [ROWS[slug] | {field: value} for value in wrong]


@EACH
def test_a_bad_row_is_skipped_and_counted(source: Lists) -> None:
    """Each unreadable row costs itself alone; where it stood is known; drift names it without its data."""
    bad = bad_rows(source.slug)
    rows = [part for row in bad for part in (row, ROWS[source.slug])]
    listing = source.read(response(page(source.slug, *rows)))
    assert (listing.sent, len(listing.rows), listing.skipped) == (2 * len(bad), len(bad), len(bad))
    assert listing.holes == tuple(range(0, 2 * len(bad), 2))
    assert listing.drift == ("unreadable rows",)


@EACH
def test_rows_of_which_none_can_be_read_are_a_bad_answer(source: Lists) -> None:
    """When nothing can be read the shape has changed: an empty list would be a lie."""
    for row in bad_rows(source.slug):
        with pytest.raises(SourceBadAnswer, match="2 rows of which none can be read"):
            source.read(response(page(source.slug, row, row)))


@EACH
def test_no_rows_are_an_answer(source: Lists) -> None:
    """An empty list is a full answer."""
    assert source.read(response(page(source.slug))) == Listing(rows=(), sent=0, as_of=NOW)


@EACH
def test_unknown_fields_are_ignored(source: Lists) -> None:
    """Providers add fields without a new version."""
    plain = listed(source, {})
    extra = {"owner": {"id": [1]}, "extension": None, "routingProfile": "x", "": 0}
    assert listed(source, extra) == plain
    assert listed(source, {}, trackingId="x", warnings=[{"deep": []}]) == plain


@EACH
def test_null_fields_are_missing_fields(source: Lists) -> None:
    """Whatever is null but the number says nothing, and a missing field neither."""
    kept = {NUMBER_FIELDS[source.slug], "uuid"}
    nulls = {name: None for name in ROWS[source.slug] if name not in kept}
    only = {name: value for name, value in ROWS[source.slug].items() if name in kept}
    assert listed(source, nulls).rows == source.read(response(page(source.slug, only))).rows


@EACH
def test_a_number_may_be_a_number(source: Lists) -> None:
    """Flipped types: a telephone number in digits, without its plus."""
    written = str(ROWS[source.slug][NUMBER_FIELDS[source.slug]]).lstrip("+")
    assert listed(source, {NUMBER_FIELDS[source.slug]: int(written)}).rows == listed(source, {}).rows


FLIPPED: list[tuple[str, Json, Json]] = [
    ("8x8", {"billingUnit": "60"}, {"billingUnit": 60}),
    ("8x8", {"billingUnit": 60.0}, {"billingUnit": 60}),
    ("8x8", {"rentalPrice": "5.00"}, {"rentalPrice": 5.00}),
    ("8x8", {"numberHealthCheckEnabled": "true"}, {"numberHealthCheckEnabled": True}),
    ("8x8", {"referenceId": 7}, {"referenceId": "7"}),
    ("8x8", {"referenceId": "", "rentalPrice": ""}, {"referenceId": None, "rentalPrice": None}),
    ("webex", {"isMainNumber": "true"}, {"isMainNumber": True}),
    ("webex", {"isMainNumber": 1}, {"isMainNumber": True}),
    ("webex", {"isMainNumber": ""}, {"isMainNumber": None}),
    ("cloudlx", {"uuid": 7}, {"uuid": "7"}),
    ("cloudlx", {"range_code": 1245}, {"range_code": "1245"}),
    ("cloudlx", {"number": 123456, "monthly_charge": ""}, {"number": "123456", "monthly_charge": None}),
    ("cloudlx", {"monthly_charge": []}, {"monthly_charge": None}),
    ("callgear", {"location_mnemonic": 495}, {"location_mnemonic": "495"}),
    ("callgear", {"monthly_charge": "12.50"}, {"monthly_charge": 12.50}),
    ("callgear", {"min_charge": ""}, {"min_charge": None}),
]


@pytest.mark.parametrize(("slug", "flipped", "right"), FLIPPED, ids=repr)
def test_flipped_types_are_put_right(slug: str, flipped: Json, right: Json) -> None:
    """Texts for numbers, numbers for texts, texts for flags, and empty texts for null."""
    [source] = [source for source in all_lists() if source.slug == slug]
    assert listed(source, flipped) == listed(source, right)


@EACH
def test_a_byte_order_mark_is_forgiven(source: Lists) -> None:
    """Three bytes in front are no part of the JSON; a wrong content type is not even looked at."""
    body = msgspec.json.encode(page(source.slug, ROWS[source.slug]))
    headers = {"content-type": "text/plain"}
    assert source.read(response(b"\xef\xbb\xbf" + body, headers=headers)) == source.read(response(body))


@EACH
def test_the_last_of_two_equal_keys_counts(source: Lists) -> None:
    """Duplicate keys are read as JSON readers commonly do."""
    field = NUMBER_FIELDS[source.slug]
    row = msgspec.json.encode(ROWS[source.slug])
    twice = row[:-1] + f',"{field}": "+12025550123"'.encode() + b"}"
    body = msgspec.json.encode(page(source.slug, "ROW")).replace(b'"ROW"', twice)
    assert [number.e164 for number in source.read(response(body)).rows] == ["+12025550123"]


@EACH
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b"<!doctype html><title>Sign in</title>",
        b"\x1f\x8b\x08\x00",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf",
        b"{'numbers': []}",
        DEEP,
        b'{"a": ' + DEEP + b"}",
        b'{"numbers": "\xff"}',
    ],
    ids=lambda body: repr(body[:16]) + str(len(body)),
)
def test_what_is_not_the_documented_json_is_a_bad_answer(source: Lists, body: bytes) -> None:
    """Empty, HTML, another encoding, compressed, endlessly deep or another shape: one error, and no other."""
    with pytest.raises(SourceBadAnswer):
        source.read(response(body))


@EACH
def test_another_encoding_is_a_bad_answer(source: Lists) -> None:
    """JSON is UTF-8."""
    text = msgspec.json.encode(page(source.slug, ROWS[source.slug])).decode()
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(SourceBadAnswer):
            source.read(response(text.encode(encoding)))


@EACH
def test_every_cut_body_is_a_bad_answer(source: Lists) -> None:
    """A body that ends early is no answer, wherever it was cut."""
    body = msgspec.json.encode(page(source.slug, ROWS[source.slug]))
    for cut in range(len(body)):
        with pytest.raises(SourceBadAnswer):
            source.read(response(body[:cut]))


@EACH
@pytest.mark.parametrize("rows", [{}, {"0": {}}, "rows", 5, None, True], ids=repr)
def test_rows_that_are_no_list_are_a_bad_answer(source: Lists, rows: Json) -> None:
    """An object, a scalar or null where the list should be is not an empty list."""
    said = page(source.slug)
    inner = said
    for name in ENVELOPES[source.slug][:-1]:
        inner = inner[name]
    inner[ENVELOPES[source.slug][-1]] = rows
    with pytest.raises(SourceBadAnswer):
        source.read(response(said))


@EACH
def test_a_deep_row_costs_itself_alone(source: Lists) -> None:
    """A row too deep to be read does not take the others along, and never the process."""
    rows = msgspec.json.encode(page(source.slug, ROWS[source.slug], "DEEP"))
    deep = b'{"x":' * 900 + b"1" + b"}" * 900
    assert len(source.read(response(rows.replace(b'"DEEP"', deep))).rows) == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted(
    {field for row in ROWS.values() for field in row}
    | {"rentalPrice", "billingUnit", "numberHealth", "numberType", "dateCreated", "updatedTimestamp"}
    | {"monthly_charge", "details", "number_address", "provisioned", "range_code", "onetime_payment", "location_name"}
)


@EACH
@settings(deadline=None)
@given(
    row=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4),
    beside=st.dictionaries(st.sampled_from(("totalNumbers", "num_results", "paginates", "metadata")), JSON),
)
def test_no_row_breaks_the_reader(source: Lists, row: Json, beside: Json) -> None:
    """Whatever stands in a row, it is read, or skipped and counted; the plain row beside it is always read."""
    listing = listed(source, {}, row, **beside)
    assert len(listing.rows) + listing.skipped == listing.sent == 2
    assert listing.rows[0] == listed(source, {}).rows[0]


@EACH
@settings(deadline=None)
@given(body=st.binary(max_size=60) | JSON.map(msgspec.json.encode), status=st.sampled_from((200, 404, 500)))
def test_no_body_breaks_the_reader(source: Lists, body: bytes, status: int) -> None:
    """Any bytes under any status give an error of the tree, unless they are the documented shape."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the kind is what is asserted
        source.read(response(body, status))
    assert raised.type.__module__ == "gateway.errors"
