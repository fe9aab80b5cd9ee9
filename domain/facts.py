"""What the events so far say about a delivery."""

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from operator import attrgetter
from typing import Any

from domain.instant import Instant
from domain.order import Order, Window
from domain.quick import quick_dataclass
from domain.reasons import Reason
from domain.status import FINAL, MILESTONES, AssignmentState, Status
from domain.talk import Talk

NOTHING_SAID = Talk()

REMEMBERED_TIMES = 100
"""How many instants of each event name are kept."""

WHOLE = ""
"""Parcel id that stands for the consignment when the order names no parcels."""


@quick_dataclass(frozen=True, slots=True)
class ParcelState:
    """A parcel's last status and since when."""

    status: Status
    since: Instant


@quick_dataclass(frozen=True, slots=True)
class LastScan:
    """The last scan; `hub` is its place if it was a scan at a hub."""

    at: Instant
    place: str | None = None
    hub: str | None = None


@quick_dataclass(frozen=True, slots=True)
class Stay:
    """Being at a place since an instant."""

    place: str | None
    since: Instant


def stay(before: Stay | None, place: str | None, at: Instant) -> Stay:
    """Being at a place: since before, if it is the same place, else since `at`."""
    if before is not None and before.place == place:
        return before
    return Stay(place, at)


@quick_dataclass(frozen=True, slots=True)
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
    groups: Mapping[str, str] = field(default_factory=dict)
    """Of the groups that the delivery belongs to, the disruption and who leads it, by the guard."""
    talk: Talk = NOTHING_SAID
    guards_until: Mapping[str, Instant] = field(default_factory=dict)
    """Until when what is true outside is so, where that is known."""
    more_numbers: tuple[tuple[str, str], ...] = ()
    """Tracking numbers beside the order's, each with its carrier: who took the delivery over gave them."""

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

_VALUES: Callable[[Facts], tuple[Any, ...]] = attrgetter(*FACT_NAMES)
_PLACES = {name: place for place, name in enumerate(FACT_NAMES)}

Changes = dict[str, Any]
"""What an event changes: new values by the names of facts. Made into facts once, since that takes longer than all the rest."""


def changed(facts: Facts, changes: Changes) -> Facts:
    """The facts with some changed; dataclasses.replace takes twice as long."""
    values = list(_VALUES(facts))
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
