"""The copy of deliveries and their incidents: written by the workflows, read by lists and boards."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.incident import Incident, Mode
from domain.status import Condition, Status
from store.copies import Counts, DeliveryCopy, Effect, IncidentCopy
from store.database import Database
from store.tables import deliveries, effects, incidents, tracking_numbers

COPY_FIELDS = tuple(field.name for field in fields(DeliveryCopy))
INCIDENT_FIELDS = tuple(field.name for field in fields(Incident) if field.name != "acts")


class Deliveries:
    """Queries on the copy. The truth about one delivery is its workflow's `snapshot`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def upsert(self, copy: DeliveryCopy, told: Iterable[Incident] = ()) -> bool:
        """Writes the copy, its tracking numbers and incidents in one transaction.

        False, and nothing written, if a higher revision is there already. The same revision again is written again.
        """
        async with self._database.writing() as connection:
            if not await self._upsert_copy(connection, copy):
                return False
            await self._add_tracking_numbers(connection, copy)
            for incident in told:
                await self._upsert_incident(connection, copy, incident)
            return True

    async def latest(self, delivery_id: str) -> DeliveryCopy | None:
        """The newest generation of a delivery; None if the id was never seen."""
        found = await self._copies(_newest_first().where(deliveries.c.delivery_id == delivery_id).limit(1))
        return found[0] if found else None

    async def generation(self, delivery_id: str, generation: int) -> DeliveryCopy | None:
        """One life of a delivery."""
        this = (deliveries.c.delivery_id == delivery_id) & (deliveries.c.generation == generation)
        found = await self._copies(select(deliveries).where(this))
        return found[0] if found else None

    async def open(self, *, limit: int = 1_000, offset: int = 0) -> tuple[DeliveryCopy, ...]:
        """Deliveries that have not ended, the earliest promise first."""
        query = select(deliveries).where(deliveries.c.finished_at.is_(None))
        return await self._copies(query.order_by(deliveries.c.promised_end, deliveries.c.delivery_id).limit(limit).offset(offset))

    async def recent(self, *, limit: int = 100) -> tuple[DeliveryCopy, ...]:
        """All deliveries, those that started last first."""
        return await self._copies(_newest_first().limit(limit))

    async def with_tracking_number(self, source: str, number: str) -> tuple[str, ...]:
        """The ids of the open deliveries that a source gave a tracking number to; if none is open, the one that started last."""
        this = (tracking_numbers.c.source == source) & (tracking_numbers.c.number == number)
        joined = deliveries.join(tracking_numbers, deliveries.c.delivery_id == tracking_numbers.c.delivery_id)
        found = await self._copies(_newest_first().select_from(joined).where(this))
        open_ids = tuple(copy.delivery_id for copy in found if copy.is_open)
        return open_ids or tuple(copy.delivery_id for copy in found[:1])

    async def incidents_of(self, delivery_id: str) -> tuple[IncidentCopy, ...]:
        """All incidents of a delivery, of every generation, in the order in which they opened."""
        query = select(incidents).where(incidents.c.delivery_id == delivery_id)
        return await self._incidents(query.order_by(incidents.c.opened_at, incidents.c.incident_id))

    async def recent_incidents(self, *, limit: int = 100) -> tuple[IncidentCopy, ...]:
        """The incidents that opened last, open and resolved, shadows too."""
        return await self._incidents(
            select(incidents).order_by(incidents.c.opened_at.desc(), incidents.c.incident_id).limit(limit)
        )

    async def effects_of(self, delivery_id: str) -> tuple[Effect, ...]:
        """What the ledger knows about a delivery, in the order in which it was claimed."""
        return await self._effects(
            select(effects).where(effects.c.delivery_id == delivery_id).order_by(effects.c.claimed_at, effects.c.key)
        )

    async def effects(self, *, limit: int = 1_000) -> tuple[Effect, ...]:
        """The effects that were claimed last, in that order."""
        return await self._effects(select(effects).order_by(effects.c.claimed_at.desc(), effects.c.key).limit(limit))

    async def counts(self) -> Counts:
        """Numbers for a status page."""
        is_open = deliveries.c.finished_at.is_(None)
        by = select(deliveries.c.status, deliveries.c.condition, is_open, func.count()).group_by(
            deliveries.c.status, deliveries.c.condition, is_open
        )
        unresolved = select(func.count()).where(incidents.c.resolved_at.is_(None), incidents.c.mode != Mode.SHADOW)
        async with self._database.reading() as connection:
            groups = [(Status(s), Condition(c), bool(o), int(n)) for s, c, o, n in await connection.execute(by)]
            return _counts(groups, (await connection.execute(unresolved)).scalar_one())

    async def _upsert_copy(self, connection: AsyncConnection, copy: DeliveryCopy) -> bool:
        values = _columns(copy)
        statement = self._database.insert(deliveries).values(values)
        newer = deliveries.c.revision <= statement.excluded.revision
        written = await connection.execute(
            statement.on_conflict_do_update(index_elements=["delivery_id", "generation"], set_=values, where=newer)
        )
        return written.rowcount == 1

    async def _add_tracking_numbers(self, connection: AsyncConnection, copy: DeliveryCopy) -> None:
        numbers = {str(number) for number in copy.order.get("tracking_numbers") or ()}
        rows = [{"source": copy.carrier, "number": number, "delivery_id": copy.delivery_id} for number in sorted(numbers)]
        if rows:
            await connection.execute(self._database.insert(tracking_numbers).on_conflict_do_nothing(), rows)

    async def _upsert_incident(self, connection: AsyncConnection, copy: DeliveryCopy, incident: Incident) -> None:
        told = {name: getattr(incident, name) for name in INCIDENT_FIELDS}
        values = {"delivery_id": copy.delivery_id, "generation": copy.generation, **told}
        statement = self._database.insert(incidents).values(values)
        await connection.execute(statement.on_conflict_do_update(index_elements=["incident_id"], set_=values))

    async def _copies(self, query: Select[Any]) -> tuple[DeliveryCopy, ...]:
        return tuple(_copy(row) for row in await self._rows(query))

    async def _incidents(self, query: Select[Any]) -> tuple[IncidentCopy, ...]:
        return tuple(_incident(row) for row in await self._rows(query))

    async def _effects(self, query: Select[Any]) -> tuple[Effect, ...]:
        return tuple(Effect(**row) for row in await self._rows(query))

    async def _rows(self, query: Select[Any]) -> list[RowMapping]:
        async with self._database.reading() as connection:
            return list((await connection.execute(query)).mappings())


