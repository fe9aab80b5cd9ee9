"""`doorstep migrate`."""

from pathlib import Path

from settings import Settings
from store.database import Database
from store.migrate import migrate


async def migrate_database(settings: Settings) -> int:
    """Brings the tables up to date and says so."""
    url = settings.database_url
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    revision = await migrate(url)
    print(f"{Database(url).place}: tables are at revision {revision}")
    return 0
