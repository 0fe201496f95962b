"""What every provider's answer has in common: statuses, waits, words and times."""

from datetime import UTC, datetime
from enum import Enum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import (
    SourceAuthFailed,
    SourceBadAnswer,
    SourceError,
    SourceForbidden,
    SourceMisconfigured,
    SourceRateLimited,
    SourceUnavailable,
)
from gateway.providers import answers
from gateway.providers.protocol import Lists
from tests.providers.build import Json, all_lists, body_of, response, sample

HOUR = 3_600_000

STATUSES: list[tuple[int, type[SourceError], str]] = [
    (201, SourceBadAnswer, "created: the vendor's table is boilerplate, only 200 has a body to read"),
    (204, SourceBadAnswer, "no content"),
    (301, SourceBadAnswer, "moved: a redirect would carry the credentials away"),
    (302, SourceBadAnswer, "found: the same"),
    (307, SourceBadAnswer, "moved for now: the same"),
    (400, SourceMisconfigured, "the question was malformed"),
    (401, SourceAuthFailed, "the credentials are wrong"),
    (403, SourceForbidden, "the credentials lack a right"),
    (404, SourceMisconfigured, "the configured place does not exist"),
    (405, SourceMisconfigured, "seen for a missing licence"),
    (409, SourceMisconfigured, "boilerplate"),
    (410, SourceMisconfigured, "boilerplate"),
    (415, SourceMisconfigured, "boilerplate"),
    (422, SourceMisconfigured, "a parameter was refused"),
    (423, SourceUnavailable, "locked for a while"),
    (426, SourceMisconfigured, "an old TLS version"),
    (428, SourceMisconfigured, "boilerplate"),
    (429, SourceRateLimited, "asked too often"),
    (500, SourceUnavailable, "broken"),
    (502, SourceUnavailable, "a gateway before it is broken"),
    (503, SourceUnavailable, "busy"),
    (504, SourceUnavailable, "a gateway before it gave up: Webex asks for a smaller max"),
    (599, SourceUnavailable, "any other of that class"),
]


@pytest.mark.parametrize("source", all_lists(), ids=lambda source: source.slug)
@pytest.mark.parametrize(("status", "kind", "reason"), STATUSES)
def test_every_status_has_its_error(source: Lists, status: int, kind: type[SourceError], reason: str) -> None:
    """At every provider a status means the same, whatever body comes with it; the message names both."""
    for body in (b"", b"{}", b"<html>secret</html>", b"[]"):
        with pytest.raises(kind) as raised:
            source.read(response(body, status))
        assert type(raised.value) is kind, reason
        assert source.title in str(raised.value)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("slug", "body", "status", "kind"),
    [
        ("webex", "webex/401.json", 401, SourceAuthFailed),
        ("webex", "webex/403.json", 403, SourceForbidden),
        ("webex", "webex/404.json", 404, SourceMisconfigured),
        ("webex", "webex/429.json", 429, SourceRateLimited),
        ("webex", "webex/400-contact-center.json", 400, SourceMisconfigured),
        ("webex", "webex/502.html", 502, SourceUnavailable),
        ("cloudlx", "cloudlx/401.json", 401, SourceAuthFailed),
        ("cloudlx", "cloudlx/422.json", 422, SourceMisconfigured),
        ("cloudlx", "cloudlx/429.json", 429, SourceRateLimited),
        ("cloudlx", "cloudlx/500.json", 500, SourceUnavailable),
        ("cloudlx", "cloudlx/401.json", 200, SourceBadAnswer),
        ("8x8", "8x8/401.json", 401, SourceAuthFailed),
        ("8x8", "8x8/426.json", 426, SourceMisconfigured),
        ("8x8", "8x8/500.json", 500, SourceUnavailable),
    ],
)
def test_recorded_errors(slug: str, body: str, status: int, kind: type[SourceError]) -> None:
    """Recorded error bodies give their kind, and nothing of their text is repeated."""
    [source] = [source for source in all_lists() if source.slug == slug]
    with pytest.raises(kind) as raised:
        source.read(sample(body, status))
    assert "ROUTERGW" not in str(raised.value)