def _newest_first() -> Select[Any]:
    return select(deliveries).order_by(deliveries.c.started_at.desc(), deliveries.c.generation.desc(), deliveries.c.delivery_id)


def _columns(copy: DeliveryCopy) -> dict[str, Any]:
    return {**{name: getattr(copy, name) for name in COPY_FIELDS}, "open_incidents": list(copy.open_incidents)}


def _copy(row: RowMapping) -> DeliveryCopy:
    return DeliveryCopy(**{**row, "open_incidents": tuple(row["open_incidents"])})


def _incident(row: RowMapping) -> IncidentCopy:
    incident = Incident(**{name: row[name] for name in INCIDENT_FIELDS})
    return IncidentCopy(delivery_id=row["delivery_id"], generation=row["generation"], incident=incident)


def _counts(groups: Iterable[tuple[Status, Condition, bool, int]], open_incidents: int) -> Counts:
    """Adds up (status, condition, is it open, how many); by_status and by_condition count open deliveries only."""
    now = [group for group in groups if group[2]]
    total = sum(n for *_, n in groups)
    statuses = {status: sum(n for s, _, _, n in now if s is status) for status in dict.fromkeys(s for s, *_ in now)}
    conditions: Mapping[Condition, int] = {
        c: sum(n for _, k, _, n in now if k is c) for c in dict.fromkeys(k for _, k, *_ in now)
    }
    alive = sum(statuses.values())
    return Counts(alive, total - alive, statuses, conditions, open_incidents)
