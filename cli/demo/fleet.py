"""Puts the day's drivers, carriers, routes and stops into the store, where rerouting and reassigning look for them."""

from cli.demo.rounds import Trip
from cli.demo.scenario import Scenario
from cli.demo.town import CARRIERS
from domain.fleet import Driver, Fleet, FleetCarrier
from store.database import Database
from store.fleets import Fleets


async def write_fleet(scenario: Scenario, database: Database) -> None:
    """As `doorstep fleet import` does it."""
    carriers = tuple(
        FleetCarrier(row.carrier, row.name, row.stands_in_for, cost_cents=row.cost_cents, currency="EUR") for row in CARRIERS
    )
    drivers = tuple(_driver(trip) for trip in scenario.trips)
    await Fleets(database).take_over(Fleet(drivers, carriers, tuple(trip.plan for trip in scenario.trips)))


def _driver(trip: Trip) -> Driver:
    who = trip.round
    number = int(who.driver_id[1:])
    return Driver(who.driver_id, who.driver, who.carrier, f"+35840765{number:04}", f"{who.driver_id.lower()}@example.test")
