"""Database URLs: plain ones in, those of our asynchronous drivers out."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import BadDatabaseUrlError

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
"""Scheme as written -> scheme with the driver that we use."""

LIBPQ_WORDS = {"sslmode": "ssl", "connect_timeout": "timeout"}
"""Parameter as psql knows it -> as asyncpg calls it."""

EXAMPLES = "write for example sqlite:///doorstep.db or postgresql://user:password@host/doorstep"


def async_url(text: str) -> URL:
    """The URL with its asynchronous driver; raises BadDatabaseUrlError, whose text never holds the password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise BadDatabaseUrlError(f"the database URL cannot be read; {EXAMPLES}") from None
    if url.drivername not in DRIVERS:
        raise BadDatabaseUrlError(f"databases of kind {url.drivername!r} are not known; {EXAMPLES}")
    if url.drivername.startswith("sqlite") and url.database in (None, "", ":memory:"):
        raise BadDatabaseUrlError(f"an SQLite database needs a file, for it has to outlive the process; {EXAMPLES}")
    query = {LIBPQ_WORDS.get(word, word): value for word, value in url.query.items()}
    return url.set(drivername=DRIVERS[url.drivername], query=query)


def missing_file(text: str) -> Path | None:
    """The file of an SQLite database that is not there: to connect would make it. None for any other database."""
    kind, _, file = text.partition(":///")
    return Path(file) if kind == "sqlite" and not Path(file).exists() else None


def place(url: URL) -> str:
    """Where the database is, for messages: a path, or host, port and name. Never user or password."""
    if url.drivername.startswith("sqlite"):
        return str(url.database)
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database or ''}"
