"""Every named failure, at every provider that can show it."""

import gzip
import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias

import aiohttp
import msgspec
import pytest

from gateway.sandbox.faults import FAULTS, faults_of
from tests.sandbox.caller import PATHS, ROWS_AT, VENDOR_TYPE, Caller, Reply

PROVIDERS = ["8x8", "webex", "cloudlx", "callgear"]
KEYS = {"8x8": "msisdn", "webex": "phoneNumber", "cloudlx": "uuid", "callgear": "phone_number"}
Shown: TypeAlias = Callable[[Reply, Reply, str], bool]
"""A test of a spoilt reply against the true one, at a provider."""


def status(code: int, retry_after: str | None = None) -> Shown:
    """Expect a status with the provider's own body, and a Retry-After."""

    def shown(reply: Reply, _: Reply, provider: str) -> bool:
        kind = "text/html" if provider == "callgear" else "application/json"
        return (reply.status, reply.headers["content-type"], reply.headers.get("retry-after")) == (
            code,
            kind,
            retry_after,
        )

    return shown


def date_ahead(seconds: float) -> Shown:
    """Expect a 429 until a date so many seconds from now."""

    def shown(reply: Reply, _: Reply, __: str) -> bool:
        ahead = parsedate_to_datetime(reply.headers["retry-after"]).timestamp() - time.time()
        return reply.status == 429 and seconds - 10 <= ahead <= seconds + 1

    return shown


def location(code: int, path: str) -> Shown:
    """Expect a redirect."""

    def shown(reply: Reply, _: Reply, provider: str) -> bool:
        return reply.status == code and reply.headers["location"].endswith(
            path.format(provider=provider, path=PATHS[provider])
        )

    return shown


def body(test: Callable[[bytes, bytes], bool]) -> Shown:
    """Expect a 200 whose bytes stand in a relation to the true ones."""
    return lambda reply, true, _: reply.status == 200 and test(reply.body, true.body)


def unreadable(reply: Reply) -> bool:
    """Expect a body that is not JSON."""
    with pytest.raises((msgspec.DecodeError, RecursionError)):
        msgspec.json.decode(reply.body)
    return True


def header(name: str, value: str | None) -> Shown:
    """Expect the true body under another header."""
    return lambda reply, true, _: (reply.headers.get(name), len(reply.body)) == (value, len(true.body))


def rows(test: Callable[[list[Any], list[Any], str], bool]) -> Shown:
    """Expect rows that stand in a relation to the true ones."""
    return lambda reply, true, provider: test(reply.rows(provider), true.rows(provider), KEYS[provider])


def strings_for_numbers(spoilt: list[Any], true: list[Any], _: str) -> bool:
    """Tell whether every number and truth value of the rows has become text."""
    before = {type(value) for row in true for value in row.values()}
    after = {type(value) for row in spoilt for value in row.values()}
    return not after & {float, bool} and bool(before & {float, bool})


