"""What the events so far say about a delivery, and how one event changes it.

`fold` is called with events in the order of `Event.order_key`; out-of-order arrival is `Delivery.after`'s business.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from domain.distance import metres_to
from domain.event import Event
from domain.instant import MINUTE, Instant
from domain.order import Order, Window
from domain.reasons import Reason
from domain.stated import stated
from domain.status import ADVANCE, FINAL, MILESTONES, AssignmentState, DriverState, Kind, Status

SAME_ATTEMPT = 10 * MINUTE
"""A failed attempt reported as kind and as status within this time is one attempt."""

REMEMBERED_TIMES = 100
"""How many instants of each event name are kept."""

WHOLE = ""
"""Parcel id that stands for the consignment when the order names no parcels."""


@dataclass(frozen=True, slots=True)
class ParcelState:
    """A parcel's last status and since when."""

    status: Status
    since: Instant


@dataclass(frozen=True, slots=True)
class LastScan:
    """The last scan; `hub` is its place if it was a scan at a hub."""

    at: Instant
    place: str | None = None
    hub: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """Being at a place since an instant."""

    place: str | None
    since: Instant


@dataclass(frozen=True, slots=True)
class Facts:
    """The fold. None is "unknown" or "not the case", as each name tells; `happened` maps event names to their instants."""

    status: Status
    status_since: Instant
    parcels: Mapping[str, ParcelState]
    promised: Window
    first_promised: Window
    carrier: str
    driver_id: str | None
    route_id: str | None
    due: Mapping[Status, Instant]
    happened: Mapping[str, tuple[Instant, ...]] = field(default_factory=dict)
    recorded: Mapping[Status, Instant] = field(default_factory=dict)
    attempts: int = 0
    attempt_reports: tuple[tuple[Instant, bool], ...] = ()
    last_reason: Reason | None = None
    eta: Instant | None = None
    eta_at: Instant | None = None
    eta_confidence: int | None = None
    first_eta: Instant | None = None
    last_scan: LastScan | None = None
    at_stop_since: Instant | None = None
    at_hub: Stay | None = None
    stopped_since: Instant | None = None
    moving_since: Instant | None = None
    silent_since: Instant | None = None
    off_route_since: Instant | None = None
    driver_on_break: bool = False
    assignment: AssignmentState | None = None
    promise_moves: int = 0
    customer_moved_promise: bool = False
    customer_answered: bool = False
    proof: bool = False
    sensors: Mapping[str, int] = field(default_factory=dict)
    opted_out: bool = False
    stops_before: int | None = None
    distance_to_stop: int | None = None
    attempt_distance: int | None = None
    sibling_scans: int | None = None
    guards: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def final(self) -> bool:
        return self.status in FINAL

    def last(self, name: str) -> Instant | None:
        """When the named event, or entry into the named status, last happened."""
        times = self.happened.get(name)
        return times[-1] if times else None

    def reached(self, milestone: Status) -> Instant | None:
        """When a milestone, or a later one, was first recorded."""
        later = MILESTONES[MILESTONES.index(milestone) :]
        times = [self.recorded[status] for status in later if status in self.recorded]
        return min(times) if times else None


FACT_NAMES: tuple[str, ...] = tuple(fact.name for fact in fields(Facts))

VALUES: Callable[[Facts], tuple[Any, ...]] = attrgetter(*FACT_NAMES)
"""The value of each fact, in the order of FACT_NAMES."""

_PLACES = {name: place for place, name in enumerate(FACT_NAMES)}


Changes = dict[str, Any]
"""What an event changes: new values by the names of facts. Made into facts once, since that takes longer than all the rest."""


def _but(facts: Facts, changes: Changes) -> Facts:
    """The facts with some changed; dataclasses.replace takes twice as long."""
    values = list(VALUES(facts))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    return Facts(*values)


