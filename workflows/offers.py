"""The offers of an Assignment: how each stands, and how they are told to deliveries, people and queries. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain.actions import ActionResult, Outcome
from domain.assignment import AssignmentRequest, Candidate, OfferState, told_of
from domain.event import Event, event_id
from domain.instant import Instant, iso
from domain.status import AssignmentState, Kind, Party

EVENTS: Mapping[OfferState, AssignmentState] = {
    OfferState.OFFERED: AssignmentState.OFFERED,
    OfferState.DECLINED: AssignmentState.DECLINED,
    OfferState.UNANSWERED: AssignmentState.WITHDRAWN,
    OfferState.WITHDRAWN: AssignmentState.WITHDRAWN,
}
"""What the delivery learns of an offer; that one was accepted it learns with the new plan."""

ANSWERS = frozenset({OfferState.ACCEPTED, OfferState.DECLINED})

BY: Mapping[str, Party] = {"driver": Party.DRIVER, "carrier": Party.CARRIER}


@dataclass(frozen=True, slots=True)
class Offer:
    """One candidate and how the offer stands: since when, until when an answer counts, what was said."""

    candidate: Candidate
    state: OfferState
    at: Instant
    until: Instant
    note: str = ""
    tracking_number: str | None = None
    told: bool = False
    """Whether they were asked, so that they have to be told when it is taken back."""

    def now(self, state: OfferState, at: Instant, note: str = "") -> "Offer":
        return replace(self, state=state, at=at, note=note)

    @property
    def words(self) -> str:
        """`V2 declined: no room left`."""
        said = f": {self.note}" if self.note else ""
        return f"{self.candidate.who} {WORDS[self.state]}{said}"


WORDS: Mapping[OfferState, str] = {
    OfferState.OFFERING: "is being asked",
    OfferState.OFFERED: "was asked",
    OfferState.ACCEPTED: "took it",
    OfferState.DECLINED: "declined",
    OfferState.UNANSWERED: "did not answer",
    OfferState.WITHDRAWN: "is not asked any more",
    OfferState.FAILED: "could not be asked",
}


def event_of(asked: AssignmentRequest, offer: Offer) -> Event | None:
    """What the delivery learns of an offer as it stands; None for what it does not learn this way."""
    state = EVENTS.get(offer.state)
    if state is None:
        return None
    key = f"{asked.request.key}/{offer.candidate.id}/{offer.state}"
    note = "no answer in time" if offer.state is OfferState.UNANSWERED else offer.note[:200]
    by = BY[offer.candidate.kind] if offer.state in ANSWERS else Party.SYSTEM
    detail = told_of(offer.candidate, state, note)
    return Event(event_id(key), Kind.ASSIGNMENT, offer.at, offer.at, "doorstep", by=by, detail=detail)


def nobody(offers: Iterable[Offer], reason: str) -> ActionResult:
    """What came of it when nobody took it: everybody declined, somebody did not answer, or there was nobody to ask."""
    known = tuple(offers)
    said = "; ".join([*(offer.words for offer in known), *([reason] if reason else [])]) or "nobody could be asked"
    states = {offer.state for offer in known}
    if OfferState.UNANSWERED in states:
        return ActionResult(Outcome.UNANSWERED, said[:1_000])
    return ActionResult(Outcome.DECLINED if OfferState.DECLINED in states else Outcome.NO_HELP, said[:1_000])


def offers_shown(offers: Sequence[Offer]) -> list[dict[str, Any]]:
    """The offers as a query and the workflow's result tell them."""
    return [
        {
            "candidate": offer.candidate.id,
            "state": offer.state.value,
            "at": iso(offer.at),
            "until": iso(offer.until),
            "note": offer.note,
            "offer": offer.candidate.note,
            "tracking_number": offer.tracking_number,
        }
        for offer in offers
    ]


def as_it_ended(assignment: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any] | str:
    """The answer to an answer that comes when the assignment has ended: the same as before, or why it is too late."""
    who = f"driver:{said['driver_id']}" if said.get("driver_id") else f"carrier:{said.get('carrier')}"
    offer = next((offer for offer in assignment["offers"] if offer["candidate"] == who), None)
    if offer is None:
        return f"nothing was offered to {who}, and this assignment has ended"
    if offer["state"] == ("accepted" if said.get("accept") is True else "declined"):
        return {"ok": True, "state": offer["state"], "as_of": offer["at"], "repeated": True}
    note = f": {offer['note']}" if offer["note"] else ""
    return f"this offer is over since {offer['at']}: {offer['state']}{note}"
