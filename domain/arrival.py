"""What comes in for a delivery over HTTP: an order that begins it, an update that it is to execute, or an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

START = "start"
"""In place of an update: the request is the order with which the delivery begins."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something for one delivery: an `update` with its `request`, or, if there is none, an `event` (wire JSON) to report.

    The event is also what stays of an update that the delivery refuses; empty: nothing does.
    """

    delivery_id: str
    event: Mapping[str, Any]
    update: str | None = None
    request: Mapping[str, Any] | None = None
