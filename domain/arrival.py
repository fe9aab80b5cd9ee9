"""What comes in for a delivery from people: an update that it is to execute, or an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something for one delivery: an `update` with its `request`, or, if there is none, an `event` (wire JSON) to report.

    The event is also what stays of an update that the delivery refuses.
    """

    delivery_id: str
    event: Mapping[str, Any]
    update: str | None = None
    request: Mapping[str, Any] | None = None
