"""Gives a delivery to somebody else at once: another driver who passes by, or a carrier that stands in. They are told, not asked."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.planning import TravelTimes, events_of, planned
from activities.takers import Fleet, Question, StandIns, Taken, Takers, last_leg
from domain.actions import ActionRequest, ActionResult, Outcome, Reassign
from domain.instant import Instant
from domain.replanning import PlanVersion
from domain.route import RoutePlan

_ARGS: TypeAdapter[Reassign] = TypeAdapter(Reassign)


class Routes(Protocol):
    """The workflows of routes, which tell the dispatch system of new plans."""

    async def changed(self, new: PlanVersion, timezone: str) -> None: ...


class Reassigning:
    """Where takers are asked first (`accept_within`), an Assignment does it: see workflows.assignment."""

    def __init__(
        self,
        fleet: Fleet,
        stand_ins: StandIns,
        travel: TravelTimes,
        ledger: Ledger,
        clock: Clock,
        routes: Routes | None = None,
    ) -> None:
        """`routes`: None where no dispatch system is told of new plans."""
        self._fleet = fleet
        self._routes = routes
        self._takers = Takers(fleet, stand_ins, travel)
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="reassign")
    async def reassign(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            if reason := last_leg(request, asked):
                return Ended(Outcome.NO_HELP, reason)
            return await planned(self._fleet, request, claim, self._clock, partial(self._reassigned, request, asked))

        ended = await self._effects.once(request, "reassign", deed)
        await self._tell_routes(ended.detail or {}, request.destination.timezone)
        return ActionResult(ended.outcome, ended.note, events_of(request, ended.detail))

    async def _tell_routes(self, detail: Mapping[str, Any], timezone: str) -> None:
        """Also on a retry, when the worker died in between: a version that dispatch knows already is not told again."""
        if self._routes is not None:
            for new in detail.get("new", ()):
                await self._routes.changed(PlanVersion(*new), timezone)

    async def _reassigned(
        self, request: ActionRequest, asked: Reassign, plan: RoutePlan | None, now: Instant
    ) -> tuple[Sequence[RoutePlan], Ended]:
        taken = await self._taken(asked, await self._takers.question(request, asked, plan, now))
        if isinstance(taken, str):
            return (), Ended(Outcome.NO_HELP, taken)
        return taken.plans, Ended(Outcome.DONE, taken.note, detail=taken.detail(now))

    async def _taken(self, asked: Reassign, question: Question) -> Taken | str:
        """The best of the first kind of taker that can, or why none of them can."""
        reasons = []
        for kind in dict.fromkeys(asked.to):
            found = await self._takers.found(kind, question)
            if not isinstance(found, str):
                return await self._takers.taken(found[0], question)
            reasons.append(f"{kind}: {found}")
        return "; ".join(reasons)
