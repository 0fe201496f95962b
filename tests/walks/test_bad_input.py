"""What cannot be answered is refused in plain words: one code, one sentence, no page, and never a status of a broken server."""

from base64 import urlsafe_b64decode
from random import Random
from typing import Any, TypeAlias

import pytest

from gateway.errors import CursorInvalid
from gateway.numbers.cursor import VERSION, Place, Signer
from gateway.numbers.search import Search
from tests.conftest import Answer, Gateway, OpenGateway
from tests.profiles import examples
from tests.walks.walking import Walker

Asked: TypeAlias = dict[str, Any]
SECRET = b"a key that signs cursors"
SEARCH = Search()
MAC = 12
"""Bytes of the signature at the end of a cursor."""
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NO_CURSOR = "This is not a cursor of this gateway; pass one back exactly as it was given, or start again without it."


@pytest.fixture
async def opened(gateway: OpenGateway) -> Gateway:
    """A gateway over the five sources."""
    return await gateway()


def refusal(answer: Answer) -> tuple[str, str]:
    """The code and the sentence of the only error of an answer without data; it tells nothing of the code's insides."""
    [error] = answer.body["errors"]
    assert answer.status == 200
    assert answer.body.get("data") in (None, {"phoneNumbers": None})
    assert set(error) <= {"message", "locations", "path", "extensions"}
    assert "Traceback" not in error["message"]
    return error["extensions"]["code"], error["message"]


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"first": -1}, "BAD_USER_INPUT", "first is -1; it takes 0 to 1000."),
        ({"last": -1}, "BAD_USER_INPUT", "last is -1; it takes 0 to 1000."),
        ({"first": 1001}, "BAD_USER_INPUT", "first is 1001; it takes 0 to 1000."),
        ({"first": 5, "last": 5}, "BAD_USER_INPUT", "Give first or last, not both"),
        ({"first": 2**31}, "BAD_USER_INPUT", "Int"),
        ({"first": "5"}, "BAD_USER_INPUT", "Int"),
        ({"orderBy": {"field": "MONTHLY_PRICE"}}, "BAD_USER_INPUT", "needs one currency"),
        ({"orderBy": {"field": "COLOUR"}}, "BAD_USER_INPUT", "COLOUR"),
        ({"orderBy": {"field": "E164", "direction": "UP"}}, "BAD_USER_INPUT", "UP"),
        ({"filter": {"sources": ["nowhere"]}}, "BAD_USER_INPUT", "nowhere"),
        ({"filter": {"countries": ["GBR"]}}, "BAD_USER_INPUT", "GBR"),
        ({"filter": {"e164": {"equals": "12 x"}}}, "BAD_USER_INPUT", "12 x"),
        ({"filter": {"monthlyPrice": {"currency": "EURO"}}}, "BAD_USER_INPUT", "EURO"),
        ({"filter": {"monthlyPrice": {"currency": "USD", "min": "much"}}}, "BAD_USER_INPUT", "much"),
        ({"maxStaleness": "soon"}, "BAD_USER_INPUT", "soon"),
        ({"after": ""}, "CURSOR_INVALID", NO_CURSOR),
        ({"after": "0"}, "CURSOR_INVALID", NO_CURSOR),
        ({"before": "Zm9yZ2Vk"}, "CURSOR_INVALID", NO_CURSOR),
        ({"before": "A" * 513}, "CURSOR_INVALID", NO_CURSOR),
        ({"after": "é"}, "CURSOR_INVALID", NO_CURSOR),
    ],
)
async def test_what_is_refused(opened: Gateway, asked: Asked, code: str, words: str) -> None:
    """Arguments that are out of range, contradict one another or are no such thing."""
    said = refusal(await Walker(opened).ask(**asked))
    assert said[0] == code
    assert words in said[1]


