"""What is told in pieces, late, twice or not at all, made one truth: what is held of a source's numbers, and what changed.

Of each number two things are held, what events told last and what a list said last; what is shown is the newer one,
completed by the other. A full statement, which is a snapshot or a list read to its end, replaces the pool. So events in
any order, doubled or lost, end at the same pool with the next full statement.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.msgpack import encode
from msgspec.structs import replace

from gateway.numbers.changes import Difference
from gateway.numbers.e164 import E164
from gateway.numbers.model import HealthState, Number, Observation, Record

SKEW = timedelta(seconds=5)
"""How far a provider's clock may be ahead: a time beyond that is no time, and binds nobody."""


class Held(Struct, frozen=True, kw_only=True, dict=True):
    """What is known of one number. ``told`` is the last word of events, ``listed`` that of a list.

    ``version`` is the newest credible ``updated_at`` that was told. ``removed`` is when a full statement no longer held
    the number, which then is neither told nor listed; None while it is held.
    """

    told: Number | None = None
    listed: Number | None = None
    version: datetime | None = None
    removed: datetime | None = None

    @property
    def number(self) -> Number | None:
        """The record as it is shown; None of a number that was removed."""
        return self._merged if self.told is not None and self.listed is not None else self.told or self.listed

    @cached_property
    def _merged(self) -> Number:
        assert self.told is not None
        assert self.listed is not None
        return merged(self.told, self.listed)

    @property
    def heard(self) -> datetime:
        """When the number was last heard of, or found to be gone."""
        moments = [number.as_of for number in (self.told, self.listed) if number is not None]
        return max(moments, default=self.removed or _LONG_AGO)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)
NOTHING_HELD = Held()

Pool = Mapping[E164, Held]
Reconciled = tuple[dict[E164, Held], list[Difference]]
"""What is to be held anew, and the changes in the order they happened."""


def received(
    pool: Pool, numbers: Sequence[Number], unchanged: Collection[E164], at: datetime, *, replaces: bool
) -> Reconciled:
    """An event's numbers against what is held, of which the pool must hold all when ``replaces``, else those told.

    The newest ``updated_at`` wins, of equal ones the later event. Old news change nothing, but in a full snapshot they
    bring a removed number back. ``unchanged`` are those the provider says it repeats.
    """
    anew: dict[E164, Held] = {}
    differences: list[Difference] = []
    for number in numbers:
        before = anew.get(number.e164) or pool.get(number.e164, NOTHING_HELD)
        if _is_old_news(number, before, replaces=replaces):
            continue
        version = _latest(before.version, _credible(number))
        after = anew[number.e164] = Held(told=number, listed=before.listed, version=version)
        differences += _difference(before.number, after.number, at, said=number.e164 not in unchanged)
    if replaces:
        gone = pool.keys() - {number.e164 for number in numbers}
        _remove({e164: pool[e164] for e164 in sorted(gone)}, at, anew, differences)
    return anew, differences


def listed(
    pool: Pool, numbers: Iterable[Number], asked: datetime, at: datetime, *, whole: bool, first: bool
) -> Reconciled:
    """A list's numbers against the whole pool of its source. ``asked`` is when the list was asked for, ``at`` when it came.

    ``whole``: nothing is missing from it, so that what it lacks is gone, unless it was heard of since. ``first``: nothing
    was known in full before, so that its numbers are where counting begins and no news.
    """
    anew: dict[E164, Held] = {}
    differences: list[Difference] = []
    rows = {number.e164: number for number in numbers}
    for e164, number in rows.items():
        before = pool.get(e164, NOTHING_HELD)
        if before.listed == number or _is_overtaken(number, before, asked):
            continue
        after = anew[e164] = Held(told=before.told, listed=number, version=before.version)
        if before.number is not None or not first:
            differences += _difference(before.number, after.number, at, said=False)
    if whole:
        gone = {e164: pool[e164] for e164 in sorted(pool.keys() - rows.keys())}
        _remove({e164: held for e164, held in gone.items() if held.heard < asked}, at, anew, differences)
    return anew, differences


def echoes(pool: Pool, numbers: Iterable[Number], asked: datetime) -> bool:
    """Whether a list says of each of its numbers what lists said before it was asked for, and no event told of any.

    Where the pool holds no other numbers, the list is what is shown as it stands.
    """
    words = ((pool.get(number.e164), number) for number in numbers)
    return all(
        held is not None
        and held.told is None
        and held.listed is not None
        and held.listed.as_of < asked
        and _same(held.listed, number)
        for held, number in words
    )


