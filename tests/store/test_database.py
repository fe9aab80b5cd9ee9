"""Databases by URL: what is accepted, and what people read when one does not answer."""

import socket
from pathlib import Path

import pytest
from sqlalchemy import select, text

from store.database import Database
from store.errors import BadDatabaseUrlError, DatabaseUnreachableError
from store.migrate import migrate
from store.tables import METADATA, carriers, rulebook_names
from store.urls import async_url, place


@pytest.mark.parametrize(
    ("plain", "asynchronous"),
    [
        pytest.param("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db", id="sqlite"),
        pytest.param("sqlite+aiosqlite:////a/b.db", "sqlite+aiosqlite:////a/b.db", id="sqlite-with-driver"),
        pytest.param("postgresql://u:p@db/d", "postgresql+asyncpg://u:p@db/d", id="postgresql"),
        pytest.param("postgres://u:p@db:1/d", "postgresql+asyncpg://u:p@db:1/d", id="postgres"),
        pytest.param("postgresql://db/d?sslmode=require", "postgresql+asyncpg://db/d?ssl=require", id="sslmode"),
    ],
)
def test_plain_urls_get_an_asynchronous_driver(plain: str, asynchronous: str) -> None:
    assert async_url(plain).render_as_string(hide_password=False) == asynchronous


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        pytest.param("mysql://u:secret@db/d", "databases of kind 'mysql' are not known", id="other-kind"),
        pytest.param("u:secret@db/d", "the database URL cannot be read", id="no-url"),
        pytest.param("postgresql://u:secret@db:port/d", "the database URL cannot be read", id="port"),
        pytest.param("sqlite://", "needs a file", id="memory"),
        pytest.param("sqlite:///:memory:", "needs a file", id="memory-by-name"),
    ],
)
def test_a_url_of_no_use_is_refused_with_an_example_and_without_its_password(url: str, complaint: str) -> None:
    with pytest.raises(BadDatabaseUrlError, match=complaint) as refusal:
        Database(url)

    assert "write for example sqlite:///doorstep.db" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_the_place_names_host_port_and_database_or_the_socket() -> None:
    assert place(async_url("postgresql://u:secret@db/doorstep")) == "db:5432/doorstep"
    assert place(async_url("postgresql://u:secret@/doorstep?host=/run/pg")) == "/run/pg:5432/doorstep"


async def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers here, and nobody else can
        port = taken.getsockname()[1]
        database = Database(f"postgresql://doorstep:secret@127.0.0.1:{port}/doorstep")

        with pytest.raises(DatabaseUnreachableError, match=f"127.0.0.1:{port}/doorstep does not answer") as outage:
            await database.ping()
        await database.close()

    assert "secret" not in str(outage.value)
    assert "DOORSTEP_DATABASE_URL" in str(outage.value)


@pytest.mark.postgres
async def test_a_database_that_the_server_does_not_have_is_named(postgres_server: str) -> None:
    database = Database(postgres_server.replace("{name}", "nowhere"))

    with pytest.raises(DatabaseUnreachableError, match=r'/nowhere does not answer .*"nowhere" does not exist'):
        await database.ping()
    await database.close()


async def test_a_file_in_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/store.db")

    with pytest.raises(DatabaseUnreachableError, match=r"/nowhere/store.db does not answer \(unable to open database file\)"):
        await database.ping()
    await database.close()


async def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("These are the notes of last week's meeting. " * 100)

    with pytest.raises(DatabaseUnreachableError, match=r"store.db does not answer \(file is not a database\)"):
        await migrate(f"sqlite:///{tmp_path}/store.db")


async def test_migrating_makes_the_folder_of_the_file(tmp_path: Path) -> None:
    await migrate(f"sqlite:///{tmp_path}/new/folder/store.db")

    assert (tmp_path / "new/folder/store.db").exists()


async def test_sqlite_writes_ahead_and_waits_for_others(sqlite_database: Database) -> None:
    async with sqlite_database.reading() as connection:
        journal = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
        patience = (await connection.execute(text("PRAGMA busy_timeout"))).scalar_one()

    assert (journal, patience) == ("wal", 5_000)


async def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        await half_a_write(database)

    async with database.reading() as connection:
        assert (await connection.execute(select(carriers))).all() == []


async def test_every_table_can_be_read_after_migrating(database: Database) -> None:
    async with database.reading() as connection:
        rows = [(await connection.execute(select(table))).all() for table in METADATA.sorted_tables]

    assert rows == [[]] * len(rows)


async def test_a_name_cannot_point_at_a_rulebook_that_is_not_there(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await insert_dangling_name(database)


async def half_a_write(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(carriers.insert().values(carrier="acme", name="Acme"))
        raise RuntimeError("power cut")


async def insert_dangling_name(database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(rulebook_names.insert().values(name="standard", sha256="0" * 64))
