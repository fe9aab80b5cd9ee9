"""The copy of a delivery that goes to the store: for lists, boards and statistics. The workflow stays the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.incident import Incident
from domain.instant import Instant
from domain.status import Condition, Status


@dataclass(frozen=True, slots=True)
class DeliveryCopy:
    """One state of a delivery. A write never replaces one with a higher revision. `amended`: the order has changed since it was sent;
    `events_seen`: how many events are in it."""

    delivery_id: str
    generation: int
    run_id: str
    revision: int
    status: Status
    condition: Condition
    carrier: str
    promised_start: Instant | None
    promised_end: Instant
    first_promised_end: Instant
    eta: Instant | None
    attempts: int
    rulebook: str
    rulebook_version: str
    order: Mapping[str, Any]
    started_at: Instant
    driver_id: str | None = None
    route_id: str | None = None
    zone: str | None = None
    hub: str | None = None
    service_level: str | None = None
    shipper: str | None = None
    tracking_numbers: tuple[str, ...] = ()
    more_numbers: tuple[tuple[str, str], ...] = ()
    open_incidents: tuple[str, ...] = ()
    incidents: tuple[Incident, ...] = ()
    finished_at: Instant | None = None
    outcome: Mapping[str, Any] | None = None
    amended: bool = False
    events_seen: int = 0


class Admittance(StrEnum):
    """What `admit` says of an order."""

    ADMITTED = "admitted"
    ALREADY_FINISHED = "already_finished"
    UNKNOWN_RULEBOOK = "unknown_rulebook"


@dataclass(frozen=True, slots=True)
class AdmitRequest:
    """Asks whether a delivery id is new, and for the rulebook that it is to be watched by.

    `draft` becomes the delivery's first copy, with the generation and the version that are answered.
    """

    draft: DeliveryCopy
    reopen: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """Whether a version of a rulebook is there and can be used, `problem` says why not; by which edition of the evaluator the
    delivery is judged from now on."""

    is_known: bool = True
    problem: str = ""
    edition: int = 1


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer: which generation of the delivery this is, the version of its rulebook, the edition of the evaluator."""

    admittance: Admittance
    generation: int = 1
    version: str = ""
    known: tuple[str, ...] = field(default=())
    edition: int = 1
