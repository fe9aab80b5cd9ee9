"""How entering a status changes the facts: the parcels, the delivery's own status, failed attempts, where it is."""

from collections.abc import Collection, Mapping

from domain.distance import metres_to
from domain.event import Event
from domain.facts import REMEMBERED_TIMES, WHOLE, Changes, Facts, ParcelState, stay
from domain.instant import MINUTE, Instant
from domain.order import Order
from domain.status import ADVANCE, FINAL, Kind, Status

SAME_ATTEMPT = 10 * MINUTE
"""A failed attempt reported as kind and as status within this time is one attempt."""


def entry(facts: Facts, told: Changes, event: Event, status: Status, order: Order) -> Changes:
    """What changes since parcels are said to have a status; `told` is what the event's kind has changed already."""
    parcels = _with_status(facts.parcels, _touched(event, facts, order), status, event.occurred_at)
    changes: Changes = {"parcels": parcels}
    if status not in facts.recorded:
        changes["recorded"] = {**facts.recorded, status: event.occurred_at}
    if status is Status.ATTEMPT_FAILED and (parcels != facts.parcels or event.kind is Kind.ATTEMPT_FAILED):
        changes.update(_attempt(facts, event, order))
    least = min((state.status for state in parcels.values()), key=ADVANCE.__getitem__)
    if least is not facts.status:
        changes.update(status=least, status_since=event.occurred_at, **_whereabouts(facts, told, least, event, order))
    return changes


def _with_status(
    parcels: Mapping[str, ParcelState], touched: Collection[str], status: Status, at: Instant
) -> Mapping[str, ParcelState]:
    """The parcels, those that were touched with a status; a final one stays."""
    entered = {
        parcel_id: ParcelState(status, at)
        for parcel_id, state in parcels.items()
        if parcel_id in touched and state.status is not status and state.status not in FINAL
    }
    return {**parcels, **entered}


def _touched(event: Event, facts: Facts, order: Order) -> Collection[str]:
    if not event.parcel_ids or WHOLE in facts.parcels:
        return facts.parcels
    barcodes = {parcel.barcode: parcel.parcel_id for parcel in order.parcels if parcel.barcode}
    return {barcodes.get(parcel_id, parcel_id) for parcel_id in event.parcel_ids}


def _attempt(facts: Facts, event: Event, order: Order) -> Changes:
    """Counts a failed attempt unless it is the other form (kind or status) of one just reported."""
    as_kind = event.kind is Kind.ATTEMPT_FAILED
    twin = next((i for i, report in enumerate(facts.attempt_reports) if _same_attempt(report, event, as_kind)), None)
    reason = event.reason or facts.last_reason
    away = metres_to(order.destination, event.location)
    if twin is not None:
        reports = facts.attempt_reports[:twin] + facts.attempt_reports[twin + 1 :]
        away = facts.attempt_distance if away is None else away
        return {"attempt_reports": reports, "last_reason": reason, "attempt_distance": away}
    reports = (*facts.attempt_reports, (event.occurred_at, as_kind))[-REMEMBERED_TIMES:]
    return {"attempts": facts.attempts + 1, "attempt_reports": reports, "last_reason": reason, "attempt_distance": away}


def _same_attempt(report: tuple[Instant, bool], event: Event, as_kind: bool) -> bool:
    at, was_kind = report
    return was_kind is not as_kind and event.occurred_at - at <= SAME_ATTEMPT


def _whereabouts(facts: Facts, told: Changes, status: Status, event: Event, order: Order) -> Changes:
    """Where the delivery is, as its new status tells."""
    at_hub, at_stop = told.get("at_hub", facts.at_hub), told.get("at_stop_since", facts.at_stop_since)
    if status is Status.AT_HUB:
        return {"at_hub": stay(at_hub, event.place or order.hub, event.occurred_at)}
    if status is Status.ARRIVED:
        return {"at_hub": None, "at_stop_since": at_stop or event.occurred_at}
    is_gone = status in FINAL or status is Status.OUT_FOR_DELIVERY
    return {"at_hub": None, "at_stop_since": None if is_gone else at_stop}
