"""What others see of a delivery: the copy for the store, when it is worth writing, and the workflow's result. Pure."""

import hashlib
from typing import Any

from domain.copy import DeliveryCopy
from domain.incident import Incident
from domain.instant import Instant, iso
from domain.status import FINAL, Status
from workflows.state import State


def order_digest(payload: bytes) -> str:
    """SHA-256 of the order as it was sent, so that its sender can tell that it is theirs."""
    return hashlib.sha256(payload).hexdigest()


def fingerprint_of(state: State, now: Instant) -> str:
    """Changes when there is something to write: a final status, another condition, holder or incident.

    What else changes on the way boards see by glimpses.
    """
    delivery = state.watch.delivery
    facts = delivery.facts
    return "|".join(
        (
            facts.status.value if facts.status in FINAL else "",
            delivery.condition(now).value,
            f"{facts.carrier} {facts.driver_id} {facts.route_id} {facts.promised.end}",
            " ".join(_mark(incident) for incident in state.watch.incidents),
            f"{state.amendments} {iso(state.ended_at) or ''}{_adopted(state)}",
        )
    )


def _adopted(state: State) -> str:
    # Nothing for a delivery that never adopted another book: that has to stay what older histories recorded.
    return f" {state.watch.book}" if state.adoptions else ""


def _mark(incident: Incident) -> str:
    # The severity of an incident without stages never changes; the marks of such have to stay what older histories recorded.
    severity = f":{incident.severity}" if incident.stages else ""
    # Nor has anything to be said of one that nobody has claimed.
    owner = f" {incident.owner}" if incident.owner else ""
    # Nor of one about which nobody is to decide.
    awaits = "?" * len(incident.awaiting) if incident.proposals else ""
    return f"{incident.incident_id}:{incident.resolution}:{incident.acknowledged_by}{severity}{owner}{awaits}"


def copy_of(state: State, now: Instant) -> DeliveryCopy:
    """The state as the store keeps it."""
    watch = state.watch
    order, facts = watch.delivery.order, watch.delivery.facts
    return DeliveryCopy(
        delivery_id=order.delivery_id,
        generation=watch.generation,
        run_id=state.first_run_id,
        revision=state.revision,
        status=facts.status,
        condition=watch.delivery.condition(now),
        carrier=facts.carrier,
        promised_start=facts.promised.start,
        promised_end=facts.promised.end,
        first_promised_end=facts.first_promised.end,
        eta=facts.eta,
        attempts=facts.attempts,
        rulebook=state.rulebook,
        rulebook_version=watch.book,
        order=state.order,
        started_at=state.started_at,
        driver_id=facts.driver_id,
        route_id=facts.route_id,
        zone=order.zone,
        hub=order.hub,
        service_level=order.service_level,
        shipper=order.shipper,
        tracking_numbers=order.tracking_numbers,
        more_numbers=facts.more_numbers,
        open_incidents=tuple(incident.rule for incident in watch.open_incidents),
        incidents=watch.incidents,
        finished_at=state.ended_at,
        amended=state.amendments > 0,
        events_seen=state.events_seen,
        outcome=outcome_of(state) if state.ended_at is not None else None,
    )


def result_of(state: State) -> dict[str, Any]:
    """What the workflow returns."""
    watch = state.watch
    return {
        "delivery_id": watch.delivery.order.delivery_id,
        "generation": watch.generation,
        "status": watch.delivery.facts.status.value,
        "outcome": outcome_of(state),
        "attempts": watch.delivery.facts.attempts,
        "incidents": watch.incidents_seen,
    }


def outcome_of(state: State) -> dict[str, str]:
    """How the final event stands to the first promise and to the last."""
    facts = state.watch.delivery.facts
    if facts.status is not Status.DELIVERED:
        return {"first_promise": "not_delivered", "last_promise": "not_delivered"}
    kept = {True: "kept", False: "missed"}
    return {
        "first_promise": kept[facts.status_since <= facts.first_promised.end],
        "last_promise": kept[facts.status_since <= facts.promised.end],
    }
