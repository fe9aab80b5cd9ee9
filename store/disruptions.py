"""Disruptions that were declared or that groups opened, and the deliveries that they concern."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sqlalchemy import ColumnElement, RowMapping, and_, exists, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.disruption import Affected, Heeded, Notice, TakenUp
from domain.guards import Disrupted
from domain.instant import Instant
from store.database import Database
from store.tables import deliveries, disruptions, incidents, members


class Disruptions:
    """The disruptions table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def declare(self, notice: Notice) -> Notice | None:
        """Opens it and gives it its number; None if one of this kind is open there already."""
        async with self._database.writing() as connection:
            await self._database.take_turns(connection, f"disruptions {notice.place}")
            if await _others(connection, notice):
                return None
            return replace(notice, disruption_id=await _added(connection, notice))

    async def close(self, scope: str, key: str, kind: str | None, *, now: Instant) -> tuple[Notice, ...]:
        """Closes those that are open there, of a kind or (None) of any, and says which they were."""
        this = _open_at(now) & _is_on(scope, key)
        this = this if kind is None else this & _is_of(kind)
        async with self._database.writing() as connection:
            found = tuple(_notice(row) for row in (await connection.execute(select(disruptions).where(this))).mappings())
            await connection.execute(update(disruptions).where(this).values(closed_at=now))
        return found

    async def open_at(self, at: Instant) -> tuple[Notice, ...]:
        """All that are open, the oldest first."""
        query = select(disruptions).where(_open_at(at)).order_by(disruptions.c.opened_at, disruptions.c.disruption_id)
        async with self._database.reading() as connection:
            return tuple(_notice(row) for row in (await connection.execute(query)).mappings())

    async def all(self, limit: int = 1_000) -> tuple[Notice, ...]:
        """Those that there ever were, the oldest first."""
        query = select(disruptions).order_by(disruptions.c.disruption_id).limit(limit)
        async with self._database.reading() as connection:
            return tuple(_notice(row) for row in (await connection.execute(query)).mappings())

    async def untold(self, place: str | None = None) -> tuple[tuple[Notice, Instant | None], ...]:
        """Those that their workflows have still to take up or to end, on a place or (None) anywhere, with the instant at which
        each was closed."""
        this = or_(disruptions.c.taken_up_at.is_(None), disruptions.c.closed_at.is_not(None)) & disruptions.c.wound_up_at.is_(
            None
        )
        if place is not None:
            this = this & _is_on(*_parts(place))
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(disruptions).where(this).order_by(disruptions.c.disruption_id))).mappings()
            return tuple((_notice(row), row["closed_at"]) for row in rows)

    async def take_up(self, notice: Notice, now: Instant) -> TakenUp:
        """Notes that the workflow of its place has a disruption in hand; one that is not here yet is opened.

        There is no number to take up if one of its kind is open there already, or if it was wound up before.
        """
        async with self._database.writing() as connection:
            await self._database.take_turns(connection, f"disruptions {notice.place}")
            number = notice.disruption_id or await _same(connection, notice)
            if number is None and not await _others(connection, notice):
                number = await _added(connection, notice)
            this = (disruptions.c.disruption_id == number) & disruptions.c.wound_up_at.is_(None)
            taken = await connection.execute(update(disruptions).where(this).values(taken_up_at=now))
        return TakenUp(number, await self.affected(notice.scope, notice.key)) if taken.rowcount else TakenUp(None)

    async def wind_up(self, disruption_id: int, at: Instant) -> None:
        """Notes that a disruption has ended, at this instant unless it was earlier."""
        ended = {"closed_at": func.coalesce(disruptions.c.closed_at, at), "wound_up_at": at}
        async with self._database.writing() as connection:
            await connection.execute(update(disruptions).where(disruptions.c.disruption_id == disruption_id).values(ended))

    async def affected(self, scope: str, key: str, first: int = 20) -> Affected:
        """The open deliveries on a place: how many there are, and the first of them by id."""
        this = _on_place(scope, key)
        count = select(func.count(deliveries.c.delivery_id.distinct())).where(this)
        ids = select(deliveries.c.delivery_id).where(this).order_by(deliveries.c.delivery_id).distinct().limit(first)
        async with self._database.reading() as connection:
            return Affected(int((await connection.execute(count)).scalar_one()), tuple((await connection.execute(ids)).scalars()))

    async def members(self, rule: str, place: str, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """A page of the deliveries in a rule's group, by id."""
        this = (members.c.rule == rule) & (members.c.place == place) & members.c.left_at.is_(None)
        query = select(members.c.delivery_id).where(this, members.c.delivery_id > after)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query.order_by(members.c.delivery_id).limit(limit))).scalars())

    async def open_on(self, places: Collection[str], at: Instant) -> Mapping[str, tuple[Disrupted, ...]]:
        """The disruptions that are open on some of the places (`hub:HEL1`)."""
        here = or_(*(_is_on(*place.split(":", 1)) for place in sorted(places)))
        query = select(disruptions).where(_open_at(at), here)
        found: dict[str, tuple[Disrupted, ...]] = {}
        async with self._database.reading() as connection:
            for row in (await connection.execute(query.order_by(disruptions.c.disruption_id))).all():
                place = f"{row.scope}:{row.key}"
                found[place] = (*found.get(place, ()), Disrupted(row.kind or "", row.closes_at))
        return found

    async def in_scope(self, scope: str, key: str, heeded: Heeded, after: str = "", limit: int = 100) -> tuple[str, ...]:
        """A page of the open deliveries on a place that heed it, by id."""
        query = select(deliveries.c.delivery_id).where(_on_place(scope, key), _heeds(heeded), deliveries.c.delivery_id > after)
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query.order_by(deliveries.c.delivery_id).distinct().limit(limit))).scalars())


