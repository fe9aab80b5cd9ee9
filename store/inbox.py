"""What came in and is to be handed on to deliveries: committed before the sender is answered, handed on once, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, func, or_, select, update

from domain.arrival import Arrival
from domain.instant import Instant
from store.database import Database
from store.tables import inbox


@dataclass(frozen=True, slots=True)
class Entry:
    """An arrival in the inbox. `id` names it for whom it is handed on to: the same again does nothing."""

    entry: int
    id: str
    arrival: Arrival
    traceparent: str | None = None
    """The trace by which it came."""


class Inbox:
    """The inbox table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(
        self, source: str, message_id: str, arrivals: Sequence[Arrival], *, now: Instant, traceparent: str | None = None
    ) -> bool:
        """Commits what a message means for deliveries; False, and nothing committed, if the message has come before.

        `traceparent`: the trace by which it came, as W3C Trace Context writes it."""
        if not arrivals:
            return True
        rows = [
            {
                "source": source,
                "message_id": message_id,
                "delivery_id": one.delivery_id,
                "update": one.update,
                "request": None if one.request is None else dict(one.request),
                "event": dict(one.event),
                "received_at": now,
                "traceparent": traceparent,
            }
            for one in arrivals
        ]
        async with self._database.writing() as connection:
            if (await connection.execute(_come(source, message_id))).first() is not None:
                return False
            added = await connection.execute(self._database.insert(inbox).values(rows).on_conflict_do_nothing())
        return bool(added.rowcount)

    async def has_come(self, source: str, message_id: str) -> bool:
        """Whether a message means something for deliveries and is here already."""
        async with self._database.reading() as connection:
            return (await connection.execute(_come(source, message_id))).first() is not None

    async def next_of(self, delivery_id: str | None = None, *, after: int | None = None, limit: int = 100) -> tuple[Entry, ...]:
        """What is to be handed on next: of each delivery, or of one, the first that has not been; of those, the ones that came after
        an entry, whose numbers may be negative (see store.rewinding)."""
        first = select(func.min(inbox.c.entry)).where(inbox.c.handed_at.is_(None)).group_by(inbox.c.delivery_id)
        if delivery_id is not None:
            first = first.where(inbox.c.delivery_id == delivery_id)
        query = select(inbox).where(inbox.c.entry.in_(first)).order_by(inbox.c.entry).limit(limit)
        if after is not None:
            query = query.where(inbox.c.entry > after)
        async with self._database.reading() as connection:
            return tuple(_entry(row) for row in (await connection.execute(query)).mappings())

    async def claim(self, entry: int, *, until: Instant, now: Instant) -> bool:
        """Takes an entry in hand; False if another gateway has it in hand, or has handed it on."""
        free = or_(inbox.c.claimed_until.is_(None), inbox.c.claimed_until <= now)
        this = (inbox.c.entry == entry) & inbox.c.handed_at.is_(None) & free
        async with self._database.writing() as connection:
            return bool((await connection.execute(update(inbox).where(this).values(claimed_until=until))).rowcount)

    async def give_back(self, entry: int) -> None:
        """It could not be handed on now; anybody may try again."""
        await self._change(entry, {"claimed_until": None})

    async def handed(self, entry: int, note: str | None, *, now: Instant) -> None:
        """It has been handed on; `note` says why not as it was meant."""
        await self._change(entry, {"handed_at": now, "note": note})

    async def note_of(self, source: str, message_id: str) -> tuple[bool, str | None]:
        """Whether all of a message has been handed on, and the first note."""
        this = (inbox.c.source == source) & (inbox.c.message_id == message_id)
        query = select(inbox.c.handed_at, inbox.c.note).where(this).order_by(inbox.c.entry)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return all(row.handed_at is not None for row in rows), next((row.note for row in rows if row.note), None)

    async def _change(self, entry: int, values: Mapping[str, Any]) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(inbox).where(inbox.c.entry == entry).values(**values))


def _come(source: str, message_id: str) -> Select[tuple[int]]:
    return select(inbox.c.entry).where(inbox.c.source == source, inbox.c.message_id == message_id).limit(1)


def _entry(row: RowMapping) -> Entry:
    arrival = Arrival(row["delivery_id"], row["event"], row["update"], row["request"])
    return Entry(row["entry"], f"{row['source']}-{row['message_id']}", arrival, row["traceparent"])
