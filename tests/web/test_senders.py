"""Who sends an event: by address, behind proxies that are trusted and others, and by the whole value of a header."""

import pytest
from pydantic import SecretStr
from starlette.requests import Request

from gateway.web.senders import comes_from, knows_secret

ALLOWED = ("192.0.2.7", "2001:db8::/32")
PROXIES = ("10.0.0.0/8", "::1")


def request(host: str | None = "192.0.2.7", *headers: tuple[str, str]) -> Request:
    """A request from an address with headers."""
    held = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return Request({"type": "http", "client": None if host is None else (host, 4711), "headers": held})


@pytest.mark.parametrize(
    ("host", "forwarded", "comes", "reason"),
    [
        ("192.0.2.7", [], True, "an allowed address"),
        ("192.0.2.8", [], False, "another one"),
        ("2001:db8::5", [], True, "of an allowed network"),
        ("::ffff:192.0.2.7", [], True, "an IPv4 address as IPv6 writes it"),
        ("fe80::1%eth0", [], False, "an address with a zone"),
        ("", [], False, "no address"),
        (None, [], False, "a socket without addresses"),
        ("10.1.2.3", [], False, "the proxy itself"),
        ("10.1.2.3", ["192.0.2.7"], True, "passed on by a trusted proxy"),
        ("::1", ["192.0.2.7"], True, "by another trusted proxy"),
        ("10.1.2.3", ["192.0.2.8"], False, "somebody else passed on"),
        ("10.1.2.3", ["192.0.2.7, 192.0.2.8"], False, "what somebody else claims to have passed on"),
        ("10.1.2.3", ["192.0.2.7, 10.9.9.9"], True, "through two trusted proxies"),
        ("10.1.2.3", ["192.0.2.8", "192.0.2.7"], True, "in several headers, the last one counts"),
        ("10.1.2.3", ["192.0.2.7, "], False, "the proxy said nothing of whom it passed on"),
        ("10.1.2.3", ["unknown"], False, "not an address"),
        ("192.0.2.8", ["192.0.2.7"], False, "a claim of somebody who is not trusted"),
        ("192.0.2.7", ["192.0.2.8"], True, "an allowed sender's claim does not matter"),
    ],
)
def test_where_it_comes_from(host: str | None, forwarded: list[str], comes: bool, reason: str) -> None:
    """The address on the socket counts, and a claim only where a trusted proxy made it."""
    sent = request(host, *(("x-forwarded-for", value) for value in forwarded))
    assert comes_from(sent, ALLOWED, PROXIES) is comes, reason


def test_without_a_list_anybody_may_send() -> None:
    """The list is optional: then only the secret counts."""
    assert comes_from(request("198.51.100.1"), (), ())


@pytest.mark.parametrize(
    ("headers", "knows", "reason"),
    [
        ([("authorization", "Bearer s3cret")], True, "the whole value"),
        ([("authorization", "s3cret")], False, "a part of it"),
        ([("authorization", "bearer s3cret")], False, "other capitals"),
        ([("authorization", "Bearer s3cret ")], False, "more than it"),
        ([("authorization", "")], False, "nothing"),
        ([], False, "no header"),
        ([("x-secret", "Bearer s3cret")], False, "another header"),
        ([("authorization", "Bearer s3cret"), ("authorization", "Bearer s3cret")], False, "twice"),
        ([("authorization", "Bearer s3cr\xe9t")], False, "letters beyond ASCII"),
    ],
)
def test_the_secret_is_the_whole_value(headers: list[tuple[str, str]], knows: bool, reason: str) -> None:
    """Nothing more and nothing less, once."""
    assert knows_secret(request(None, *headers), "Authorization", SecretStr("Bearer s3cret")) is knows, reason


def test_without_a_secret_nobody_knows_it() -> None:
    """A source that has none takes no events, whatever is sent."""
    assert not knows_secret(request(None, ("authorization", "")), "Authorization", None)


def test_a_secret_beyond_ascii() -> None:
    """A secret's letters are sent in UTF-8."""
    sent = "sch\u00fcssel".encode().decode("latin-1")
    assert knows_secret(request(None, ("x-key", sent)), "X-Key", SecretStr("sch\u00fcssel"))
