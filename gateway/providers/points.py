"""The points of a CallGear account: each successful call costs one, of the minute and of the day.

https://callgear.github.io/data_api/#limits-and-restrictions
"""

from typing import Any

from msgspec import Struct

from gateway.errors import SourceBadAnswer
from gateway.providers import answers
from gateway.providers.protocol import Allowance

PERIODS = {"minute": 60.0, "day": 86_400.0}
COUNTS = ("limit", "remaining", "reset")


class Metered(Struct):
    """What stands beside the rows of a result; they are not read again."""

    metadata: Any = None


class Account(Struct):
    """An answer as far as it tells of the account; the metadata of an error stands in its ``data``."""

    result: Metered | None = None
    error: Any = None


def allowances(title: str, body: bytes) -> list[Allowance]:
    """What ``metadata.limits`` of any answer says; nothing where it is missing or the answer cannot be read."""
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
