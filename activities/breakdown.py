"""Takes everything off a van that broke down: the plans that change, and what the deliveries are to be told. See domain.breakdown."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from activities.effects import Ended
from activities.planning import TravelTimes, as_promised, clock_time
from activities.route_news import Planned, etas_of, moved_etas
from domain.actions import ActionRequest, Outcome
from domain.breakdown import HandedOver, handed_over
from domain.instant import Instant, Span
from domain.route import RoutePlan
from domain.schedule import points_of
from domain.status import AssignmentState

FOR_A_GROUP = "disruption/"
"""How the key of an effect begins that one delivery asks for in place of all that came together with it."""


class Fleet(Protocol):
    """The plans of other drivers."""

    async def others(self, plan: RoutePlan, now: Instant) -> list[RoutePlan]:
        """The plans of the same carrier's other drivers who work on the same service date and whose van runs."""
        ...


class Past(Protocol):
    """Knows who gave a delivery up before: pairs of `driver` or `carrier` and who it was."""

    async def gave_up(self, delivery_id: str) -> frozenset[tuple[str, str]]: ...


class Breakdown:
    """Nobody is asked whether they can take a stop: drivers are told, as with any new plan."""

    def __init__(self, fleet: Fleet, past: Past, travel: TravelTimes, tells_from: Span) -> None:
        """`tells_from`: of those who have the taker already, an ETA that moves by less is told to nobody."""
        self._fleet = fleet
        self._past = past
        self._travel = travel
        self._tells_from = tells_from

    async def moved(self, plan: RoutePlan, requests: Sequence[ActionRequest], now: Instant) -> Planned:
        """Gives what is left on the route to others, for all that asked it at once."""
        for request in requests:
            plan = as_promised(plan, request)
        broken = replace(plan, broken_at=now if plan.broken_at is None else plan.broken_at)
        others = await self._fleet.others(broken, now)
        barred = {stop.delivery_id: await self._had(stop.delivery_id) for stop in broken.remaining}
        legs = await self._travel.legs(points_of(broken, *others))
        # Reckoning it for a full van and a dozen others takes a second, in which workflows would stand still.
        found = await asyncio.to_thread(handed_over, broken, others, legs, barred)
        asking = {request.delivery_id for request in requests}
        ends = {request.key: _ended(request, plan, found, asking, now) for request in requests}
        told = {one: assigned(one, to) for one, to in found.to.items() if one not in asking}
        known = {one: eta for plan in others for one, eta in etas_of(plan).items()}
        moved = [moved_etas(known, plan, found.to, self._tells_from) for plan in found.grown]
        return Planned((found.left, *found.grown), ends, {one: eta for etas in moved for one, eta in etas.items()}, told)

    async def _had(self, delivery_id: str) -> frozenset[str]:
        return frozenset(who for kind, who in await self._past.gave_up(delivery_id) if kind == "driver")


def _ended(request: ActionRequest, plan: RoutePlan, found: HandedOver, asking: set[str], now: Instant) -> Ended:
    to = found.to.get(request.delivery_id)
    stranded = [one for one in found.reasons if one not in asking]
    if to is None:
        return Ended(Outcome.NO_HELP, f"nobody can take it: {found.reasons[request.delivery_id]}")
    told = assigned(request.delivery_id, to)
    gave_up = [["driver", plan.driver_id]] if plan.driver_id else []
    note = f"driver {to.driver_id} takes it on route {to.route_id}, arrives {clock_time(told['eta'], request)}"
    if stranded and request.key.startswith(FOR_A_GROUP):
        left = f"; nobody can take {', '.join(sorted(stranded)[:10])}"
        return Ended(Outcome.NO_HELP, note + left, detail={"at": now, "of": request.delivery_id, **told, "gave_up": gave_up})
    return Ended(Outcome.DONE, note, detail={"at": now, "of": request.delivery_id, **told, "gave_up": gave_up})


def assigned(delivery_id: str, to: RoutePlan) -> dict[str, Any]:
    """What a delivery is told of its new driver."""
    stop = to.stop_of(delivery_id)
    assignment = {
        "state": AssignmentState.ACCEPTED.value,
        "driver_id": to.driver_id,
        "carrier": to.carrier,
        "route_id": to.route_id,
    }
    return {"assignment": assignment, "eta": stop.eta if stop else None}
