"""Asks the workflow of a delivery's route for a better order of its stops, or to take all of them off a broken-down van.

What comes of it the route says later, see rules.requests: it gathers what its deliveries ask and plans once, in activities.replan_route.
"""

from typing import Protocol

from temporalio import activity

from activities.breakdown import assigned
from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.planning import events_of, not_to_be_planned
from domain.actions import ActionRequest, ActionResult, Outcome
from domain.instant import MINUTE, Instant, Span
from domain.replanning import Wanted, for_planning
from domain.route import RoutePlan

ANSWER_WITHIN: Span = 4 * MINUTE
"""How long a delivery waits for its route. A route answers in seconds, at the latest when it has given up."""


class Plans(Protocol):
    """The plans in the store."""

    async def holding(self, delivery_id: str, now: Instant) -> RoutePlan | None:
        """The plan in force that has the delivery's stop."""
        ...


class Routes(Protocol):
    """The workflows of routes."""

    async def ask(self, plan: RoutePlan, timezone: str, wanted: Wanted) -> None:
        """Asks the workflow of the plan's route and service date, which is started if it is not running."""
        ...


class Rerouting:
    """Nothing is claimed here: the effect is the plan that the route's workflow makes, and asking twice does no harm."""

    def __init__(self, plans: Plans, routes: Routes, ledger: Ledger, clock: Clock) -> None:
        self._plans = plans
        self._routes = routes
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="reroute")
    async def reroute(self, request: ActionRequest) -> ActionResult:
        return await self._asked("reroute", request)

    @activity.defn(name="reassign_route")
    async def reassign_route(self, request: ActionRequest) -> ActionResult:
        return await self._asked("reassign_route", request)

    async def _asked(self, action: str, request: ActionRequest) -> ActionResult:
        plan = await self._plans.holding(request.delivery_id, self._clock())
        if plan is None:
            return await self._cannot_help(action, request, "it is on no route")
        if reason := not_to_be_planned(plan, request):
            return await self._cannot_help(action, request, reason)
        if action == "reassign_route" and _is_elsewhere(plan, request):
            return await self._ends(action, request, _moved_already(plan, request, self._clock()))
        await self._routes.ask(plan, request.destination.timezone, Wanted(action, for_planning(request)))
        return ActionResult(Outcome.REQUESTED, f"route {plan.route_id} was asked", answer_within=ANSWER_WITHIN)

    async def _cannot_help(self, action: str, request: ActionRequest, reason: str) -> ActionResult:
        return await self._ends(action, request, Ended(Outcome.NO_HELP, reason))

    async def _ends(self, action: str, request: ActionRequest, ended: Ended) -> ActionResult:
        """Unless an earlier try asked, and the route has done it since."""

        async def deed(claim: Claim) -> Ended:
            return ended

        known = await self._effects.once(request, action, deed)
        return ActionResult(known.outcome, known.note, events_of(request, known.detail))


def _is_elsewhere(plan: RoutePlan, request: ActionRequest) -> bool:
    """Whether another van has it than the one that the delivery knew of: that one did not break down."""
    if request.driver_id is not None and plan.driver_id is not None:
        return request.driver_id != plan.driver_id
    return request.route_id is not None and request.route_id != plan.route_id


def _moved_already(plan: RoutePlan, request: ActionRequest, now: Instant) -> Ended:
    told = assigned(request.delivery_id, plan)
    note = f"driver {plan.driver_id} has taken it on route {plan.route_id} already"
    return Ended(Outcome.DONE, note, detail={"at": now, **told, "news": None})
