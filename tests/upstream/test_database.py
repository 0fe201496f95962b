"""Work on a database: durable when it is answered, apart from what fails beside it, and refused in words when it cannot be."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, insert, inspect, select, text, update

from gateway.errors import SettingsInvalid, StoreUnavailable
from gateway.upstream.database import LOCKED_SECONDS, Database, Work, migrate
from gateway.upstream.tables import REVISION, head, made_by, metadata, sources
from gateway.upstream.upgrading import MIGRATIONS
from tests.upstream.telling import NOON


def noting(name: str) -> Work[str]:
    """Work that writes a row."""

    def work(connection: Connection) -> str:
        connection.execute(insert(sources).values(source=name, heard_at=NOON, revision=1))
        return name

    return work


def names(connection: Connection) -> set[str]:
    """The rows that are there."""
    return set(connection.scalars(select(sources.c.source)))


@contextmanager
def connected(database_url: str) -> Iterator[Connection]:
    """The database as anybody sees it; what is written is kept."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty store on either database."""
    migrate(database_url)
    opened = Database.open(database_url)
    yield opened
    await opened.close()


async def test_what_is_written_is_there(database: Database, database_url: str) -> None:
    """Work is answered with what it returns, and what it wrote is found by a process that comes later."""
    assert await asyncio.gather(*(database.write(noting(str(place))) for place in range(250))) == [
        str(place) for place in range(250)
    ]
    assert len(await database.read(names)) == 250
    later = Database.open(database_url)
    assert len(await later.read(names)) == 250
    await later.close()


async def test_what_fails_takes_nothing_with_it(database: Database) -> None:
    """Of many that share a commit one breaks a rule of the database and one has a fault of its own: the others are written."""

    def faulty(connection: Connection) -> str:
        noting("never")(connection)
        msg = "a fault"
        raise ValueError(msg)

    works = [noting("a"), noting("b"), noting("b"), faulty, noting("c")]
    said = await asyncio.gather(*map(database.write, works), return_exceptions=True)
    assert [said[place] for place in (0, 1, 4)] == ["a", "b", "c"]
    assert [type(said[2]).__name__, type(said[3]).__name__] == ["IntegrityError", "ValueError"]
    assert await database.read(names) == {"a", "b", "c"}


async def test_who_leaves_is_not_waited_for(database: Database) -> None:
    """A writer that gives up leaves what it asked for to be written, and the others to be answered."""
    leaving, staying = asyncio.ensure_future(database.write(noting("a"))), database.write(noting("b"))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "b"
    assert await database.read(names) == {"a", "b"}


async def test_closing_writes_what_waits(database_url: str) -> None:
    """What was asked for before the end is written."""
    migrate(database_url)
    database = Database.open(database_url)
    asked = [asyncio.ensure_future(database.write(noting(str(place)))) for place in range(150)]
    await asyncio.sleep(0)
    await database.close()
    assert len(await asyncio.gather(*asked)) == 150


async def test_a_locked_file(tmp_path: Path) -> None:
    """While another process writes, writing is refused within the time of a webhook; reading goes on; then writing does."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    database = Database.open(url)
    await database.write(noting("before"))
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = asyncio.get_running_loop().time()
    said = await asyncio.gather(*(database.write(noting(str(n))) for n in range(3)), return_exceptions=True)
    assert {type(error) for error in said} == {StoreUnavailable}
    assert asyncio.get_running_loop().time() - began < 2 * LOCKED_SECONDS + 1
    assert await database.read(names) == {"before"}
    other.close()
    assert await database.write(noting("after")) == "after"
    assert await database.read(names) == {"before", "after"}
    await database.close()


async def test_a_full_disk(tmp_path: Path) -> None:
    """When there is no room, nothing of a commit is acknowledged or kept; reading goes on; with room, writing does."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    database = Database.open(url)
    await database.write(noting("before"))

    def bound(pages: int) -> Work[None]:
        return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").close()

    def large(connection: Connection) -> str:
        connection.execute(
            text("INSERT INTO events (source, digest, received_at, body) VALUES ('a', x'00', 0, zeroblob(9999999))")
        )
        return "large"

    await database.write(bound(1))  # no more pages than there are
    said = await asyncio.gather(*map(database.write, [noting("a"), large, noting("b")]), return_exceptions=True)
    assert {type(error) for error in said} == {StoreUnavailable}
    assert await database.read(names) == {"before"}
    await database.write(bound(1_000_000))
    assert await database.write(large) == "large"
    await database.close()