COLUMNS = {
    "hub": deliveries.c.hub,
    "carrier": deliveries.c.carrier,
    "feed": deliveries.c.carrier,
    "route": deliveries.c.route_id,
    "zone": deliveries.c.zone,
    "driver": deliveries.c.driver_id,
    "shipper": deliveries.c.shipper,
}
"""Scope of a disruption -> where a delivery has its place in it. Lanes are in the order only."""


def _on_place(scope: str, key: str) -> ColumnElement[bool]:
    column = COLUMNS.get(scope)
    return false() if column is None else (column == key) & deliveries.c.finished_at.is_(None)


def _heeds(heeded: Heeded) -> ColumnElement[bool]:
    """Under one of the versions, or with something open of one of the rules."""
    mine = (incidents.c.delivery_id == deliveries.c.delivery_id) & (incidents.c.generation == deliveries.c.generation)
    is_open = mine & incidents.c.resolved_at.is_(None) & incidents.c.rule.in_(sorted(heeded.rules))
    has_open = exists().where(is_open).correlate(deliveries)
    return or_(deliveries.c.rulebook_version.in_(sorted(heeded.versions)), has_open)


def _open_at(at: Instant) -> ColumnElement[bool]:
    closes = func.coalesce(disruptions.c.closed_at, disruptions.c.closes_at)
    return and_(disruptions.c.opened_at <= at, or_(closes.is_(None), closes > at))


def _is_on(scope: str, key: str) -> ColumnElement[bool]:
    return and_(disruptions.c.scope == scope, disruptions.c.key == key)


def _is_of(kind: str | None) -> ColumnElement[bool]:
    return disruptions.c.kind.is_(None) if kind is None else disruptions.c.kind == kind


def _parts(place: str) -> tuple[str, str]:
    scope, _, key = place.partition(":")
    return scope, key


async def _others(connection: AsyncConnection, notice: Notice) -> bool:
    """Whether one of its kind is open on its place."""
    this = _open_at(notice.opened_at) & _is_on(notice.scope, notice.key) & _is_of(notice.kind)
    return bool((await connection.execute(select(func.count()).where(this))).scalar_one())


async def _same(connection: AsyncConnection, notice: Notice) -> int | None:
    """The number that an earlier try gave it."""
    this = _is_on(notice.scope, notice.key) & _is_of(notice.kind) & (disruptions.c.opened_at == notice.opened_at)
    said = select(disruptions.c.disruption_id).where(this, disruptions.c.declared_by == notice.declared_by)
    return (await connection.execute(said.limit(1))).scalar_one_or_none()


async def _added(connection: AsyncConnection, notice: Notice) -> int:
    row = {name: getattr(notice, name) for name in NOTICE_COLUMNS}
    return int((await connection.execute(insert(disruptions).values(row).returning(disruptions.c.disruption_id))).scalar_one())


def _notice(row: RowMapping) -> Notice:
    told = {name: row[name] for name in NOTICE_COLUMNS}
    return Notice(**told | {"disruption_id": row["disruption_id"], "acted_on": bool(row["acted_on"])})


NOTICE_COLUMNS = ("scope", "key", "kind", "opened_at", "closes_at", "declared_by", "note", "rule", "acted_on")
