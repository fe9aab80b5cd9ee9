"""How far a delivery has come, for boards, between two of its copies."""

from dataclasses import dataclass

from domain.instant import Instant
from domain.status import Status


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What changes on the way without being worth a copy. `revision` is that of the copy before it; of two glimpses after the same
    copy the newer one has seen more events."""

    delivery_id: str
    generation: int
    revision: int
    events_seen: int
    status: Status
    eta: Instant | None
    attempts: int
