"""Puts the remaining stops of a delivery's route into an order that is better for it."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.planning import Plans, TravelTimes, as_promised, clock_time, events_of, planned
from domain.actions import ActionRequest, ActionResult, Outcome, Reroute
from domain.instant import Instant
from domain.replan import NotBetter, better_plan
from domain.route import RoutePlan, Stop
from domain.schedule import Legs, points_of, schedule_of, timed

_ARGS: TypeAdapter[Reroute] = TypeAdapter(Reroute)


class Solver(Protocol):
    """Finds the best order of the remaining stops."""

    async def order(self, plan: RoutePlan, legs: Legs) -> tuple[Stop, ...]: ...


class Rerouting:
    """Takes a new order only if it helps the delivery more than it harms the others on the route."""

    def __init__(self, plans: Plans, travel: TravelTimes, solver: Solver, ledger: Ledger, clock: Clock) -> None:
        self._plans = plans
        self._travel = travel
        self._solver = solver
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="reroute")
    async def reroute(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            return await planned(self._plans, request, claim, self._clock, partial(self._replanned, request, asked))

        ended = await self._effects.once(request, "reroute", deed)
        return ActionResult(ended.outcome, ended.note, events_of(request, ended.detail))

    async def _replanned(
        self, request: ActionRequest, asked: Reroute, plan: RoutePlan | None, now: Instant
    ) -> tuple[Sequence[RoutePlan], Ended]:
        if plan is None:
            return (), Ended(Outcome.NO_HELP, "it is on no route")
        plan = as_promised(plan, request)
        legs = await self._travel.legs(points_of(plan))
        plan = as_far_behind(plan, request, legs)
        solved = plan.with_remaining(await self._solver.order(plan, legs))
        better = better_plan(plan, solved, legs, request.delivery_id, asked.max_added_minutes)
        if isinstance(better, NotBetter):
            return (), Ended(Outcome.NO_HELP, better.reason)
        arrives = clock_time(better.eta, request, beside=better.eta_before)
        instead = clock_time(better.eta_before, request, beside=better.eta)
        note = f"new order of {len(plan.remaining)} stops, arrives {arrives} instead of {instead}"
        return (timed(better.plan, legs),), Ended(Outcome.DONE, note, detail={"at": now, "eta": better.eta})


def as_far_behind(plan: RoutePlan, request: ActionRequest, legs: Legs) -> RoutePlan:
    """The plan with the driver as far behind as the delivery's reported ETA says.

    Whoever reported it knows of queues and closed roads that the travel times do not.
    """
    reported, visit = request.context.get("eta"), schedule_of(plan, legs).visit_of(request.delivery_id)
    behind = max(0, reported - visit.begins) if reported is not None and visit is not None else 0
    return replace(plan, leaves_at=plan.leaves_at + behind)
