"""A small fleet in the real store, on a map where a kilometre takes a minute."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select

from domain.actions import ActionRequest
from domain.instant import HOUR, MINUTE, Instant
from domain.order import Customer, Destination
from domain.route import Point
from domain.status import Condition, Status
from integrations.routing.travel import GreatCircle
from store.database import Database
from store.tables import carriers, deliveries, drivers, effects, routes, stops

DAY = "2026-11-23"
EIGHT: Instant = 1_795_413_600_000
"""08:00 in Helsinki on that day."""

TRAVEL = GreatCircle(metres_per_hour=60_000, detour_percent=100)


def km(east: int, north: int = 0) -> Point:
    """A point so many kilometres, and a hair, from the depot."""
    return Point(north / 111.19, east / 111.19)


def clock() -> Instant:
    return EIGHT


async def has_route(database: Database, route_id: str, driver_id: str, *planned: Mapping[str, Any], **more: Any) -> None:
    """A route from the depot with a driver, with the stops in this order, in force as version 1."""
    skills = more.pop("skills", [])
    driver = {"driver_id": driver_id, "name": driver_id, "carrier": more.get("carrier", "acme"), "skills": skills, "active": True}
    start = {"start_lat": 0.0, "start_lon": 0.0, "starts_at": EIGHT - HOUR, "shift_end": EIGHT + 10 * HOUR}
    about = {"route_id": route_id, "service_date": DAY, "driver_id": driver_id, "carrier": "acme", "version": 1, "capacity": 100}
    rows = [{"route_id": route_id, "service_date": DAY, "version": 1, "position": n, **row} for n, row in enumerate(planned)]
    async with database.writing() as connection:
        await connection.execute(insert(drivers).values(driver))
        await connection.execute(insert(routes).values({**about, **start, **more}))
        for row in rows:
            await connection.execute(insert(stops).values(row))


def stop(delivery_id: str, at: Point, by: int | None = None, **more: Any) -> dict[str, Any]:
    """A stop that takes no time, promised within so many minutes from eight."""
    end = None if by is None else EIGHT + by * MINUTE
    return {"delivery_id": delivery_id, "lat": at.lat, "lon": at.lon, "window_end": end, "service_ms": 0, **more}


async def is_known(database: Database, delivery_id: str, status: Status, **order: Any) -> None:
    """The copy of a delivery, as far as planning looks at it."""
    about = {"delivery_id": delivery_id, "generation": 1, "status": status, "condition": Condition.ON_TIME, "carrier": "acme"}
    times = {"promised_end": EIGHT, "first_promised_end": EIGHT, "started_at": EIGHT - HOUR, "attempts": 0, "revision": 1}
    book = {"rulebook": "standard", "rulebook_version": "x", "open_incidents": [], "order": order}
    async with database.writing() as connection:
        await connection.execute(insert(deliveries).values({**about, **times, **book}))


async def has_backup(database: Database, carrier: str, cents: int | None, **more: Any) -> None:
    about = {"carrier": carrier, "name": carrier, "backup_for": ["acme"], "zones": [], "active": True}
    async with database.writing() as connection:
        await connection.execute(insert(carriers).values({**about, "cost_cents": cents, "currency": "EUR", **more}))


def request(delivery_id: str, args: Mapping[str, Any] | None = None, *, key: str = "", **context: Any) -> ActionRequest:
    return ActionRequest(
        key=key or f"{delivery_id}/1/late/1/do.0/0",
        incident_id=f"{delivery_id}:1:late:1",
        rule="late",
        says="Behind the promise",
        severity="high",
        delivery_id=delivery_id,
        generation=1,
        args=args or {},
        customer=Customer(),
        destination=Destination("Europe/Helsinki"),
        carrier="acme",
        asked_at=EIGHT,
        context=context,
    )


async def order_of(database: Database, route_id: str) -> list[str]:
    """The deliveries of a route's plan in force."""
    async with database.reading() as connection:
        version = select(routes.c.version).where(routes.c.route_id == route_id).scalar_subquery()
        planned = select(stops.c.delivery_id).where(stops.c.route_id == route_id, stops.c.version == version)
        return list((await connection.execute(planned.order_by(stops.c.position))).scalars())


async def version_of(database: Database, route_id: str) -> int:
    async with database.reading() as connection:
        return int((await connection.execute(select(routes.c.version).where(routes.c.route_id == route_id))).scalar_one())


async def etas_of(database: Database, route_id: str) -> dict[str, int]:
    """Minutes after eight at which the plan in force reaches each delivery."""
    async with database.reading() as connection:
        version = select(routes.c.version).where(routes.c.route_id == route_id).scalar_subquery()
        planned = select(stops.c.delivery_id, stops.c.eta).where(stops.c.route_id == route_id, stops.c.version == version)
        rows = (await connection.execute(planned)).all()
    return {row.delivery_id: round((row.eta - EIGHT) / MINUTE) for row in rows if row.eta is not None}


async def outcome_of(database: Database, key: str) -> Any:
    async with database.reading() as connection:
        return (await connection.execute(select(effects).where(effects.c.key == key))).mappings().one()
