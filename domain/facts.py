"""What the events so far say about a delivery, and how one event changes it.

`fold` is called with events in the order of `Event.order_key`; out-of-order arrival is `Delivery.after`'s business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from domain.event import Event
from domain.instant import MINUTE, Instant
from domain.order import Order, Window
from domain.reasons import Reason
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


def _but(facts: Facts, **changes: Any) -> Facts:
    """The facts with some changed. Every report asks for it several times; dataclasses.replace takes twice as long."""
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
        due={planned.milestone: planned.due for planned in order.plan},
    )


def fold(facts: Facts, event: Event, order: Order) -> Facts:
    """The facts after one more event."""
    told = FOLDS.get(event.kind, _nothing_more)(facts, event, order)
    told = _with_status(told, event, order)
    return _but(told, happened=_with_times(told.happened, _names(facts, told, event), event.occurred_at))


def _with_times(happened: Mapping[str, tuple[Instant, ...]], names: set[str], at: Instant) -> Mapping[str, tuple[Instant, ...]]:
    more = {name: (*happened.get(name, ()), at)[-REMEMBERED_TIMES:] for name in names}
    return {**happened, **more}


def _names(before: Facts, after: Facts, event: Event) -> set[str]:
    names = set(event.names)
    if after.status is not before.status:
        names.add(after.status.value)
    if event.reported_status is Status.ATTEMPT_FAILED and after.attempts == before.attempts:
        names.discard(Status.ATTEMPT_FAILED.value)
    return names


def _with_status(facts: Facts, event: Event, order: Order) -> Facts:
    status, at = event.reported_status, event.occurred_at
    if status is None:
        return facts
    parcels = {
        parcel_id: ParcelState(status, at) if state.status not in FINAL and state.status is not status else state
        for parcel_id, state in facts.parcels.items()
        if parcel_id in _touched(event, facts, order)
    }
    parcels = {**facts.parcels, **parcels}
    least = min((state.status for state in parcels.values()), key=ADVANCE.__getitem__)
    recorded = facts.recorded if status in facts.recorded else {**facts.recorded, status: at}
    is_entry = parcels != facts.parcels
    facts = _but(facts, parcels=parcels, recorded=recorded)
    if status is Status.ATTEMPT_FAILED and (is_entry or event.kind is Kind.ATTEMPT_FAILED):
        facts = _with_attempt(facts, event)
    if least is facts.status:
        return facts
    return _on_entry(_but(facts, status=least, status_since=at), event, order)


def _touched(event: Event, facts: Facts, order: Order) -> set[str]:
    if not event.parcel_ids or WHOLE in facts.parcels:
        return set(facts.parcels)
    barcodes = {parcel.barcode: parcel.parcel_id for parcel in order.parcels if parcel.barcode}
    return {barcodes.get(parcel_id, parcel_id) for parcel_id in event.parcel_ids}


def _with_attempt(facts: Facts, event: Event) -> Facts:
    """Counts a failed attempt unless it is the other form (kind or status) of one just reported."""
    as_kind = event.kind is Kind.ATTEMPT_FAILED
    twin = next((i for i, report in enumerate(facts.attempt_reports) if _same_attempt(report, event, as_kind)), None)
    reason = event.reason or facts.last_reason
    if twin is not None:
        reports = facts.attempt_reports[:twin] + facts.attempt_reports[twin + 1 :]
        return _but(facts, attempt_reports=reports, last_reason=reason)
    reports = (*facts.attempt_reports, (event.occurred_at, as_kind))[-REMEMBERED_TIMES:]
    return _but(facts, attempts=facts.attempts + 1, attempt_reports=reports, last_reason=reason)


def _same_attempt(report: tuple[Instant, bool], event: Event, as_kind: bool) -> bool:
    at, was_kind = report
    return was_kind is not as_kind and event.occurred_at - at <= SAME_ATTEMPT


def _on_entry(facts: Facts, event: Event, order: Order) -> Facts:
    """Where the delivery is, as its status tells."""
    at = event.occurred_at
    if facts.status is Status.AT_HUB:
        return _but(facts, at_hub=_stay(facts.at_hub, event.place or order.hub, at))
    if facts.status is Status.ARRIVED:
        return _but(facts, at_hub=None, at_stop_since=facts.at_stop_since or at)
    at_stop = None if facts.status in FINAL or facts.status is Status.OUT_FOR_DELIVERY else facts.at_stop_since
    return _but(facts, at_hub=None, at_stop_since=at_stop)


def _stay(before: Stay | None, place: str | None, at: Instant) -> Stay:
    if before is not None and before.place == place:
        return before
    return Stay(place, at)


def _nothing_more(facts: Facts, event: Event, order: Order) -> Facts:
    return facts


def _scan(facts: Facts, event: Event, order: Order) -> Facts:
    hub = (event.place or order.hub) if event.status is Status.AT_HUB else None
    facts = _but(facts, last_scan=LastScan(event.occurred_at, event.place, hub))
    if hub is not None and facts.status is Status.AT_HUB:
        facts = _but(facts, at_hub=_stay(facts.at_hub, hub, event.occurred_at))
    return facts


def _status(facts: Facts, event: Event, order: Order) -> Facts:
    if event.status is Status.AT_HUB and facts.status is Status.AT_HUB and event.place:
        return _but(facts, at_hub=_stay(facts.at_hub, event.place, event.occurred_at))
    return facts


def _eta(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(
        facts,
        eta=event.eta,
        eta_at=event.occurred_at,
        eta_confidence=event.confidence,
        first_eta=facts.first_eta if facts.first_eta is not None else event.eta,
    )


def _arrived(facts: Facts, event: Event, order: Order) -> Facts:
    if event.place is None:
        since = facts.at_stop_since if facts.at_stop_since is not None else event.occurred_at
        return _but(facts, at_stop_since=since)
    if event.place == order.hub:
        return _but(facts, at_hub=_stay(facts.at_hub, event.place, event.occurred_at))
    return facts


def _departed(facts: Facts, event: Event, order: Order) -> Facts:
    if event.place is None:
        return _but(facts, at_stop_since=None)
    if facts.at_hub is not None and facts.at_hub.place == event.place:
        return _but(facts, at_hub=None)
    return facts


def _stopped(facts: Facts, event: Event, order: Order) -> Facts:
    since = facts.stopped_since if facts.stopped_since is not None else event.occurred_at
    return _but(facts, stopped_since=since, moving_since=None, silent_since=None)


def _moving(facts: Facts, event: Event, order: Order) -> Facts:
    since = facts.moving_since if facts.moving_since is not None else event.occurred_at
    return _but(facts, moving_since=since, stopped_since=None, silent_since=None)


def _silent(facts: Facts, event: Event, order: Order) -> Facts:
    since = facts.silent_since if facts.silent_since is not None else event.occurred_at
    return _but(facts, silent_since=since)


def _off_route(facts: Facts, event: Event, order: Order) -> Facts:
    since = facts.off_route_since if facts.off_route_since is not None else event.occurred_at
    return _but(facts, off_route_since=since)


def _back_on_route(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, off_route_since=None)


def _assignment(facts: Facts, event: Event, order: Order) -> Facts:
    state = AssignmentState(event.detail["state"])
    facts = _but(facts, assignment=state)
    if state is not AssignmentState.ACCEPTED:
        return facts
    detail = event.detail
    return _but(
        facts,
        carrier=detail.get("carrier") or facts.carrier,
        driver_id=detail.get("driver_id"),
        route_id=detail.get("route_id"),
    )


def _driver_status(facts: Facts, event: Event, order: Order) -> Facts:
    state = DriverState(event.detail["state"])
    return _but(facts, driver_on_break=state is DriverState.ON_BREAK)


def _promise_changed(facts: Facts, event: Event, order: Order) -> Facts:
    promised = Window(event.detail.get("start"), event.detail["end"], facts.promised.window_type)
    return _but(
        facts,
        promised=promised,
        promise_moves=facts.promise_moves + 1,
        customer_moved_promise=facts.customer_moved_promise or event.by == "customer",
    )


def _plan_changed(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, due={**facts.due, Status(event.detail["milestone"]): event.detail["due"]})


def _customer_reply(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, customer_answered=True)


def _asked(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, customer_answered=False)


def _proof(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, proof=True)


def _sensor(facts: Facts, event: Event, order: Order) -> Facts:
    return _but(facts, sensors={**facts.sensors, str(event.detail["name"]): int(event.detail["value"])})


Fold = Callable[[Facts, Event, Order], Facts]

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
}
"""What each kind tells beyond its status; kinds that are not here tell nothing more."""
