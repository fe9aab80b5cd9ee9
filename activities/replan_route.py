"""Plans a route anew for all that its deliveries ask, once; stores the plan and answers everyone who asked.

The plan and the ends of the effects are one transaction, so that a crash before it leaves nothing done, and after it everything can be
told again: the ledger keeps what was told to whom.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.breakdown import Breakdown
from activities.effects import IN_FLIGHT, Claim, Clock, Effects, Ended, Ledger, NotDoneError
from activities.planning import TRIES, ending, events_of, not_to_be_planned
from activities.reorder import Reordering
from activities.route_news import NOTHING, Ends, Planned, events_in, with_news
from domain.actions import ActionResult, Outcome
from domain.effect import Ending
from domain.event import Event
from domain.instant import SECOND, Instant, Span
from domain.replanning import Answered, GivenUp, PlannedStop, PlanVersion, Replan, Replanned, Wanted
from domain.route import RoutePlan

TRIED: int = 3
"""Planning that has failed so often is not tried again."""

STORE_AWAY = "DatabaseUnreachableError"
"""The type of the failure while the store does not answer (store.errors). It passes; until then nothing can be planned."""

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


class Telling(Protocol):
    """Speaks to deliveries; both raise LookupError for one that is not running."""

    async def answer(self, delivery_id: str, incident_id: str, key: str, result: ActionResult) -> None: ...

    async def report(self, delivery_id: str, events: Sequence[Event]) -> None: ...


class Replanning:
    """The one who may change the plan of a route."""

    def __init__(
        self,
        plans: Plans,
        reordering: Reordering,
        breakdown: Breakdown,
        deliveries: Telling,
        ledger: Ledger,
        clock: Clock,
        within: Span = ANSWERS_WITHIN,
        is_dispatched: bool = False,
    ) -> None:
        """`within`: how long planning may take. `is_dispatched`: there is a dispatch system that is told of new plans."""
        self._plans = plans
        self._reordering = reordering
        self._breakdown = breakdown
        self._deliveries = deliveries
        self._clock = clock
        self._effects = Effects(ledger, clock)
        self._within = within
        self._is_dispatched = is_dispatched

    @activity.defn(name="replan_route")
    async def replan_route(self, asked: Replan) -> Replanned:
        async def deed(claims: Mapping[str, Claim]) -> Ends:
            try:
                async with asyncio.timeout(self._within / 1000):
                    return await self._planned(asked, claims)
            except TimeoutError:
                raise NotDoneError(f"no plan was found within {self._within // SECOND} s") from None

        with _no_more_than_so_often():
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
        wanted = list({one.request.key: one for one in reversed(asked.wanted) if one.request.key in claims}.values())[::-1]
        for _ in range(TRIES):
            now = self._clock()
            plan = await self._plans.of(asked.route_id, asked.service_date, now)
            if plan is None:
                return {
                    key: Ended(Outcome.NO_HELP, f"route {asked.route_id} has no plan on {asked.service_date}") for key in claims
                }
            planned = await self._replanned(plan, wanted, asked.told, now)
            ends = with_news(planned, now)
            endings = [ending(one.request, claims[one.request.key], ends[one.request.key], now) for one in wanted]
            if not planned.plans or await self._plans.write(planned.plans, endings[0], also=endings[1:]):
                return ends
        raise NotDoneError(f"the plans of the day changed {TRIES} times meanwhile", after=SECOND)

    async def _replanned(self, plan: RoutePlan, wanted: Sequence[Wanted], told: Mapping[str, Instant], now: Instant) -> Planned:
        """What is to be done for each that can still be planned; a van that broke down is first of all to be emptied."""
        requests = [one.request for one in wanted]
        refused = {request.key: reason for request in requests if (reason := not_to_be_planned(plan, request))}
        open_ones = [one for one in wanted if one.request.key not in refused]
        broken = [one.request for one in open_ones if one.action == "reassign_route"]
        others = [one.request for one in open_ones if one.action != "reassign_route"]
        if broken or plan.broken_at is not None:
            said = f"the van of route {plan.route_id} broke down: what is left on it is for others to take"
            refused |= {request.key: said for request in others}
            planned = await self._breakdown.moved(plan, broken, now) if broken else NOTHING
        else:
            planned = await self._reordering.reordered(plan, others, told, now) if others else NOTHING
        return replace(planned, ends={**planned.ends, **{key: Ended(Outcome.NO_HELP, reason) for key, reason in refused.items()}})

    # Answering

    async def _answered(self, asked: Replan, ends: Ends) -> Replanned:
        """Tells everyone what came of it. Told again after a crash, it has the same ids."""
        plan = await self._plans.of(asked.route_id, asked.service_date, self._clock())
        news = [told for ended in ends.values() if (told := (ended.detail or {}).get("news"))]
        await asyncio.gather(*(self._answer(one, ends[one.request.key]) for one in asked.wanted))
        await asyncio.gather(*(self._tell(delivery_id, events) for told in news for delivery_id, events in events_in(told)))
        mine = {one.request.delivery_id: eta for one in asked.wanted if (eta := _eta_in(one, ends[one.request.key])) is not None}
        return Replanned(
            version=plan.version if plan else 0,
            stops=tuple(_planned_stops(plan)) if plan else (),
            new=tuple(PlanVersion(*version) for told in news for version in told["new"]),
            answers=tuple(_answer_of(one, ends[one.request.key]) for one in asked.wanted),
            told={delivery_id: int(eta) for told in news for delivery_id, eta in told["eta"].items()} | mine,
            is_dispatched=self._is_dispatched,
        )

    async def _answer(self, one: Wanted, ended: Ended) -> None:
        request = one.request
        result = ActionResult(ended.outcome, ended.note, events_of(request, ended.detail))
        try:
            await self._deliveries.answer(request.delivery_id, request.incident_id, request.key, result)
        except LookupError:
            return  # it has ended meanwhile, and waits for nothing

    async def _tell(self, delivery_id: str, events: Sequence[Event]) -> None:
        try:
            await self._deliveries.report(delivery_id, events)
        except LookupError:
            return  # a stop of which nobody started a delivery here, or one that has ended


def _eta_in(one: Wanted, ended: Ended) -> Instant | None:
    detail = ended.detail or {}
    return None if detail.get("eta") is None or detail.get("of") != one.request.delivery_id else int(detail["eta"])


def _answer_of(one: Wanted, ended: Ended) -> Answered:
    return Answered(one.request.delivery_id, one.action, ended.outcome, ended.note)


def _planned_stops(plan: RoutePlan) -> Iterator[PlannedStop]:
    fixed = len(plan.fixed)
    return (PlannedStop(stop.delivery_id, stop.eta, place < fixed) for place, stop in enumerate(plan.remaining))


@contextmanager
def _no_more_than_so_often() -> Iterator[None]:
    """Lets what fails be tried again, until planning has failed for the third time. A try that finds an earlier one under way or the
    store away, or whose worker dies, is no failure of planning: the route itself says how long that is waited for."""
    try:
        yield
    except Exception as error:
        type_ = error.type if isinstance(error, ApplicationError) else type(error).__name__
        if type_ in (IN_FLIGHT, STORE_AWAY):
            raise
        failed = _failures_before() + 1
        if failed < TRIED:
            _tells_the_next_try(failed)
            raise
        said = error.message if isinstance(error, ApplicationError) else str(error)
        raise ApplicationError(said, type=type_, non_retryable=True) from error


def _failures_before() -> int:
    """How often planning failed in the tries before this one. Temporal keeps it for the next ones, whatever comes of those."""
    told = activity.info().heartbeat_details if activity.in_activity() else ()
    return int(told[0]) if told else 0


def _tells_the_next_try(failed: int) -> None:
    if activity.in_activity():
        activity.heartbeat(failed)
