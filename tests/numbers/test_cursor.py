"""Cursors: pinned texts, round trips, and everything that is not one."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import CursorInvalid, CursorMismatch
from gateway.numbers.cursor import LONGEST, VERSION, Place, Signer, newcomers, tokens_of
from gateway.numbers.filters import EVERYTHING, DigitsMatch, Filter
from gateway.numbers.model import Number
from gateway.numbers.search import Order, OrderField, Search
from tests.numbers.build import NOW, monthly, number, numbers
from tests.numbers.order import ANY_ORDER

SECRET = b"a secret for tests"
SIGNER = Signer(SECRET)
ROW = number("+441245123456", source="epsilon", pricing=monthly("0.30"), said_country="GB", updated_at=NOW)
PLACE = Place(Search().key(ROW))
TEXT = SIGNER.encode(PLACE, Search())


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (Order(), "Alk-sJlPGDB5zJKTrDQ0MTI0NTEyMzQ1NqVXRUJFWKdlcHNpbG9ukPIOt0uqiLqOmFXD4Q"),
        (Order(descending=True), "Alk-sJlP78CkTpKTrTU1ODc1NDg3NjU0M36lV0VCRVinZXBzaWxvbpDokGFxFnLZLZ2U-SY"),
        (
            Order(field=OrderField.MONTHLY_PRICE),
            "Alk-sJlPJ2FjpZKVAKQwLjMwrDQ0MTI0NTEyMzQ1NqVXRUJFWKdlcHNpbG9ukIDmF1BLLWsgRPLraA",
        ),
        (
            Order(field=OrderField.COUNTRY, descending=True),
            "Alk-sJlPGsGjIJKVAKNUWX6sNDQxMjQ1MTIzNDU2pVdFQkVYp2Vwc2lsb26QcYheR4eE-gLEO9ks",
        ),
        (
            Order(field=OrderField.UPDATED_AT),
            "Alk-sJlPlMUW15KVAM8ABmDIGaFwAKw0NDEyNDUxMjM0NTalV0VCRVinZXBzaWxvbpDBVvnQqaSToqfh27Q",
        ),
    ],
    ids=str,
)
def test_cursors_are_pinned(order: Order, text: str) -> None:
    """A cursor that was given out is read for ever: its bytes change only with its version."""
    search = Search(order=order)
    place = Place(search.key(ROW))
    assert SIGNER.encode(place, search) == text
    assert SIGNER.decode(text, search) == place


def test_a_cursor_with_hints_is_pinned() -> None:
    """Hints travel with the key."""
    place = Place(PLACE.key, (("epsilon", 7), ("market", 0)))
    text = "Alk-sJlPGDB5zJKTrDQ0MTI0NTEyMzQ1NqVXRUJFWKdlcHNpbG9ukpKnZXBzaWxvbgeSpm1hcmtldADaA2UEHHymVDmX7uA"
    assert SIGNER.encode(place, Search()) == text
    assert SIGNER.decode(text, Search()) == place


def test_a_cursor_with_sources_is_pinned() -> None:
    """The sources that a walk had travel as three bytes each; those that came later are told apart."""
    place = Place(PLACE.key, (), tokens_of(("epsilon", "market")))
    text = "Alk-sJlPGDB5zJOTrDQ0MTI0NTEyMzQ1NqVXRUJFWKdlcHNpbG9ukMQGDkUqGtoh-te3bNE0MkdW7rdE"
    assert SIGNER.encode(place, Search()) == text
    assert SIGNER.decode(text, Search()) == place
    assert newcomers(place, ("epsilon", "london", "market")) == ["london"]
    assert newcomers(PLACE, ("epsilon", "london")) == []


def test_sources_are_dropped_last() -> None:
    """A cursor of very many sources keeps its key."""
    place = Place(PLACE.key, (("epsilon", 7),), tokens_of(tuple(f"source_{name}" for name in range(200))))
    assert SIGNER.decode(SIGNER.encode(place, Search()), Search()) == PLACE


HINTS = st.lists(st.tuples(st.from_regex("[a-z_]{1,9}", fullmatch=True), st.integers(0, 2**40)), max_size=5).map(tuple)


@settings(deadline=None)
@given(numbers(), ANY_ORDER, HINTS)
def test_reading_undoes_writing(row: Number, order: Order, hints: tuple[tuple[str, int], ...]) -> None:
    """Every place of every order comes back as it was, and compares as it did."""
    search = Search(order=order)
    place = Place(search.key(row), hints)
    read = SIGNER.decode(SIGNER.encode(place, search), search)
    assert read == place
    assert read.key <= search.key(row) <= read.key


@settings(deadline=None)
@given(numbers(), ANY_ORDER, st.integers(0, 60))
def test_a_cursor_is_never_longer_than_what_is_read(row: Number, order: Order, sources: int) -> None:
    """At most 512 characters; hints are dropped first, and the key never is."""
    search = Search(order=order)
    place = Place(search.key(row), tuple((f"source_{name}", 2**40) for name in range(sources)))
    text = SIGNER.encode(place, search)
    assert len(text) <= LONGEST
    read = SIGNER.decode(text, search)
    assert read.key == place.key
    assert read.hints in (place.hints, ())
    assert read.hints == place.hints or sources > 10


def test_a_nullable_value_comes_back_as_none_of_the_values() -> None:
    """The place behind the last priced row is a place too."""
    search = Search(order=Order(field=OrderField.MONTHLY_PRICE))
    place = Place(search.key(number()))
    assert place.key[0] == 1
    assert SIGNER.decode(SIGNER.encode(place, search), search) == place


def test_every_changed_character_is_noticed() -> None:
    """No single character can be exchanged, and none can be taken away or added."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \n.é"
    for place, held in enumerate(TEXT):
        for other in alphabet:
            if other != held:
                _expect_invalid(TEXT[:place] + other + TEXT[place + 1 :])
        _expect_invalid(TEXT[:place] + TEXT[place + 1 :])
        _expect_invalid(TEXT[:place] + "A" + TEXT[place:])


