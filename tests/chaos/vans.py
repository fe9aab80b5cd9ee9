"""Vans whose drivers go a long way round: each has one delivery of the storm as its last stop, which a better order would serve first."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select
from temporalio.client import Client

from domain.instant import DAY, HOUR, MINUTE, Instant, moment
from store.database import Database
from store.tables import drivers, routes, stops
from tests.chaos.lives import Life
from tests.chaos.trying import until_taken
from workflows.clock import wall_clock

FAULT = "goes astray"
ROUTE_OF = "R-"
"""Before the id of a delivery: its route."""

HERE = {"lat": 60.17, "lon": 24.94}
FAR_AWAY, NEAR_BY = {**HERE, "lat": 61.5}, {**HERE, "lat": 60.18}
"""Some 150 km off, which is hours; and a little more than one, which is minutes."""


async def planned(database: Database, lives: Sequence[Life]) -> None:
    """Writes the first version of the plan of each delivery that is to go astray: first far away, then to its own address."""
    now = wall_clock()
    astray = [life.delivery_id for life in lives if life.fault == FAULT]
    if not astray:
        return
    async with database.writing() as connection:
        await connection.execute(insert(drivers), [_driver(one) for one in astray])
        await connection.execute(insert(routes), [_route(one, now) for one in astray])
        await connection.execute(insert(stops), [stop for one in astray for stop in _stops(one, now)])


def _driver(delivery_id: str) -> Mapping[str, Any]:
    return {"driver_id": f"V-{delivery_id}", "name": "Kim", "carrier": "acme", "skills": [], "active": True}


def _plan(delivery_id: str, now: Instant) -> dict[str, Any]:
    return {"route_id": f"{ROUTE_OF}{delivery_id}", "service_date": moment(now).date().isoformat(), "version": 1}


def _route(delivery_id: str, now: Instant) -> Mapping[str, Any]:
    begins = {"start_lat": HERE["lat"], "start_lon": HERE["lon"], "starts_at": now - MINUTE, "shift_end": now + DAY}
    return {**_plan(delivery_id, now), **begins, "driver_id": f"V-{delivery_id}", "carrier": "acme", "capacity": 100}


def _stops(delivery_id: str, now: Instant) -> list[Mapping[str, Any]]:
    first = {"delivery_id": f"far-{delivery_id}", **FAR_AWAY, "window_end": now + 20 * HOUR}
    last = {"delivery_id": delivery_id, **NEAR_BY, "window_end": now + HOUR}
    return [{**_plan(delivery_id, now), "position": at, "service_ms": 0, **stop} for at, stop in enumerate((first, last))]


async def new_plans(database: Database) -> list[tuple[str, str]]:
    """(delivery, version) of each version that was made after the first one."""
    query = select(stops.c.route_id, stops.c.version).where(stops.c.version > 1, stops.c.route_id.startswith(ROUTE_OF)).distinct()
    async with database.reading() as connection:
        rows = (await connection.execute(query)).all()
    return [(row.route_id.removeprefix(ROUTE_OF), str(row.version)) for row in rows]


async def ended(client: Client) -> None:
    """Ends the day of each van before it is over."""
    running = [
        one.id
        async for one in client.list_workflows(f"ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH 'route-{ROUTE_OF}'")
    ]
    for workflow_id in running:
        handle = client.get_workflow_handle(workflow_id)
        await until_taken(handle.cancel, f"the end of {workflow_id}")
