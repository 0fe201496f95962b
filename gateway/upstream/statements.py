"""What the store writes for every event, built once: to build a statement anew takes longer than to run it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.upstream.tables import changes, events, head, numbers, sources

_UPSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

TAKE_TURN = update(head).values(revision=head.c.revision + 1).returning(head.c.revision)
"""Waits until nobody else writes; the number of this write."""

ADVANCE = update(head).values(sequence=head.c.sequence + bindparam("count")).returning(head.c.sequence)
"""Makes room for ``count`` changes at the end of the log; the last place."""

APPEND = insert(changes)

POOL = select(numbers).where(numbers.c.source == bindparam("source"))
AMONG = POOL.where(numbers.c.e164.in_(bindparam("among", expanding=True)))
"""What is held of a source's numbers, and only of some."""


def _keep_event(kind: str, *, again: bool) -> Insert:
    upsert: Any = _UPSERTS[kind](events)
    once: Insert
    if again:
        once = upsert.on_conflict_do_update(
            index_elements=["source", "digest"],
            set_={"received_at": upsert.excluded.received_at},
            where=events.c.received_at <= bindparam("again", type_=events.c.received_at.type),
        )
    else:
        once = upsert.on_conflict_do_nothing(index_elements=["source", "digest"])
    return once.returning(events.c.id)


def _hold(kind: str) -> Insert:
    upsert: Any = _UPSERTS[kind](numbers)
    renewed = {name: upsert.excluded[name] for name in ("told", "listed", "version", "removed", "revision")}
    held: Insert = upsert.on_conflict_do_update(index_elements=["source", "e164"], set_=renewed)
    return held


def _note(kind: str) -> Insert:
    upsert: Any = _UPSERTS[kind](sources)
    said = {name: upsert.excluded[name] for name in ("revision", "heard_at")}
    said |= {name: func.coalesce(upsert.excluded[name], sources.c[name]) for name in ("full_at", "total")}
    noted: Insert = upsert.on_conflict_do_update(index_elements=["source"], set_=said)
    return noted


KEEP_ONCE = {kind: _keep_event(kind, again=False) for kind in _UPSERTS}
"""Keeps an event unless its content was received before; the row's id, or nothing."""

KEEP_AGAIN = {kind: _keep_event(kind, again=True) for kind in _UPSERTS}
"""Likewise, and takes it for a new one when it was received before the moment ``again``."""

HOLD = {kind: _hold(kind) for kind in _UPSERTS}
"""Writes what is held of numbers."""

NOTE = {kind: _note(kind) for kind in _UPSERTS}
"""Writes what is known of a source; what is not said this time stays as it was."""
