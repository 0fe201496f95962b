"""CallGear: JSON-RPC requests as documented, the recorded page field by field, its words and its formats."""

from decimal import Decimal

import msgspec
import pytest
from pydantic import ValidationError

from gateway.numbers.blocks import Block
from gateway.numbers.e164 import E164
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.model import Availability, Lifecycle, Location, Number, Pricing, Provenance
from gateway.providers.callgear import CallGearDetails
from gateway.providers.protocol import Request
from tests.providers.build import Json, callgear, listed, money, origin, page, response, sample

SOURCE = callgear(currency="USD")
RUSSIAN = callgear(region="RU")
METHOD = "get.available_virtual_numbers"


def body_of(request: Request) -> Json:
    """The JSON of a request."""
    return msgspec.json.decode(request.body)


def filter_of(wanted: Filter, **settings: Json) -> Json:
    """What is pushed down of a filter."""
    return body_of(callgear(**settings).ask(Block(0, 10_000), wanted))["params"].get("filter")


def like(pattern: str) -> Json:
    """A condition on the digits."""
    return {"field": "phone_number", "operator": "like", "value": pattern}


def digits(**match: Json) -> Filter:
    """A filter of digits alone."""
    return Filter(e164=DigitsMatch(**match))


def test_a_block_is_a_json_rpc_call() -> None:
    """One URL, POST, the envelope with an id, and a window in the order of numbers."""
    request = SOURCE.ask(Block(20_000, 10_000), EVERYTHING)
    assert (request.method, request.url) == ("POST", "https://dataapi.callgear.com/v2.0")
    assert request.headers == (
        ("accept", "application/json"),
        ("content-type", "application/json; charset=UTF-8"),
    )
    assert body_of(request) == {
        "jsonrpc": "2.0",
        "id": METHOD,
        "method": METHOD,
        "params": {
            "offset": 20_000,
            "limit": 10_000,
            "sort": [{"field": "phone_number", "order": "asc"}],
        },
    }


def test_the_url_is_taken_as_it_is() -> None:
    """Trap: calls are posted to exactly the configured URL; ``/v2.0`` has its v, and nothing is added."""
    assert callgear(base_url="https://dataapi.uiscom.test/v2.0").ask(Block(0, 1), EVERYTHING).url.endswith("/v2.0")


def test_an_agent_names_the_customer() -> None:
    """Trap: ``user_id`` is required for an agent's credentials, and only there; logging in has none."""
    agent = callgear(user_id=123, login="secret-login", password="secret-password", access_token=None)
    assert body_of(agent.ask(Block(0, 1), EVERYTHING))["params"]["user_id"] == 123
    assert body_of(agent.ask_many([E164("+12")])[0][0])["params"]["user_id"] == 123
    assert "user_id" not in body_of(agent.log_in())["params"]
    assert "user_id" not in body_of(SOURCE.ask(Block(0, 1), EVERYTHING))["params"]


def test_windows_are_large_and_end_at_the_furthest_offset() -> None:
    """Traps: every call costs a point of some 750 a day; ``limit`` ends at 10,000 and ``offset`` at 100,000."""
    assert (SOURCE.paging.size, SOURCE.paging.furthest, SOURCE.paging.counted) == (10_000, 100_000, True)
    assert callgear(block_size=100).paging.size == 100
    with pytest.raises(ValidationError):
        callgear(block_size=10_001)


