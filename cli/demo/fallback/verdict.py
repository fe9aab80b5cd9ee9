"""What became of the scene, and whether it is what should have."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.demo.fallback.radio import Call
from cli.demo.fallback.town import ACCEPTED, BACKUP, BROKEN, NOBODY, OTHERS, TO_THE_CARRIER, ZONES, route_of
from store.tickets import Ticket

OFFERS: Mapping[str, Sequence[tuple[str, str]]] = {
    ACCEPTED: (("driver:V2", "declined"), ("driver:V3", "unanswered"), ("driver:V4", "accepted")),
    TO_THE_CARRIER: (*((f"driver:{driver}", "declined") for driver in OTHERS), (f"carrier:{BACKUP}", "accepted")),
    NOBODY: tuple((f"driver:{driver}", "declined") for driver in OTHERS),
}
"""Whom each delivery is offered, in turn, and what becomes of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that is left of the scene. `found` are the deliveries that the carrier's own number leads to."""

    assignments: Mapping[str, Mapping[str, Any]]
    snapshots: Mapping[str, Mapping[str, Any]]
    plans: Mapping[str, Sequence[str]]
    versions: Mapping[str, int]
    reservations: Mapping[str, Mapping[str, str]]
    tickets: Sequence[Ticket]
    mails: Sequence[str]
    texts: Sequence[str]
    calls: Sequence[Call]
    said: Sequence[tuple[str, str, int]]
    found: Sequence[str]

    def problems(self) -> list[str]:
        """What did not hold."""
        return [*self._offers(), *self._places(), *self._tickets(), *self._told()]

    def lost_or_doubled(self) -> list[str]:
        """What may not happen however long a process was away; answers may come too late then."""
        return [*self._doubled(), *self._undecided()]

    def _doubled(self) -> Iterator[str]:
        ids: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for call in self.calls:
            if call.type.startswith("assignment."):
                offer = call.data["assignment"]
                who = offer["driver_id"] or offer["carrier"]
                ids[call.data["delivery"]["delivery_id"], who, call.type].add(call.id)
        yield from (f"{what} was told in {len(found)} calls" for what, found in ids.items() if len(found) > 1)
        for customer in {f"customer.{delivery_id[-1]}@example.test" for delivery_id in ZONES}:
            if self.mails.count(customer) != 1:
                yield f"{customer} got {self.mails.count(customer)} mails"

    def _undecided(self) -> Iterator[str]:
        tickets = [ticket.delivery_id for ticket in self.tickets]
        for delivery_id, told in self.assignments.items():
            takers = [offer["candidate"] for offer in told["offers"] if offer["state"] == "accepted"]
            filled = [key for key, state in self.reservations[delivery_id].items() if state == "committed"]
            held = [key for key, state in self.reservations[delivery_id].items() if state == "held"]
            is_done = _reassign(self.snapshots[delivery_id])["outcome"] == "done"
            if takers != filled or len(takers) != is_done or held or tickets.count(delivery_id) != (not is_done):
                yield f"{delivery_id}: taken by {takers}, room filled at {filled}, kept at {held}, tickets {tickets}"
            places = [route for route, stops in self.plans.items() if delivery_id in stops]
            if len(places) > 1:
                yield f"{delivery_id} is on {places}"

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "scene": "fallback",
            "offers": {
                delivery_id: [
                    {"candidate": offer["candidate"], "state": offer["state"], "at": offer["at"]} for offer in told["offers"]
                ]
                for delivery_id, told in self.assignments.items()
            },
            "outcomes": {delivery_id: _reassign(snapshot) for delivery_id, snapshot in self.snapshots.items()},
            "plans": {route: {"version": self.versions[route], "stops": list(stops)} for route, stops in self.plans.items()},
            "reservations": self.reservations,
            "tickets": [{"delivery_id": one.delivery_id, "queue": one.queue, "title": one.title} for one in self.tickets],
            "messages": {
                "mails": list(self.mails),
                "sms": list(self.texts),
                "calls": [f"{call.to} {call.type}" for call in self.calls],
            },
            "problems": self.problems(),
        }

    def _offers(self) -> Iterator[str]:
        for delivery_id, wanted in OFFERS.items():
            offers = [(offer["candidate"], offer["state"]) for offer in self.assignments[delivery_id]["offers"]]
            if offers != list(wanted):
                yield f"{delivery_id} should have been offered {list(wanted)}, and was {offers}"
        ids = [call.id for call in self.calls]
        if len(ids) != len(set(ids)):
            yield f"{len(ids) - len(set(ids))} calls came twice"
        yield from (
            f"the answer of {who} about {delivery_id} was answered {status}"
            for delivery_id, who, status in self.said
            if status != 200
        )

    def _places(self) -> Iterator[str]:
        holders = {ACCEPTED: ("acme", "V4"), TO_THE_CARRIER: (BACKUP, None), NOBODY: ("acme", BROKEN)}
        for delivery_id, wanted in holders.items():
            assigned = self.snapshots[delivery_id]["assigned"]
            if (assigned["carrier"], assigned["driver_id"]) != wanted:
                yield f"{delivery_id} should be with {wanted}, and is with {assigned}"
        if list(self.plans[route_of(BROKEN)]) != [NOBODY]:
            yield f"the broken van should have {NOBODY} alone, and has {self.plans[route_of(BROKEN)]}"
        if ACCEPTED not in self.plans["R4"]:
            yield f"{ACCEPTED} is not on route R4"
        if list(self.found) != [TO_THE_CARRIER]:
            yield f"the carrier's number should lead to {TO_THE_CARRIER}, and leads to {list(self.found)}"
        held = [key for states in self.reservations.values() for key, state in states.items() if state == "held"]
        if held:
            yield f"room is still kept: {held}"

    def _tickets(self) -> Iterator[str]:
        if [ticket.delivery_id for ticket in self.tickets] != [NOBODY]:
            yield f"one ticket should be about {NOBODY}; there are {[ticket.delivery_id for ticket in self.tickets]}"
        outcomes = {ACCEPTED: "done", TO_THE_CARRIER: "done", NOBODY: "declined"}
        for delivery_id, wanted in outcomes.items():
            came = _reassign(self.snapshots[delivery_id])["outcome"]
            if came != wanted:
                yield f"reassign of {delivery_id} should have come to {wanted}, and came to {came}"

    def _told(self) -> Iterator[str]:
        for delivery_id in ZONES:
            customer = f"customer.{delivery_id[-1]}@example.test"
            if self.mails.count(customer) != 1:
                yield f"{customer} should have got one mail, and got {self.mails.count(customer)}"
        refused = [call for call in self.calls if call.type == "assignment.withdrawn"]
        if [call.data["assignment"]["driver_id"] for call in refused] != ["V3"]:
            yield "V3, who did not answer, and nobody else should have been told that it is off"
        if sum(call.type == "assignment.taken" for call in self.calls) != 1:
            yield "the carrier should have got the handover once"


def _reassign(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    act = next((act for act in snapshot["actions"] if act["action"] == "reassign"), {"outcome": None, "note": None})
    return {"outcome": act["outcome"], "note": act["note"]}
