"""The plans of the day: which driver calls where and when, by the same travel times that the worker plans with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from cli.demo.day import Day
from cli.demo.town import HUB_AT, Round, stops_of
from domain.instant import Instant, moment
from domain.order import Window
from domain.route import Point, RoutePlan, Stop
from domain.schedule import schedule_of
from integrations.routing.travel import TravelTimes

LEAVES = "08:30"
SHIFT_ENDS = "18:00"
LUNCH_FROM = "11:30"
LUNCH_MINUTES = 30
SERVICE_MINUTES = 6
CAPACITY = 16
"""Stops that a van has room for: a driver can take over some of another's."""

WHOLE_DAY = ("08:00", "17:00")
SLOT_MINUTES = 120


@dataclass(frozen=True, slots=True)
class Call:
    """One stop as it is planned: when the driver gets there, and what the customer was promised."""

    delivery_id: str
    round: Round
    number: int
    at: Point
    arrives: Instant
    window: Window


@dataclass(frozen=True, slots=True)
class Trip:
    """A round with its plan, its calls in driving order, and when the driver has lunch."""

    round: Round
    plan: RoutePlan
    calls: tuple[Call, ...]
    lunch: Instant


async def trip_of(sector: Round, day: Day, travel: TravelTimes, random: Random) -> Trip:
    """The round's stops, reached at the times that travel and service take."""
    points = stops_of(sector, random)
    legs = await travel.legs((HUB_AT, *points))
    bare = _plan(
        sector, day, [Stop(_id(sector, n), point, service_time=day.minutes(SERVICE_MINUTES)) for n, point in enumerate(points)]
    )
    visits = schedule_of(bare, legs).visits
    noon = day.at(LUNCH_FROM)
    lunch = next((visit.leaves for visit in visits if visit.leaves >= noon), noon)
    pause = day.minutes(LUNCH_MINUTES)
    times = [visit.arrives + (pause if visit.arrives > lunch else 0) for visit in visits]
    calls = tuple(_call(sector, n, point, at, day) for n, (point, at) in enumerate(zip(points, times, strict=True)))
    return Trip(sector, _promised(bare, calls), calls, lunch)


def _id(sector: Round, number: int) -> str:
    return f"D-{sector.route_id[1:]}{number + 1:02}"


def _plan(sector: Round, day: Day, stops: Sequence[Stop]) -> RoutePlan:
    return RoutePlan(
        route_id=sector.route_id,
        service_date=moment(day.begins).date().isoformat(),
        version=1,
        start=HUB_AT,
        leaves_at=day.at(LEAVES),
        stops=tuple(stops),
        driver_id=sector.driver_id,
        carrier=sector.carrier,
        capacity=CAPACITY,
        shift_ends=day.at(SHIFT_ENDS),
    )


def _call(sector: Round, number: int, point: Point, arrives: Instant, day: Day) -> Call:
    return Call(_id(sector, number), sector, number, point, arrives, _window(number, arrives, day))


def _window(number: int, arrives: Instant, day: Day) -> Window:
    """Every other customer was promised two hours, the rest the day."""
    if number % 2:
        return Window(day.at(WHOLE_DAY[0]), day.at(WHOLE_DAY[1]), "day")
    start = day.grid(arrives - day.minutes(45), 15)
    return Window(start, start + day.minutes(SLOT_MINUTES), "slot")


def _promised(bare: RoutePlan, calls: Sequence[Call]) -> RoutePlan:
    """The plan with every stop's window and time."""
    stops = (
        replace(stop, earliest=call.window.start, latest=call.window.end, eta=call.arrives)
        for stop, call in zip(bare.stops, calls, strict=True)
    )
    return replace(bare, stops=tuple(stops))
