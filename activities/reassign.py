"""Gives a delivery to somebody else: another driver who passes by, or a carrier that stands in."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from pydantic import TypeAdapter
from temporalio import activity

from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.planning import Plans, TravelTimes, as_promised, clock_time, events_of, planned
from domain.actions import ActionRequest, ActionResult, Fallback, Outcome, Reassign
from domain.currencies import amount_text
from domain.instant import Instant
from domain.route import Point, RoutePlan, StandIn, Stop
from domain.schedule import Insertion, cheapest_insertion, inserted, points_of, timed
from domain.status import AssignmentState

_ARGS: TypeAdapter[Reassign] = TypeAdapter(Reassign)

Holder = tuple[str, str]
"""Who has, or had, a delivery: (`driver`, id) or (`carrier`, name)."""


class Fleet(Plans, Protocol):
    """The plans in the store, also those of other drivers."""

    async def others(self, plan: RoutePlan, now: Instant) -> list[RoutePlan]:
        """The plans of the same carrier's other drivers who work on the same service date."""
        ...


class StandIns(Protocol):
    """Knows who could stand in, and who gave the delivery up before."""

    async def backups(self, carrier: str, zone: str | None) -> list[StandIn]:
        """The carriers that stand in for this one in a zone, the cheapest first."""
        ...

    async def gave_up(self, delivery_id: str) -> frozenset[Holder]: ...


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of a kind of taker: who takes this delivery over, from this plan, apart from `barred`?"""

    request: ActionRequest
    plan: RoutePlan | None
    barred: frozenset[Holder]
    now: Instant

    @property
    def stop(self) -> Stop | None:
        return self.plan.stop_of(self.request.delivery_id) if self.plan else None


@dataclass(frozen=True, slots=True)
class _Taken:
    """Who takes it over: the plans that change, and what the ledger and the delivery are told."""

    plans: Sequence[RoutePlan]
    note: str
    assignment: Mapping[str, Any]
    gave_up: Sequence[Holder]
    eta: Instant | None = None


@dataclass(frozen=True, slots=True)
class _Offer:
    """Where a stop would fit into another driver's route."""

    plan: RoutePlan
    insertion: Insertion


