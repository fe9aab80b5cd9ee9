"""What the store hands out beside domain.copy: incidents with their delivery, effects, and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.actions import Outcome
from domain.incident import Incident
from domain.instant import Instant
from domain.status import Condition, Status
from store.words import EffectState


@dataclass(frozen=True, slots=True)
class IncidentCopy:
    """An incident and the delivery that it belongs to. `incident.acts` and `stages` are empty: effects are in the ledger."""

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
