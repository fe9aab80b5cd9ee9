"""What the scene is played on: a rulebook, a directory, four vans with their stops, a carrier that stands in, three deliveries."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.rules import templates_for
from domain.fleet import Driver, Fleet, FleetCarrier
from domain.instant import HOUR, Instant, iso, moment
from domain.route import Point, RoutePlan, Stop
from rules.check import Check, check
from workflows.clock import wall_clock

RULE = "van-broke-down"
CARRIER, BACKUP = "acme", "zipvan"
BROKEN = "V1"
OTHERS = ("V2", "V3", "V4")
"""In the order in which their routes grow: each drives farther away."""

ACCEPTED, TO_THE_CARRIER, NOBODY = "F-1001", "F-1002", "F-1003"
ZONES: Mapping[str, str] = {ACCEPTED: "city-1", TO_THE_CARRIER: "city-1", NOBODY: "island-1"}
"""The deliveries on the broken van; nobody stands in for the carrier on the island."""

ACCEPT_WITHIN_S = 4

BOOK = f"""\
rulebook: fallback
rules:
  - id: {RULE}
    says: The van broke down
    when: driver_status breakdown received
    severity: high
    do:
      - reassign: {{to: [nearby_driver, backup_carrier], accept_within: {ACCEPT_WITHIN_S}s, even_on_last_leg: true}}
        otherwise:
          - open_ticket: {{queue: hub-ops, priority: high, title: "Nobody takes {{{{ delivery_id }}}}"}}
      - notify: {{who: customer, template: running-late, channels: [sms, email]}}
"""

DIRECTORY = """\
queues: [hub-ops]
carriers:
  acme: {{backup: [zipvan], cost_per_drop: 6.50 EUR}}
  zipvan: {{requests: zipvan, cost_per_drop: 9.00 EUR}}
zones: [city-1, island-1]
endpoints:
  dispatch: {{url: "{radio}/dispatch", secret: DEMO_DISPATCH_SECRET}}
  zipvan: {{url: "{radio}/zipvan", secret: DEMO_ZIPVAN_SECRET}}
"""

CENTRE = Point(60.170, 24.940)
STEP = 0.012
"""Degrees of latitude from one van to the next, about 1.3 km."""


def write_book(folder: Path, radio: str) -> tuple[Path, Check]:
    """The folder of rules, and what is published of it."""
    rules = folder / "rules"
    rules.mkdir()
    (rules / "fallback.yaml").write_text(BOOK, "utf-8")
    (rules / "directory.yaml").write_text(DIRECTORY.format(radio=radio), "utf-8")
    return rules, check(rules, templates_for(rules))


def fleet() -> Fleet:
    """The vans of the day, the broken one with the three deliveries, and the carrier that stands in off the island."""
    drivers = (BROKEN, *OTHERS)
    people = tuple(
        Driver(driver, f"Driver {driver[1:]}", CARRIER, f"+3584076500{number:02}", f"{driver.lower()}@example.test")
        for number, driver in enumerate(drivers, start=1)
    )
    carriers = (
        FleetCarrier(CARRIER, "Acme"),
        FleetCarrier(BACKUP, "ZipVan", (CARRIER,), ("city-*",), 900, "EUR"),
    )
    now = wall_clock()
    return Fleet(people, carriers, tuple(_plan(number, driver, now) for number, driver in enumerate(drivers)))


def route_of(driver: str) -> str:
    return f"R{driver[1:]}"


def _plan(number: int, driver: str, now: Instant) -> RoutePlan:
    at = Point(CENTRE.lat + number * STEP, CENTRE.lon)
    stops = [Stop(delivery_id, point_of(delivery_id)) for delivery_id in ZONES] if driver == BROKEN else [Stop(f"X-{driver}", at)]
    return RoutePlan(
        route_id=route_of(driver),
        service_date=moment(now).date().isoformat(),
        version=1,
        start=at,
        leaves_at=now,
        stops=tuple(stops),
        driver_id=driver,
        carrier=CARRIER,
        capacity=8,
        shift_ends=now + 8 * HOUR,
    )


def point_of(delivery_id: str) -> Point:
    return Point(CENTRE.lat, CENTRE.lon + 0.001 * (int(delivery_id[-1])))


def order(delivery_id: str) -> dict[str, Any]:
    """A delivery on the van that breaks down."""
    number, at, now = int(delivery_id[-1]), point_of(delivery_id), wall_clock()
    return {
        "delivery_id": delivery_id,
        "carrier": CARRIER,
        "tracking_numbers": [f"AC{number:06}"],
        "zone": ZONES[delivery_id],
        "route_id": route_of(BROKEN),
        "driver_id": BROKEN,
        "promised": {"end": iso(now + 4 * HOUR)},
        "destination": {"lat": at.lat, "lon": at.lon, "address": f"Aleksanterinkatu {number}", "timezone": "Europe/Helsinki"},
        "customer": {"name": f"Customer {number}", "email": f"customer.{number}@example.test", "phone": f"+35840123000{number}"},
        "rulebook": "fallback",
    }
