"""Drivers as people: how they are reached."""

from sqlalchemy import select

from domain.contact import Contact
from store.database import Database
from store.tables import drivers


class Drivers:
    """The drivers table, for messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def contact(self, driver_id: str) -> Contact | None:
        """None for an unknown driver."""
        query = select(drivers.c.email, drivers.c.phone).where(drivers.c.driver_id == driver_id)
        async with self._database.reading() as connection:
            row = (await connection.execute(query)).first()
        return Contact(row.email, row.phone) if row is not None else None