@pytest.mark.parametrize(
    ("wanted", "expected", "reason"),
    [
        (EVERYTHING, None, "no filter: the key is left out"),
        (digits(ends_with="692"), like("%692"), "last digits"),
        (digits(contains="499"), like("%499%"), "digits somewhere"),
        (digits(starts_with="7499"), like("%7499%"), "first digits, which a plus may precede"),
        (digits(ends_with="74993720692"), like("%4993720692"), "the digits that every way of writing ends with"),
        (
            digits(starts_with="7", ends_with="2"),
            {"filters": [like("%2"), like("%7%")], "condition": "and"},
            "all of them must hold",
        ),
        (
            Filter(all_of=(digits(contains="1"), digits(contains="2"))),
            {"filters": [like("%1%"), like("%2%")], "condition": "and"},
            "parts that must hold",
        ),
        (digits(contains=""), None, "no digits"),
        (Filter(any_of=(digits(contains="1"),)), None, "a branch need not hold"),
        (Filter(categories=("gold",)), None, "words have an upper and a lower case there"),
        (digits(among=()), None, "no number at all"),
        (digits(among=tuple(E164(f"+1{place:04d}") for place in range(501))), None, "too many numbers for one filter"),
    ],
)
def test_filters_that_are_pushed_down(wanted: Filter, expected: Json, reason: str) -> None:
    """What helps is pushed down, and never so that a wanted number could be missed."""
    assert filter_of(wanted) == expected, reason


@pytest.mark.parametrize(
    ("wanted", "expected", "reason"),
    [
        (digits(starts_with="7499"), None, "8499… and 499… begin otherwise"),
        (digits(contains="7499"), None, "the country code may not be there"),
        (digits(ends_with="0692"), like("%0692"), "all of them end alike"),
    ],
)
def test_national_formats_are_not_filtered_by_their_beginnings(wanted: Filter, expected: Json, reason: str) -> None:
    """Trap: Russian accounts write 8XXXXXXXXXX and ten digits too."""
    assert filter_of(wanted, region="RU") == expected, reason


def test_named_numbers_are_asked_for_in_every_way_of_writing() -> None:
    """Trap: numbers are written with and without a plus, and in Russia nationally."""
    wanted = digits(among=(E164("+74993720692"), E164("+971501234567")))
    both = ["74993720692", "971501234567", "+74993720692", "+971501234567"]
    assert filter_of(wanted) == {"field": "phone_number", "operator": "in", "value": both}
    assert filter_of(wanted, region="RU")["value"] == [*both, "84993720692", "4993720692"]


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [1]), (500, [500]), (501, [500, 1])])
def test_many_numbers_are_asked_for_at_once(count: int, sizes: list[int]) -> None:
    """One ``in`` filter for every 500, with room for every answer; the id tells it from a window."""
    wanted = [E164(f"+1{place:010d}") for place in range(count)]
    asked = SOURCE.ask_many(wanted)
    assert [len(chunk) for _, chunk in asked] == sizes
    for request, chunk in asked:
        body = body_of(request)
        assert (body["method"], body["id"]) == (METHOD, "look-up")
        assert body["params"]["filter"]["value"][: len(chunk)] == [e164[1:] for e164 in chunk]
        assert (body["params"]["offset"], body["params"]["limit"]) == (0, 10_000)
    assert [e164 for _, chunk in asked for e164 in chunk] == wanted


RECORDED = (
    Number(
        e164=E164("+74993720692"),
        origin=origin(SOURCE),
        availability=Availability.PURCHASABLE,
        lifecycle=Lifecycle.AVAILABLE,
        category="usual",
        location=Location(code="msk", name="Moscow"),
        pricing=Pricing(
            monthly=money("12.50", "USD", Provenance.CONFIGURED),
            setup=money("0", "USD", Provenance.CONFIGURED),
            minimum_monthly=money("30", "USD", Provenance.CONFIGURED),
        ),
        details=CallGearDetails(
            category="usual",
            location_mnemonic="msk",
            location_name="Moscow",
            onetime_payment=Decimal(0),
            monthly_charge=Decimal("12.50"),
            min_charge=Decimal(30),
        ),
    ),
    Number(
        e164=E164("+78001234567"),
        origin=origin(SOURCE),
        availability=Availability.PURCHASABLE,
        lifecycle=Lifecycle.AVAILABLE,
        category="platinum",
        pricing=Pricing(monthly=money("0.30", "USD", Provenance.CONFIGURED)),
        details=CallGearDetails(category="platinum", monthly_charge=Decimal("0.30")),
    ),
)
"""The two numbers of the recorded page."""