class Reassigning:
    """Drivers and carriers are told, not asked, so `accept_within` has nothing to wait for here."""

    def __init__(self, fleet: Fleet, stand_ins: StandIns, travel: TravelTimes, ledger: Ledger, clock: Clock) -> None:
        self._fleet = fleet
        self._stand_ins = stand_ins
        self._travel = travel
        self._clock = clock
        self._effects = Effects(ledger, clock)
        self._takers: Mapping[Fallback, Callable[[_Question], Awaitable[_Taken | str]]] = {
            "nearby_driver": self._nearby_driver,
            "backup_carrier": self._backup_carrier,
        }

    @activity.defn(name="reassign")
    async def reassign(self, request: ActionRequest) -> ActionResult:
        asked = _ARGS.validate_python(dict(request.args))

        async def deed(claim: Claim) -> Ended:
            return await planned(self._fleet, request, claim, self._clock, partial(self._reassigned, request, asked))

        ended = await self._effects.once(request, "reassign", deed)
        return ActionResult(ended.outcome, ended.note, events_of(request, ended.detail))

    async def _reassigned(
        self, request: ActionRequest, asked: Reassign, plan: RoutePlan | None, now: Instant
    ) -> tuple[Sequence[RoutePlan], Ended]:
        taken = await self._taken(asked, await self._question(request, asked, plan, now))
        if isinstance(taken, str):
            return (), Ended(Outcome.NO_HELP, taken)
        return taken.plans, Ended(Outcome.DONE, taken.note, detail=_detail(taken, now))

    async def _question(self, request: ActionRequest, asked: Reassign, plan: RoutePlan | None, now: Instant) -> _Question:
        plan = as_promised(plan, request) if plan else None
        past = await self._stand_ins.gave_up(request.delivery_id) if asked.never_back_to_same else frozenset()
        return _Question(request, plan, past | set(_holders(request, plan)), now)

    async def _taken(self, asked: Reassign, question: _Question) -> _Taken | str:
        """The first kind of taker that can, or why none of them can."""
        reasons = []
        for kind in dict.fromkeys(asked.to):
            taken = await self._takers[kind](question)
            if isinstance(taken, _Taken):
                return taken
            reasons.append(f"{kind}: {taken}")
        return "; ".join(reasons)

    async def _nearby_driver(self, question: _Question) -> _Taken | str:
        plan, stop = question.plan, question.stop
        if plan is None or stop is None:
            return "it is on no route, so nobody is known to be near"
        others = await self._fleet.others(plan, question.now)
        offers = [await self._offer(other, stop, question) for other in others]
        able = [offer for offer in offers if isinstance(offer, _Offer)]
        if not able:
            return ", ".join(str(offer) for offer in offers) or f"carrier {plan.carrier} has no other driver that day"
        best = min(able, key=lambda offer: (offer.insertion.cost, offer.plan.route_id))
        return await self._moved(plan, stop, best, question)

    async def _offer(self, other: RoutePlan, stop: Stop, question: _Question) -> _Offer | str:
        """Where the other driver could take the stop, or why not."""
        if refusal := _refusal(other, stop, question.barred):
            return f"{other.driver_id} {refusal}"
        legs = await self._travel.legs(_points(other, stop))
        insertion = cheapest_insertion(other, stop, legs, harmless=True)
        if insertion is None:
            return f"{other.driver_id} would be late elsewhere or end after the shift"
        if insertion.lateness > 0 and not _is_broken(stop, question.now):
            return f"{other.driver_id} could come at {clock_time(insertion.eta, question.request)} at best"
        return _Offer(other, insertion)

    async def _moved(self, plan: RoutePlan, stop: Stop, best: _Offer, question: _Question) -> _Taken:
        to, insertion = best.plan, best.insertion
        left = await self._timed(plan.without(stop.delivery_id))
        grown = await self._timed(to.with_remaining(inserted(to.remaining, stop, insertion.place)))
        arrives = clock_time(insertion.eta, question.request)
        note = f"driver {to.driver_id} takes it on route {to.route_id}, arrives {arrives}, {insertion.added // 60_000} min more"
        assignment = _assignment(to.driver_id, to.carrier, to.route_id)
        return _Taken((left, grown), note, assignment, _drivers(question.request, plan), insertion.eta)

    async def _backup_carrier(self, question: _Question) -> _Taken | str:
        request, plan = question.request, question.plan
        zone = request.context.get("zone")
        backups = await self._stand_ins.backups(request.carrier, zone)
        able = [backup for backup in backups if ("carrier", backup.carrier) not in question.barred]
        if not able:
            had = f" apart from {', '.join(backup.carrier for backup in backups)}, which had it" if backups else ""
            return f"no active carrier stands in for {request.carrier} in zone {zone or 'unknown'}{had}"
        left = [await self._timed(plan.without(request.delivery_id))] if plan else []
        # When a stand-in will come is not known before it says so: the old ETA no longer holds.
        return _Taken(left, _price(able[0]), _assignment(None, able[0].carrier, None), _holders(request, plan))

    async def _timed(self, plan: RoutePlan) -> RoutePlan:
        return timed(plan, await self._travel.legs(points_of(plan)))


def _refusal(other: RoutePlan, stop: Stop, barred: frozenset[Holder]) -> str:
    """What rules the other driver out before anything is reckoned; empty if nothing does."""
    if ("driver", other.driver_id) in barred:
        return "had it before"
    if not other.has_skills_for(stop):
        return f"lacks {', '.join(sorted(set(stop.skills) - set(other.skills)))}"
    if not other.has_room_for(stop):
        return "has no room"
    return ""


def _is_broken(stop: Stop, now: Instant) -> bool:
    """Whether the promise is past: then the least late driver is still better than none."""
    return stop.latest is not None and stop.latest < now


def _points(plan: RoutePlan, stop: Stop) -> tuple[Point, ...]:
    return tuple(dict.fromkeys((*points_of(plan), stop.at)))


def _drivers(request: ActionRequest, plan: RoutePlan | None) -> tuple[Holder, ...]:
    known = dict.fromkeys(driver for driver in (plan.driver_id if plan else None, request.driver_id) if driver)
    return tuple(("driver", driver) for driver in known)


def _holders(request: ActionRequest, plan: RoutePlan | None) -> tuple[Holder, ...]:
    return (*_drivers(request, plan), ("carrier", request.carrier))


def _assignment(driver_id: str | None, carrier: str | None, route_id: str | None) -> Mapping[str, Any]:
    return {"state": AssignmentState.ACCEPTED.value, "driver_id": driver_id, "carrier": carrier, "route_id": route_id}


def _price(backup: StandIn) -> str:
    price = "" if backup.cost_cents is None else f" for {amount_text(backup.cost_cents, backup.currency or '')}"
    return f"carrier {backup.carrier} takes it{price.rstrip()}"


def _detail(taken: _Taken, now: Instant) -> Mapping[str, Any]:
    gave_up = [list(holder) for holder in taken.gave_up]
    return {"at": now, "eta": taken.eta, "assignment": dict(taken.assignment), "gave_up": gave_up}
