"""What stands open now, in numbers for monitoring. Each query reads only rows that are open."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from domain.incident import Mode, Severity
from domain.instant import Instant, Span
from domain.status import Condition
from store.database import Database
from store.tables import deliveries, inbox, incidents

TOLD = tuple(severity for severity in Severity if severity is not Severity.INFO)
"""Of what people are told: a mere notice is nobody's open incident."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """Every condition and severity is there, 0 too. `oldest`: how long what has waited longest in the inbox has waited."""

    deliveries: Mapping[Condition, int]
    incidents: Mapping[Severity, int]
    waiting: int
    oldest: Span


async def gauges(database: Database, now: Instant) -> Gauges:
    """Raises StoreError."""
    under_way = select(deliveries.c.condition, func.count()).where(deliveries.c.finished_at.is_(None)).group_by("condition")
    unresolved = (
        select(incidents.c.severity, func.count())
        .where(incidents.c.resolved_at.is_(None), incidents.c.mode != Mode.SHADOW)
        .group_by("severity")
    )
    waiting = select(func.count(), func.min(inbox.c.received_at)).where(inbox.c.handed_at.is_(None))
    async with database.reading() as connection:
        by_condition = {Condition(row[0]): int(row[1]) for row in await connection.execute(under_way)}
        by_severity = {Severity(row[0]): int(row[1]) for row in await connection.execute(unresolved)}
        count, oldest = (await connection.execute(waiting)).one()
    return Gauges(
        {condition: by_condition.get(condition, 0) for condition in Condition},
        {severity: by_severity.get(severity, 0) for severity in TOLD},
        int(count),
        max(0, now - int(oldest)) if oldest is not None else 0,
    )
