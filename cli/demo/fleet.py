"""Puts the day's drivers, carriers, routes and stops into the store, where rerouting and reassigning look for them."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import insert

from cli.demo.rounds import Trip
from cli.demo.scenario import Scenario
from cli.demo.town import CARRIERS
from domain.route import RoutePlan
from store.database import Database
from store.tables import carriers, drivers, routes, stops


async def write_fleet(scenario: Scenario, database: Database) -> None:
    """Everything in one transaction, as version 1 of each plan."""
    async with database.writing() as connection:
        await connection.execute(insert(carriers), list(_carriers()))
        await connection.execute(insert(drivers), [_driver(trip) for trip in scenario.trips])
        await connection.execute(insert(routes), [_route(trip.plan) for trip in scenario.trips])
        await connection.execute(insert(stops), [row for trip in scenario.trips for row in _stops(trip.plan)])


def _carriers() -> Iterator[dict[str, Any]]:
    for row in CARRIERS:
        price = {"cost_cents": row.cost_cents, "currency": "EUR"}
        yield {
            "carrier": row.carrier,
            "name": row.name,
            "backup_for": list(row.stands_in_for),
            "zones": [],
            "active": True,
            **price,
        }


def _driver(trip: Trip) -> dict[str, Any]:
    who = trip.round
    number = int(who.driver_id[1:])
    contact = {"phone": f"+35840765{number:04}", "email": f"{who.driver_id.lower()}@example.test"}
    return {"driver_id": who.driver_id, "name": who.driver, "carrier": who.carrier, "skills": [], "active": True, **contact}


def _route(plan: RoutePlan) -> dict[str, Any]:
    return {
        "route_id": plan.route_id,
        "service_date": plan.service_date,
        "driver_id": plan.driver_id,
        "carrier": plan.carrier,
        "version": plan.version,
        "start_lat": plan.start.lat,
        "start_lon": plan.start.lon,
        "starts_at": plan.leaves_at,
        "shift_end": plan.shift_ends,
        "capacity": plan.capacity,
        "locked": 0,
    }


def _stops(plan: RoutePlan) -> Iterator[dict[str, Any]]:
    for position, stop in enumerate(plan.stops):
        yield {
            "route_id": plan.route_id,
            "service_date": plan.service_date,
            "version": plan.version,
            "position": position,
            "delivery_id": stop.delivery_id,
            "lat": stop.at.lat,
            "lon": stop.at.lon,
            "window_start": stop.earliest,
            "window_end": stop.latest,
            "service_ms": stop.service_time,
            "eta": stop.eta,
        }
