"""What SQLite needs to be told: its journal, its patience, and when a transaction begins."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

BUSY_TIMEOUT_MS = 5_000
"""How long a writer waits for another process that writes to the same file."""

RETRY_S = 0.05

PRAGMAS = (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA foreign_keys = ON")
OUTLIVES_POWER_CUT = "PRAGMA synchronous = FULL"
"""A claim of the ledger does, and with it everything that was committed before it: the journal is one."""
OUTLIVES_CRASH = "PRAGMA synchronous = NORMAL"
"""Enough for copies, which their workflows write again; half the cost of a commit."""


def use_wal(path: str) -> None:
    """Lets readers and the writer not wait for each other. The file remembers it. Raises sqlite3.Error.

    Switching ignores the busy timeout when several processes do it at once, so it is tried again here.
    """
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(round(BUSY_TIMEOUT_MS / 1000 / RETRY_S)):
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(RETRY_S)
            else:
                return
        raise sqlite3.OperationalError("another process keeps the database locked")


def copy_while_used(source: Path, copy: Path) -> None:
    """A copy of a database as it is at one moment, while others write to it; only its owner may read it.

    Raises FileExistsError if there is something at `copy`, sqlite3.Error.
    """
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as used, closing(sqlite3.connect(copy)) as into:
        used.backup(into)
        (found,) = into.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(f"the copy of {source} is damaged: {found}")


def prepare(connection: Any, record: Any) -> None:
    """For each new connection."""
    _tell(connection, *PRAGMAS, OUTLIVES_POWER_CUT)


def prepare_for_copies(connection: Any, record: Any) -> None:
    """For each new connection by which nothing but copies is written."""
    _tell(connection, *PRAGMAS, OUTLIVES_CRASH)


def _tell(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # Python's driver would begin transactions at moments of its own choice
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(pragma)
    cursor.close()


def begin(connection: Connection) -> None:
    """A writer takes the lock at once: one that has read first cannot wait for it, and would fail."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
