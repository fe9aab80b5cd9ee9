"""What rerouting and reassigning share: the plans in the store, and what the delivery learns of a new one.

A new plan and the end of its effect are one transaction, so an effect in doubt was certainly not done and is done anew;
and a try that comes back to life after its claim was taken over writes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from activities.effects import Claim, Clock, Ended, NotDoneError
from domain.actions import ActionRequest, Outcome
from domain.effect import Ending
from domain.event import Event, event_id
from domain.instant import MINUTE, SECOND, Instant, moment
from domain.route import Point, RoutePlan, StopState
from domain.schedule import Legs
from domain.status import Kind, Party

TRIES = 4
"""How often a plan is made anew when another one came first. Two deliveries of a route at once need two."""


class Plans(Protocol):
    """The plans in the store."""

    async def holding(self, delivery_id: str, now: Instant) -> RoutePlan | None:
        """The plan in force that has the delivery's stop."""
        ...

    async def write(self, plans: Sequence[RoutePlan], ending: Ending) -> bool:
        """Writes the next version of each plan and closes the effect, all or nothing; False if another version came first."""
        ...


class TravelTimes(Protocol):
    """Knows how long it takes from each point to each other."""

    async def legs(self, points: Sequence[Point]) -> Legs: ...


Planning = Callable[[RoutePlan | None, Instant], Awaitable[tuple[Sequence[RoutePlan], Ended]]]
"""Plans anew from the plan in force (None: on no route): the plans to write, and how the effect then ends."""


async def planned(plans: Plans, request: ActionRequest, claim: Claim, clock: Clock, planning: Planning) -> Ended:
    """Plans, and plans again when another plan came first meanwhile. Raises NotDoneError if one always does."""
    for _ in range(TRIES):
        now = clock()
        plan = await plans.holding(request.delivery_id, now)
        if plan is not None and (reason := not_to_be_planned(plan, request)):
            return Ended(Outcome.NO_HELP, reason)
        new, ended = await planning(plan, now)
        if ended.outcome is not Outcome.DONE or await plans.write(new, ending(request, claim, ended, now)):
            return ended
    raise NotDoneError(f"the plans of the day changed {TRIES} times meanwhile", after=SECOND)


def not_to_be_planned(plan: RoutePlan, request: ActionRequest) -> str:
    """Why the delivery's stop can no longer be planned; empty if it can."""
    stop = plan.stop_of(request.delivery_id)
    if stop is None:
        return f"it is no longer on route {plan.route_id}"
    if stop.state is StopState.DONE:
        return f"its stop on route {plan.route_id} is done"
    if stop.state is StopState.IN_PROGRESS:
        return f"the driver of route {plan.route_id} is at its stop already"
    return ""


def as_promised(plan: RoutePlan, request: ActionRequest) -> RoutePlan:
    """The plan with the delivery's window as promised now, which may have moved since the plan was made."""
    promised: Mapping[str, Any] = request.context.get("promised") or {}
    if promised.get("end") is None:
        return plan
    window = {"earliest": promised.get("start"), "latest": promised["end"]}
    stops = (replace(stop, **window) if stop.delivery_id == request.delivery_id else stop for stop in plan.stops)
    return replace(plan, stops=tuple(stops))


def ending(request: ActionRequest, claim: Claim, ended: Ended, now: Instant) -> Ending:
    """How the effect ended, for the transaction of its change."""
    return Ending(request.key, claim.attempt, now, ended.outcome, ended.note, ended.provider_ref, ended.detail or {})


def events_of(request: ActionRequest, detail: Mapping[str, Any] | None) -> tuple[Event, ...]:
    """What the delivery learns, from what the ledger keeps: the same on every retry."""
    if not detail or "at" not in detail or detail.get("of", request.delivery_id) != request.delivery_id:
        return ()  # of another delivery of the group, which asked for all of them
    at = int(detail["at"])
    eta = _eta(request, at, detail.get("eta"))
    if "assignment" not in detail:
        return (eta,)
    return (_event(request, Kind.ASSIGNMENT, at, detail=dict(detail["assignment"])), eta)


def _eta(request: ActionRequest, at: Instant, eta: Instant | None) -> Event:
    """The new ETA; or, stated as a fact, that the old one no longer holds: an event of kind eta always has one."""
    if eta is not None:
        return _event(request, Kind.ETA, at, eta=eta)
    return _event(request, Kind.NOTE, at, detail={"fact": "eta", "value": None})


def _event(request: ActionRequest, kind: Kind, at: Instant, **told: Any) -> Event:
    id = event_id(f"{request.key}/{kind}")
    return Event(id, kind, occurred_at=at, recorded_at=at, source="doorstep", by=Party.SYSTEM, **told)


def clock_time(at: Instant, request: ActionRequest, beside: Instant | None = None) -> str:
    """An instant as the recipient's clock shows it; with seconds where only they tell it from the one beside it."""
    zone = ZoneInfo(request.destination.timezone)
    shape = "%H:%M:%S" if beside is not None and abs(at - beside) < MINUTE else "%H:%M"
    return moment(at).astimezone(zone).strftime(shape)
