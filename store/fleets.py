"""Takes over drivers, carriers and the plans of routes that were made elsewhere: rerouting and reassigning look for them here."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Table, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet import Fleet, TakenOver
from domain.route import RoutePlan
from store.database import Database
from store.errors import UnknownDriversError
from store.plans import route_row, stop_rows, write_stops
from store.tables import carriers, drivers, routes, stops

PLANNED = ("delivery_id", "lat", "lon", "window_start", "window_end", "service_ms", "load", "priority")
"""What a plan from elsewhere says of a stop; its place is that in the list."""


class Fleets:
    """A fleet may be handed over as often as one likes: what is known already changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_over(self, fleet: Fleet) -> TakenOver:
        """All of it in one transaction. Raises UnknownDriversError if a route has a driver whom nobody ever named.

        A route that is new comes into force with its plan, one that is known with its next version if the stops differ from
        those of every version so far: a file that was taken over before does not undo what was planned anew since.
        """
        async with self._database.writing() as connection:
            await self._put(connection, drivers, "driver_id", [{**asdict(row), "active": True} for row in fleet.drivers])
            await self._put(connection, carriers, "carrier", [{**asdict(row), "active": True} for row in fleet.carriers])
            await _refuse_unknown_drivers(connection, fleet)
            news = [(plan.route_id, await self._plan(connection, plan)) for plan in fleet.plans]
        groups = {word: tuple(route for route, found in news if found == word) for word in ("new", "changed", "known")}
        return TakenOver(len(fleet.drivers), len(fleet.carriers), **groups)

    async def _put(self, connection: AsyncConnection, table: Table, key: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            statement = self._database.insert(table)
            told = {name: statement.excluded[name] for name in rows[0] if name != key}
            await connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=told), list(rows))

    async def _plan(self, connection: AsyncConnection, plan: RoutePlan) -> str:
        row = self._database.insert(routes).values(route_row(plan)).on_conflict_do_nothing()
        if (await connection.execute(row)).rowcount == 1:
            await write_stops(connection, plan, plan.version)
            return "new"
        # The day may have got another driver, end or capacity; only stops have versions.
        kept = {name: value for name, value in route_row(plan).items() if name not in ("version", "locked")}
        here = and_(routes.c.route_id == plan.route_id, routes.c.service_date == plan.service_date)
        await connection.execute(update(routes).where(here).values(**kept))
        return await _next(connection, plan)


async def _next(connection: AsyncConnection, plan: RoutePlan) -> str:
    versions = await _versions(connection, plan)
    if _planned(stop_rows(plan, 0)) in versions.values():
        return "known"
    here = and_(routes.c.route_id == plan.route_id, routes.c.service_date == plan.service_date)
    step = update(routes).where(here).values(version=routes.c.version + 1, locked=route_row(plan)["locked"])
    version = (await connection.execute(step.returning(routes.c.version))).scalar_one()
    await write_stops(connection, plan, version)
    return "changed"


async def _versions(connection: AsyncConnection, plan: RoutePlan) -> dict[int, list[tuple[Any, ...]]]:
    """The stops of every version so far, each in order."""
    of_route = (stops.c.route_id == plan.route_id) & (stops.c.service_date == plan.service_date)
    found = await connection.execute(select(stops).where(of_route).order_by(stops.c.version, stops.c.position))
    versions: dict[int, list[tuple[Any, ...]]] = {}
    for row in found.mappings():
        versions.setdefault(row["version"], []).extend(_planned([row]))
    return versions


def _planned(rows: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in PLANNED) for row in rows]


async def _refuse_unknown_drivers(connection: AsyncConnection, fleet: Fleet) -> None:
    known = set((await connection.execute(select(drivers.c.driver_id))).scalars())
    unknown = [plan for plan in fleet.plans if plan.driver_id is not None and plan.driver_id not in known]
    if unknown:
        said = ", ".join(f"{plan.driver_id} of route {plan.route_id}" for plan in unknown)
        raise UnknownDriversError(f"nothing was taken over: unknown drivers: {said}; name them under drivers")
