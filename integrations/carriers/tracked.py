"""What every adapter makes: the events of one tracking number, with ids that depend on nothing but their content."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from domain.event import Event, Place
from domain.instant import Instant, iso
from domain.reasons import Reason
from domain.status import Kind, Party, Status

HANDLED = frozenset(
    {
        Status.PICKED_UP,
        Status.IN_TRANSIT,
        Status.AT_HUB,
        Status.OUT_FOR_DELIVERY,
        Status.AVAILABLE_FOR_PICKUP,
        Status.RETURNING,
        Status.DELIVERED,
        Status.RETURNED,
    }
)
"""Statuses that somebody gave the parcel with it in hand, so that a report of one from a known place is a scan."""


@dataclass(frozen=True, slots=True)
class TrackedEvents:
    """The events of one tracking number. `source` names the feed, `carrier` who carries the parcel as the feed says."""

    tracking_number: str
    source: str
    carrier: str | None
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One line of a carrier's tracking history in our words. `status` is None where the carrier's word says nothing of it."""

    at: Instant
    status: Status | None
    words: str | None = None
    place: str | None = None
    reason: Reason | None = None
    code: str | None = None
    zone_assumed: bool = False


def status_event(
    source: str, tracking_number: str, checkpoint: Checkpoint, recorded_at: Instant, parcel_ids: tuple[str, ...] = ()
) -> Event:
    """A checkpoint as an event: a scan, a failed attempt, a change of status, or a note if it tells no status."""
    detail = {
        "tracking_number": tracking_number,
        "code": checkpoint.code,
        "message": checkpoint.words,
        "zone": "assumed UTC" if checkpoint.zone_assumed else None,
    }
    event = Event(
        event_id="",
        kind=_kind_of(checkpoint),
        occurred_at=checkpoint.at,
        recorded_at=recorded_at,
        source=source,
        status=checkpoint.status,
        by=Party.CARRIER,
        parcel_ids=parcel_ids,
        location=Place(name=checkpoint.place) if checkpoint.place else None,
        reason=checkpoint.reason,
        detail={name: value for name, value in detail.items() if value is not None},
    )
    return _named(event, checkpoint.at)


def eta_event(
    source: str, tracking_number: str, eta: Instant, said_at: Instant | None, recorded_at: Instant, **detail: Any
) -> Event:
    """The carrier's estimate of the arrival. The same estimate said again at another time is another event.

    `said_at` is None where the payload does not tell; it then counts from when we learnt it.
    """
    event = Event(
        event_id="",
        kind=Kind.ETA,
        occurred_at=recorded_at if said_at is None else said_at,
        recorded_at=recorded_at,
        source=source,
        by=Party.CARRIER,
        eta=eta,
        detail={"tracking_number": tracking_number, **detail},
    )
    return _named(event, said_at)


def in_order(events: list[Event]) -> tuple[Event, ...]:
    """The events in the order in which they happened, each once."""
    distinct = {event.event_id: event for event in events}
    return tuple(sorted(distinct.values(), key=lambda event: event.order_key))


def _kind_of(checkpoint: Checkpoint) -> Kind:
    if checkpoint.status is None:
        return Kind.NOTE
    if checkpoint.status is Status.ATTEMPT_FAILED:
        return Kind.ATTEMPT_FAILED
    return Kind.SCAN if checkpoint.status in HANDLED and checkpoint.place else Kind.STATUS


def _named(event: Event, said_at: Instant | None) -> Event:
    """The event with an id made from all that it says and when it was said; when we learnt it is no part of that."""
    said = [
        event.kind.value,
        iso(said_at),
        event.status.value if event.status else None,
        event.place,
        event.reason.value if event.reason else None,
        iso(event.eta),
        event.detail,
    ]
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return replace(event, event_id=f"{event.source}-{digest[:24]}")
