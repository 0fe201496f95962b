"""Events, numbers as told, and the change log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_COUNT = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables, and the one row of ``head``."""
    head = op.create_table(
        "head",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", _COUNT, nullable=False, comment="counts the writes"),
        sa.Column("sequence", _COUNT, nullable=False, comment="the last change in the log"),
        sa.Column("removed", _COUNT, nullable=False, comment="the last change that is not kept any more"),
    )
    op.bulk_insert(head, [{"id": 1, "revision": 0, "sequence": 0, "removed": 0}])
    _make_events()
    _make_numbers()


def _make_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", _COUNT, primary_key=True),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("source", "digest", name="events_once"),
    )
    op.create_index("events_age", "events", ["received_at"])
    op.create_table(
        "changes",
        sa.Column("sequence", _COUNT, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("previous", sa.Text),
    )
    op.create_index("changes_age", "changes", ["at"])


def _make_numbers() -> None:
    op.create_table(
        "sources",
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("heard_at", sa.BigInteger, nullable=False),
        sa.Column("full_at", sa.BigInteger, comment="when the pool was last told in full"),
        sa.Column("total", sa.BigInteger, comment="how many numbers the provider last said there are"),
        sa.Column("revision", _COUNT, nullable=False),
    )
    op.create_table(
        "numbers",
        sa.Column("source", sa.String(200), primary_key=True),
        sa.Column("e164", sa.String(16), primary_key=True),
        sa.Column("told", sa.Text),
        sa.Column("listed", sa.Text),
        sa.Column("version", sa.BigInteger),
        sa.Column("removed", sa.BigInteger),
        sa.Column("revision", _COUNT, nullable=False),
    )
    op.create_index("numbers_revision", "numbers", ["revision"])
