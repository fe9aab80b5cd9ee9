"""What a route's workflow hands to its activities, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.actions import ActionRequest, Outcome
from domain.instant import Instant
from domain.order import Customer, Destination


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a delivery asks its route for: `reroute` or `reassign_route`."""

    action: str
    request: ActionRequest


@dataclass(frozen=True, slots=True)
class Replan:
    """What is asked of one route on one service date (ISO, local), all to be answered by one solve. `told` is the ETA that each
    delivery was told last."""

    route_id: str
    service_date: str
    wanted: tuple[Wanted, ...]
    told: Mapping[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What could not be answered, and why."""

    asked: Replan
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """What a delivery was answered."""

    delivery_id: str
    action: str
    outcome: Outcome
    note: str


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """A stop that is not done yet, with when service begins; one that is fixed keeps its place."""

    delivery_id: str
    eta: Instant | None
    is_fixed: bool = False


@dataclass(frozen=True, slots=True)
class PlanVersion:
    """One version of the plan of a route."""

    route_id: str
    service_date: str
    version: int


@dataclass(frozen=True, slots=True)
class Replanned:
    """What came of it: the plan in force (version 0: there is none), the versions that are new, who was answered what, and the ETAs
    that deliveries were told."""

    version: int
    stops: tuple[PlannedStop, ...] = ()
    new: tuple[PlanVersion, ...] = ()
    answers: tuple[Answered, ...] = ()
    told: Mapping[str, Instant] = field(default_factory=dict)
    is_dispatched: bool = False
    """Whether there is a dispatch system to tell of the new versions."""


def for_planning(request: ActionRequest) -> ActionRequest:
    """The request without what planning does not need: who the customer is, and where they live."""
    known = {name: request.context[name] for name in PLANNING_NEEDS if request.context.get(name) is not None}
    place = Destination(request.destination.timezone)
    return replace(request, says="", customer=Customer(), destination=place, context=known)


PLANNING_NEEDS = ("eta", "promised", "zone")