def facts_of(order: Order, known_at: Instant) -> Facts:
    """What is known from the order alone."""
    parcel_ids = [parcel.parcel_id for parcel in order.parcels] or [WHOLE]
    return Facts(
        status=Status.CREATED,
        status_since=known_at,
        parcels={parcel_id: ParcelState(Status.CREATED, known_at) for parcel_id in parcel_ids},
        promised=order.promised,
        first_promised=order.promised,
        carrier=order.carrier,
        driver_id=order.driver_id,
        route_id=order.route_id,
        opted_out=not order.customer.channels,
        due={planned.milestone: planned.due for planned in order.plan},
    )


def fold(facts: Facts, event: Event, order: Order) -> Facts:
    """The facts after one more event."""
    changes = FOLDS.get(event.kind, _nothing_more)(facts, event, order)
    if event.location is not None and event.kind in OF_THE_VAN:
        metres = metres_to(order.destination, event.location)
        changes["distance_to_stop"] = facts.distance_to_stop if metres is None else metres
    status = event.reported_status
    if status is not None:
        changes.update(_entry(facts, changes, event, status, order))
    changes["happened"] = _with_times(facts.happened, _names(facts, changes, event), event.occurred_at)
    return _but(facts, changes)


OF_THE_VAN = frozenset(
    {Kind.DEPARTED_DEPOT, Kind.DEPARTED, Kind.ARRIVED, Kind.STOPPED, Kind.MOVING, Kind.OFF_ROUTE, Kind.BACK_ON_ROUTE}
)
"""Kinds whose position is that of the van that has the delivery."""


def _with_times(happened: Mapping[str, tuple[Instant, ...]], names: set[str], at: Instant) -> Mapping[str, tuple[Instant, ...]]:
    more = {name: (*happened.get(name, ()), at)[-REMEMBERED_TIMES:] for name in names}
    return {**happened, **more}


def _names(before: Facts, changes: Changes, event: Event) -> set[str]:
    names = set(event.names)
    if "status" in changes:
        names.add(changes["status"].value)
    if event.reported_status is Status.ATTEMPT_FAILED and changes.get("attempts", before.attempts) == before.attempts:
        names.discard(Status.ATTEMPT_FAILED.value)
    return names


def _entry(facts: Facts, told: Changes, event: Event, status: Status, order: Order) -> Changes:
    """What changes since parcels are said to have a status; `told` is what the event's kind has changed already."""
    parcels = _with_status(facts.parcels, _touched(event, facts, order), status, event.occurred_at)
    changes: Changes = {"parcels": parcels}
    if status not in facts.recorded:
        changes["recorded"] = {**facts.recorded, status: event.occurred_at}
    if status is Status.ATTEMPT_FAILED and (parcels != facts.parcels or event.kind is Kind.ATTEMPT_FAILED):
        changes.update(_attempt(facts, event, order))
    least = min((state.status for state in parcels.values()), key=ADVANCE.__getitem__)
    if least is not facts.status:
        changes.update(status=least, status_since=event.occurred_at, **_whereabouts(facts, told, least, event, order))
    return changes


def _with_status(
    parcels: Mapping[str, ParcelState], touched: Collection[str], status: Status, at: Instant
) -> Mapping[str, ParcelState]:
    """The parcels, those that were touched with a status; a final one stays."""
    entered = {
        parcel_id: ParcelState(status, at)
        for parcel_id, state in parcels.items()
        if parcel_id in touched and state.status is not status and state.status not in FINAL
    }
    return {**parcels, **entered}


def _touched(event: Event, facts: Facts, order: Order) -> Collection[str]:
    if not event.parcel_ids or WHOLE in facts.parcels:
        return facts.parcels
    barcodes = {parcel.barcode: parcel.parcel_id for parcel in order.parcels if parcel.barcode}
    return {barcodes.get(parcel_id, parcel_id) for parcel_id in event.parcel_ids}


