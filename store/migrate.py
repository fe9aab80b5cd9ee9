"""Brings a database's tables up to date, however many processes try it at once."""

import asyncio
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import Database
from store.errors import SchemaTooNewError
from store.sqlite import use_wal

FOLDER = Path(__file__).parent / "migrations"

LOCK = 0x0D00_55E9
"""Number of the PostgreSQL advisory lock that one migrating process holds at a time; any constant would do."""


async def migrate(url: str) -> str:
    """Migrates the database at a plain URL to the newest schema and returns the schema's revision.

    Everything happens in one transaction, so a failure changes nothing. Makes the folder of an SQLite file.
    Raises BadDatabaseUrlError, DatabaseUnreachableError, SchemaTooNewError.
    """
    database = Database(url)
    try:
        return await migrated(database)
    finally:
        await database.close()


async def migrated(database: Database) -> str:
    """As `migrate`, for a database that is at hand."""
    if database.is_sqlite:
        await asyncio.to_thread(_make_file, database)
    async with database.writing() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        await connection.run_sync(_upgrade, database.place)
    return newest()


async def revision_of(database: Database) -> str | None:
    """The revision of the database's schema, None if it has no tables. Raises DatabaseUnreachableError."""
    async with database.reading() as connection:
        return await connection.run_sync(_revision)


async def is_current(database: Database) -> bool:
    """Whether the database has the schema that this program works with."""
    return await revision_of(database) == newest()


def newest() -> str:
    """The revision of the newest schema."""
    revision = ScriptDirectory(str(FOLDER)).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"no migrations in {FOLDER}")
    return revision


def knows(revision: str) -> bool:
    """Whether this program can bring a schema of this revision up to date: it is not newer than the program."""
    return revision in _known_revisions()


def _make_file(database: Database) -> None:
    try:
        Path(database.place).parent.mkdir(parents=True, exist_ok=True)
        use_wal(database.place)
    except (OSError, sqlite3.Error) as error:
        raise database.unreachable(error) from error


def _upgrade(connection: Connection, place: str) -> None:
    revision = _revision(connection)
    if revision is not None and revision not in _known_revisions():
        raise SchemaTooNewError(
            f"the database at {place} has schema {revision}, which is newer than this program; install a newer Doorstep"
        )
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known_revisions() -> frozenset[str]:
    return frozenset(script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions())
