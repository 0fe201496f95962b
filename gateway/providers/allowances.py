"""What answers say of how often a source may still be asked: in headers, and in CallGear's metadata."""

from typing import Any

from msgspec import Struct

from gateway.errors import SourceBadAnswer
from gateway.providers import answers
from gateway.providers.protocol import Allowance, Response

PERIODS = {"minute": 60.0, "day": 86_400.0}
COUNTS = ("limit", "remaining", "reset")

UNIX_TIME, NEVER = 10**9, 10**12
"""What is above the first is a time, not a number of seconds to wait: it is of 2001, or thirty years. No time is later
than the second."""


class Metered(Struct):
    """What stands beside the rows of a result; they are not read again."""

    metadata: Any = None


class Account(Struct):
    """An answer as far as it tells of the account; the metadata of an error stands in its ``data``."""

    result: Metered | None = None
    error: Any = None


def in_headers(response: Response) -> Allowance | None:
    """What ``X-RateLimit-Remaining`` and ``X-RateLimit-Reset`` say, as dingo/api and many others send them.

    None where they are missing or garbage. The reset is in Unix time or, with others, in seconds from now; of the period
    that ``X-RateLimit-Limit`` stands for nothing is said.
    """
    remaining, reset = (answers.count(response.headers.get(f"x-ratelimit-{name}")) for name in ("remaining", "reset"))
    if remaining is None or reset is None:
        return None
    since = response.received_at.timestamp() if reset > UNIX_TIME else 0.0
    return Allowance(remaining, max(min(reset, NEVER) - since, 0.0))


def in_metadata(title: str, body: bytes) -> list[Allowance]:
    """What CallGear's ``metadata.limits`` says; nothing where it is missing or the answer cannot be read.

    Each successful call costs a point of the minute and of the day
    (https://callgear.github.io/data_api/#limits-and-restrictions); a limit of 0 is none.
    """
    try:
        account = answers.decoded(title, body, Account)
    except SourceBadAnswer:
        return []
    metadata = account.result.metadata if account.result else answers.within(account.error, "data", "metadata")
    limits = answers.within(metadata, "limits")
    said = (_allowance(limits, name, seconds) for name, seconds in PERIODS.items())
    return [allowance for allowance in said if allowance is not None]


def _allowance(limits: object, name: str, seconds: float) -> Allowance | None:
    limit, left, reset = (answers.count(answers.within(limits, f"{name}_{what}")) for what in COUNTS)
    return Allowance(left, reset, limit, seconds) if limit and left is not None and reset is not None else None
