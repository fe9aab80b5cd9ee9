"""What a fleet file may hold: drivers, carriers, and the routes of a service date with their stops."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from cli.errors import InputError
from domain.currencies import minor_units
from domain.fleet import Driver, Fleet, FleetCarrier
from domain.instant import MINUTE, SECOND, instant
from domain.route import Break, Point, RoutePlan, Stop
from workflows.contract import problems_of
from workflows.scalars import Latitude, Longitude, Name, When

Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Price = Annotated[str, StringConstraints(pattern=r"^\d{1,9}(\.\d{1,4})? [A-Z]{3}$")]
Zone = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._*?\[\]-]{1,64}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[0-9 ().-]{5,31}$")]
Email = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]


class Row(BaseModel):
    """Unknown fields are mistakes: they are mostly misspelt ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DriverIn(Row):
    """A driver. The phone number is international: +358401234567."""

    id: Name
    name: Words
    carrier: Name
    phone: Phone | None = None
    email: Email | None = None
    skills: tuple[Name, ...] = ()

    def driver(self) -> Driver:
        return Driver(self.id, self.name, self.carrier, self.phone, self.email, self.skills)


class CarrierIn(Row):
    """A carrier: for whom it stands in, what a drop costs ("9.00 EUR"), which zones it covers (globs; none: all)."""

    id: Name
    name: Words | None = None
    backup_for: tuple[Name, ...] = ()
    cost_per_drop: Price | None = None
    zones: tuple[Zone, ...] = ()

    def carrier(self) -> FleetCarrier:
        amount, currency = self.cost_per_drop.split() if self.cost_per_drop else (None, None)
        cents = int(minor_units(Decimal(amount), currency)) if amount else None
        return FleetCarrier(self.id, self.name or self.id, self.backup_for, self.zones, cents, currency)


class PlaceIn(Row):
    """A position in degrees, WGS 84."""

    lat: Latitude
    lon: Longitude


class WindowIn(Row):
    """When service may begin, and by when it should."""

    start: When | None = None
    end: When | None = None

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> "WindowIn":
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("the window ends before it starts")
        return self


class StopIn(PlaceIn):
    """A delivery's place in a route; the order of the list is the order of driving."""

    delivery_id: Name
    window: WindowIn = WindowIn()
    service_seconds: Annotated[int, Field(ge=0, le=86_400)] = 180
    load: Annotated[int, Field(ge=0, le=1_000_000)] = 1
    priority: Annotated[int, Field(ge=0, le=100)] = 0

    def stop(self) -> Stop:
        earliest, latest = (instant(at) if at is not None else None for at in (self.window.start, self.window.end))
        at, takes = Point(self.lat, self.lon), self.service_seconds * SECOND
        return Stop(self.delivery_id, at, earliest, latest, takes, load=self.load, priority=self.priority)


class BreakIn(Row):
    """A break of the driver: how long, and from when to when it may begin."""

    earliest: When
    latest: When
    minutes: Annotated[int, Field(ge=1, le=600)]

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "BreakIn":
        if self.earliest > self.latest:
            raise ValueError("latest is before earliest")
        return self

    def pause(self) -> Break:
        return Break(instant(self.earliest), instant(self.latest), self.minutes * MINUTE)


class RouteIn(Row):
    """A route: who drives it for which carrier, where and when it starts, until when, how much it can carry."""

    id: Name
    carrier: Name
    driver: Name | None = None
    start: PlaceIn
    leaves_at: When
    shift_ends: When | None = None
    capacity: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    breaks: Annotated[tuple[BreakIn, ...], Field(max_length=10)] = ()
    stops: Annotated[tuple[StopIn, ...], Field(max_length=1_000)] = ()

    def plan(self, service_date: date) -> RoutePlan:
        return RoutePlan(
            route_id=self.id,
            service_date=service_date.isoformat(),
            version=1,
            start=Point(self.start.lat, self.start.lon),
            leaves_at=instant(self.leaves_at),
            stops=tuple(stop.stop() for stop in self.stops),
            driver_id=self.driver,
            carrier=self.carrier,
            capacity=self.capacity,
            shift_ends=None if self.shift_ends is None else instant(self.shift_ends),
            breaks=tuple(one.pause() for one in self.breaks),
        )


class FleetFile(Row):
    """Every section may be missing; with routes a service date is needed."""

    service_date: date | None = None
    drivers: tuple[DriverIn, ...] = ()
    carriers: tuple[CarrierIn, ...] = ()
    routes: tuple[RouteIn, ...] = ()

    def fleet(self) -> Fleet:
        plans = [route.plan(self.service_date) for route in self.routes if self.service_date is not None]
        drivers, carriers = (row.driver() for row in self.drivers), (row.carrier() for row in self.carriers)
        return Fleet(tuple(drivers), tuple(carriers), tuple(plans))


def read_fleet(text: bytes, name: str) -> Fleet:
    """The fleet of a file; raises InputError with every mistake."""
    try:
        read = FleetFile.model_validate_json(json.dumps(_parsed(text, name)))
    except ValidationError as error:
        found = [f"{mistake['loc'] or 'file'}: {mistake['msg']}" for mistake in problems_of(error)]
        raise InputError("\n".join(f"{name}: {mistake}" for mistake in found)) from None
    if mistakes := list(_across(read)):
        raise InputError("\n".join(f"{name}: {mistake}" for mistake in mistakes))
    return read.fleet()


def _across(read: FleetFile) -> Iterable[str]:
    """What one row says of another."""
    if read.routes and read.service_date is None:
        yield "service_date: is needed with routes; for example 2026-11-23"
    yield from _twice("drivers", (row.id for row in read.drivers))
    yield from _twice("carriers", (row.id for row in read.carriers))
    yield from _twice("routes", (row.id for row in read.routes))
    yield from _twice("delivery_id of stops", (stop.delivery_id for route in read.routes for stop in route.stops))
    for route in read.routes:
        if route.shift_ends is not None and route.shift_ends <= route.leaves_at:
            yield f"routes {route.id}: shift_ends must be after leaves_at"


def _twice(what: str, ids: Iterable[str]) -> Iterable[str]:
    return (f"{what}: {found} is there {count} times" for found, count in Counter(ids).items() if count > 1)


class _Loader(yaml.SafeLoader):
    """YAML whose dates and times stay texts, as they are in JSON."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the parent has it
        first: [(tag, pattern) for tag, pattern in rows if not tag.endswith(":timestamp")]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _parsed(text: bytes, name: str) -> Any:
    try:
        if re.match(rb"\s*\{", text):
            return json.loads(text)
        return yaml.load(text, _Loader)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{name}: neither JSON nor YAML: {error}") from None
