"""What answers say of limits: in headers anywhere, in CallGear's metadata, and nothing where it is not sound."""

import pytest
from msgspec import json

from gateway.providers import allowances
from gateway.providers.protocol import Allowance
from tests.providers.build import callgear, response

SOURCE = callgear()
LIMITS = {
    "day_limit": 750,
    "day_remaining": 700,
    "day_reset": 4000,
    "minute_limit": 150,
    "minute_remaining": "149",
    "minute_reset": 59,
}
BOTH = [Allowance(149, 59, 150, 60.0), Allowance(700, 4000, 750, 86_400.0)]
NOW_EXACTLY = response(b"").received_at.timestamp()
NOW = int(NOW_EXACTLY)


@pytest.mark.parametrize(
    ("remaining", "reset", "said"),
    [
        ("5", "30", Allowance(5, 30.0)),
        ("0", str(NOW + 90), Allowance(0, 90.0)),
        ("5", str(NOW - 90), Allowance(5, 0.0)),
        ("5", "9" * 400, Allowance(5, 10.0**12 - NOW_EXACTLY)),
        ("5", "soon", None),
        ("-1", "30", None),
        ("", "30", None),
        ("5", None, None),
        (None, "30", None),
    ],
)
def test_headers(remaining: str | None, reset: str | None, said: Allowance | None) -> None:
    """Seconds from now or a Unix time; what is missing or garbage says nothing."""
    given = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": remaining, "x-ratelimit-reset": reset}
    headers = {name: value for name, value in given.items() if value is not None}
    assert allowances.in_headers(response(b"", 429, headers)) == said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"result": {"data": [{"phone_number": "1"}], "metadata": {"total_items": 1, "limits": LIMITS}}}, BOTH),
        ({"error": {"code": -32029, "data": {"mnemonic": "limit_exceeded", "metadata": {"limits": LIMITS}}}}, BOTH),
        ({"result": {"data": [], "metadata": {"limits": {**LIMITS, "day_limit": 0}}}}, BOTH[:1]),
        ({"result": {"data": [], "metadata": {"limits": {**LIMITS, "minute_remaining": "?"}}}}, BOTH[1:]),
        ({"result": {"data": [], "metadata": {"limits": {**LIMITS, "minute_reset": None}}}}, BOTH[1:]),
        ({"result": {"data": [], "metadata": {"limits": {}}}}, []),
        ({"result": {"data": []}}, []),
        ({"error": {"code": -32700}}, []),
        ([1], []),
    ],
)
def test_metadata(answer: object, said: list[Allowance]) -> None:
    """CallGear tells of the minute and of the day, in errors too; a limit of 0 is none."""
    assert SOURCE.allowances(response(json.encode(answer))) == said


def test_no_json() -> None:
    """A page of a proxy says nothing."""
    assert SOURCE.allowances(response(b"<html>", 502)) == []
