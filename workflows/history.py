"""What the query `history` answers: all that a delivery's life so far can be played again from. Pure."""

from collections.abc import Iterator
from typing import Any

from domain.incident import Incident
from domain.instant import Instant, iso
from rules.book import public_name
from workflows.events import wire_event
from workflows.state import State


def history_of(state: State, as_of: Instant) -> dict[str, Any]:
    """The order, the events that are kept (with when they became known), what came of each action, what people decided."""
    watch = state.watch
    return {
        "as_of": iso(as_of if state.ended_at is None else state.ended_at),
        "rulebook": {"name": state.rulebook, "version": watch.book},
        "order": dict(state.order),
        "known_at": iso(watch.delivery.known_at),
        "events": [wire_event(event) for event in watch.delivery.events if not event.is_ours],
        "incidents": [_incident(incident) for incident in watch.incidents],
        "decisions": [decision for incident in watch.incidents for decision in _decisions(incident)],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    acts = sorted(incident.acts.values(), key=lambda act: act.asked_at)
    return {
        "rule": public_name(incident.rule),
        "opened_at": iso(incident.opened_at),
        "resolved_at": iso(incident.resolved_at),
        "resolution": incident.resolution.value if incident.resolution else None,
        "acts": [{"action": act.action, "at": iso(act.asked_at), "outcome": act.outcome.value} for act in acts],
    }


def _decisions(incident: Incident) -> Iterator[dict[str, Any]]:
    """What people did with the incident."""
    rule = public_name(incident.rule)
    if incident.acknowledged_at is not None:
        yield {"what": "acknowledge", "rule": rule, "at": iso(incident.acknowledged_at)}
    if incident.resolution in BY_HAND:
        yield {"what": "resolve", "rule": rule, "at": iso(incident.resolved_at)}


BY_HAND = ("handled", "false_alarm")
"""Resolutions that only a person gives."""