SHOWN: dict[str, Shown] = {
    "http_401": status(401),
    "http_403": status(403),
    "http_423": status(423, "1"),
    "http_429": status(429, "1"),
    "http_429_date": date_ahead(1),
    "http_429_past": date_ahead(-3600),
    "http_429_garbage": status(429, "soon"),
    "http_429_absent": status(429),
    "http_500": status(500),
    "http_502": status(502),
    "http_503": status(503),
    "http_504": status(504),
    "unavailable_retry_after": status(503, "1"),
    "html_502": lambda reply, _, __: reply.status == 502 and reply.body.startswith(b"<!DOCTYPE html>"),
    "html_200": body(lambda spoilt, _: spoilt.startswith(b"<!DOCTYPE html>")),
    "redirect": location(302, "/{provider}/moved"),
    "redirect_loop": location(307, "{path}"),
    "truncated_json": lambda reply, true, _: unreadable(reply) and len(reply.body) == len(true.body) // 2,
    "invalid_json": lambda reply, _, __: unreadable(reply),
    "deep_json": lambda reply, _, __: unreadable(reply) and len(reply.body) == 200_000,
    "empty_body": body(lambda spoilt, _: spoilt == b""),
    "huge": body(lambda spoilt, true: len(spoilt) == len(true) + 3_000_000 and json.loads(spoilt) is not None),
    "nan": lambda reply, _, __: unreadable(reply) and str(json.loads(reply.body)["drift"]) == "nan",
    "list_for_object": body(lambda spoilt, _: isinstance(json.loads(spoilt), list)),
    "duplicate_keys": body(
        lambda spoilt, true: json.loads(spoilt).keys() == json.loads(true).keys() and spoilt.count(b":null,") > 0
    ),
    "utf16": body(lambda spoilt, true: len(spoilt) == 2 * len(true) + 2),
    "bom": body(lambda spoilt, true: spoilt[:4] == b"\xef\xbb\xbf{" and len(spoilt) == len(true) + 3),
    "wrong_content_type": header("content-type", "text/plain"),
    "no_content_type": header("content-type", None),
    "cookies": header("set-cookie", "session=1; Path=/; HttpOnly"),
    "scalar_items": rows(lambda spoilt, true, _: spoilt == [42] * len(true)),
    "bad_rows": rows(
        lambda spoilt, true, _: spoilt[1:3] == true[1:3] and spoilt[::3][:6] == [None, [], "+12025550100", 7, {}, None]
    ),
    "unknown_fields": rows(
        lambda spoilt, true, _: all(a.items() > b.items() for a, b in zip(spoilt, true, strict=True))
    ),
    "unknown_words": rows(lambda spoilt, _, __: all("Quarantined" in row.values() for row in spoilt[:20])),
    "flipped_types": rows(strings_for_numbers),
    "null_fields": rows(
        lambda spoilt, true, key: (
            [row[key] for row in spoilt] == [row[key] for row in true]
            and sum(value is not None for row in spoilt for value in row.values()) <= 2 * len(true)
        )
    ),
    "missing_fields": rows(
        lambda spoilt, true, key: (
            [row[key] for row in spoilt] == [row[key] for row in true] and all(len(row) <= 2 for row in spoilt)
        )
    ),
    "empty_page": rows(lambda spoilt, _, __: spoilt == []),
    "doubled_rows": rows(lambda spoilt, true, _: spoilt[::2] == spoilt[1::2] == true),
    "shuffled_rows": rows(
        lambda spoilt, true, key: spoilt != true and {row[key] for row in spoilt} == {row[key] for row in true}
    ),
    "longer_page": rows(lambda spoilt, true, _: spoilt == true + true[:3]),
}
"""What each failure looks like in a list; those of the wire and of single providers have tests of their own."""
ON_THE_WIRE = {"hang", "reset", "hang_up", "drip", "reset_midway", "short_body"}
BEFORE_THE_BODY = {"gzip_bomb", "bad_gzip", "oversized_headers"}


async def spoilt_and_true(caller: Caller, provider: str, fault: str) -> tuple[Reply, Reply]:
    """Read a provider with one failure and then without."""
    assert (await caller.turn(provider, fault=fault, fault_next=1, huge_bytes=3_000_000)).status == 200
    return await caller.read(provider), await caller.read(provider)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", SHOWN)
async def test_failures_at_every_provider(caller: Caller, provider: str, fault: str) -> None:
    """The failure shows itself in the list, once, and the next answer is sound."""
    reply, true = await spoilt_and_true(caller, provider, fault)
    assert true.status == 200
    assert SHOWN[fault](reply, true, provider)


