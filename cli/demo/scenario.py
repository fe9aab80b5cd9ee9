"""The whole day, written down before it begins: forty deliveries on four rounds, and what will be reported about each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from cli.demo.day import Day
from cli.demo.diary import Diary, Report
from cli.demo.faults import FAULTS, ODDITIES, fault_at, oddity_at
from cli.demo.rounds import SERVICE_MINUTES, Call, Trip, trip_of
from cli.demo.stories import Page, Story, ordinary
from cli.demo.town import HUB, PEOPLE, ROUNDS, STREETS
from domain.instant import Instant, iso
from domain.status import Status
from integrations.routing.travel import GreatCircle

SEED = 20261123
SPEED_KMH = 20
AT_HUB_DUE = "07:00"
OUT_DUE = "08:30"


@dataclass(frozen=True, slots=True)
class Life:
    """One delivery: the order as its system sends it, what will be reported, and what is wrong or odd about it."""

    delivery_id: str
    order: Mapping[str, Any]
    promised_end: Instant
    reports: tuple[Report, ...]
    ends_as: Status
    fault: str | None = None
    oddity: str | None = None

    @property
    def order_json(self) -> str:
        return json.dumps(self.order)

    @property
    def distinct_events(self) -> int:
        return len({report.event.event_id for report in self.reports})


@dataclass(frozen=True, slots=True)
class Scenario:
    """The day with its trips and its deliveries."""

    day: Day
    trips: tuple[Trip, ...]
    lives: tuple[Life, ...]

    @property
    def ends(self) -> Instant:
        """The instant of the last report."""
        return max(report.at for life in self.lives for report in life.reports)


def travel_of(day: Day) -> GreatCircle:
    """Travel times of a day that runs faster: so do its vans."""
    return GreatCircle(speed_kmh(day.factor) * 1000)


def speed_kmh(factor: int) -> int:
    return SPEED_KMH * factor


async def scenario_of(day: Day) -> Scenario:
    """The same day for the same beginning."""
    random = Random(SEED)
    travel = travel_of(day)
    trips = tuple([await trip_of(sector, day, travel, random) for sector in ROUNDS])
    lives = tuple(_life(call, trip, day, random) for trip in trips for call in trip.calls)
    return Scenario(day, trips, lives)


def _life(call: Call, trip: Trip, day: Day, random: Random) -> Life:
    place = (call.round.route_id, call.number)
    fault, oddity = fault_at(place), oddity_at(place)
    diary = Diary(day, call)
    _story(fault, oddity)(Page(diary, trip))
    return Life(call.delivery_id, _order(call, day, random), call.window.end, diary.in_order, diary.status, fault, oddity)


def _story(fault: str | None, oddity: str | None) -> Story:
    if fault is not None:
        return FAULTS[fault].story
    return ODDITIES[oddity][0] if oddity is not None else ordinary


def _order(call: Call, day: Day, random: Random) -> dict[str, Any]:
    """A DeliveryOrder, see docs/oms.md."""
    name = random.choice(PEOPLE)
    number = int(call.delivery_id[2:])
    return {
        "schema_version": 1,
        "delivery_id": call.delivery_id,
        "order_id": f"O-{number}",
        "carrier": call.round.carrier,
        "tracking_numbers": [f"{call.round.carrier.upper()}{number:08}"],
        "service_level": "same_day",
        "zone": call.round.zone,
        "hub": HUB,
        "route_id": call.round.route_id,
        "driver_id": call.round.driver_id,
        "stop_type": "home",
        "promised": {"start": iso(call.window.start), "end": iso(call.window.end), "window_type": call.window.window_type},
        "destination": {
            "lat": call.at.lat,
            "lon": call.at.lon,
            "address": f"{random.choice(STREETS)} {random.randint(1, 60)}, Helsinki",
            "timezone": "Europe/Helsinki",
            "country": "FI",
        },
        "customer": {
            "name": name,
            "email": f"{name.lower().replace('ä', 'a')}.{number}@example.test",
            "phone": f"+35840123{number:04}",
            "language": random.choice(("en", "fi", "fi")),
        },
        "parcels": [{"parcel_id": f"{call.delivery_id}-P1", "weight_kg": str(random.randint(1, 9))}],
        "service_seconds": max(1, SERVICE_MINUTES * 60 // day.factor),
        "plan": [
            {"milestone": Status.AT_HUB.value, "place": HUB, "due": iso(day.at(AT_HUB_DUE))},
            {"milestone": Status.OUT_FOR_DELIVERY.value, "place": HUB, "due": iso(day.at(OUT_DUE))},
        ],
        "rulebook": "standard",
        "tags": ["demo"],
    }
