"""The copy of deliveries and their incidents: written by the workflows, read by lists and boards."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select, true, update

from domain.copy import DeliveryCopy
from domain.incident import Incident, Mode, Resolution, Severity
from domain.status import Condition, Status
from store.columns import storable
from store.copies import Counts, Effect, IncidentCopy
from store.database import Database
from store.giving_up import close_given_up
from store.tables import deliveries, effects, incidents, tracking_numbers
from store.upsert import add, upsert

ELSEWHERE = frozenset({"amended", "tracking_numbers", "more_numbers", "incidents"})
"""Fields of a copy that have tables of their own."""

COPY_FIELDS = tuple(field.name for field in fields(DeliveryCopy) if field.name not in ELSEWHERE)
UNTOLD = frozenset(
    {
        "acts", "stages", "proposals", "rungs", "acknowledged_at", "acknowledged_until", "lapsed_at", "due_at", "due_for", "tried",
        "told", "tellings", "claimed_by", "claimed_at",
    }
)  # fmt: skip
"""Fields of an incident that only its workflow keeps: effects are in the ledger, the severity tells how far it has come."""

INCIDENT_FIELDS = tuple(field.name for field in fields(Incident) if field.name not in UNTOLD)

_PUT_COPY = upsert(deliveries, COPY_FIELDS, ["delivery_id", "generation"], not_older_by="revision")
_ADD_COPY = add(deliveries, COPY_FIELDS)
_PUT_INCIDENT = upsert(incidents, ("delivery_id", "generation", *INCIDENT_FIELDS), ["incident_id"])


class Deliveries:
    """Queries on the copy. The truth about one delivery is its workflow's `snapshot`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, copy: DeliveryCopy) -> None:
        """Writes the copy with its tracking numbers and incidents in one transaction; nothing if a higher revision is there.

        What is still open of earlier lives, whose workflow was terminated, ends when the next one is first written.
        """
        await self._database.together(lambda connection: self._write(connection, copy))

    def begin(self, connection: Connection, copy: DeliveryCopy) -> bool:
        """Writes the first copy of a life; False, and nothing written, if its generation is taken."""
        if (connection.execute(_ADD_COPY, _columns(copy))).rowcount != 1:
            return False
        self._write_around(connection, copy)
        return True

    def _write(self, connection: Connection, copy: DeliveryCopy) -> None:
        if (connection.execute(_PUT_COPY, _columns(copy))).rowcount == 1:
            self._write_around(connection, copy)

    def _write_around(self, connection: Connection, copy: DeliveryCopy) -> None:
        if copy.revision == 1 or copy.amended or copy.more_numbers:
            _replace_tracking_numbers(connection, copy)
        self._write_incidents(connection, copy)
        if copy.finished_at is not None:
            close_given_up(connection, copy)
        _end_earlier_lives(connection, copy)

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

    async def with_tracking_number(self, number: str, source: str | None = None) -> tuple[str, ...]:
        """The ids of the open deliveries that a carrier (in whatever case; None: any) gave a tracking number to.

        If none of them is open, the one that started last; an empty tuple if the number is unknown.
        """
        of_source = true() if source is None else func.lower(tracking_numbers.c.source) == source.lower()
        this = (tracking_numbers.c.number == number) & of_source
        found = await self._copies(
            _newest_first().where(deliveries.c.delivery_id.in_(select(tracking_numbers.c.delivery_id).where(this)))
        )
        open_ids = tuple(copy.delivery_id for copy in found if copy.finished_at is None)
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
        unresolved = select(func.count()).where(
            incidents.c.resolved_at.is_(None), incidents.c.mode != Mode.SHADOW, incidents.c.severity != Severity.INFO
        )
        async with self._database.reading() as connection:
            groups = [(Status(s), Condition(c), bool(o), int(n)) for s, c, o, n in await connection.execute(by)]
            return _counts(groups, (await connection.execute(unresolved)).scalar_one())

    def _write_incidents(self, connection: Connection, copy: DeliveryCopy) -> None:
        for incident in copy.incidents:
            told = {name: getattr(incident, name) for name in INCIDENT_FIELDS}
            values = {"delivery_id": copy.delivery_id, "generation": copy.generation, **told}
            connection.execute(_PUT_INCIDENT, values)

    async def _copies(self, query: Select[Any]) -> tuple[DeliveryCopy, ...]:
        return tuple(_copy(row) for row in await self._rows(query))

    async def _incidents(self, query: Select[Any]) -> tuple[IncidentCopy, ...]:
        return tuple(_incident(row) for row in await self._rows(query))

    async def _effects(self, query: Select[Any]) -> tuple[Effect, ...]:
        return tuple(Effect(**row) for row in await self._rows(query))

    async def _rows(self, query: Select[Any]) -> list[RowMapping]:
        async with self._database.reading() as connection:
            return list((await connection.execute(query)).mappings())


def _replace_tracking_numbers(connection: Connection, copy: DeliveryCopy) -> None:
    """The delivery's numbers are those of this copy: one that an amendment corrected must not route events here any more.

    Numbers belong to the carrier of the order, also when another one has the delivery by now; that one's own come beside them.
    """
    source = copy.order.get("carrier", copy.carrier)
    wanted = {(source, storable(number)) for number in copy.tracking_numbers}
    wanted |= {(carrier, storable(number)) for carrier, number in copy.more_numbers}
    if copy.revision == 1 and copy.generation == 1 and not wanted:
        return  # nothing can be there yet
    of_delivery = tracking_numbers.c.delivery_id == copy.delivery_id
    known = select(tracking_numbers.c.source, tracking_numbers.c.number).where(of_delivery)
    if wanted == {(row.source, row.number) for row in connection.execute(known)}:
        return
    connection.execute(delete(tracking_numbers).where(of_delivery))
    rows = [{"source": carrier, "number": number, "delivery_id": copy.delivery_id} for carrier, number in sorted(wanted)]
    if rows:
        connection.execute(insert(tracking_numbers), rows)


def _end_earlier_lives(connection: Connection, copy: DeliveryCopy) -> None:
    """What a terminated workflow left open would else stay open on the boards for ever."""
    if copy.generation == 1:
        return
    earlier = (deliveries.c.delivery_id == copy.delivery_id) & (deliveries.c.generation < copy.generation)
    still_open = (incidents.c.delivery_id == copy.delivery_id) & (incidents.c.generation < copy.generation)
    ended = {"resolution": Resolution.SUPERSEDED, "resolved_at": copy.started_at}
    connection.execute(update(incidents).where(still_open, incidents.c.resolved_at.is_(None)).values(**ended))
    abandoned = {"finished_at": copy.started_at, "open_incidents": []}
    connection.execute(update(deliveries).where(earlier, deliveries.c.finished_at.is_(None)).values(**abandoned))


def _newest_first() -> Select[Any]:
    return select(deliveries).order_by(deliveries.c.started_at.desc(), deliveries.c.generation.desc(), deliveries.c.delivery_id)


def _columns(copy: DeliveryCopy) -> dict[str, Any]:
    return {**{name: getattr(copy, name) for name in COPY_FIELDS}, "open_incidents": list(copy.open_incidents)}


def _copy(row: RowMapping) -> DeliveryCopy:
    """`incidents` stays empty: see incidents_of."""
    numbers = tuple(row["order"].get("tracking_numbers") or ())
    return DeliveryCopy(**{**row, "open_incidents": tuple(row["open_incidents"])}, tracking_numbers=numbers)


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
