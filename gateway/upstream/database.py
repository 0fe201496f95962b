"""One database, SQLite or PostgreSQL: what waits to be written shares a commit, and is answered after it.

Writing has a thread of its own, so has reading, and nothing else touches a connection. What arrives while a commit is
under way shares the next one; a piece that fails is taken out, and the others are written without it.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Self, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url, select
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from gateway.errors import SettingsInvalid, StoreUnavailable
from gateway.upstream import tables

T = TypeVar("T")
Work = Callable[[Connection], T]

LOCKED_SECONDS = 0.8
"""How long a write waits for another process before it is refused; a webhook is answered within a second."""

STARTING_SECONDS = 30.0
"""How long a process that starts waits for another that makes the tables."""

SHARE_A_COMMIT = 100
"""Pieces of work in one commit at most."""

_UNHEARD = {"tcp_user_timeout": 5000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""When a PostgreSQL of which nothing is heard any more is given up (postgresql.org, 34.1.2); else its thread hangs for hours."""

_NO_URL = "state.database_url: this is not a URL: write sqlite:///path or postgresql://user:password@host/database."


class Database:
    """Runs work on the database. ``close`` finishes what waits, and gives the threads back."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = ThreadPoolExecutor(1, "store-writes")
        in_memory = isinstance(engine.pool, StaticPool)  # one connection, which two threads cannot share
        self._reader = self._writer if in_memory else ThreadPoolExecutor(1, "store-reads")
        self._waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = []
        self._committing: asyncio.Task[None] | None = None

    @classmethod
    def open(cls, url: str) -> Self:
        """The database at a URL; one in memory is made on the spot, others by ``migrate`` before."""
        engine = _engine(url)
        if isinstance(engine.pool, StaticPool):
            with engine.begin() as connection:
                _make(connection)
        return cls(engine)

    async def write(self, work: Work[T]) -> T:
        """What the work returns, once it is durable.

        Raises:
            StoreUnavailable: it could not be written, and is not.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, answer))
        if self._committing is None or self._committing.done():
            self._committing = asyncio.create_task(self._commit_what_waits(), name="commit")
        return await answer

    async def read(self, work: Work[T]) -> T:
        """What the work returns.

        Raises:
            StoreUnavailable: the database cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)

    async def close(self) -> None:
        """Commit what waits, then end."""
        if self._committing is not None:
            await self._committing
        for threads in {self._writer, self._reader}:
            threads.shutdown()
        self._engine.dispose()

    async def _commit_what_waits(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:SHARE_A_COMMIT], self._waiting[SHARE_A_COMMIT:]
            works = [work for work, _ in batch]
            outcomes = await asyncio.get_running_loop().run_in_executor(self._writer, self._commit, works)
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                if answer.done():  # whoever asked has left; it is written all the same
                    continue
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)

    def _commit(self, works: list[Work[Any]]) -> list[Any]:
        """What each returns or raises. When one fails, none is written with it: each is tried by itself."""
        try:
            with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
                return [work(connection) for work in works]
        except (OperationalError, InterfaceError):  # the database's own fault, and that of all who wait
            return [StoreUnavailable() for _ in works]
        except Exception as error:  # noqa: BLE001 - told to whoever asked for this work
            return [error] if len(works) == 1 else [self._commit([work])[0] for work in works]

    def _read(self, work: Work[T]) -> T:
        try:
            with self._engine.connect() as connection, connection.begin():
                return work(connection)
        except (OperationalError, InterfaceError):
            raise StoreUnavailable from None


def migrate(url: str) -> None:
    """Bring a database to this version's tables; of several processes that start at once one does it.

    Raises:
        SettingsInvalid: it cannot be opened, or is of a later version; the message names the key and the mend.
    """
    engine = _engine(url, STARTING_SECONDS)
    if isinstance(engine.pool, StaticPool):
        return
    try:
        _bring_up(engine)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        msg = f"state.database_url: the store cannot be used ({why}): name one that can be opened and written."
        raise SettingsInvalid(msg) from error
    finally:
        engine.dispose()


def _bring_up(engine: Engine) -> None:
    """Nothing to one that has these tables; a new one is made as they are, an older one is led to them step by step."""
    with engine.begin() as connection:
        if _revisions(connection) == [tables.REVISION]:
            return
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(820_112_611)")
        if _revisions(connection) is None:
            _make(connection)
        else:
            # with alembic, for which no other start waits
            import_module("gateway.upstream.upgrading").upgrade(connection)


def _revisions(connection: Connection) -> list[str] | None:
    """What alembic has noted; None where it has no table."""
    if not inspect(connection).has_table(tables.made_by.name):
        return None
    return list(connection.scalars(select(tables.made_by.c.version_num)))


def _make(connection: Connection) -> None:
    """What all steps make, and the note of it (alembic.sqlalchemy.org, Building an Up to Date Database from Scratch)."""
    tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(tables.head).values(id=1, revision=0, sequence=0, removed=0))
    tables.made_by.create(connection)
    connection.execute(insert(tables.made_by).values(version_num=tables.REVISION))


def _engine(url: str, patience: float = LOCKED_SECONDS) -> Engine:
    try:
        named = make_url(url)
        return (_sqlite if named.get_backend_name() == "sqlite" else _postgres)(named, patience)
    except (ArgumentError, ValueError) as error:
        raise SettingsInvalid(_NO_URL) from error


def _postgres(url: URL, patience: float) -> Engine:
    options = f"-c synchronous_commit=on -c lock_timeout={int(patience * 1000)}"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        connect_args={"options": options, "connect_timeout": 5, **_UNHEARD},
    )


def _sqlite(url: URL, patience: float) -> Engine:
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(
        url,
        connect_args={"timeout": patience, "check_same_thread": False},
        **({"poolclass": StaticPool} if in_memory else {}),
    )
    event.listen(engine, "connect", lambda connection, _: _durable(connection, patience))
    event.listen(engine, "begin", _begin)
    return engine


def _durable(connection: sqlite3.Connection, patience: float) -> None:
    """WAL, and a sync for every commit: what was committed survives the loss of power (sqlite.org/pragma.html#pragma_synchronous)."""
    connection.isolation_level = None  # transactions are begun below, not by the driver
    _write_ahead(connection, time.monotonic() + patience)
    connection.execute("PRAGMA synchronous = FULL")


def _write_ahead(connection: sqlite3.Connection, until: float) -> None:
    """Switch a new file to WAL; while others do the same SQLite may say at once that it is locked, and does not wait."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    """A writer takes its place at once, instead of failing half way when another writes (sqlite.org/lang_transaction.html)."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
