"""One thing reported about a delivery."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.instant import Instant
from domain.reasons import Reason
from domain.status import IMPLIED_STATUS, OURS, Kind, Party, Status

TAKEN_BACK = "taken-back:"
"""How the id of a correction begins by which we take back what we told ourselves."""


LONGEST_ID = 200
"""Characters of an event's id that others take."""


def event_id(text: str) -> str:
    """An id for an event of ours: the text, or a digest of it where it is too long; the same for the same text."""
    return text if len(text) <= LONGEST_ID else hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """Where it happened: a name, a position (degrees, WGS 84), or both."""

    name: str | None = None
    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """`occurred_at` is when it happened, `recorded_at` when we learnt it. Confidence is in percent."""

    event_id: str
    kind: Kind
    occurred_at: Instant
    recorded_at: Instant
    source: str
    status: Status | None = None
    by: Party | None = None
    parcel_ids: tuple[str, ...] = ()
    location: Place | None = None
    reason: Reason | None = None
    eta: Instant | None = None
    confidence: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order_key(self) -> tuple[Instant, Instant, str]:
        """Events are folded in this order, whatever order they arrive in."""
        return (self.occurred_at, self.recorded_at, self.event_id)

    @property
    def place(self) -> str | None:
        return self.location.name if self.location else None

    @property
    def reported_status(self) -> Status | None:
        """The status that this event says the parcels have, also when only its kind says so."""
        if self.status is not None:
            return self.status
        is_elsewhere = self.kind is Kind.ARRIVED and self.place is not None
        return None if is_elsewhere else IMPLIED_STATUS.get(self.kind)

    @property
    def corrects(self) -> str | None:
        """The id of the event that this one withdraws."""
        return str(self.detail["event_id"]) if self.kind is Kind.CORRECTION else None

    @property
    def is_ours(self) -> bool:
        """Whether nobody reported it: we told ourselves."""
        return self.kind in OURS or self.event_id.startswith(TAKEN_BACK)

    @property
    def names(self) -> tuple[str, ...]:
        """What rules may call this event, apart from entries into a status; an arrival elsewhere has no plain name."""
        if self.kind in (Kind.ARRIVED, Kind.DEPARTED) and self.place is not None:
            return ()
        if self.kind is Kind.OPENED:
            return (f"opened {self.detail.get('rule')}",)
        if self.kind in (Kind.ASSIGNMENT, Kind.DRIVER_STATUS):
            return (self.kind.value, f"{self.kind.value} {self.detail.get('state')}")
        return (self.kind.value,)