def _attempt(facts: Facts, event: Event, order: Order) -> Changes:
    """Counts a failed attempt unless it is the other form (kind or status) of one just reported."""
    as_kind = event.kind is Kind.ATTEMPT_FAILED
    twin = next((i for i, report in enumerate(facts.attempt_reports) if _same_attempt(report, event, as_kind)), None)
    reason = event.reason or facts.last_reason
    away = metres_to(order.destination, event.location)
    if twin is not None:
        reports = facts.attempt_reports[:twin] + facts.attempt_reports[twin + 1 :]
        away = facts.attempt_distance if away is None else away
        return {"attempt_reports": reports, "last_reason": reason, "attempt_distance": away}
    reports = (*facts.attempt_reports, (event.occurred_at, as_kind))[-REMEMBERED_TIMES:]
    return {"attempts": facts.attempts + 1, "attempt_reports": reports, "last_reason": reason, "attempt_distance": away}


def _same_attempt(report: tuple[Instant, bool], event: Event, as_kind: bool) -> bool:
    at, was_kind = report
    return was_kind is not as_kind and event.occurred_at - at <= SAME_ATTEMPT


def _whereabouts(facts: Facts, told: Changes, status: Status, event: Event, order: Order) -> Changes:
    """Where the delivery is, as its new status tells."""
    at_hub, at_stop = told.get("at_hub", facts.at_hub), told.get("at_stop_since", facts.at_stop_since)
    if status is Status.AT_HUB:
        return {"at_hub": _stay(at_hub, event.place or order.hub, event.occurred_at)}
    if status is Status.ARRIVED:
        return {"at_hub": None, "at_stop_since": at_stop or event.occurred_at}
    is_gone = status in FINAL or status is Status.OUT_FOR_DELIVERY
    return {"at_hub": None, "at_stop_since": None if is_gone else at_stop}


def _stay(before: Stay | None, place: str | None, at: Instant) -> Stay:
    if before is not None and before.place == place:
        return before
    return Stay(place, at)


def _nothing_more(facts: Facts, event: Event, order: Order) -> Changes:
    return {}


def _scan(facts: Facts, event: Event, order: Order) -> Changes:
    hub = (event.place or order.hub) if event.status is Status.AT_HUB else None
    scan = LastScan(event.occurred_at, event.place, hub)
    if hub is not None and facts.status is Status.AT_HUB:
        return {"last_scan": scan, "at_hub": _stay(facts.at_hub, hub, event.occurred_at)}
    return {"last_scan": scan}


def _status(facts: Facts, event: Event, order: Order) -> Changes:
    if event.status is Status.AT_HUB and facts.status is Status.AT_HUB and event.place:
        return {"at_hub": _stay(facts.at_hub, event.place, event.occurred_at)}
    return {}


def _eta(facts: Facts, event: Event, order: Order) -> Changes:
    stops = event.detail.get("stops_before")
    return {
        "stops_before": stops if isinstance(stops, int) and stops >= 0 else facts.stops_before,
        "eta": event.eta,
        "eta_at": event.occurred_at,
        "eta_confidence": event.confidence,
        "first_eta": facts.first_eta if facts.first_eta is not None else event.eta,
    }


def _arrived(facts: Facts, event: Event, order: Order) -> Changes:
    if event.place is None:
        return {"at_stop_since": _first(facts.at_stop_since, event)}
    if event.place == order.hub:
        return {"at_hub": _stay(facts.at_hub, event.place, event.occurred_at)}
    return {}


def _departed(facts: Facts, event: Event, order: Order) -> Changes:
    if event.place is None:
        return {"at_stop_since": None}
    if facts.at_hub is not None and facts.at_hub.place == event.place:
        return {"at_hub": None}
    return {}


def _first(since: Instant | None, event: Event) -> Instant:
    """Since when it has been so; this event's instant if it was not."""
    return since if since is not None else event.occurred_at


def _stopped(facts: Facts, event: Event, order: Order) -> Changes:
    return {"stopped_since": _first(facts.stopped_since, event), "moving_since": None, "silent_since": None}


