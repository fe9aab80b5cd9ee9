"""Who could take a delivery over: drivers who pass by, and carriers that stand in; and how the plans change when one does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from activities.planning import Plans, TravelTimes, as_promised, clock_time
from domain.actions import ActionRequest, Fallback, Reassign
from domain.assignment import Candidate, Taker
from domain.currencies import amount_text
from domain.instant import Instant
from domain.route import Point, RoutePlan, StandIn, Stop
from domain.schedule import Insertion, cheapest_insertion, inserted, points_of, timed
from domain.status import AssignmentState

Holder = tuple[str, str]
"""Who has, or had, a delivery: (`driver`, id) or (`carrier`, name)."""

ON_LAST_LEG = "its driver has no other stop before this one; even_on_last_leg: true gives it to somebody else all the same"


class Fleet(Plans, Protocol):
    """The plans in the store, also those of other drivers."""

    async def others(self, plan: RoutePlan, now: Instant) -> list[RoutePlan]:
        """The plans of the same carrier's other drivers who work on the same service date."""
        ...


class StandIns(Protocol):
    """Knows who could stand in, and who gave the delivery up before."""

    async def backups(self, carrier: str, zone: str | None) -> list[StandIn]:
        """The carriers that stand in for this one in a zone, the best first."""
        ...

    async def gave_up(self, delivery_id: str) -> frozenset[Holder]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a kind of taker: who takes this delivery over, from this plan, apart from `barred`?"""

    request: ActionRequest
    plan: RoutePlan | None
    barred: frozenset[Holder]
    now: Instant

    @property
    def stop(self) -> Stop | None:
        return self.plan.stop_of(self.request.delivery_id) if self.plan else None


@dataclass(frozen=True, slots=True)
class Taken:
    """Who takes it over: the plans that change, and what the ledger and the delivery are told."""

    plans: Sequence[RoutePlan]
    note: str
    assignment: Mapping[str, Any]
    gave_up: Sequence[Holder]
    eta: Instant | None = None

    def detail(self, now: Instant) -> Mapping[str, Any]:
        """What the ledger keeps."""
        gave_up = [list(holder) for holder in self.gave_up]
        new = [[plan.route_id, plan.service_date, plan.version + 1] for plan in self.plans]
        return {"at": now, "eta": self.eta, "assignment": dict(self.assignment), "gave_up": gave_up, "new": new}


@dataclass(frozen=True, slots=True)
class _Offer:
    """Where a stop would fit into another driver's route."""

    plan: RoutePlan
    insertion: Insertion


