"""Fixtures: real databases for tests, SQLite and PostgreSQL. Import what you need into a conftest.py.

`database` and `database_url` run a test twice, once on each; each test has a migrated database of its own.
`sqlite_database` is for tests to which the kind of database makes no difference.
"""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from store.database import Database
from store.migrate import migrate

NUMBERS = count(1)

IN_A_HURRY = """
ALTER SYSTEM SET fsync = off;
ALTER SYSTEM SET full_page_writes = off;
ALTER SYSTEM SET synchronous_commit = off;
SELECT pg_reload_conf();
"""
"""What a server that dies with the tests need not do: else it takes most of a minute to flush all their databases."""

EITHER = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests, with {name} in place of a database name."""
    with tempfile.TemporaryDirectory(prefix="runtime-") as runtime, pytest.MonkeyPatch.context() as environment:
        # pgserver keeps its lock there; the folder of the user that it falls back to is shared, and may be missing.
        environment.setenv("XDG_RUNTIME_DIR", runtime)
        pgserver = pytest.importorskip("pgserver", reason="PostgreSQL tests need the package pgserver (make setup installs it)")
        # Not in pytest's folder: other test runs clear that up, also while this one is still under way.
        folder = tempfile.mkdtemp(prefix="postgres-")
        try:
            server = pgserver.get_server(folder, cleanup_mode="delete")
        except Exception as error:  # whatever it is that keeps the server from starting, the reason is shown
            if os.environ.get("CI"):  # where it has to run, a server that does not start is no reason to leave tests out
                raise
            pytest.skip(f"PostgreSQL does not start here: {type(error).__name__}: {error}")
        server.psql(IN_A_HURRY)
        yield server.get_uri("{name}")
        server.cleanup()


@pytest.fixture
async def empty_database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"test_{next(NUMBERS)}"
    await _administer(server, f"CREATE DATABASE {name}")
    yield server.replace("{name}", name)
    await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=EITHER)
def kind(request: pytest.FixtureRequest) -> str:
    """Which kind of database."""
    return str(request.param)


@pytest.fixture
async def database_url(empty_database_url: str) -> str:
    """The URL of a migrated database."""
    await migrate(empty_database_url)
    return empty_database_url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, closed after the test."""
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_database(tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated SQLite database, closed after the test."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    await migrate(url)
    database = Database(url)
    yield database
    await database.close()


async def _administer(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server.replace("{name}", "postgres"))
    await connection.execute(statement)
    await connection.close()
