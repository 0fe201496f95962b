"""What the store writes for every event, built once: to build a statement anew takes longer than to run it."""

from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from sqlalchemy import Insert, bindparam, func, insert, select, update

from gateway.upstream.tables import changes, events, head, numbers, sources

TAKE_TURN = update(head).values(revision=head.c.revision + 1).returning(head.c.revision)
"""Waits until nobody else writes; the number of this write."""

ADVANCE = update(head).values(sequence=head.c.sequence + bindparam("count")).returning(head.c.sequence)
"""Makes room for ``count`` changes at the end of the log; the last place."""

APPEND = insert(changes)

POOL = select(numbers).where(numbers.c.source == bindparam("source"))
AMONG = POOL.where(numbers.c.e164.in_(bindparam("among", expanding=True)))
"""What is held of a source's numbers, and only of some."""


class Upserts(NamedTuple):
    """What each database writes in its own way."""

    keep_once: Insert
    """Keeps an event unless its content was received before; the row's id, or nothing."""

    keep_again: Insert
    """Likewise, and takes it for a new one when it was received before the moment ``again``."""

    hold: Insert
    """Writes what is held of numbers."""

    note: Insert
    """Writes what is known of a source; what is not said this time stays as it was."""


@cache
def upserts(kind: str) -> Upserts:
    """Those of a kind of database, whose dialect is there once it is connected; that of the other is never imported."""
    upsert: Any = import_module(f"sqlalchemy.dialects.{kind}").insert
    return Upserts(
        _keep_once(upsert(events)), _keep_again(upsert(events)), _hold(upsert(numbers)), _note(upsert(sources))
    )


def _keep_once(upsert: Any) -> Insert:  # noqa: ANN401 - each dialect has a class of its own
    once: Insert = upsert.on_conflict_do_nothing(index_elements=["source", "digest"]).returning(events.c.id)
    return once


def _keep_again(upsert: Any) -> Insert:  # noqa: ANN401 - each dialect has a class of its own
    again: Insert = upsert.on_conflict_do_update(
        index_elements=["source", "digest"],
        set_={"received_at": upsert.excluded.received_at},
        where=events.c.received_at <= bindparam("again", type_=events.c.received_at.type),
    ).returning(events.c.id)
    return again


def _hold(upsert: Any) -> Insert:  # noqa: ANN401 - each dialect has a class of its own
    renewed = {name: upsert.excluded[name] for name in ("told", "listed", "version", "removed", "revision")}
    held: Insert = upsert.on_conflict_do_update(index_elements=["source", "e164"], set_=renewed)
    return held


def _note(upsert: Any) -> Insert:  # noqa: ANN401 - each dialect has a class of its own
    said = {name: upsert.excluded[name] for name in ("revision", "heard_at")}
    said |= {name: func.coalesce(upsert.excluded[name], sources.c[name]) for name in ("full_at", "total")}
    noted: Insert = upsert.on_conflict_do_update(index_elements=["source"], set_=said)
    return noted