def shared(pool: Pool, numbers: Iterable[Number]) -> tuple[Number, ...]:
    """The numbers, made of what the pool holds as far as that says the same: 20,000 of them take a third of the memory."""
    return tuple(_shared(pool.get(number.e164, NOTHING_HELD).listed, number) for number in numbers)


def _shared(known: Number | None, number: Number) -> Number:
    if known is None:
        return number
    same = known if known.origin == number.origin else replace(known, origin=number.origin)
    return same if encode(same) == encode(number) else number  # by their texts: 0.3 and 0.30 are equal


def repeats(held: Held, before: Held | None) -> bool:
    """Whether a list said of a number what it had said before, and no event told of it: nothing to be kept anew."""
    if before is None or before.listed is None or held.listed is None or held.told is not None:
        return False
    return _same(before.listed, held.listed)


def merged(one: Number, other: Number) -> Number:
    """Two observations of a number as one record: the newer one, and what only the older one says.

    The newer is the one with the newer credible ``updated_at``, else the one heard later. The health of a version that
    has been replaced is not carried over.
    """
    newer, older = (one, other) if _is_newer(one, other) else (other, one)
    filled = {name: _fuller(getattr(newer, name), getattr(older, name)) for name in _FILLED}
    health = newer.health
    if health.state is HealthState.UNKNOWN and not _outdated(older, newer):
        health = older.health
    if health.state is HealthState.UNHEALTHY and filled["usable_for_new_sessions"]:
        filled["usable_for_new_sessions"] = False  # 8x8: unhealthy numbers should not be used for new sessions
    return replace(newer, health=health, **filled)


_FILLED = tuple(name for name in Number.__struct_fields__ if name not in ("e164", "origin", "health"))


def _fuller(newer: Any, older: Any) -> Any:  # noqa: ANN401 - the value of any field
    if isinstance(newer, Record) and type(newer) is type(older):
        return replace(
            newer, **{name: _fuller(getattr(newer, name), getattr(older, name)) for name in newer.__struct_fields__}
        )
    silent = newer is None or (isinstance(newer, Enum) and newer.name == "UNKNOWN")
    return older if silent else newer


def _is_newer(one: Number, other: Number) -> bool:
    mine, others = _credible(one), _credible(other)
    if mine is None or others is None or mine == others:
        return one.as_of >= other.as_of
    return mine > others


def _outdated(older: Number, newer: Number) -> bool:
    was, became = _credible(older), _credible(newer)
    return was is not None and became is not None and was < became


def _credible(number: Number) -> datetime | None:
    """When the provider changed it; None when it does not say, or names a time that had not come."""
    at = number.updated_at
    return None if at is None or at > number.as_of + SKEW else at


def _latest(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


def _is_old_news(number: Number, before: Held, *, replaces: bool) -> bool:
    version = _credible(number)
    if version is None or before.version is None:
        return False
    if before.removed is not None:
        return version <= before.version and not replaces
    return version < before.version


def _is_overtaken(number: Number, before: Held, asked: datetime) -> bool:
    """Whether a listed number was heard of after its list was asked for, by words that its own time does not outdo."""
    if before.heard < asked:
        return False
    return before.told is None or _credible(number) is None


def _difference(before: Number | None, after: Number | None, at: datetime, *, said: bool) -> list[Difference]:
    """The change between two records, if it is one; ``said``: the provider says that the number was updated."""
    if before is not None and after is not None and _same(before, after):
        news = said and before.observed_via is not Observation.WEBHOOK and after.observed_via is Observation.WEBHOOK
        if not news:
            return []
    return [Difference(number=after, previous=before, at=at)]


def _same(one: Number, other: Number) -> bool:
    """Whether two records say the same of the number, however and whenever it was heard."""
    details = one.details
    if details is not other.details:
        passing = {name: getattr(other.details, name) for name in type(details).passing}
        details = replace(details, **passing) if passing else details
    return replace(one, origin=other.origin, details=details) == other


def _remove(gone: Pool, at: datetime, anew: dict[E164, Held], differences: list[Difference]) -> None:
    for e164, held in gone.items():
        number = held.number
        if number is None:
            continue
        anew[e164] = Held(version=_latest(held.version, _credible(held.listed or number)), removed=at)
        differences.append(Difference(number=None, previous=number, at=at))