@pytest.mark.parametrize(
    "wanted",
    [
        {"monthlyPrice": {"currency": "USD", "min": "5", "max": "1"}},
        {"e164": {"in": []}},
        {"e164": {"equals": "+12056350001", "startsWith": "44"}},
        {"and": [{"providers": ["WEBEX"]}, {"providers": ["CALLGEAR"]}]},
        {"not": {}},
        {"or": []},
    ],
    ids=[
        "empty range",
        "none of none",
        "two numbers at once",
        "two providers at once",
        "not everything",
        "any of none",
    ],
)
async def test_filters_that_cannot_match(opened: Gateway, wanted: Asked) -> None:
    """They are no error: no row holds both, so the page is empty and complete, or they are refused with a sentence."""
    answer = await Walker(opened, filter=wanted).ask()
    if answer.codes:
        assert refusal(answer)[0] == "BAD_USER_INPUT"
        return
    held = answer.data["phoneNumbers"]
    assert (held["nodes"], held["complete"], held["pageInfo"]["hasNextPage"]) == ([], True, False)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"filter": {"countries": ["GB"]}}, "another filter;"),
        ({"orderBy": {"field": "COUNTRY"}}, "another order;"),
        ({"orderBy": {"field": "E164", "direction": "DESC"}}, "another order;"),
        ({"filter": {"providers": ["WEBEX"]}, "orderBy": {"field": "SOURCE"}}, "another filter and another order;"),
    ],
)
async def test_a_cursor_of_another_list(opened: Gateway, asked: Asked, words: str) -> None:
    """The message says what is not the same."""
    cursor = (await Walker(opened).page(1)).cursor
    code, message = refusal(await Walker(opened).ask(after=cursor, **asked))
    assert code == "CURSOR_MISMATCH"
    assert words in message


async def test_a_cursor_of_another_gateway(opened: Gateway, gateway: OpenGateway) -> None:
    """One that was signed with another key is forged, as far as this one can know."""
    cursor = (await Walker(await gateway(server={"cursor_key": "another key of this kind"})).page(1)).cursor
    assert refusal(await Walker(opened).ask(after=cursor)) == ("CURSOR_INVALID", NO_CURSOR)


async def test_changed_cursors_over_the_endpoint(opened: Gateway) -> None:
    """A cursor cut anywhere, or with a character changed anywhere, is refused."""
    cursor = (await Walker(opened).page(1)).cursor or ""
    for place in range(0, len(cursor), 3):
        other = ALPHABET[(ALPHABET.index(cursor[place]) + 1) % len(ALPHABET)]
        for changed in (cursor[:place], cursor[:place] + other + cursor[place + 1 :]):
            assert refusal(await Walker(opened).ask(after=changed)) == ("CURSOR_INVALID", NO_CURSOR)


def tampered(cursor: str, random: Random) -> str:
    """The cursor with characters changed, cut out, put in, doubled or exchanged."""
    start = random.randrange(len(cursor))
    stop = min(len(cursor), start + random.randint(0, 4))
    fresh = "".join(random.choices(ALPHABET, k=random.randint(0, 4)))
    return random.choice(
        (
            cursor[:start] + fresh + cursor[stop:],
            cursor[:start],
            cursor[start:],
            cursor + fresh,
            cursor[:stop] + cursor[start:],
            cursor[start:] + cursor[:start],
            "".join(random.choices(ALPHABET, k=len(cursor))),
        )
    )


def test_ten_thousand_tampered_cursors() -> None:
    """Not one is accepted, and none is refused with anything but the one code."""
    signer, random, refused = Signer(SECRET), Random(1), 0  # noqa: S311 - repeatable, not secret
    cursors = [
        signer.encode(Place((f"44{drawn}", "WEBEX", "london"), (("london", drawn),)), SEARCH) for drawn in range(200)
    ]
    while refused < examples(10_000):
        changed = tampered(random.choice(cursors), random)
        if changed in cursors:
            continue
        with pytest.raises(CursorInvalid):
            signer.decode(changed, SEARCH)
        refused += 1


@pytest.mark.parametrize("version", sorted({*range(5), 255} - {VERSION}))
def test_cursors_of_other_versions(version: int) -> None:
    """A version that is not read is invalid, although it was signed here with the same key."""
    signer = Signer(SECRET)
    text = signer.encode(Place(("441245123456", "WEBEX", "london")), SEARCH)
    body = urlsafe_b64decode(text + "=" * (-len(text) % 4))[:-MAC]
    assert signer._sealed(bytes((VERSION,)) + body[1:]) == text
    with pytest.raises(CursorInvalid):
        signer.decode(signer._sealed(bytes((version,)) + body[1:]), SEARCH)