async def test_a_read_only_file(tmp_path: Path) -> None:
    """Where nothing may be written, writing is refused in time, and reading goes on."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    writable = Database.open(url)
    await writable.write(noting("before"))
    database = Database.open(f"sqlite:///file:{tmp_path}/gateway.db?mode=ro&uri=true")
    with pytest.raises(StoreUnavailable):
        await database.write(noting("after"))
    assert await database.read(names) == {"before"}
    await database.close()
    await writable.close()


async def test_a_database_that_goes_away(tmp_path: Path) -> None:
    """What cannot be reached is told as such, for reading and writing."""
    database = Database.open(f"sqlite:///{tmp_path}/missing/gateway.db")
    for asked in (database.write(noting("a")), database.read(names)):
        with pytest.raises(StoreUnavailable):
            await asked
    await database.close()


async def test_in_memory() -> None:
    """A store without a file is there at once, and each is a world of its own."""
    migrate("sqlite://")
    one, other = Database.open("sqlite://"), Database.open("sqlite:///:memory:")
    await one.write(noting("a"))
    assert (await one.read(names), await other.read(names)) == ({"a"}, set())
    await one.close()
    await other.close()


def test_a_new_store_is_made_as_the_tables_are(database_url: str) -> None:
    """Twice begun or once the database is what the tables say, has its one row, and alembic's note of the last step."""
    migrate(database_url)
    migrate(database_url)
    with connected(database_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(select(head)).all() == [(1, 0, 0, 0)]
        assert MigrationContext.configure(connection).get_current_revision() == REVISION


def test_the_steps_make_the_same_tables(database_url: str) -> None:
    """A store that has taken none of the steps yet is led through all of them, to the same tables and the same row."""
    with connected(database_url) as connection:
        made_by.create(connection)
    migrate(database_url)
    with connected(database_url) as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(select(head)).all() == [(1, 0, 0, 0)]
        assert MigrationContext.configure(connection).get_current_revision() == REVISION


def test_the_last_step_is_the_one_that_is_looked_for() -> None:
    """A step that is added without a word to the tables would never be taken."""
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == REVISION


def test_a_store_that_is_current_is_not_written(tmp_path: Path) -> None:
    """Who starts over a store with these tables waits for nobody who writes to it."""
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    migrate(url)
    other.close()


def test_tables_of_somebody_else(database_url: str) -> None:
    """A database in which another program has a table of the same name is refused, and left as it is."""
    with connected(database_url) as connection:
        connection.exec_driver_sql("CREATE TABLE changes (theirs INTEGER)")
    with pytest.raises(SettingsInvalid, match=r"state\.database_url: the store cannot be used \(.*already exists"):
        migrate(database_url)
    with connected(database_url) as connection:
        assert inspect(connection).get_table_names() == ["changes"]


async def test_many_start_at_once(database_url: str) -> None:
    """Of several gateways that start in one process on an empty database one makes the tables, and all go on."""
    await asyncio.gather(*(asyncio.to_thread(migrate, database_url) for _ in range(4)))


async def test_many_processes_start_at_once(database_url: str) -> None:
    """Of several processes that start on an empty database one makes the tables, and all go on."""
    start = "import sys; from gateway.upstream.database import migrate; input(); migrate(sys.argv[1])"
    command = (sys.executable, "-c", start, database_url)
    started = [await asyncio.create_subprocess_exec(*command, stdin=PIPE, stderr=PIPE) for _ in range(3)]
    told = await asyncio.gather(*(process.communicate(b"\n") for process in started))
    assert [process.returncode for process in started] == [0] * 3, told


async def test_the_one_that_makes_the_tables_is_slow(tmp_path: Path) -> None:
    """Whoever starts meanwhile waits longer than a webhook would."""
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA journal_mode = WAL")
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(2 * LOCKED_SECONDS, other.close)
    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path}/gateway.db")


async def test_a_new_file_that_others_hold(tmp_path: Path) -> None:
    """Its switch to WAL waits too, which SQLite itself refuses at once; in the end it says why."""
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    database = Database.open(f"sqlite:///{tmp_path}/gateway.db")
    with pytest.raises(StoreUnavailable):
        await database.write(noting("a"))
    await database.close()
    asyncio.get_running_loop().call_later(0.1, other.close)
    await asyncio.to_thread(migrate, f"sqlite:///{tmp_path}/gateway.db")


def test_a_store_of_a_later_version(database_url: str) -> None:
    """What a later gateway wrote is not touched."""
    migrate(database_url)
    with connected(database_url) as connection:
        connection.execute(update(made_by).values(version_num="9999"))
    with pytest.raises(SettingsInvalid, match=r"state\.database_url: this store was made by a later version"):
        migrate(database_url)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////nowhere/at/all/gateway.db", r"cannot be used \(unable to open database file\)"),
        ("postgresql://u:SECRET@127.0.0.1:1/db?password=SECRET", r"cannot be used \(.*refused"),
        ("sqlite://SECRET@[", "this is not a URL"),
        ("postgresql://host:SECRET/db", "this is not a URL"),
        ("SECRET", "this is not a URL"),
    ],
)
def test_what_cannot_be_used_is_told(url: str, words: str) -> None:
    """The key and the mend are named, and nothing of the URL, which may hold a password."""
    with pytest.raises(SettingsInvalid, match=rf"^state\.database_url: .*{words}") as refused:
        migrate(url)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_network_that_swallows_everything(database: Database) -> None:
    """A PostgreSQL of which nothing is heard any more is given up by the kernel, after seconds instead of hours."""
    said = await database.read(lambda connection: connection.connection.dbapi_connection.info.get_parameters())  # type: ignore[union-attr]
    assert (said["tcp_user_timeout"], said["keepalives_idle"]) == ("5000", "5")
