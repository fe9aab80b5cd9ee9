"""Disruptions that were declared, and the deliveries that they call."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from domain.guards import Disrupted
from domain.instant import Instant
from store.database import Database
from store.tables import deliveries, disruptions


@dataclass(frozen=True, slots=True)
class Disruption:
    """One cause behind many incidents: since when it is open, and when it is expected to end by itself."""

    scope: str
    key: str
    kind: str | None
    opened_at: Instant
    closes_at: Instant | None
    declared_by: str
    note: str | None = None


class Disruptions:
    """The disruptions table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def declare(self, disruption: Disruption) -> bool:
        """Opens it; False if one of this kind is open there already."""
        this = _open_at(disruption.opened_at) & _is_on(disruption.scope, disruption.key) & _is_of(disruption.kind)
        names = ("scope", "key", "kind", "opened_at", "closes_at", "declared_by", "note")
        row = {name: getattr(disruption, name) for name in names}
        async with self._database.writing() as connection:
            if (await connection.execute(select(func.count()).where(this))).scalar_one():
                return False
            await connection.execute(self._database.insert(disruptions).values(row))
        return True

    async def close(self, scope: str, key: str, kind: str | None, *, now: Instant) -> int:
        """Closes those that are open there, of a kind or (None) of any; how many there were."""
        this = _open_at(now) & _is_on(scope, key)
        this = this if kind is None else this & _is_of(kind)
        async with self._database.writing() as connection:
            return (await connection.execute(update(disruptions).where(this).values(closed_at=now))).rowcount

    async def open_at(self, at: Instant) -> tuple[Disruption, ...]:
        """All that are open, the oldest first."""
        query = select(disruptions).where(_open_at(at)).order_by(disruptions.c.opened_at, disruptions.c.disruption_id)
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(
            Disruption(row.scope, row.key, row.kind, row.opened_at, row.closes_at, row.declared_by, row.note) for row in rows
        )

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

    async def in_scope(
        self, scope: str, key: str, versions: Collection[str], after: str = "", limit: int = 100
    ) -> tuple[str, ...]:
        """A page of the open deliveries on a place, under some versions of rulebooks, by id."""
        column = COLUMNS[scope]
        query = select(deliveries.c.delivery_id).where(
            column == key,
            deliveries.c.finished_at.is_(None),
            deliveries.c.rulebook_version.in_(versions),
            deliveries.c.delivery_id > after,
        )
        async with self._database.reading() as connection:
            return tuple((await connection.execute(query.order_by(deliveries.c.delivery_id).distinct().limit(limit))).scalars())


COLUMNS = {
    "hub": deliveries.c.hub,
    "carrier": deliveries.c.carrier,
    "route": deliveries.c.route_id,
    "zone": deliveries.c.zone,
}
"""Scope of a disruption -> where a delivery has its place in it."""


def _open_at(at: Instant) -> ColumnElement[bool]:
    closes = func.coalesce(disruptions.c.closed_at, disruptions.c.closes_at)
    return and_(disruptions.c.opened_at <= at, or_(closes.is_(None), closes > at))


def _is_on(scope: str, key: str) -> ColumnElement[bool]:
    return and_(disruptions.c.scope == scope, disruptions.c.key == key)


def _is_of(kind: str | None) -> ColumnElement[bool]:
    return disruptions.c.kind.is_(None) if kind is None else disruptions.c.kind == kind
