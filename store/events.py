"""Events that came when their delivery had ended: kept beside the copy, once each."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from domain.instant import Instant
from store.database import Database
from store.tables import events


class Events:
    """The events table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append_after_close(self, delivery_id: str, told: Iterable[Mapping[str, Any]], *, now: Instant) -> int:
        """Keeps events (wire JSON, each with its event_id) of a delivery that has ended; those seen before are ignored.

        Returns how many were new. `now` is when we learnt them.
        """
        added = 0
        async with self._database.writing() as connection:
            for event in told:
                row = {
                    "delivery_id": delivery_id,
                    "event_id": event["event_id"],
                    "event": dict(event),
                    "recorded_at": now,
                    "after_close": True,
                }
                added += (await connection.execute(self._database.insert(events).values(row).on_conflict_do_nothing())).rowcount
        return added

    async def after_close(self, delivery_id: str) -> tuple[Mapping[str, Any], ...]:
        """What came after the end, in the order in which we learnt it."""
        this = (events.c.delivery_id == delivery_id) & events.c.after_close
        query = select(events.c.event).where(this).order_by(events.c.recorded_at, events.c.event_id)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query)).scalars())
