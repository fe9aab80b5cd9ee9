"""VOCABULARY: the one closed table of facts that rules may speak of, and the events they may name.

Documentation, schema, lint, completion and the texts of `why` are made from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from domain.currencies import DECIMALS, USUAL
from domain.facts import Facts
from domain.order import Job, Order
from domain.reasons import Reason
from domain.status import FINAL, MILESTONES, REPORTED, AssignmentState, Condition, DriverState, Status
from rules.tree import Value

Type = Literal["enum", "text", "list", "number", "time", "yes_no"]
Read = Callable[[Order, Facts], Value | tuple[str, ...] | None]
Register = Literal["carriers", "zones", "hubs"]

COUNT: Mapping[str, int] = {"": 1}
PERCENT: Mapping[str, int] = {"%": 1, "percent": 1}
CELSIUS: Mapping[str, int] = {"c": 1000, "degrees": 1000}
MONEY: Mapping[str, int] = {
    "eur": 100,
    **{code.casefold(): 10**decimals for code, decimals in DECIMALS.items()},
    "": 10**USUAL,
}
"""Currencies, the one of examples first. Without a currency an amount counts in hundredths, whatever it is compared with."""

METRES: Mapping[str, int] = {"m": 1, "metres": 1, "meters": 1, "km": 1000}
SPAN: Mapping[str, int] = {}
"""Numbers measured in time: their unit is that of a duration, their grain the millisecond."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `units` maps a unit's word to how many grains it is; `reads` names the fields of Facts that it comes from
    (none: it comes from the order and never changes); `register` is the section of directory.yaml that its values stand in;
    `always_known`: every delivery has a value of it; `currency` is set for amounts of money: what the delivery's is in."""

    type: Type
    help: str
    read: Read
    reads: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    units: Mapping[str, int] | None = None
    synonyms: tuple[str, ...] = ()
    register: Register | None = None
    always_known: bool = False
    currency: Callable[[Order], str | None] | None = None


def _values(words: type[Status] | type[Condition] | type[Reason] | type[Job]) -> tuple[str, ...]:
    return tuple(word.value for word in words)


def _parcels_with(facts: Facts, statuses: frozenset[Status]) -> int:
    return sum(state.status in statuses for state in facts.parcels.values())


def _unknown_on_purpose(order: Order, facts: Facts) -> None:
    """`condition` depends on the time as well; the evaluator reads it from the delivery itself."""
    return