def _moving(facts: Facts, event: Event, order: Order) -> Changes:
    return {"moving_since": _first(facts.moving_since, event), "stopped_since": None, "silent_since": None}


def _silent(facts: Facts, event: Event, order: Order) -> Changes:
    return {"silent_since": _first(facts.silent_since, event)}


def _off_route(facts: Facts, event: Event, order: Order) -> Changes:
    return {"off_route_since": _first(facts.off_route_since, event)}


def _back_on_route(facts: Facts, event: Event, order: Order) -> Changes:
    return {"off_route_since": None}


def _assignment(facts: Facts, event: Event, order: Order) -> Changes:
    state, detail = AssignmentState(event.detail["state"]), event.detail
    if state is not AssignmentState.ACCEPTED:
        return {"assignment": state}
    return {
        "assignment": state,
        "carrier": detail.get("carrier") or facts.carrier,
        "driver_id": detail.get("driver_id"),
        "route_id": detail.get("route_id"),
    }


def _driver_status(facts: Facts, event: Event, order: Order) -> Changes:
    return {"driver_on_break": DriverState(event.detail["state"]) is DriverState.ON_BREAK}


def _promise_changed(facts: Facts, event: Event, order: Order) -> Changes:
    return {
        "promised": Window(event.detail.get("start"), event.detail["end"], facts.promised.window_type),
        "promise_moves": facts.promise_moves + 1,
        "customer_moved_promise": facts.customer_moved_promise or event.by == "customer",
    }


def _plan_changed(facts: Facts, event: Event, order: Order) -> Changes:
    return {"due": {**facts.due, Status(event.detail["milestone"]): event.detail["due"]}}


NO_MORE = frozenset({"stop", "stopall", "unsubscribe", "optout"})
AGAIN = frozenset({"start", "unstop"})
"""What customers reply who want no messages, and who want them again (the words of CTIA's guidelines, which Twilio heeds)."""


def _customer_reply(facts: Facts, event: Event, order: Order) -> Changes:
    text = str(event.detail.get("text", "")).strip().casefold()
    return {"customer_answered": True, "opted_out": text in NO_MORE or (facts.opted_out and text not in AGAIN)}


def _note(facts: Facts, event: Event, order: Order) -> Changes:
    return stated(event.detail, facts.sensors)


def _asked(facts: Facts, event: Event, order: Order) -> Changes:
    return {"customer_answered": False}


def _proof(facts: Facts, event: Event, order: Order) -> Changes:
    return {"proof": True}


def _sensor(facts: Facts, event: Event, order: Order) -> Changes:
    return {"sensors": {**facts.sensors, str(event.detail["name"]): int(event.detail["value"])}}


def _found(facts: Facts, event: Event, order: Order) -> Changes:
    return {"guards": {**facts.guards, **{key: told["truth"] for key, told in event.detail.items()}}}


Fold = Callable[[Facts, Event, Order], Changes]

FOLDS: dict[Kind, Fold] = {
    Kind.SCAN: _scan,
    Kind.STATUS: _status,
    Kind.ETA: _eta,
    Kind.ARRIVED: _arrived,
    Kind.DEPARTED: _departed,
    Kind.STOPPED: _stopped,
    Kind.MOVING: _moving,
    Kind.SILENT: _silent,
    Kind.OFF_ROUTE: _off_route,
    Kind.BACK_ON_ROUTE: _back_on_route,
    Kind.ASSIGNMENT: _assignment,
    Kind.DRIVER_STATUS: _driver_status,
    Kind.PROMISE_CHANGED: _promise_changed,
    Kind.PLAN_CHANGED: _plan_changed,
    Kind.CUSTOMER_REPLY: _customer_reply,
    Kind.ASKED: _asked,
    Kind.PROOF: _proof,
    Kind.SENSOR: _sensor,
    Kind.NOTE: _note,
    Kind.FOUND: _found,
}
"""What each kind tells beyond its status; kinds that are not here tell nothing more."""
