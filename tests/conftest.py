"""Fixtures for all tests: a real Temporal server, real databases, and who runs alone."""

from tests.alone import pytest_runtest_protocol
from tests.databases import database, database_url, empty_database_url, kind, postgres_server, sqlite_database
from tests.temporal import temporal

__all__ = [
    "database",
    "database_url",
    "empty_database_url",
    "kind",
    "postgres_server",
    "pytest_runtest_protocol",
    "sqlite_database",
    "temporal",
]