def test_every_cut_is_noticed() -> None:
    """A cursor cut at either end is none."""
    for cut in range(len(TEXT)):
        _expect_invalid(TEXT[:cut])
        _expect_invalid(TEXT[cut + 1 :])


@pytest.mark.parametrize("tail", ["=", "==", "A", "\n", " ", "!", "AAAA"])
def test_a_tail_is_noticed(tail: str) -> None:
    """A cursor has one spelling: base64's padding and foreign characters are not passed over."""
    _expect_invalid(TEXT + tail)
    _expect_invalid(tail + TEXT)


@settings(deadline=None)
@given(st.text(max_size=600) | st.from_regex("[A-Za-z0-9_-]{0,600}", fullmatch=True))
def test_any_other_text_is_invalid(text: str) -> None:
    """Texts that are not cursors give one code, whatever they hold and however long they are."""
    _expect_invalid(text)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_bytes_of_any_kind_are_invalid(raw: bytes) -> None:
    """So do well-spelled texts of random bytes, also with the right version and key id in front."""
    head = urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4))[:2]
    for body in (raw, head + raw):
        _expect_invalid(urlsafe_b64encode(body).rstrip(b"=").decode())


def test_another_gateway_s_cursor_is_invalid() -> None:
    """A cursor signed with another secret is refused."""
    with pytest.raises(CursorInvalid):
        Signer(b"another secret").decode(TEXT, Search())


def test_another_version_is_invalid() -> None:
    """A cursor of a version that is not read is refused, although it was signed here."""
    raw = bytearray(urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4)))
    assert raw[0] == VERSION
    raw[0] = VERSION + 1
    _expect_invalid(SIGNER._sealed(bytes(raw[:-12])))


@pytest.mark.parametrize(
    ("search", "told"),
    [
        (Search(wanted=Filter(e164=DigitsMatch(contains="1"))), "another filter;"),
        (Search(order=Order(descending=True)), "another order;"),
        (
            Search(wanted=Filter(sources=("a",)), order=Order(field=OrderField.COUNTRY)),
            "another filter and another order;",
        ),
    ],
)
def test_a_cursor_of_another_search_says_what_changed(search: Search, told: str) -> None:
    """A genuine cursor used with another filter or order is a mismatch that names which."""
    with pytest.raises(CursorMismatch, match=told):
        SIGNER.decode(TEXT, search)


@settings(deadline=None)
@given(ANY_ORDER, ANY_ORDER, st.sampled_from((EVERYTHING, Filter(sources=("a",)))))
def test_a_cursor_serves_its_own_search_alone(one: Order, other: Order, wanted: Filter) -> None:
    """Whatever two searches differ in, the cursor of one is refused by the other, and only then."""
    made, asked = Search(order=one), Search(wanted=wanted, order=other)
    text = SIGNER.encode(Place(made.key(ROW)), made)
    if made == asked:
        assert SIGNER.decode(text, asked).key == made.key(ROW)
    else:
        with pytest.raises(CursorMismatch):
            SIGNER.decode(text, asked)


def test_secrets_can_be_rotated() -> None:
    """A retired secret's cursors are still read; new ones carry the new secret alone."""
    rotated = Signer(b"new", SECRET)
    assert rotated.decode(TEXT, Search()) == PLACE
    assert Signer(b"new").decode(rotated.encode(PLACE, Search()), Search()) == PLACE
    with pytest.raises(CursorInvalid):
        Signer(SECRET).decode(rotated.encode(PLACE, Search()), Search())


def test_rotation_survives_secrets_of_one_key_id() -> None:
    """The key id is one byte, so two of three hundred secrets share one: the first still signs, and all are read."""
    by_id: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for place in range(300):
        held = f"secret {place}".encode()
        by_id[hashlib.sha256(b"key id" + held).digest()[:1]].append(held)
    secret, twin = next(twins for twins in by_id.values() if len(twins) > 1)[:2]
    between = next(lone[0] for lone in by_id.values() if secret not in lone)
    signer = Signer(secret, between, twin)
    for held in (secret, between, twin):
        assert signer.decode(Signer(held).encode(PLACE, Search()), Search()) == PLACE
    assert Signer(secret).decode(signer.encode(PLACE, Search()), Search()) == PLACE


def _expect_invalid(text: str) -> None:
    with pytest.raises(CursorInvalid):
        SIGNER.decode(text, Search())
