"""Fixtures: real databases for tests, SQLite and PostgreSQL. Import what you need into a conftest.py.

`database` and `database_url` run a test twice, once on each; each test has a migrated database of its own.
`sqlite_database` is for tests to which the kind of database makes no difference.
"""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from store.database import Database
from store.migrate import migrate

NUMBERS = count(1)

EITHER = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests, without a database name."""
    pgserver = pytest.importorskip("pgserver", reason="PostgreSQL tests need the package pgserver (make setup installs it)")
    try:
        server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    except Exception as error:  # whatever it is that keeps the server from starting, the reason is shown
        pytest.skip(f"PostgreSQL does not start here: {error!r}")
    yield server.get_uri("{name}")
    server.cleanup()


@pytest.fixture
async def empty_database_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return await new_postgres_database(request.getfixturevalue("postgres_server"))


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


async def new_postgres_database(server: str) -> str:
    """Makes an empty database on the server and returns its URL."""
    import asyncpg  # type: ignore[import-untyped]

    name = f"test_{next(NUMBERS)}"
    connection = await asyncpg.connect(server.replace("{name}", "postgres"))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.replace("{name}", name)
