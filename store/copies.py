"""What the store hands out about deliveries: plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.actions import Outcome
from domain.incident import Incident
from domain.instant import Instant
from domain.status import Condition, Status
from store.words import EffectState


@dataclass(frozen=True, slots=True)
class DeliveryCopy:
    """The copy of a delivery at its workflow's `revision`-th write. `order` is the wire JSON, `open_incidents` are ids of rules."""

    delivery_id: str
    generation: int
    revision: int
    status: Status
    condition: Condition
    carrier: str
    promised_end: Instant
    first_promised_end: Instant
    rulebook: str
    rulebook_version: str
    order: Mapping[str, Any]
    started_at: Instant
    run_id: str | None = None
    driver_id: str | None = None
    route_id: str | None = None
    zone: str | None = None
    hub: str | None = None
    service_level: str | None = None
    shipper: str | None = None
    promised_start: Instant | None = None
    eta: Instant | None = None
    attempts: int = 0
    open_incidents: tuple[str, ...] = ()
    finished_at: Instant | None = None
    outcome: Mapping[str, Any] | None = None

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


@dataclass(frozen=True, slots=True)
class IncidentCopy:
    """An incident and the delivery that it belongs to. `incident.acts` is empty: effects are in the ledger."""

    delivery_id: str
    generation: int
    incident: Incident


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of the ledger, for people to read."""

    key: str
    action: str
    delivery_id: str
    incident_id: str
    state: EffectState
    attempt: int
    claimed_at: Instant
    deadline: Instant
    closed_at: Instant | None
    outcome: Outcome | None
    note: str | None
    provider_ref: str | None
    detail: Mapping[str, Any] | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers for a status page. Open deliveries are those that have not ended."""

    open: int = 0
    finished: int = 0
    by_status: Mapping[Status, int] = field(default_factory=dict)
    by_condition: Mapping[Condition, int] = field(default_factory=dict)
    open_incidents: int = 0
