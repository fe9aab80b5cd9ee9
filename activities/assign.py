"""The deeds of an Assignment: look for candidates, offer, move the delivery to who took it, take an offer back.

Each is an effect in the ledger whose key is the action's with the candidate behind it, so that repeated it changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from pydantic import BaseModel, TypeAdapter, ValidationError
from temporalio import activity

from activities.call_webhook import taken
from activities.effects import Claim, Clock, Effects, Ended, Ledger
from activities.planning import TravelTimes, events_of, planned
from activities.takers import Fleet, Question, StandIns, Takers, last_leg
from domain.actions import ActionRequest, ActionResult, Outcome, Reassign
from domain.assignment import (
    MOST_CANDIDATES,
    AssignmentRequest,
    Candidate,
    Committed,
    Found,
    Offered,
    OfferRequest,
    OfferState,
    TakenBack,
)
from domain.contact import Contact
from domain.effect import Ending
from domain.endpoint import DISPATCH, Taken
from domain.instant import MINUTE, Instant, Span, iso
from domain.notice import notice_of
from domain.replanning import PlanVersion
from domain.route import RoutePlan
from domain.sending import Unsent

_ARGS: TypeAdapter[Reassign] = TypeAdapter(Reassign)

KEPT_LONGER: Span = 10 * MINUTE
"""Room is kept so much longer than an offer stands: who accepts at the last moment has still to be moved there."""

CHANNELS = ("sms", "email")
"""How drivers are told, where they have an address and it is set up."""

OFFER, WITHDRAWN = "assignment-offer", "assignment-withdrawn"
"""Templates of what drivers are told."""


class Rooms(Protocol):
    """Keeps room for what is offered."""

    async def hold(self, key: str, delivery_id: str, candidate: Candidate, *, until: Instant, now: Instant) -> bool: ...

    async def release(self, key: str, *, now: Instant) -> bool: ...


class Carriers(Protocol):
    """Speaks to carriers. The same key gives the same id, by which a repeated call is known."""

    def takes_requests(self, carrier: str) -> bool: ...

    async def ask(self, carrier: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent | None: ...


class Dispatch(Protocol):
    """Tells endpoints that are known by name."""

    def knows(self, endpoint: str) -> bool: ...

    async def post(self, endpoint: str, *, key: str, body: Mapping[str, Any]) -> Taken | Unsent: ...


class Messenger(Protocol):
    """Tells drivers; every channel is an effect of its own."""

    async def notify(self, request: ActionRequest) -> ActionResult: ...


class Drivers(Protocol):
    """Knows how drivers are reached."""

    async def driver(self, driver_id: str) -> Contact | None: ...


class Moving(Fleet, Protocol):
    """The plans, of which a reservation may be committed with the plan that fills it."""

    async def write(self, plans: Sequence[RoutePlan], ending: Ending, reservation: str | None = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Reached:
    """By whom takers are told."""

    carriers: Carriers
    dispatch: Dispatch
    messenger: Messenger
    drivers: Drivers


class _Answer(BaseModel):
    """What a carrier may answer to a call at once. Without `accepted` it answers later."""

    accepted: bool | None = None
    reason: str = ""
    tracking_number: str | None = None


@dataclass(frozen=True, slots=True)
class _Filling:
    """Plans that commit a reservation with what they write."""

    fleet: Moving
    reservation: str

    async def holding(self, delivery_id: str, now: Instant) -> RoutePlan | None:
        return await self.fleet.holding(delivery_id, now)

    async def write(self, plans: Sequence[RoutePlan], ending: Ending) -> bool:
        return await self.fleet.write(plans, ending, self.reservation)


class Assigning:
    """What Assignments do outside. See workflows.assignment for the order in which they do it."""

    def __init__(
        self,
        fleet: Moving,
        stand_ins: StandIns,
        travel: TravelTimes,
        rooms: Rooms,
        reached: Reached,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self._fleet = fleet
        self._takers = Takers(fleet, stand_ins, travel)
        self._rooms = rooms
        self._reached = reached
        self._effects = Effects(ledger, clock)
        self._clock = clock

    # Who

    @activity.defn(name="assignment_candidates")
    async def candidates(self, asked: AssignmentRequest) -> Found:
        """The candidates, the best first: of the kinds in the order in which the rule names them, or the one that was named."""
        args = _ARGS.validate_python(dict(asked.request.args))
        if asked.to is None and (reason := last_leg(asked.request, args)):
            return Found(reason=reason)
        plan = await self._fleet.holding(asked.request.delivery_id, self._clock())
        question = await self._question(asked, plan, self._clock())
        found, reasons = list[Candidate](), list[str]()
        for kind in dict.fromkeys(args.to):
            these = await self._takers.found(kind, question)
            if isinstance(these, str):
                reasons.append(f"{kind}: {these}")
            else:
                found.extend(these)
        if asked.to is not None:  # they are told, not asked
            return Found(tuple(_named(asked.to, found)), "; ".join(reasons))
        return Found(tuple([await self._with_way(one) for one in found[:MOST_CANDIDATES]]), "; ".join(reasons))

    async def _question(self, asked: AssignmentRequest, plan: RoutePlan | None, now: Instant) -> Question:
        question = await self._takers.question(asked.request, _ARGS.validate_python(dict(asked.request.args)), plan, now)
        return question if asked.to is None else replace(question, barred=frozenset())  # a person decides

    async def _with_way(self, candidate: Candidate) -> Candidate:
        """The candidate, marked if there is a way to ask them."""
        if candidate.kind == "carrier":
            return replace(candidate, asked=self._reached.carriers.takes_requests(candidate.who))
        contact = await self._reached.drivers.driver(candidate.who)
        has_address = contact is not None and bool(contact.phone or contact.email)
        return replace(candidate, asked=has_address or self._reached.dispatch.knows(DISPATCH))

    # Offering

    @activity.defn(name="assignment_offer")
    async def offer(self, offer: OfferRequest) -> Offered:
        """Keeps the room, then asks. A candidate without a way to answer is not asked: the room is kept for them all the same."""
        now = self._clock()
        until = (offer.until or now) + KEPT_LONGER
        delivery_id = offer.asked.request.delivery_id
        if not await self._rooms.hold(offer.key, delivery_id, offer.candidate, until=until, now=now):
            return Offered(OfferState.FAILED, "has no room any more")
        if not offer.candidate.asked:
            return Offered(OfferState.ACCEPTED, "told, not asked: there is no way to answer")
        if offer.candidate.kind == "carrier":
            return _offered(await self._call_carrier(offer, "offer", "assignment.offered", offer.key))
        return await self._tell_driver(offer, OFFER, "assignment.offered", offer.key)

    async def _tell_driver(self, offer: OfferRequest, template: str, type: str, key: str) -> Offered:
        """By message and, where there is a dispatch system, through that; one of them is enough."""
        said = []
        if self._reached.dispatch.knows(DISPATCH):
            said.append(
                await self._call(offer, "offer", type, f"{key}/{DISPATCH}", partial(self._reached.dispatch.post, DISPATCH))
            )
        contact = await self._reached.drivers.driver(offer.candidate.who)
        channels = [name for name, has in zip(CHANNELS, _addresses(contact), strict=True) if has]
        if channels:
            args = {"who": "driver", "template": template, "channels": channels}
            context = {**offer.asked.request.context, "offer": _shown(offer)}
            told = await self._reached.messenger.notify(
                replace(offer.asked.request, key=key, args=args, driver_id=offer.candidate.who, context=context)
            )
            said.append(Ended(told.outcome, told.note))
        return _first_that_helped([_offered(ended) for ended in said])

    async def _call_carrier(self, offer: OfferRequest, action: str, type: str, key: str, **more: Any) -> Ended:
        async def post(*, key: str, body: Mapping[str, Any]) -> Taken | Unsent:
            answer = await self._reached.carriers.ask(offer.candidate.who, key=key, body=body)
            return answer or Unsent(f"{offer.candidate.who} takes no requests", retry=False)

        return await self._call(offer, action, type, key, post, **more)

    async def _call(self, offer: OfferRequest, action: str, type: str, key: str, post: Any, **more: Any) -> Ended:
        """One signed call as an effect; in doubt it is simply made again: its id tells the other side that it had it before."""
        request = offer.asked.request

        async def deed(claim: Claim) -> Ended:
            body = notice_of(request, type, {"assignment": _shown(offer), **more})
            came = taken(await post(key=key, body=body))
            if isinstance(came, Ended):
                return came
            return Ended(Outcome.DONE, "told", came.reference, {"answer": _read(came.answer)})

        return await self._effects.once(request, action, deed, key)

    # Moving it there

    @activity.defn(name="assignment_commit")
    async def commit(self, offer: OfferRequest) -> Committed:
        """Hands it over to a carrier, which may still refuse; then moves the stop, closes the effect and fills the room, at once."""
        number = offer.tracking_number
        if offer.candidate.kind == "carrier" and self._reached.carriers.takes_requests(offer.candidate.who):
            handed = await self._call_carrier(
                offer, "handover", "assignment.taken", f"{offer.key}/handover", handover=handover(offer.asked.request)
            )
            told = _offered(handed)
            if told.state in (OfferState.FAILED, OfferState.DECLINED):
                return Committed(False, told.note)
            number = told.tracking_number or number
        request = replace(offer.asked.request, key=f"{offer.key}/taken")

        async def deed(claim: Claim) -> Ended:
            plans = _Filling(self._fleet, offer.key)
            return await planned(plans, request, claim, self._clock, partial(self._moved, offer, number))

        ended = await self._effects.once(request, "reassign", deed)
        new = (ended.detail or {}).get("new", ()) if self._reached.dispatch.knows(DISPATCH) else ()
        versions = tuple(PlanVersion(*version) for version in new)
        return Committed(ended.outcome is Outcome.DONE, ended.note, events_of(request, ended.detail), versions)

    async def _moved(
        self, offer: OfferRequest, number: str | None, plan: RoutePlan | None, now: Instant
    ) -> tuple[Sequence[RoutePlan], Ended]:
        question = await self._question(offer.asked, plan, now)
        came = await self._takers.taken(offer.candidate, question)
        if isinstance(came, str):
            return (), Ended(Outcome.NO_HELP, came)
        if number is not None:
            came = replace(came, assignment={**came.assignment, "tracking_number": number[:64]})
        return came.plans, Ended(Outcome.DONE, came.note, detail=came.detail(now))

    # Taking it back

    @activity.defn(name="assignment_withdraw")
    async def withdraw(self, offer: OfferRequest) -> TakenBack:
        """Gives the room back, and tells who was asked; neither if the delivery is theirs already."""
        if not await self._rooms.release(offer.key, now=self._clock()):
            return TakenBack(committed=True)
        if not offer.tell or not offer.candidate.asked:
            return TakenBack()
        key = f"{offer.key}/withdrawn"
        if offer.candidate.kind == "carrier":
            return TakenBack(note=(await self._call_carrier(offer, "withdraw", "assignment.withdrawn", key)).note)
        return TakenBack(note=(await self._tell_driver(offer, WITHDRAWN, "assignment.withdrawn", key)).note)


def handover(request: ActionRequest) -> dict[str, Any]:
    """What the carrier that takes a delivery over has to know: where to, for whom, and how far it is."""
    told, place, customer = request.context, request.destination, request.customer
    address = {"lat": place.lat, "lon": place.lon, "address": place.address, "timezone": place.timezone, "country": place.country}
    return {
        "status": told.get("status"),
        "attempts": told.get("attempts"),
        "proof_present": bool(told.get("proof")),
        "tracking_numbers": list(told.get("tracking_numbers") or ()),
        "destination": {name: value for name, value in address.items() if value is not None},
        "customer": {"name": customer.name, "phone": customer.phone, "email": customer.email, "language": customer.language},
    }


def _shown(offer: OfferRequest) -> dict[str, Any]:
    """What an offer says of itself, for calls and templates."""
    asked, candidate = offer.asked, offer.candidate
    return {
        "id": f"{asked.request.incident_id}-{asked.number}",
        "driver_id": candidate.driver_id,
        "carrier": candidate.carrier,
        "route_id": candidate.route_id,
        "note": candidate.note,
        "answer_by": iso(offer.until),
        "until": offer.until,
        "eta": candidate.eta,
        "because": offer.because,
    }


def _named(to: str, found: Sequence[Candidate]) -> list[Candidate]:
    """The one that a person named; a carrier too that stands in for nobody."""
    kind, _, who = to.partition(":")
    known = [one for one in found if one.id == to]
    return known or ([Candidate("carrier", who, who)] if kind == "carrier" else [])


def _addresses(contact: Contact | None) -> tuple[bool, bool]:
    return (False, False) if contact is None else (bool(contact.phone), bool(contact.email))


def _read(answer: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return _Answer.model_validate(dict(answer)).model_dump()
    except ValidationError:
        accepted = answer.get("accepted")
        return _Answer(accepted=accepted if isinstance(accepted, bool) else None).model_dump()


def _offered(ended: Ended) -> Offered:
    if ended.outcome is not Outcome.DONE:
        return Offered(OfferState.FAILED, ended.note)
    answer = (ended.detail or {}).get("answer") or {}
    states = {None: OfferState.OFFERED, True: OfferState.ACCEPTED, False: OfferState.DECLINED}
    return Offered(states[answer.get("accepted")], answer.get("reason", "")[:200], answer.get("tracking_number"))


def _first_that_helped(said: Sequence[Offered]) -> Offered:
    """What was answered at once counts before what was only sent, that before what was not."""
    order = [OfferState.ACCEPTED, OfferState.DECLINED, OfferState.OFFERED, OfferState.FAILED]
    return min(said, key=lambda one: order.index(one.state), default=Offered(OfferState.FAILED, "there is no way to tell them"))