def test_a_redirect_is_named_and_never_followed() -> None:
    """The operator is told to set the final address."""
    with pytest.raises(SourceBadAnswer, match=r"redirects .* set base_url to the final address"):
        all_lists()[0].read(response(b"", 301, {"location": "https://thief.test"}))


def test_a_success_is_no_refusal() -> None:
    """Only 200 has a body to read."""
    assert answers.refusal("Webex", response(b"")) is None


@pytest.mark.parametrize(
    ("text", "wait", "reason"),
    [
        ("0", 0, "at once"),
        ("5", 5_000, "seconds"),
        (" 5 ", 5_000, "blanks around"),
        ("3600", HOUR, "an hour"),
        ("3601", HOUR, "more than an hour is cut"),
        ("315360000", HOUR, "ten years"),
        ("9" * 5000, HOUR, "more digits than are converted"),
        ("Sat, 21 Nov 2026 09:00:35 GMT", 30_000, "a date"),
        ("Sat, 21 Nov 2026 09:00:35", 30_000, "a date without a zone is in UTC"),
        ("Sat, 21 Nov 2026 10:00:35 +0100", 30_000, "a date with one"),
        ("Saturday, 21-Nov-26 09:00:35 GMT", 30_000, "the obsolete form of RFC 850"),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0, "a date that has passed"),
        ("Wed, 21 Oct 1015 07:28:00 GMT", 0, "long ago"),
        ("Wed, 21 Oct 9015 07:28:00 GMT", HOUR, "far ahead"),
        ("", None, "empty"),
        ("-5", None, "negative"),
        ("1.5", None, "not whole"),
        ("5 seconds", None, "words"),
        ("soon", None, "a word"),
        ("٣x", None, "not digits"),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None, "an offset that overflows"),
        ("Mon, 99 Foo 2024 25:61:61 GMT", None, "no date"),
    ],
)
def test_the_wait_that_is_asked_for(text: str, wait: int | None, reason: str) -> None:
    """``Retry-After`` in seconds or as a date; garbage means that nothing was asked for; an hour at most.

    Trap: the vendors' clients have met 0, nothing and malformed values here.
    """
    for status, kind in ((429, SourceRateLimited), (503, SourceUnavailable), (423, SourceUnavailable)):
        error = answers.refusal("Webex", response(b"", status, {"retry-after": text}))
        assert isinstance(error, kind)
        assert error.retry_after_ms == wait, reason


@settings(deadline=None)
@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{1,9} [+-]?[0-9A-Z]{1,9}")
)
def test_no_wait_breaks_the_reader(text: str) -> None:
    """Any text of the header is a wait of up to an hour, or none."""
    wait = answers.retry_after_ms(response(b"", 429, {"retry-after": text}))
    assert wait is None or 0 <= wait <= HOUR


class Light(Enum):
    """A vocabulary for tests."""

    RED = "RED"
    UNKNOWN = "UNKNOWN"


def test_words_are_translated() -> None:
    """A known word in any case is ours; an unknown one is UNKNOWN and noted once; a missing one is UNKNOWN."""
    words = answers.Words("light", Light, {"Stop": "RED"})
    drift: set[str] = set()
    assert [words.read(word, drift) for word in ("Stop", "STOP", "", None)] == [Light.RED, Light.RED] + [
        Light.UNKNOWN
    ] * 2
    assert drift == set()
    assert [words.read(word, drift) for word in ("Go", "Walk")] == [Light.UNKNOWN] * 2
    assert drift == {"unknown word in light"}


def test_a_table_names_only_words_of_ours() -> None:
    """A table that names what does not exist fails when it is made, not when it is read."""
    with pytest.raises(KeyError):
        answers.Words("light", Light, {"Go": "GREEN"})


