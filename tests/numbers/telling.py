"""Numbers as 8x8 tells and lists them at minutes of a day, for the tests of what is made of it."""

from datetime import datetime, timedelta
from typing import Any

from gateway.numbers.changes import Difference
from gateway.numbers.e164 import E164
from gateway.numbers.model import Number, Observation, Origin
from gateway.numbers.reconcile import Pool, received
from gateway.providers.eight_by_eight import EightByEightDetails

NOON = datetime.fromisoformat("2026-11-21T12:00:00Z")
X, Y = E164("+6598765432"), E164("+6598765433")


def at(minutes: float) -> datetime:
    """A time of the day, after or before noon."""
    return NOON + timedelta(minutes=minutes)


def number(
    e164: str = X,
    *,
    via: Observation = Observation.WEBHOOK,
    heard: float = 0,
    updated: float | None = -60,
    status: str | None = "Active",
    details: EightByEightDetails | None = None,
    **facts: Any,  # noqa: ANN401 - the fields of a Number
) -> Number:
    """A number as it was heard of at a minute, last updated at another."""
    return Number(
        e164=E164(e164),
        origin=Origin(provider="EIGHT_BY_EIGHT", source="voice_sg", via=via, as_of=at(heard)),
        details=details or EightByEightDetails(sub_account_id="Mine", operational_status=status),
        raw_status=status,
        updated_at=None if updated is None else at(updated),
        **facts,
    )


def kinds(differences: list[Difference]) -> list[tuple[str, str]]:
    """What happened to which number."""
    return [(change.kind.value, change.e164) for change in differences]


def told(pool: Pool, *numbers: Number, heard: float = 0, replaces: bool = False) -> tuple[Pool, list[Difference]]:
    """The pool after an event, and what changed."""
    anew, differences = received(pool, numbers, frozenset(), at(heard), replaces=replaces)
    return {**pool, **anew}, differences


def statuses(pool: Pool) -> dict[str, str | None]:
    """The numbers that are there, and their statuses."""
    return {e164: held.number.raw_status for e164, held in pool.items() if held.number is not None}
