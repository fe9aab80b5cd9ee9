"""What lies undone in the store, for whoever looks after it."""

from sqlalchemy import select

from domain.instant import Instant
from store.database import Database
from store.tables import effects, inbox
from store.words import EffectState

MOST = 1_000


async def waiting(database: Database, *, since: Instant) -> list[str]:
    """The delivery ids of inbox entries, oldest first, that have waited since an instant to be handed on; at most MOST."""
    late = inbox.c.handed_at.is_(None) & (inbox.c.received_at <= since)
    query = select(inbox.c.delivery_id).where(late).order_by(inbox.c.entry).limit(MOST)
    async with database.reading() as connection:
        return list((await connection.execute(query)).scalars())


async def in_doubt(database: Database, *, since: Instant) -> list[str]:
    """The keys of effects that were claimed, never closed, and should have ended by an instant; at most MOST."""
    late = (effects.c.state == EffectState.CLAIMED) & (effects.c.deadline <= since)
    query = select(effects.c.key).where(late).order_by(effects.c.deadline).limit(MOST)
    async with database.reading() as connection:
        return list((await connection.execute(query)).scalars())