def test_every_failure_is_shown_somewhere() -> None:
    """No failure is without a test: the tables of this module and of the wire name them all."""
    of_one_provider = {name for name, fault in FAULTS.items() if fault.providers}
    assert set(SHOWN) | ON_THE_WIRE | BEFORE_THE_BODY | of_one_provider == set(FAULTS)
    assert set(faults_of("webex")) == set(FAULTS) - of_one_provider
    assert len(faults_of("callgear")) > 50


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_gzip(caller: Caller, provider: str) -> None:
    """A bomb is small and unpacks to what the knob says, rounded up to MiB; bad gzip does not unpack."""
    for fault, unpacked in (("gzip_bomb", 3 * 2**20), ("bad_gzip", None)):
        await caller.turn(provider, fault=fault, huge_bytes=3_000_000)
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            reply = await Caller(session, caller.base_url).read(provider)
        assert reply.headers["content-encoding"] == "gzip"
        assert len(reply.body) < 10_000
        if unpacked:
            assert gzip.decompress(reply.body) == b" " * unpacked
        else:
            with pytest.raises(gzip.BadGzipFile):
                gzip.decompress(reply.body)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_oversized_headers(caller: Caller, provider: str) -> None:
    """A header of 64 KiB is more than a client takes."""
    await caller.turn(provider, fault="oversized_headers")
    with pytest.raises(aiohttp.ClientResponseError):
        await caller.read(provider)


@pytest.mark.parametrize(
    ("fault", "payload"),
    [
        ("bad_rows", None),
        ("scalar_items", 42),
        ("empty_page", None),
        ("missing_fields", {"msisdn": "+65123456789"}),
        ("null_fields", {"msisdn": "+65123456789", "referenceId": None, "countryCode": None}),
        ("doubled_rows", {"msisdn": "+65123456789", "referenceId": "MyVirtualNumber-1", "countryCode": "SG"}),
    ],
)
async def test_failures_of_a_lone_row(caller: Caller, fault: str, payload: object) -> None:
    """The one row of 8x8's check is spoilt like the rows of a list."""
    await caller.turn("8x8", fault=fault)
    assert (await caller.eight_by_eight("numbers/65123456789")).json["payload"] == payload


async def test_failures_of_an_answer_without_rows(caller: Caller) -> None:
    """A token or an error has no rows: row failures spoil it as one, those of lists leave it alone."""
    for fault, expected in (("flipped_types", "404"), ("empty_page", 404), ("null_fields", None)):
        await caller.turn("cloudlx", fault=fault)
        reply = await caller.send("GET", "/cloudlx/api/nothing", headers={"Accept": VENDOR_TYPE})
        assert reply.json["status_code"] == expected


async def test_flipped_types_keep_digits(caller: Caller) -> None:
    """Digits become a number only where that loses nothing; truth values become text."""
    await caller.turn("callgear", fault="flipped_types")
    (row, *_) = (await caller.callgear({"limit": 1})).rows("callgear")
    assert isinstance(row["phone_number"], int)
    await caller.turn("cloudlx", fault="flipped_types")
    found = (await caller.cloudlx({"search": "800", "max_per_page": "200"})).rows("cloudlx")
    assert any(isinstance(row.get("number"), str) and row["number"].startswith("0") for row in found)


async def test_body_failures_of_a_page_in_html(caller: Caller) -> None:
    """What is no JSON object has no keys to double."""
    await caller.turn("callgear", fault="duplicate_keys")
    assert (await caller.send("GET", "/callgear/v2.0")).body.startswith(b"<html>")


@pytest.mark.parametrize(("seconds", "expected"), [(0, "0"), (2.5, "2.5"), (315_360_000, "315360000")])
async def test_retry_after(caller: Caller, seconds: float, expected: str) -> None:
    """The time asked for is a knob: none, a fraction, ten years."""
    await caller.turn("webex", fault="http_429", retry_after=seconds)
    assert (await caller.webex()).headers["retry-after"] == expected


async def test_a_redirect_that_is_followed_shows_in_the_log(caller: Caller) -> None:
    """A client that follows the redirect finds nothing there, and the log tells."""
    await caller.turn("webex", fault="redirect", fault_next=1)
    followed = await caller.send("GET", "/webex/v1/people", allow_redirects=True)
    assert followed.status == 404
    calls = (await caller.send("GET", "/control/calls?provider=webex")).json["calls"]
    assert [(call["path"], call["status"]) for call in calls] == [("/webex/v1/people", 302), ("/webex/moved", 404)]


def test_rows_stand_where_the_tests_look() -> None:
    """The tests know the rows of all providers."""
    assert set(ROWS_AT) == set(KEYS) == set(PROVIDERS)
