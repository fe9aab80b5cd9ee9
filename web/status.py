"""What the status page shows: from the store's copies, in a few queries."""

from dataclasses import dataclass

from domain.copy import DeliveryCopy
from domain.instant import Instant
from store.copies import Counts, Effect, IncidentCopy
from store.database import Database
from store.deliveries import Deliveries

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Status:
    """One look at everything."""

    now: Instant
    counts: Counts
    open_incidents: tuple[IncidentCopy, ...]
    resolved_incidents: tuple[IncidentCopy, ...]
    deliveries: tuple[DeliveryCopy, ...]
    effects: tuple[Effect, ...]


async def status_of(database: Database, now: Instant) -> Status:
    """Raises StoreError when the database does not answer."""
    copies = Deliveries(database)
    recent = await copies.recent_incidents(limit=4 * SHOWN)
    return Status(
        now=now,
        counts=await copies.counts(),
        open_incidents=tuple(kept for kept in recent if kept.incident.is_open),
        resolved_incidents=tuple(kept for kept in recent if not kept.incident.is_open)[:SHOWN],
        deliveries=await copies.recent(limit=SHOWN),
        effects=await copies.effects(limit=SHOWN),
    )