class Takers:
    """Looks for takers, and reckons what becomes of the plans."""

    def __init__(self, fleet: Fleet, stand_ins: StandIns, travel: TravelTimes) -> None:
        self._fleet = fleet
        self._stand_ins = stand_ins
        self._travel = travel
        self._found: Mapping[Fallback, Callable[[Question], Awaitable[tuple[Candidate, ...] | str]]] = {
            "nearby_driver": self._drivers,
            "backup_carrier": self._carriers,
        }
        self._taken: Mapping[Taker, Callable[[Candidate, Question], Awaitable[Taken | str]]] = {
            "driver": self._by_driver,
            "carrier": self._by_carrier,
        }

    async def question(self, request: ActionRequest, asked: Reassign, plan: RoutePlan | None, now: Instant) -> Question:
        plan = as_promised(plan, request) if plan else None
        past = await self._stand_ins.gave_up(request.delivery_id) if asked.never_back_to_same else frozenset()
        return Question(request, plan, past | set(_holders(request, plan)), now)

    async def found(self, kind: Fallback, question: Question) -> tuple[Candidate, ...] | str:
        """Those of a kind who could take it, the best first; or why nobody could."""
        return await self._found[kind](question)

    async def taken(self, candidate: Candidate, question: Question) -> Taken | str:
        """What becomes of the plans, as they are by now, if this one takes it; or why they no longer can."""
        return await self._taken[candidate.kind](candidate, question)

    async def _drivers(self, question: Question) -> tuple[Candidate, ...] | str:
        plan, stop = question.plan, question.stop
        if plan is None or stop is None:
            return "it is on no route, so nobody is known to be near"
        others = await self._fleet.others(plan, question.now)
        offers = [await self._offer(other, stop, question) for other in others]
        able = [offer for offer in offers if isinstance(offer, _Offer)]
        if not able:
            return ", ".join(str(offer) for offer in offers) or f"carrier {plan.carrier} has no other driver that day"
        ranked = sorted(able, key=lambda offer: (offer.insertion.cost, offer.plan.route_id))
        return tuple(_driver(offer, stop, question.request) for offer in ranked)

    async def _offer(self, other: RoutePlan, stop: Stop, question: Question) -> _Offer | str:
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

    async def _by_driver(self, candidate: Candidate, question: Question) -> Taken | str:
        plan, stop = question.plan, question.stop
        if plan is None or stop is None:
            return "it is on no route any more"
        others = await self._fleet.others(plan, question.now)
        other = next((other for other in others if other.route_id == candidate.route_id), None)
        if other is None or other.driver_id != candidate.who:
            return f"driver {candidate.who} does not drive route {candidate.route_id} any more"
        offer = await self._offer(other, stop, question)
        return await self._moved(plan, stop, offer, question) if isinstance(offer, _Offer) else offer

    async def _moved(self, plan: RoutePlan, stop: Stop, best: _Offer, question: Question) -> Taken:
        to, insertion = best.plan, best.insertion
        left = await self._timed(plan.without(stop.delivery_id))
        grown = await self._timed(to.with_remaining(inserted(to.remaining, stop, insertion.place)))
        assignment = _assignment(to.driver_id, to.carrier, to.route_id)
        note = f"driver {to.driver_id} takes it on route {to.route_id}, {_arrival(insertion, question.request)}"
        return Taken((left, grown), note, assignment, _had_by(question.request, plan), insertion.eta)

    async def _carriers(self, question: Question) -> tuple[Candidate, ...] | str:
        request = question.request
        zone = request.context.get("zone")
        backups = await self._stand_ins.backups(request.carrier, zone)
        able = [backup for backup in backups if ("carrier", backup.carrier) not in question.barred]
        if not able:
            had = f" apart from {', '.join(backup.carrier for backup in backups)}, which had it" if backups else ""
            return f"no active carrier stands in for {request.carrier} in zone {zone or 'unknown'}{had}"
        load = question.stop.load if question.stop else 1
        return tuple(Candidate("carrier", backup.carrier, backup.carrier, note=_price(backup), load=load) for backup in able)

    async def _by_carrier(self, candidate: Candidate, question: Question) -> Taken | str:
        request, plan = question.request, question.plan
        left = [await self._timed(plan.without(request.delivery_id))] if plan else []
        note = f"carrier {candidate.who} takes it{f' {candidate.note}' if candidate.note else ''}"
        # When a stand-in will come is not known before it says so: the old ETA no longer holds.
        return Taken(left, note, _assignment(None, candidate.who, None), _holders(request, plan))

    async def _timed(self, plan: RoutePlan) -> RoutePlan:
        return timed(plan, await self._travel.legs(points_of(plan)))


def last_leg(request: ActionRequest, asked: Reassign) -> str:
    """Why the one who has it keeps it: known to be on the way to it, with no stop before. Empty if nothing is known of that."""
    on_it = request.driver_id is not None and request.context.get("stops_before") == 0
    return ON_LAST_LEG if on_it and not asked.even_on_last_leg else ""


def _driver(offer: _Offer, stop: Stop, request: ActionRequest) -> Candidate:
    plan = offer.plan
    return Candidate(
        kind="driver",
        who=plan.driver_id or "",
        carrier=plan.carrier or request.carrier,
        note=_arrival(offer.insertion, request),
        route_id=plan.route_id,
        service_date=plan.service_date,
        load=stop.load,
        eta=offer.insertion.eta,
    )


def _arrival(insertion: Insertion, request: ActionRequest) -> str:
    return f"arrives {clock_time(insertion.eta, request)}, {insertion.added // 60_000} min more"


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


def _had_by(request: ActionRequest, plan: RoutePlan | None) -> tuple[Holder, ...]:
    known = dict.fromkeys(driver for driver in (plan.driver_id if plan else None, request.driver_id) if driver)
    return tuple(("driver", driver) for driver in known)


def _holders(request: ActionRequest, plan: RoutePlan | None) -> tuple[Holder, ...]:
    return (*_had_by(request, plan), ("carrier", request.carrier))


def _assignment(driver_id: str | None, carrier: str | None, route_id: str | None) -> Mapping[str, Any]:
    return {"state": AssignmentState.ACCEPTED.value, "driver_id": driver_id, "carrier": carrier, "route_id": route_id}


def _price(backup: StandIn) -> str:
    return "" if backup.cost_cents is None else f"for {amount_text(backup.cost_cents, backup.currency or '')}".rstrip()
