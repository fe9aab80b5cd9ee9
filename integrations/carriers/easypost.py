"""EasyPost: tracker webhooks (an Event whose `result` is a Tracker) and trackers as its API answers them.

Statuses: https://docs.easypost.com/docs/trackers. Times carry an offset, mostly `Z`; one without is taken as UTC.
"""

from dataclasses import dataclass

from domain.event import Event
from domain.instant import Instant, moment
from domain.reasons import Reason
from domain.status import FINAL, Status
from integrations.carriers.errors import CarrierPayloadError
from integrations.carriers.reading import Node, read_json
from integrations.carriers.tracked import Checkpoint, TrackedEvents, eta_event, in_order, status_event

NAME = "easypost"

STATUSES: dict[str, Status | None] = {
    "unknown": None,
    "pre_transit": Status.CREATED,
    "in_transit": Status.IN_TRANSIT,
    "out_for_delivery": Status.OUT_FOR_DELIVERY,
    "delivered": Status.DELIVERED,
    "available_for_pickup": Status.AVAILABLE_FOR_PICKUP,
    "return_to_sender": Status.RETURNING,
    "failure": Status.ATTEMPT_FAILED,
    "cancelled": Status.CANCELLED,
    "canceled": Status.CANCELLED,
    "error": None,
}
"""`status` -> ours. The list is closed. `unknown` and `error` tell nothing of the parcel."""

DETAILED: dict[tuple[str, str], Status] = {
    ("in_transit", "arrived_at_facility"): Status.AT_HUB,
    ("in_transit", "arrived_at_destination"): Status.AT_HUB,
    ("in_transit", "at_hub"): Status.AT_HUB,
    ("in_transit", "received_at_origin_facility"): Status.AT_HUB,
    ("in_transit", "received_at_destination_facility"): Status.AT_HUB,
    ("in_transit", "out_for_delivery"): Status.OUT_FOR_DELIVERY,
    ("in_transit", "arrived_at_pickup_location"): Status.AVAILABLE_FOR_PICKUP,
    ("in_transit", "held"): Status.ON_HOLD,
    ("in_transit", "awaiting_information"): Status.ON_HOLD,
    ("in_transit", "address_correction"): Status.ON_HOLD,
    ("in_transit", "delivery_exception"): Status.ON_HOLD,
    ("in_transit", "transit_exception"): Status.ON_HOLD,
    ("in_transit", "damaged"): Status.DAMAGED,
    ("in_transit", "return"): Status.RETURNING,
    ("failure", "refused"): Status.REFUSED,
    ("failure", "damaged"): Status.DAMAGED,
    ("failure", "lost"): Status.LOST,
    ("failure", "expired"): Status.EXPIRED,
    ("failure", "cancelled"): Status.CANCELLED,
    ("failure", "return"): Status.RETURNING,
}
"""`status` and `status_detail` -> ours, where the detail says more. Details are an open list: others change nothing."""

REASONS: dict[str, Reason] = {
    "address_correction": Reason.CONSIGNEE_INCORRECT_ADDRESS,
    "awaiting_information": Reason.RETAILER_INCORRECT_DATA,
    "damaged": Reason.CARRIER_DAMAGED_PARCEL,
    "delayed": Reason.OTHER,
    "lost": Reason.CARRIER_PARCEL_LOST,
    "missorted": Reason.CARRIER_SORTING_ERROR,
    "refused": Reason.CONSIGNEE_REFUSED,
    "weather_delay": Reason.WEATHER,
}
"""`status_detail` -> reason."""

PLACE_PARTS = ("city", "state", "zip", "country")


@dataclass(frozen=True, slots=True)
class _Tracker:
    """A tracker as it was sent: where it stands in the payload, its number, and what its own status says."""

    node: Node
    number: str
    said: Checkpoint | None


def parse(payload: bytes, *, recorded_at: Instant) -> tuple[TrackedEvents, ...]:
    """The events of the one tracker that the payload holds; raises CarrierPayloadError if it holds none."""
    tracker = _tracker(read_json(NAME, payload))
    history = [_checkpoint(detail) for detail in tracker.node.at("tracking_details").items()]
    told = history or ([tracker.said] if tracker.said else [])
    events = [status_event(NAME, tracker.number, checkpoint, recorded_at) for checkpoint in told]
    events.extend(_eta(tracker, told, recorded_at))
    return (TrackedEvents(tracker.number, NAME, tracker.node.at("carrier").words(), in_order(events)),)


def _tracker(root: Node) -> _Tracker:
    node = _tracker_node(root)
    number = node.at("tracking_code").tracking_number()
    status = node.at("status").one_of(STATUSES)
    at = _first_time(node.at("updated_at"), node.at("created_at"))
    said = _said(status, node.at("status_detail").words(), at) if at is not None else None
    return _Tracker(node, number, said)


def _tracker_node(root: Node) -> Node:
    """The tracker: the payload itself, or the result of an event about one."""
    if root.at("object").value != "Event":
        return root
    result = root.at("result")
    about = root.at("description").words() or "an event"
    if result.value is None:
        raise CarrierPayloadError(f"{NAME}: {about} has no result; allowed is an event with its tracker in `result`")
    if result.at("object").value != "Tracker":
        kind = result.at("object").words() or "no object"
        raise CarrierPayloadError(f"{NAME}: {about} is about {kind}; allowed is Tracker. Send only tracker webhooks here")
    return result


def _checkpoint(detail: Node) -> Checkpoint:
    status = detail.at("status").one_of(STATUSES)
    words = detail.at("message").words() or detail.at("description").words()
    place = _place(detail.at("tracking_location"))
    return _said(status, detail.at("status_detail").words(), detail.at("datetime").time(), words, place)


def _said(status: str, narrower: str | None, at: Instant, words: str | None = None, place: str | None = None) -> Checkpoint:
    return Checkpoint(
        at=at,
        status=DETAILED.get((status, narrower or ""), STATUSES[status]),
        words=words,
        place=place,
        reason=REASONS.get(narrower or ""),
        code=f"{status}/{narrower}" if narrower else status,
    )


def _place(location: Node) -> str | None:
    parts = [location.at(part).words() for part in PLACE_PARTS]
    return ", ".join(part for part in parts if part) or None


def _first_time(*nodes: Node) -> Instant | None:
    return next((node.time() for node in nodes if node.value is not None), None)


def _eta(tracker: _Tracker, told: list[Checkpoint], recorded_at: Instant) -> list[Event]:
    """The estimated delivery, unless the parcel's way has ended.

    An estimate without a time of day (midnight) stands for the whole day and is taken at its start, so that it counts
    as late only when no hour of that day would be in time.
    """
    estimate = tracker.node.at("est_delivery_date")
    last = max(told, key=lambda checkpoint: checkpoint.at, default=None)
    if estimate.value is None or STATUSES[tracker.node.at("status").text()] in FINAL or (last and last.status in FINAL):
        return []
    eta = estimate.time()
    said_at = tracker.said.at if tracker.said else last.at if last else None
    midnight = moment(eta).strftime("%H%M%S") == "000000"
    return [eta_event(NAME, tracker.number, eta, said_at, recorded_at, precision="day" if midnight else "time")]
