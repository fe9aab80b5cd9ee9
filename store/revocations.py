"""Links that were withdrawn: those of a delivery that were made before an instant."""

from sqlalchemy import select

from domain.instant import Instant
from store.database import Database
from store.tables import revocations


class Revocations:
    """The revocations table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def revoke(self, delivery_id: str, *, now: Instant) -> None:
        """Every link of the delivery that was made until now is void."""
        row = self._database.insert(revocations).values(delivery_id=delivery_id, revoked_at=now)
        later = row.on_conflict_do_update(index_elements=["delivery_id"], set_={"revoked_at": now})
        async with self._database.writing() as connection:
            await connection.execute(later)

    async def is_revoked(self, delivery_id: str, issued_at: Instant) -> bool:
        """Whether a link of the delivery that was made at an instant is void."""
        query = select(revocations.c.revoked_at).where(revocations.c.delivery_id == delivery_id)
        async with self._database.reading() as connection:
            revoked_at = (await connection.execute(query)).scalar_one_or_none()
        return revoked_at is not None and issued_at <= revoked_at
