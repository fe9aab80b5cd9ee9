"""Fixtures for tests of commands."""

from pathlib import Path

import pytest

from settings import Settings, read_settings
from store.database import Database


@pytest.fixture
def settings(sqlite_database: Database, tmp_path: Path) -> Settings:
    """Those of an installation whose database is migrated."""
    return read_settings({"DOORSTEP_HOME": str(tmp_path), "DOORSTEP_DATABASE_URL": f"sqlite:///{sqlite_database.place}"})
