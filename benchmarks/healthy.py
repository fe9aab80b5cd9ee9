"""A delivery on which nothing goes wrong: its order, eight reports, and the final one. As values and as JSON."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from domain.delivery import Delivery, delivery_of
from domain.event import Event
from domain.instant import HOUR, MINUTE, Instant, iso
from domain.status import Kind, Status
from workflows.events import wire_event
from workflows.orders import DeliveryOrder

REPORTS: tuple[tuple[Kind, Status | None], ...] = (
    (Kind.STATUS, Status.ASSIGNED),
    (Kind.SCAN, Status.PICKED_UP),
    (Kind.STATUS, Status.IN_TRANSIT),
    (Kind.SCAN, Status.AT_HUB),
    (Kind.SCAN, None),
    (Kind.SCAN, Status.OUT_FOR_DELIVERY),
    (Kind.ETA, None),
    (Kind.STATUS, Status.ARRIVED),
)
"""What is reported on the way, in order."""


def order(now: Instant) -> dict[str, Any]:
    """An order of now, promised within four hours; every one has an id of its own."""
    return {
        "delivery_id": f"B-{uuid.uuid4().hex[:12]}",
        "carrier": "acme",
        "zone": "north-2",
        "hub": "HEL1",
        "service_level": "same_day",
        "promised": {"start": iso(now + 2 * HOUR), "end": iso(now + 4 * HOUR)},
        "destination": {"timezone": "Europe/Helsinki", "country": "FI", "city": "Helsinki"},
        "customer": {"name": "Aino", "email": "aino@example.test", "phone": "+358401234567"},
        "parcels": [{"parcel_id": "P1", "barcode": "JJFI1"}],
    }


def delivery(now: Instant) -> Delivery:
    """The same as a value, of which nothing but the order is known."""
    return delivery_of(DeliveryOrder.model_validate_json(json.dumps(order(now))).order(), now)


def reports() -> Iterator[tuple[Kind, Status | None]]:
    """The eight, and the final one."""
    yield from REPORTS
    yield Kind.STATUS, Status.DELIVERED


def event(number: int, kind: Kind, status: Status | None, at: Instant) -> Event:
    """One report, known at once."""
    eta = at + 3 * HOUR if kind is Kind.ETA else None
    return Event(f"e{number}", kind, at, at, "acme", status=status, eta=eta)


def events(start: Instant, apart: Instant = 10 * MINUTE) -> list[Event]:
    """All reports of a day, some minutes apart."""
    return [event(number, *report, start + (number + 1) * apart) for number, report in enumerate(reports())]


def sent(number: int, kind: Kind, status: Status | None, at: Instant) -> dict[str, Any]:
    """One report as a carrier sends it."""
    return dict(wire_event(event(number, kind, status, at)))
