"""Activities on the real store; `database` runs a test on SQLite and on PostgreSQL."""

from tests.databases import database, database_url, empty_database_url, kind, postgres_server, sqlite_database

__all__ = ["database", "database_url", "empty_database_url", "kind", "postgres_server", "sqlite_database"]
