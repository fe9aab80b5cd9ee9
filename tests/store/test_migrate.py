"""Migrations: the schema that they make, at once and more than once."""

import ast
import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from store.database import Database
from store.errors import SchemaTooNewError
from store.migrate import FOLDER, is_current, migrate, newest
from store.tables import METADATA


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def test_a_migrated_database_has_exactly_the_tables_of_the_metadata(database: Database) -> None:
    async with database.reading() as connection:
        found = await connection.run_sync(differences)

    assert found == []


async def test_migrating_twice_changes_nothing(database_url: str, database: Database) -> None:
    assert await migrate(database_url) == newest()

    assert await is_current(database)


async def test_processes_that_migrate_at_the_same_time_do_not_disturb_each_other(empty_database_url: str) -> None:
    revisions = await asyncio.gather(*(migrate(empty_database_url) for _ in range(4)))

    assert set(revisions) == {newest()}


async def test_a_database_without_tables_is_not_current(empty_database_url: str) -> None:
    database = Database(empty_database_url)

    current = await is_current(database)
    await database.close()

    assert not current


async def test_a_database_of_a_newer_program_is_left_alone(database_url: str, database: Database) -> None:
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'from-2031'"))

    with pytest.raises(SchemaTooNewError, match="schema from-2031, which is newer than this program"):
        await migrate(database_url)


SINCE = [file for file in sorted((FOLDER / "versions").glob("v*.py")) if file.stem >= "v0012"]
"""Earlier ones are in every release."""

ADDS = {"add_column", "create_table", "create_index", "create_foreign_key", "batch_alter_table", "execute"}


@pytest.mark.parametrize("file", SINCE, ids=lambda file: str(file.stem))
def test_a_migration_only_adds_so_that_the_release_before_goes_on(file: Path) -> None:
    """`doorstep doctor` calls newer tables well: a release that is put back has to work with them."""
    (upgrade,) = (part for part in ast.parse(file.read_text()).body if getattr(part, "name", "") == "upgrade")
    calls = [call for call in ast.walk(upgrade) if isinstance(call, ast.Call)]
    said = {ast.unparse(call): ast.unparse(call.func) for call in calls}

    done = {name.partition(".")[2] for name in said.values() if name.startswith(("op.", "table."))}
    added = [call for call, name in said.items() if name.endswith(".add_column")]

    assert done <= ADDS
    assert [call for call in added if "nullable=False" in call and "server_default" not in call] == []
