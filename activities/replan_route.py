"""Plans a route anew for all that its deliveries ask, once; stores the plan and answers everyone who asked.

The plan and the ends of the effects are one transaction, so that a crash before it leaves nothing done, and after it everything can be
told again: the ledger keeps what was told to whom. Other deliveries of the route are told their ETA only if it moved far enough.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger, NotDoneError
from activities.planning import TRIES, TravelTimes, as_promised, clock_time, ending, events_of, not_to_be_planned
from domain.actions import ActionRequest, ActionResult, Outcome, Reroute
from domain.effect import Ending
from domain.event import Event
from domain.instant import SECOND, Instant, Span
from domain.replan import Better, NotBetter, Wish, better_for_all
from domain.replanning import Answered, GivenUp, PlannedStop, PlanVersion, Replan, Replanned, Wanted
from domain.route import RoutePlan, Stop
from domain.schedule import Legs, points_of, schedule_of, timed
from domain.status import Kind, Party

_ARGS: TypeAdapter[Reroute] = TypeAdapter(Reroute)

Ends = Mapping[str, Ended]
"""How each effect ended, by key."""


ANSWERS_WITHIN: Span = 12 * SECOND
"""A little less than one try of the activity may take, so that it can still say that it took too long."""


class Plans(Protocol):
    """The plans in the store."""

    async def of(self, route_id: str, service_date: str, now: Instant) -> RoutePlan | None:
        """The plan in force of a route on a service date."""
        ...

    async def write(
        self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None, also: Sequence[Ending] = ()
    ) -> bool:
        """Writes the next version of each plan and closes the effects, all or nothing; False if another version came first."""
        ...


class Solver(Protocol):
    """Finds the best order of the remaining stops."""

    async def order(self, plan: RoutePlan, legs: Legs) -> tuple[Stop, ...]: ...


class Telling(Protocol):
    """Speaks to deliveries; both raise LookupError for one that is not running."""

    async def answer(self, delivery_id: str, incident_id: str, key: str, result: ActionResult) -> None: ...

    async def report(self, delivery_id: str, events: Sequence[Event]) -> None: ...


class Replanning:
    """Takes a new order only if it helps who asked more than it harms the others on the route."""

    def __init__(
        self,
        plans: Plans,
        travel: TravelTimes,
        solver: Solver,
        deliveries: Telling,
        ledger: Ledger,
        clock: Clock,
        tells_from: Span,
        within: Span = ANSWERS_WITHIN,
    ) -> None:
        """`tells_from`: an ETA that moves by less is told to nobody but who asked. `within`: how long planning may take."""
        self._plans = plans
        self._travel = travel
        self._solver = solver
        self._deliveries = deliveries
        self._clock = clock
        self._effects = Effects(ledger, clock)
        self._tells_from = tells_from
        self._within = within

    @activity.defn(name="replan_route")
    async def replan_route(self, asked: Replan) -> Replanned:
        async def deed(claims: Mapping[str, Claim]) -> Ends:
            try:
                async with asyncio.timeout(self._within / 1000):
                    return await self._planned(asked, claims)
            except TimeoutError:
                raise NotDoneError(f"no plan was found within {self._within // SECOND} s") from None

        ends = await self._effects.several([(one.action, one.request) for one in asked.wanted], deed)
        return await self._answered(asked, ends)

    @activity.defn(name="give_up_replanning")
    async def give_up_replanning(self, given_up: GivenUp) -> Replanned:
        """Tells everyone who asked that it failed, and why; those for whom it was done after all, what came of it."""

        async def deed(claims: Mapping[str, Claim]) -> Ends:
            return {key: Ended(Outcome.FAILED, given_up.reason) for key in claims}

        ends = await self._effects.several([(one.action, one.request) for one in given_up.asked.wanted], deed)
        return await self._answered(given_up.asked, ends)

    # Planning

    async def _planned(self, asked: Replan, claims: Mapping[str, Claim]) -> Ends:
        """Plans, and plans again when another plan came first meanwhile."""
        wanted = [one for one in asked.wanted if one.request.key in claims]
        for _ in range(TRIES):
            now = self._clock()
            plan = await self._plans.of(asked.route_id, asked.service_date, now)
            if plan is None:
                return {
                    key: Ended(Outcome.NO_HELP, f"route {asked.route_id} has no plan on {asked.service_date}") for key in claims
                }
            new, ends = await self._replanned(plan, wanted, asked.told, now)
            if not new or await self._written(
                new, [ending(one.request, claims[one.request.key], ends[one.request.key], now) for one in wanted]
            ):
                return ends
        raise NotDoneError(f"the plans of the day changed {TRIES} times meanwhile", after=SECOND)

    async def _written(self, new: Sequence[RoutePlan], endings: Sequence[Ending]) -> bool:
        return await self._plans.write(new, endings[0], also=endings[1:])

    async def _replanned(
        self, plan: RoutePlan, wanted: Sequence[Wanted], told: Mapping[str, Instant], now: Instant
    ) -> tuple[Sequence[RoutePlan], Ends]:
        requests = [one.request for one in wanted]
        refused = {request.key: reason for request in requests if (reason := not_to_be_planned(plan, request))}
        open_ones = [request for request in requests if request.key not in refused]
        ends = {key: Ended(Outcome.NO_HELP, reason) for key, reason in refused.items()}
        if not open_ones:
            return (), ends
        for request in open_ones:
            plan = as_promised(plan, request)
        legs = await self._travel.legs(points_of(plan))
        for request in open_ones:
            plan = as_far_behind(plan, request, legs)
        solved = plan.with_remaining(await self._solver.order(plan, legs))
        taken, found = better_for_all(plan, solved, legs, [_wish(request) for request in open_ones])
        new = timed(taken, legs)
        ends |= {
            request.key: _ended(request, one, len(plan.remaining), now) for request, one in zip(open_ones, found, strict=True)
        }
        if not any(isinstance(one, Better) for one in found):
            return (), ends
        first = next(request.key for request, one in zip(open_ones, found, strict=True) if isinstance(one, Better))
        asking = {request.delivery_id for request in open_ones}
        moved = self._moved(timed(plan, legs), new, {**_etas(plan), **told}, asking)
        ends[first] = _also_telling(ends[first], [PlanVersion(new.route_id, new.service_date, new.version + 1)], moved)
        return (new,), ends

    def _moved(
        self, before: RoutePlan, after: RoutePlan, known: Mapping[str, Instant], asking: Iterable[str]
    ) -> dict[str, Instant]:
        """The new ETAs of those who did not ask, where they moved far enough from what was known: told, or planned."""
        was, now = {**_etas(before), **known}, _etas(after)
        others = {delivery_id: eta for delivery_id, eta in now.items() if delivery_id not in asking}
        return {
            delivery_id: eta for delivery_id, eta in others.items() if abs(eta - was.get(delivery_id, eta)) > self._tells_from
        }

    # Answering

    async def _answered(self, asked: Replan, ends: Ends) -> Replanned:
        """Tells everyone what came of it. Told again after a crash, it has the same ids."""
        plan = await self._plans.of(asked.route_id, asked.service_date, self._clock())
        news = [detail for ended in ends.values() if (detail := ended.detail) and "new" in detail]
        await asyncio.gather(*(self._answer(one, ends[one.request.key]) for one in asked.wanted))
        await asyncio.gather(
            *(self._tell(delivery_id, eta, detail) for detail in news for delivery_id, eta in detail["others"].items())
        )
        told = {delivery_id: int(eta) for detail in news for delivery_id, eta in detail["others"].items()}
        mine = {one.request.delivery_id: eta for one in asked.wanted if (eta := _eta_in(ends[one.request.key])) is not None}
        return Replanned(
            version=plan.version if plan else 0,
            stops=tuple(_planned_stops(plan)) if plan else (),
            new=tuple(PlanVersion(*version) for detail in news for version in detail["new"]),
            answers=tuple(_answer_of(one, ends[one.request.key]) for one in asked.wanted),
            told=told | mine,
        )

    async def _answer(self, one: Wanted, ended: Ended) -> None:
        request = one.request
        result = ActionResult(ended.outcome, ended.note, events_of(request, ended.detail))
        try:
            await self._deliveries.answer(request.delivery_id, request.incident_id, request.key, result)
        except LookupError:
            return  # it has ended meanwhile, and waits for nothing

    async def _tell(self, delivery_id: str, eta: Instant, detail: Mapping[str, Any]) -> None:
        route_id, service_date, version = detail["new"][0]
        id, at = f"route/{route_id}/{service_date}/{version}/eta", int(detail["at"])
        try:
            await self._deliveries.report(delivery_id, [Event(id, Kind.ETA, at, at, "doorstep", by=Party.SYSTEM, eta=int(eta))])
        except LookupError:
            return  # a stop of which nobody started a delivery here, or one that has ended


def as_far_behind(plan: RoutePlan, request: ActionRequest, legs: Legs) -> RoutePlan:
    """The plan with the driver as far behind as the delivery's reported ETA says.

    Whoever reported it knows of queues and closed roads that the travel times do not.
    """
    reported, visit = request.context.get("eta"), schedule_of(plan, legs).visit_of(request.delivery_id)
    behind = max(0, reported - visit.begins) if reported is not None and visit is not None else 0
    return replace(plan, leaves_at=plan.leaves_at + behind)


def _wish(request: ActionRequest) -> Wish:
    return Wish(request.delivery_id, _ARGS.validate_python(dict(request.args)).max_added_minutes)


def _ended(request: ActionRequest, found: Better | NotBetter, stops: int, now: Instant) -> Ended:
    if isinstance(found, NotBetter):
        return Ended(Outcome.NO_HELP, found.reason)
    arrives = clock_time(found.eta, request, beside=found.eta_before)
    instead = clock_time(found.eta_before, request, beside=found.eta)
    note = f"new order of {stops} stops, arrives {arrives} instead of {instead}"
    return Ended(Outcome.DONE, note, detail={"at": now, "eta": found.eta, "new": [], "others": {}})


def _also_telling(ended: Ended, new: Sequence[PlanVersion], others: Mapping[str, Instant]) -> Ended:
    """The end of an effect that also keeps which plans are new, and who else is told which ETA."""
    versions = [[plan.route_id, plan.service_date, plan.version] for plan in new]
    return replace(ended, detail={**(ended.detail or {}), "new": versions, "others": dict(others)})


def _etas(plan: RoutePlan) -> dict[str, Instant]:
    return {stop.delivery_id: stop.eta for stop in plan.remaining if stop.eta is not None}


def _eta_in(ended: Ended) -> Instant | None:
    eta = (ended.detail or {}).get("eta")
    return None if eta is None else int(eta)


def _answer_of(one: Wanted, ended: Ended) -> Answered:
    return Answered(one.request.delivery_id, one.action, ended.outcome, ended.note)


def _planned_stops(plan: RoutePlan) -> Iterator[PlannedStop]:
    fixed = len(plan.fixed)
    return (PlannedStop(stop.delivery_id, stop.eta, place < fixed) for place, stop in enumerate(plan.remaining))
