"""The closed lists of words: delivery statuses, event kinds, conditions, parties."""

from enum import StrEnum


class Status(StrEnum):
    """Where a parcel is in its life, least advanced first, final ones last."""

    CREATED = "created"
    ASSIGNED = "assigned"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    AT_HUB = "at_hub"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ARRIVED = "arrived"
    ATTEMPT_FAILED = "attempt_failed"
    ON_HOLD = "on_hold"
    HELD_CUSTOMS = "held_customs"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    PARTIALLY_DELIVERED = "partially_delivered"
    DAMAGED = "damaged"
    RETURNING = "returning"
    DELIVERED = "delivered"
    REFUSED = "refused"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    LOST = "lost"
    EXPIRED = "expired"


FINAL = frozenset({Status.DELIVERED, Status.REFUSED, Status.RETURNED, Status.CANCELLED, Status.LOST, Status.EXPIRED})

ADVANCE: dict[Status, int] = {status: rank for rank, status in enumerate(Status)}
"""How far a parcel has got; a delivery's status is that of its least advanced parcel."""

MILESTONES: tuple[Status, ...] = (
    Status.CREATED,
    Status.ASSIGNED,
    Status.PICKED_UP,
    Status.IN_TRANSIT,
    Status.AT_HUB,
    Status.OUT_FOR_DELIVERY,
    Status.ARRIVED,
    Status.DELIVERED,
)


class Kind(StrEnum):
    """What an event reports."""

    SCAN = "scan"
    STATUS = "status"
    ETA = "eta"
    ATTEMPT_FAILED = "attempt_failed"
    ARRIVED = "arrived"
    DEPARTED = "departed"
    DEPARTED_DEPOT = "departed_depot"
    STOPPED = "stopped"
    MOVING = "moving"
    SILENT = "silent"
    OFF_ROUTE = "off_route"
    BACK_ON_ROUTE = "back_on_route"
    ASSIGNMENT = "assignment"
    DRIVER_STATUS = "driver_status"
    CUSTOMER_REPLY = "customer_reply"
    ASKED = "asked"
    NOTIFIED = "notified"
    UNDELIVERED = "undelivered"
    PROMISE_CHANGED = "promise_changed"
    PLAN_CHANGED = "plan_changed"
    PROOF = "proof"
    PAYMENT = "payment"
    SENSOR = "sensor"
    CORRECTION = "correction"
    NOTE = "note"
    OPENED = "opened"
    FOUND = "found"


OURS = frozenset({Kind.OPENED, Kind.FOUND})
"""Kinds that nobody reports to us: an incident of a rule opened (`detail.rule`), and what a look at something outside the
delivery found. They are folded like any other."""

REPORTED = tuple(kind for kind in Kind if kind not in OURS)
"""The kinds that others report."""


IMPLIED_STATUS: dict[Kind, Status] = {
    Kind.ATTEMPT_FAILED: Status.ATTEMPT_FAILED,
    Kind.ARRIVED: Status.ARRIVED,
}
"""Kinds that are also statuses and imply them when they are reported without one (an arrival only at the delivery's own stop)."""


class Condition(StrEnum):
    """How the delivery stands to its promise; apart from its status."""

    ON_TIME = "on_time"
    AT_RISK = "at_risk"
    LATE = "late"
    EARLY = "early"


class Party(StrEnum):
    """Who caused an event."""

    CUSTOMER = "customer"
    SHIPPER = "shipper"
    CARRIER = "carrier"
    DRIVER = "driver"
    OPERATOR = "operator"
    SYSTEM = "system"


class AssignmentState(StrEnum):
    """`detail.state` of an assignment event."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class DriverState(StrEnum):
    """`detail.state` of a driver_status event."""

    ON_BREAK = "on_break"
    BACK = "back"
    SHIFT_END = "shift_end"
    BREAKDOWN = "breakdown"