@pytest.mark.parametrize(
    ("word", "code"),
    [("SG", "SG"), ("sg", "SG"), ("UK", "GB"), ("uk", "GB"), ("EL", "GR"), (" GB ", "GB")]
    + [(word, None) for word in ("", None, "GBR", "S", "S1", "44", "ÄÖ", "United Kingdom")],
)
def test_countries(word: str | None, code: str | None) -> None:
    """ISO 3166-1 alpha-2, with the two words repaired that are none; anything else says nothing."""
    assert answers.country(word) == code


@pytest.mark.parametrize(
    ("word", "code"),
    [("USD", "USD"), ("usd", "USD"), (" gbp ", "GBP")]
    + [(word, None) for word in ("", None, "$", "US", "USDT", "U5D", "ÄÖÜ")],
)
def test_currencies(word: str | None, code: str | None) -> None:
    """ISO 4217; anything else says nothing."""
    assert answers.currency(word) == code


COUNTED: list[tuple[Json, int]] = [(5, 5), ("5", 5), (5.0, 5), (0, 0)]
UNCOUNTED: list[Json] = [None, "", "x", "5x", 5.5, -1, "-1", [], {}, [5], "true"]


@pytest.mark.parametrize(("said", "counted"), [*COUNTED, *((said, None) for said in UNCOUNTED)], ids=repr)
def test_counts(said: Json, counted: int | None) -> None:
    """A whole number from 0 on, in a number or a text; anything else counts nothing."""
    assert answers.count(said) == counted


@pytest.mark.parametrize(("said", "counted"), [(2**31 - 1, 2**31 - 1), (2**31, None), ("9" * 30, None), ("x", None)])
def test_counts_that_can_be_said(said: Json, counted: int | None) -> None:
    """No more than GraphQL's Int: a larger one would fail the field, and the store."""
    assert answers.total(said) == counted


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2023-02-17T05:10:14.760Z", None, datetime(2023, 2, 17, 5, 10, 14, 760_000, tzinfo=UTC)),
        ("2023-02-17T05:10:14.7601234Z", None, datetime(2023, 2, 17, 5, 10, 14, 760_123, tzinfo=UTC)),
        ("2023-02-17 05:10:14", None, datetime(2023, 2, 17, 5, 10, 14, tzinfo=UTC)),
        ("2023-02-17 05:10:14", "Asia/Singapore", datetime(2023, 2, 16, 21, 10, 14, tzinfo=UTC)),
        ("2023-02-17T05:10:14+08:00", "Europe/London", datetime(2023, 2, 16, 21, 10, 14, tzinfo=UTC)),
        ("9999-12-31T23:59:59-01:00", None, None),
        ("0001-01-01T00:00:00+14:00", None, None),
        ("2023-02-30", None, None),
        ("string", None, None),
        ("1676610614760", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_moments(text: str | None, zone: str | None, expected: datetime | None) -> None:
    """A time in UTC; without an offset in the given zone; what is none, or none that UTC knows, is null."""
    assert answers.moment(text, None if zone is None else ZoneInfo(zone)) == expected


@settings(deadline=None)
@given(st.text(max_size=40) | st.datetimes().map(str), st.sampled_from((None, "Asia/Singapore", "America/New_York")))
def test_no_text_breaks_the_reader_of_moments(text: str, zone: str | None) -> None:
    """Any text is a time in UTC, or none."""
    at = answers.moment(text, None if zone is None else ZoneInfo(zone))
    assert at is None or at.tzinfo is UTC


def test_within_an_object() -> None:
    """A path of names leads to what stands there; where there is nothing, or no object on the way, to nothing."""
    said = {"data": {"limits": {"minute": 5}, "list": [1]}}
    assert answers.within(said, "data", "limits", "minute") == 5
    for path in (("x",), ("data", "x", "y"), ("data", "list", "y"), ("data", "limits", "minute", "z")):
        assert answers.within(said, *path) is None
    assert answers.within(None, "x") is None


def test_samples_are_named_for_what_they_are() -> None:
    """A recorded body can be read; the HTML of a gateway is HTML."""
    assert body_of("webex/502.html").startswith(b"<html>")
