"""A route and the plan to drive it: one version of the order of its stops, as one immutable value."""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.instant import Instant, Span
from domain.status import Status


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees, WGS 84."""

    lat: float
    lon: float


class StopState(StrEnum):
    """How far the driver is with a stop."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"


STOP_STATES: dict[Status, StopState] = {
    Status.CREATED: StopState.PLANNED,
    Status.ASSIGNED: StopState.PLANNED,
    Status.PICKED_UP: StopState.PLANNED,
    Status.IN_TRANSIT: StopState.PLANNED,
    Status.AT_HUB: StopState.PLANNED,
    Status.OUT_FOR_DELIVERY: StopState.PLANNED,
    Status.ARRIVED: StopState.IN_PROGRESS,
}
"""What a delivery's status says about its stop; with every other status there is nothing left to drive to: done."""


def stop_state(status: Status) -> StopState:
    return STOP_STATES.get(status, StopState.DONE)


@dataclass(frozen=True, slots=True)
class Stop:
    """One delivery's place in a route.

    Service may begin from `earliest` (a driver who is too early waits) and should begin by `latest`; later is lateness.
    `eta` is when service was to begin when the plan was made. `load` is in the units of the route's capacity.
    `priority` is 0 to 100: if not all windows can be kept, the higher keep theirs. A locked stop keeps its place.
    """

    delivery_id: str
    at: Point
    earliest: Instant | None = None
    latest: Instant | None = None
    service_time: Span = 180_000
    state: StopState = StopState.PLANNED
    locked: bool = False
    load: int = 1
    priority: int = 0
    skills: tuple[str, ...] = ()
    eta: Instant | None = None

    @property
    def is_fixed(self) -> bool:
        """Whether this stop keeps its place: under way, or locked by a person."""
        return self.locked or self.state is StopState.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class Break:
    """A driver's break: it lasts for `span`, and may begin from `earliest` to `latest`."""

    earliest: Instant
    latest: Instant
    span: Span


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """One version of the plan of a route on a service date (ISO, local).

    The vehicle can leave `start` (its present position, or the depot) at `leaves_at`; the route ends at its last stop.
    `broken_at` is when its van broke down: nobody is given anything to it from then on.
    `stops` are in driving order, done ones first. `capacity` bounds the load of what is not done; None: no limit.
    `promised` is room that is kept for deliveries that were offered to the driver: their ids and loads.
    """

    route_id: str
    service_date: str
    version: int
    start: Point
    leaves_at: Instant
    stops: tuple[Stop, ...] = ()
    driver_id: str | None = None
    carrier: str | None = None
    skills: tuple[str, ...] = ()
    capacity: int | None = None
    shift_ends: Instant | None = None
    broken_at: Instant | None = None
    breaks: tuple[Break, ...] = ()
    promised: tuple[tuple[str, int], ...] = ()

    @property
    def remaining(self) -> tuple[Stop, ...]:
        """What is still to be driven, in order."""
        return tuple(stop for stop in self.stops if stop.state is not StopState.DONE)

    @property
    def fixed(self) -> tuple[Stop, ...]:
        """The beginning of what remains that keeps its order: everything up to the last fixed stop."""
        remaining = self.remaining
        last = max((place for place, stop in enumerate(remaining, 1) if stop.is_fixed), default=0)
        return remaining[:last]

    @property
    def free(self) -> tuple[Stop, ...]:
        """What remains and may be put into another order."""
        return self.remaining[len(self.fixed) :]

    def has_room_for(self, stop: Stop) -> bool:
        carried = sum(kept.load for kept in self.remaining)
        promised = sum(load for delivery_id, load in self.promised if delivery_id != stop.delivery_id)
        return self.capacity is None or carried + promised + stop.load <= self.capacity

    def has_skills_for(self, stop: Stop) -> bool:
        return set(stop.skills) <= set(self.skills)

    def stop_of(self, delivery_id: str) -> Stop | None:
        return next((stop for stop in self.stops if stop.delivery_id == delivery_id), None)

    def with_remaining(self, stops: tuple[Stop, ...]) -> "RoutePlan":
        """The same plan with what remains replaced; done stops stay in front."""
        done = tuple(stop for stop in self.stops if stop.state is StopState.DONE)
        return replace(self, stops=done + stops)

    def without(self, delivery_id: str) -> "RoutePlan":
        return replace(self, stops=tuple(stop for stop in self.stops if stop.delivery_id != delivery_id))


USUALLY_KEPT = 900
"""Of a thousand promises, what a carrier is taken to keep of whom nothing is known."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """A carrier that can take a delivery over, and what a drop costs: cents of `currency`, None if not agreed.

    `kept` is how many of a thousand deliveries it lately brought within the promise; None: too few to tell.
    """

    carrier: str
    name: str
    cost_cents: int | None = None
    currency: str | None = None
    kept: int | None = None

    @property
    def cost_of_a_kept_promise(self) -> tuple[bool, int]:
        """What stand-ins are ranked by, the least first: a price is worth the more, the more often the promise is kept."""
        kept = USUALLY_KEPT if self.kept is None else max(1, self.kept)
        return (self.cost_cents is None, (self.cost_cents or 0) * 1000 // kept)
