"""deploy/database-roles.sql: who works with rows cannot change tables."""

from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy.engine import make_url

from store.database import Database
from store.feeds import Feeds
from store.migrate import is_current, migrate

SQL = Path(__file__).parents[2] / "deploy" / "database-roles.sql"

pytestmark = pytest.mark.postgres


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@pytest.fixture
def kind() -> str:
    return "postgres"


async def test_worker_and_gateway_work_with_rows_and_cannot_change_tables(empty_database_url: str) -> None:
    administrator = await asyncpg.connect(empty_database_url)
    try:
        await administrator.execute(SQL.read_text())
        await migrate(as_role(empty_database_url, "doorstep_owner"))
        database = Database(as_role(empty_database_url, "doorstep_app"))
        worker = await asyncpg.connect(as_role(empty_database_url, "doorstep_app"))

        assert await is_current(database)
        assert await Feeds(database).states(["acme"]) == {}
        for statement in ("DROP TABLE deliveries", "ALTER TABLE deliveries ADD COLUMN x int", "CREATE TABLE x (y int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"must be owner|permission denied"):
                await worker.execute(statement)
        await worker.execute("DELETE FROM deliveries")

        await database.close()
        await worker.close()
    finally:
        for statement in ("DROP OWNED BY doorstep_app", "DROP OWNED BY doorstep_owner", "DROP ROLE doorstep_app, doorstep_owner"):
            await administrator.execute(statement)
        await administrator.close()
