"""Tells the dispatch system, or the drivers' app, that the plan of a route is new: a signed call to the endpoint `dispatch`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio import activity

from activities.call_webhook import taken
from activities.effects import Claim, Clock, Effects, Ended, Ledger
from domain.actions import Outcome
from domain.endpoint import DISPATCH, Taken
from domain.instant import Instant, iso
from domain.plan_notice import SCHEMA_VERSION, plan_notice
from domain.replanning import PlanVersion
from domain.route import RoutePlan
from domain.sending import Unsent


class Plans(Protocol):
    """The plans in the store."""

    async def of(self, route_id: str, service_date: str, now: Instant) -> RoutePlan | None: ...


class Posting(Protocol):
    """Makes signed calls; the same key gives the same id, by which a repeated call is known."""

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent: ...


@dataclass(frozen=True, slots=True)
class _About:
    """What the effect is kept under in the ledger: it is about a route, not about one delivery."""

    key: str
    delivery_id: str
    incident_id: str = ""


class Dispatching:
    """Each version is told once. One that a later one has followed already is not told: that one is."""

    def __init__(self, plans: Plans, posting: Posting, ledger: Ledger, clock: Clock) -> None:
        self._plans = plans
        self._posting = posting
        self._clock = clock
        self._effects = Effects(ledger, clock)

    @activity.defn(name="tell_dispatch")
    async def tell_dispatch(self, new: PlanVersion) -> str:
        """What came of it, in words."""
        route = f"route/{new.route_id}/{new.service_date}"

        async def deed(claim: Claim) -> Ended:
            return await self._told(new, claim)

        ended = await self._effects.once(_About(f"{route}/{new.version}/dispatch", route), "tell_dispatch", deed)
        return ended.note

    async def _told(self, new: PlanVersion, claim: Claim) -> Ended:
        plan = await self._plans.of(new.route_id, new.service_date, self._clock())
        if plan is None or plan.version != new.version:
            return Ended(Outcome.DROPPED, f"version {new.version} of route {new.route_id} is out of force already")
        body = {
            "schema_version": SCHEMA_VERSION,
            "type": "route.plan_changed",
            "timestamp": iso(claim.since),
            "data": {"plan": plan_notice(plan)},
        }
        key = f"route/{new.route_id}/{new.service_date}/{new.version}/dispatch"
        answer = taken(await self._posting.post(DISPATCH, key=key, body=body))
        if isinstance(answer, Ended):
            return answer
        return Ended(Outcome.DONE, f"{DISPATCH} was told version {new.version} of route {new.route_id}", answer.reference)
