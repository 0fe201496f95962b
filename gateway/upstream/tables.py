"""The tables of the store: what was received, what is held of each number, and the log of changes."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """A time in UTC, kept as whole microseconds since 1970, which every database compares alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - alike in all
        """Into the database."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - alike in all
        """Out of the database."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


REVISION = "0001"
"""The last of the steps in ``migrations/versions``, which lead to these tables."""

made_by = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table: the step that a database was brought to."""

_Count = BigInteger().with_variant(Integer, "sqlite")
metadata = MetaData()

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("revision", _Count, nullable=False, comment="counts the writes"),
    Column("sequence", _Count, nullable=False, comment="the last change in the log"),
    Column("removed", _Count, nullable=False, comment="the last change that is not kept any more"),
)
"""One row. Whoever writes updates it first, so that writers of all processes wait for one another."""

events = Table(
    "events",
    metadata,
    Column("id", _Count, primary_key=True),
    Column("source", String(200), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source", "digest", name="events_once"),
    Index("events_age", "received_at"),
)
"""What was received, byte by byte; a content is kept once for each source."""

sources = Table(
    "sources",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("heard_at", Moment, nullable=False),
    Column("full_at", Moment, comment="when the pool was last told in full"),
    Column("total", BigInteger, comment="how many numbers the provider last said there are"),
    Column("revision", _Count, nullable=False),
)

numbers = Table(
    "numbers",
    metadata,
    Column("source", String(200), primary_key=True),
    Column("e164", String(16), primary_key=True),
    Column("told", Text),
    Column("listed", Text),
    Column("version", Moment),
    Column("removed", Moment),
    Column("revision", _Count, nullable=False),
    Index("numbers_revision", "revision"),
)
"""What is held of each number: the fields of ``numbers.reconcile.Held``, records as JSON."""

changes = Table(
    "changes",
    metadata,
    Column("sequence", _Count, primary_key=True, autoincrement=False),
    Column("source", String(200), nullable=False),
    Column("at", Moment, nullable=False),
    Column("number", Text),
    Column("previous", Text),
    Index("changes_age", "at"),
)
"""The log: what was added has no ``previous``, what was removed has no ``number``."""
