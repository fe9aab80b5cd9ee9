"""Puts the remaining stops of a route into an order that is better for the deliveries that asked, and fair to the others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pydantic import TypeAdapter

from activities.effects import Ended
from activities.planning import TravelTimes, as_promised, clock_time
from activities.route_news import Planned, etas_of, moved_etas
from domain.actions import ActionRequest, Outcome, Reroute
from domain.instant import Instant, Span
from domain.objective import Objective
from domain.replan import Better, NotBetter, Wish, better_for_all
from domain.route import RoutePlan, Stop
from domain.schedule import Legs, points_of, schedule_of, timed

_ARGS: TypeAdapter[Reroute] = TypeAdapter(Reroute)


class Solver(Protocol):
    """Finds the best order of the remaining stops."""

    async def order(self, plan: RoutePlan, legs: Legs, objective: Objective = Objective.ON_TIME) -> tuple[Stop, ...]: ...


class Reordering:
    """Takes a new order only if it helps who asked more than it harms the others on the route."""

    def __init__(self, travel: TravelTimes, solver: Solver, tells_from: Span) -> None:
        """`tells_from`: an ETA that moves by less is told to nobody but who asked."""
        self._travel = travel
        self._solver = solver
        self._tells_from = tells_from

    async def reordered(
        self, plan: RoutePlan, requests: Sequence[ActionRequest], told: Mapping[str, Instant], now: Instant
    ) -> Planned:
        """One new order for all that asked at once, by one solve; `told` is the ETA that each delivery was told last."""
        for request in requests:
            plan = as_promised(plan, request)
        legs = await self._travel.legs(points_of(plan))
        for request in requests:
            plan = as_far_behind(plan, request, legs)
        wishes = [_wish(request) for request in requests]
        solved = plan.with_remaining(await self._solver.order(plan, legs, _common(wishes)))
        taken, found = better_for_all(plan, solved, legs, wishes)
        came = zip(requests, found, strict=True)
        ends = {request.key: _ended(request, one, len(plan.remaining), now) for request, one in came}
        if not any(isinstance(one, Better) for one in found):
            return Planned(ends=ends)
        new = timed(taken, legs)
        known = {**etas_of(timed(plan, legs)), **etas_of(plan), **told}
        return Planned((new,), ends, moved_etas(known, new, {one.delivery_id for one in requests}, self._tells_from))


def as_far_behind(plan: RoutePlan, request: ActionRequest, legs: Legs) -> RoutePlan:
    """The plan with the driver as far behind as the delivery's reported ETA says.

    Whoever reported it knows of queues and closed roads that the travel times do not.
    """
    reported, visit = request.context.get("eta"), schedule_of(plan, legs).visit_of(request.delivery_id)
    behind = max(0, reported - visit.begins) if reported is not None and visit is not None else 0
    return replace(plan, leaves_at=plan.leaves_at + behind)


def _wish(request: ActionRequest) -> Wish:
    asked = _ARGS.validate_python(dict(request.args))
    return Wish(request.delivery_id, asked.max_added_minutes, Objective(asked.objective))


def _common(wishes: Sequence[Wish]) -> Objective:
    """What one solve is to be good for: being on time, unless all want something else."""
    wanted = {wish.objective for wish in wishes}
    return wanted.pop() if len(wanted) == 1 else Objective.ON_TIME


def _ended(request: ActionRequest, found: Better | NotBetter, stops: int, now: Instant) -> Ended:
    if isinstance(found, NotBetter):
        return Ended(Outcome.NO_HELP, found.reason)
    arrives = clock_time(found.eta, request, beside=found.eta_before)
    instead = clock_time(found.eta_before, request, beside=found.eta)
    shorter = f" {found.saves // 1000}.{found.saves % 1000 // 100} km shorter," if found.saves else ""
    note = f"new order of {stops} stops,{shorter} arrives {arrives} instead of {instead}"
    return Ended(Outcome.DONE, note, detail={"at": now, "of": request.delivery_id, "eta": found.eta})
