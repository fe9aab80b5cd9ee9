"""Small makers of orders, deliveries and events: plain ones, of which a test says only what matters to it."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from domain.delivery import Delivery, delivery_of
from domain.event import Event, Place
from domain.instant import Instant, instant
from domain.order import Destination, Order, Window
from domain.status import Kind, Status

ZONE = "Europe/Helsinki"
DAY_OF_TESTS = datetime(2026, 11, 23)  # noqa: DTZ001  (a Monday, on a wall clock)

_numbers = count(1)


def at(clock: str, zone: str = ZONE) -> Instant:
    """The instant of a local time on the day of the tests; `+1d 09:00` is the next day, `10:00:30` has seconds."""
    days, _, time = clock.rpartition("d ")
    hours, minutes, seconds = (int(part) for part in [*time.split(":"), "0"][:3])
    wall = DAY_OF_TESTS + timedelta(days=int(days or 0), hours=hours, minutes=minutes, seconds=seconds)
    return instant(wall.replace(tzinfo=ZoneInfo(zone)))


def an_order(**changes: Any) -> Order:
    """An order of today, promised from 14:00 to 16:00."""
    plain: dict[str, Any] = {
        "delivery_id": "D-1001",
        "carrier": "acme",
        "promised": Window(at("14:00"), at("16:00")),
        "destination": Destination(ZONE),
        "zone": "north-2",
        "hub": "HEL1",
        "service_level": "same_day",
    }
    return Order(**{**plain, **changes})


def a_delivery(*events: Event, known: str = "08:00", **changes: Any) -> Delivery:
    """A delivery, known since a local time, after these events."""
    delivery = delivery_of(an_order(**changes), at(known))
    for event in events:
        delivery = delivery.after(event)
    return delivery


def an_event(kind: str, happened: str, known: str | None = None, place: str | None = None, **changes: Any) -> Event:
    """An event of a kind; a status's name stands for the status. Known at once unless told otherwise."""
    is_kind = kind in set(Kind)
    plain: dict[str, Any] = {
        "event_id": f"e{next(_numbers)}",
        "kind": Kind(kind) if is_kind else Kind.STATUS,
        "status": None if is_kind else Status(kind),
        "occurred_at": at(happened),
        "recorded_at": at(known or happened),
        "source": "acme",
        "location": Place(place) if place else None,
    }
    return Event(**{**plain, **changes})