def test_the_page_field_by_field() -> None:
    """The recorded page, whole: the total of all that match, prices as they are written, no plus, no id.

    Traps: no currency in the payload; a category the page does not list; ``min_charge`` is the smallest bill and not
    a price of the number; ``limits`` and ``version: null`` beside the total.
    """
    listing = SOURCE.read(sample("callgear/numbers.json"))
    assert (listing.sent, listing.total, listing.skipped, listing.drift) == (2, 28391, 0, ())
    assert listing.rows == RECORDED
    amounts = [row.pricing.monthly and str(row.pricing.monthly.amount) for row in listing.rows]
    assert amounts == ["12.50", "0.30"]


@pytest.mark.parametrize(
    ("word", "details", "drift"),
    [
        ("usual", "usual", ()),
        ("bronze", "bronze", ()),
        ("silver", "silver", ()),
        ("gold", "gold", ()),
        ("platinum", "platinum", ()),
        ("diamond", "diamond", ("unknown word in category",)),
        ("Gold", "Gold", ("unknown word in category",)),
        (None, "unknown", ("unknown word in category",)),
    ],
)
def test_category(word: str | None, details: str, drift: tuple[str, ...]) -> None:
    """Trap: the page lists four words and its sibling five: the set is open, and a new word is passed on."""
    listing = listed(SOURCE, {"category": word})
    [row] = listing.rows
    assert (row.category, listing.drift) == (word, drift)
    assert isinstance(row.details, CallGearDetails)
    assert row.details.category == details


@pytest.mark.parametrize(
    ("written", "plain", "russian", "reason"),
    [
        ("74993720692", "+74993720692", "+74993720692", "as documented"),
        ("+74993720692", "+74993720692", "+74993720692", "with a plus"),
        (74993720692, "+74993720692", "+74993720692", "as a number"),
        ("84993720692", "+84993720692", "+74993720692", "8 is Russia's trunk prefix, and Vietnam's country code 84"),
        ("4993720692", "+4993720692", "+74993720692", "ten digits are national in Russia, and Germany's 49 elsewhere"),
        ("8 (499) 372-06-92", "+84993720692", "+74993720692", "with fillers"),
        ("+84993720692", "+84993720692", "+84993720692", "a plus leaves no doubt"),
        ("971501234567", "+971501234567", "+971501234567", "another country"),
        ("4420123", "+4420123", "+4420123", "too short for a Russian number"),
    ],
)
def test_formats_of_a_number(written: Json, plain: str, russian: str, reason: str) -> None:
    """Trap: that 8 and ten digits mean +7 is so in Russia alone, and only where the settings say RU."""
    assert listed(SOURCE, {"phone_number": written}).rows[0].e164 == plain, reason
    assert listed(RUSSIAN, {"phone_number": written}).rows[0].e164 == russian, reason


@pytest.mark.parametrize("region", ["ru", "RUS", "7"])
def test_a_region_is_two_capitals(region: str) -> None:
    """Anything else is a mistake in the settings."""
    with pytest.raises(ValidationError):
        callgear(region=region)


@pytest.mark.parametrize(
    ("metadata", "total", "reason"),
    [
        ({"total_items": 5}, 5, "as documented"),
        ({"total_items": "5"}, 5, "as text"),
        ({}, None, "empty, as on the page"),
        ({"total_items": None}, None, "null"),
        ({"total_items": [], "limits": []}, None, "empty arrays"),
        ({"limits": {}, "version": None, "api_version": {"current_version_deprecated": True}}, None, "other news"),
        (None, None, "no metadata"),
        ([], None, "an array"),
    ],
)
def test_the_total(metadata: Json, total: int | None, reason: str) -> None:
    """What stands beside the rows is read tolerantly, and never costs the page."""
    listing = listed(SOURCE, {}, metadata=metadata)
    assert (listing.total, len(listing.rows)) == (total, 1), reason


@pytest.mark.parametrize("call_id", [METHOD, "look-up"])
def test_both_questions_have_the_same_answer(call_id: str) -> None:
    """A window and a look-up are read alike."""
    assert len(SOURCE.read(response(page("callgear", {"phone_number": "74993720692"}) | {"id": call_id})).rows) == 1