VOCABULARY: dict[str, Fact] = {
    "status": Fact("enum", "where the least advanced parcel is in its life", lambda o, f: f.status, ("status",), _values(Status), always_known=True),
    "condition": Fact("enum", "how the delivery stands to its promise", _unknown_on_purpose, ("status", "promised", "eta"), _values(Condition), always_known=True),
    "carrier": Fact("text", "the carrier that has the delivery now", lambda o, f: f.carrier, ("carrier",), register="carriers", always_known=True),
    "zone": Fact("text", "the delivery zone", lambda o, f: o.zone, register="zones"),
    "hub": Fact("text", "the delivery's own last hub", lambda o, f: o.hub, register="hubs"),
    "lane": Fact("text", "the lane, from hub to zone", lambda o, f: o.lane),
    "route": Fact("text", "the route that the delivery is on", lambda o, f: f.route_id, ("route_id",)),
    "driver": Fact("text", "the driver who has the delivery", lambda o, f: f.driver_id, ("driver_id",)),
    "service level": Fact("text", "the service that was sold", lambda o, f: o.service_level),
    "shipper": Fact("text", "who sends it", lambda o, f: o.shipper),
    "customer tier": Fact("text", "the recipient's tier", lambda o, f: o.customer.tier, synonyms=("tier",), always_known=True),
    "stop type": Fact("text", "home, business, locker ...", lambda o, f: o.stop_type),
    "job": Fact("enum", "what is to be done at the stop", lambda o, f: o.job.value, values=_values(Job), always_known=True),
    "country": Fact("text", "the destination's country", lambda o, f: o.destination.country),
    "tags": Fact("list", "the order's tags", lambda o, f: o.tags, always_known=True),
    "requires": Fact("list", "what the handover requires", lambda o, f: o.requires, always_known=True),
    "parcel statuses": Fact("list", "the last status of each parcel, each status once", lambda o, f: tuple(dict.fromkeys(state.status.value for state in f.parcels.values())), ("parcels",), synonyms=("last status for parcels",), always_known=True),
    "parcels": Fact("number", "how many parcels there are", lambda o, f: len(f.parcels), units=COUNT, synonyms=("parcel count",), always_known=True),
    "parcels delivered": Fact("number", "how many parcels are delivered", lambda o, f: _parcels_with(f, frozenset({Status.DELIVERED})), ("parcels",), units=COUNT, always_known=True),
    "parcels open": Fact("number", "how many parcels have no final status", lambda o, f: len(f.parcels) - _parcels_with(f, FINAL), ("parcels",), units=COUNT, always_known=True),
    "share of parcels delivered": Fact("number", "parcels delivered, in percent", lambda o, f: _parcels_with(f, frozenset({Status.DELIVERED})) * 100 // len(f.parcels), ("parcels",), units=PERCENT, always_known=True),
    "attempts": Fact("number", "failed attempts so far", lambda o, f: f.attempts, ("attempts",), units=COUNT, synonyms=("failed attempts",), always_known=True),
    "attempts allowed": Fact("number", "failed attempts that the order allows", lambda o, f: o.attempts_allowed, units=COUNT, always_known=True),
    "last reason": Fact("enum", "why the last attempt failed", lambda o, f: f.last_reason.value if f.last_reason else None, ("last_reason",), _values(Reason)),
    "last scan place": Fact("text", "where the last scan was", lambda o, f: f.last_scan.place if f.last_scan else None, ("last_scan",)),
    "last scan hub": Fact("text", "the hub of the last scan, if it was at one", lambda o, f: f.last_scan.hub if f.last_scan else None, ("last_scan",), register="hubs"),
    "last scan at": Fact("time", "when the last scan was", lambda o, f: f.last_scan.at if f.last_scan else None, ("last_scan",), synonyms=("last scan time",)),
    "eta": Fact("time", "predicted arrival", lambda o, f: f.eta, ("eta",)),
    "eta confidence": Fact("number", "how sure the prediction is", lambda o, f: f.eta_confidence, ("eta_confidence",), units=PERCENT),
    "eta slip": Fact("number", "how much later the ETA is than the first one", lambda o, f: None if f.eta is None or f.first_eta is None else f.eta - f.first_eta, ("eta", "first_eta"), units=SPAN),
    "promised start": Fact("time", "start of the promised window", lambda o, f: f.promised.start, ("promised",)),
    "promised end": Fact("time", "end of the promised window", lambda o, f: f.promised.end, ("promised",), always_known=True),
    "first promised start": Fact("time", "start of the first promise", lambda o, f: f.first_promised.start),
    "first promised end": Fact("time", "end of the first promise", lambda o, f: f.first_promised.end, always_known=True),
    "promise moves": Fact("number", "how often the promise was moved", lambda o, f: f.promise_moves, ("promise_moves",), units=COUNT, always_known=True),
    "planned departure": Fact("time", "when the driver was to leave", lambda o, f: o.planned_departure),
    "cod": Fact("number", "cash to be collected", lambda o, f: o.cod.cents if o.cod else None, units=MONEY, synonyms=("cash on delivery",), currency=lambda o: o.cod.currency if o.cod else None),
    "value": Fact("number", "value of the goods", lambda o, f: o.value.cents if o.value else None, units=MONEY, currency=lambda o: o.value.currency if o.value else None),
    "temperature": Fact("number", "last temperature reading", lambda o, f: f.sensors.get("temperature"), ("sensors",), units=CELSIUS),
    "distance to stop": Fact("number", "metres from the van's last reported position to the address, as the crow flies; from events of the van with a position", lambda o, f: f.distance_to_stop, ("distance_to_stop",), units=METRES),
    "attempt distance": Fact("number", "metres from where the last failed attempt was reported to the address; unknown without a position", lambda o, f: f.attempt_distance, ("attempt_distance",), units=METRES),
    "stops before this one": Fact("number", "stops that the van makes before this one; from an eta with `stops_before` in its detail, or a note", lambda o, f: f.stops_before, ("stops_before",), units=COUNT, synonyms=("stops before",)),
    "sibling scans at the hub": Fact("number", "other deliveries of the same route that were scanned at the hub; only a note tells, else unknown", lambda o, f: f.sibling_scans, ("sibling_scans",), units=COUNT, synonyms=("sibling scans",)),
    "driver on break": Fact("yes_no", "the driver has said that they take a break", lambda o, f: f.driver_on_break, ("driver_on_break",), always_known=True),
    "customer answered": Fact("yes_no", "the customer replied since the last question", lambda o, f: f.customer_answered, ("customer_answered",), always_known=True),
    "customer opted out": Fact("yes_no", "the customer wants no messages: no channel in the order, or replied STOP and not START since", lambda o, f: f.opted_out, ("opted_out",), always_known=True),
    "customer unreachable": Fact("yes_no", "the last message to the customer reached nobody, by none of the channels that they agreed to; until one does, or they write", lambda o, f: f.talk.unreached, ("talk",), always_known=True),
    "proof present": Fact("yes_no", "a proof of delivery was recorded", lambda o, f: f.proof, ("proof",), always_known=True),
}  # fmt: skip

EVENTS: tuple[str, ...] = tuple(
    dict.fromkeys(
        [kind.value for kind in REPORTED]
        + [status.value for status in Status]
        + [f"assignment {state.value}" for state in AssignmentState]
        + [f"driver_status {state.value}" for state in DriverState]
    )
)
"""What E may be."""

DUE: tuple[str, ...] = tuple(f"{milestone.value} due" for milestone in MILESTONES)
"""The times that a plan gives."""
