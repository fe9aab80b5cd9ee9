"""When a route's stops are reached in a given order, how late that is, and what one more stop would cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from domain.instant import Instant, Span
from domain.route import Break, Point, RoutePlan, Stop


@dataclass(frozen=True)
class Legs:
    """Travel between points: `times` in milliseconds and `metres`, both [from][to] in the order of `points`."""

    points: tuple[Point, ...]
    times: tuple[tuple[Span, ...], ...]
    metres: tuple[tuple[int, ...], ...]

    @cached_property
    def places(self) -> Mapping[Point, int]:
        return {point: place for place, point in enumerate(self.points)}

    def time(self, origin: Point, destination: Point) -> Span:
        """Milliseconds from one point to another; raises KeyError for a point that is not in `points`."""
        return self.times[self.places[origin]][self.places[destination]]

    def distance(self, origin: Point, destination: Point) -> int:
        """Metres from one point to another; raises KeyError for a point that is not in `points`."""
        return self.metres[self.places[origin]][self.places[destination]]


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop in time: the driver arrives, waits for the window if too early, begins and leaves."""

    delivery_id: str
    arrives: Instant
    begins: Instant
    leaves: Instant
    lateness: Span


@dataclass(frozen=True, slots=True)
class Schedule:
    """The visits of a route in order. `lateness` is the sum over all stops; the route ends when the last stop is left."""

    visits: tuple[Visit, ...]
    ends_at: Instant

    @property
    def lateness(self) -> Span:
        return sum(visit.lateness for visit in self.visits)

    @property
    def cost(self) -> tuple[Span, Instant]:
        """What a plan is judged by: lateness before everything, then when the driver is free."""
        return (self.lateness, self.ends_at)

    def visit_of(self, delivery_id: str) -> Visit | None:
        return next((visit for visit in self.visits if visit.delivery_id == delivery_id), None)


@dataclass(frozen=True, slots=True)
class Insertion:
    """The cheapest place of a stop in a route: before the remaining stop at `place`.

    `added` is how much later the route ends, `lateness` how late this stop is, `pushed` how much more late all others are.
    """

    place: int
    added: Span
    lateness: Span
    pushed: Span
    eta: Instant

    @property
    def cost(self) -> tuple[Span, Span]:
        """Lateness before everything, then the driver's time."""
        return (self.lateness + self.pushed, self.added)


def points_of(*plans: RoutePlan) -> tuple[Point, ...]:
    """Every point that the remaining stops of the plans need, each once, in a stable order."""
    wanted = [point for plan in plans for point in (plan.start, *(stop.at for stop in plan.remaining))]
    return tuple(dict.fromkeys(wanted))


def schedule(start: Point, leaves_at: Instant, stops: Sequence[Stop], legs: Legs, breaks: Sequence[Break] = ()) -> Schedule:
    """The visits when a vehicle leaves `start` at `leaves_at` and drives the stops in this order.

    A break is taken before driving on: as soon as it may begin, or, waiting for that, when after the next stop it would be too late.
    One that had to begin before the vehicle leaves counts as taken.
    """
    visits = []
    at, now = start, leaves_at
    due = sorted((one for one in breaks if one.latest >= leaves_at), key=lambda one: one.latest) if breaks else []
    for stop in stops:
        while due and (begins := _break_begins(due[0], now, stop, legs.time(at, stop.at))) is not None:
            now = begins + due.pop(0).span
        visit = _visit(stop, now + legs.time(at, stop.at))
        visits.append(visit)
        at, now = stop.at, visit.leaves
    return Schedule(tuple(visits), now)


def _break_begins(due: Break, now: Instant, stop: Stop, drive: Span) -> Instant | None:
    """When a break begins that is taken before the next stop; None if it can wait until that is done."""
    if now >= due.earliest:
        return now
    return due.earliest if _visit(stop, now + drive).leaves > due.latest else None


def schedule_of(plan: RoutePlan, legs: Legs) -> Schedule:
    """The visits of what remains of a plan, in its order."""
    return schedule(plan.start, plan.leaves_at, plan.remaining, legs, plan.breaks)


def metres_of(plan: RoutePlan, legs: Legs) -> int:
    """How far the vehicle drives for what remains, in its order."""
    points = (plan.start, *(stop.at for stop in plan.remaining))
    return sum(legs.distance(origin, to) for origin, to in pairwise(points))


def timed(plan: RoutePlan, legs: Legs) -> RoutePlan:
    """The plan with the ETA of every remaining stop set from its order."""
    visits = schedule_of(plan, legs).visits
    return plan.with_remaining(tuple(replace(stop, eta=visit.begins) for stop, visit in zip(plan.remaining, visits, strict=True)))


def inserted(stops: Sequence[Stop], stop: Stop, place: int) -> tuple[Stop, ...]:
    """The stops with one more before the one at `place`."""
    return (*stops[:place], stop, *stops[place:])


def cheapest_insertion(plan: RoutePlan, stop: Stop, legs: Legs, *, harmless: bool = False) -> Insertion | None:
    """Where the stop costs least: the least lateness caused, then the least added time, then the earliest place.

    Never before a fixed stop. None if every place would end the route after the end of the driver's shift or, where it has
    to be `harmless`, make another stop later than it would be anyway.
    """
    before = schedule_of(plan, legs)
    places = range(len(plan.fixed), len(plan.remaining) + 1)
    tried = (_insertion(plan, stop, place, legs, before) for place in places)
    in_shift = (insertion for insertion in tried if _is_within_shift(plan, before.ends_at + insertion.added))
    possible = [insertion for insertion in in_shift if insertion.pushed <= 0 or not harmless]
    return min(possible, key=lambda insertion: (*insertion.cost, insertion.place), default=None)


def _insertion(plan: RoutePlan, stop: Stop, place: int, legs: Legs, before: Schedule) -> Insertion:
    after = schedule(plan.start, plan.leaves_at, inserted(plan.remaining, stop, place), legs, plan.breaks)
    visit = after.visits[place]
    pushed = after.lateness - visit.lateness - before.lateness
    return Insertion(place, after.ends_at - before.ends_at, visit.lateness, pushed, visit.begins)


def _is_within_shift(plan: RoutePlan, ends_at: Instant) -> bool:
    return plan.shift_ends is None or ends_at <= plan.shift_ends


def _visit(stop: Stop, arrives: Instant) -> Visit:
    begins = arrives if stop.earliest is None else max(arrives, stop.earliest)
    lateness = 0 if stop.latest is None else max(0, begins - stop.latest)
    return Visit(stop.delivery_id, arrives, begins, begins + stop.service_time, lateness)
