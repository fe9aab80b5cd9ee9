"""What the status page shows: from the store's copies, in a few queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.actions import Outcome
from domain.copy import DeliveryCopy
from domain.instant import DAY, Instant
from store.copies import Counts, Effect, IncidentCopy
from store.database import Database
from store.deliveries import Deliveries

SHOWN = 50

LOOKED_AT = 2_000
"""How many of the last actions are looked through for those that failed: a page that is looked at every 5 s must cost little."""


@dataclass(frozen=True, slots=True)
class Lately:
    """The actions of the last 24 hours, of the last LOOKED_AT at most: how many, and those that failed, newest first."""

    actions: int
    failed: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """One look at everything."""

    now: Instant
    counts: Counts
    open_incidents: tuple[IncidentCopy, ...]
    resolved_incidents: tuple[IncidentCopy, ...]
    deliveries: tuple[DeliveryCopy, ...]
    effects: tuple[Effect, ...]
    lately: Lately


async def status_of(database: Database, now: Instant) -> Status:
    """Raises StoreError when the database does not answer."""
    copies = Deliveries(database)
    recent = await copies.recent_incidents(limit=4 * SHOWN)
    effects = await copies.effects(limit=LOOKED_AT)
    return Status(
        now=now,
        counts=await copies.counts(),
        open_incidents=tuple(kept for kept in recent if kept.incident.is_open),
        resolved_incidents=tuple(kept for kept in recent if not kept.incident.is_open)[:SHOWN],
        deliveries=await copies.recent(limit=SHOWN),
        effects=effects[:SHOWN],
        lately=lately(effects, now),
    )


def lately(effects: Sequence[Effect], now: Instant) -> Lately:
    """What became of the actions that were begun within the last day."""
    begun = [effect for effect in effects if effect.claimed_at > now - DAY]
    return Lately(len(begun), tuple(effect for effect in begun if effect.outcome is Outcome.FAILED))
