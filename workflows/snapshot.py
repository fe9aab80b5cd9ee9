"""What the queries `snapshot` and `timeline` answer, from the state. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.event import Event
from domain.incident import Act, Incident, Mode, effect_key
from domain.instant import Instant, iso
from domain.order import Window
from domain.status import Kind
from rules.book import public_name
from rules.decisions import Remark
from rules.evaluate import Wake
from rules.plan import step_name
from workflows.in_hand import answers_of, mutes_of, proposals_of
from workflows.state import State

LONGEST_TIMELINE = 1000


def snapshot_of(state: State, wake: Wake | None, as_of: Instant) -> dict[str, Any]:
    """See docs/oms.md: the shape is part of the contract."""
    watch = state.watch
    order, facts = watch.delivery.order, watch.delivery.facts
    return {
        "as_of": iso(as_of),
        "timezone": order.destination.timezone,
        "delivery_id": order.delivery_id,
        "generation": watch.generation,
        "status": facts.status.value,
        "condition": watch.delivery.condition(as_of).value,
        "promised": _window(facts.promised),
        "first_promised": _window(facts.first_promised),
        "eta": iso(facts.eta),
        "attempts": facts.attempts,
        "assigned": {"carrier": facts.carrier, "driver_id": facts.driver_id, "route_id": facts.route_id},
        "open_incidents": [_open(incident) for incident in watch.open_incidents],
        "incidents": [_incident(incident) for incident in watch.incidents],
        "missed": [{"rule": public_name(missed.rule), "at": iso(missed.at)} for missed in watch.missed],
        "actions": _actions(watch.incidents, state),
        "proposals": proposals_of(watch),
        "muted": mutes_of(watch, as_of),
        "next_wake": {"at": iso(wake.at), "because": wake.because} if wake and state.ended_at is None else None,
        "rulebook": {"name": state.rulebook, "version": watch.book},
        "rejected": {"count": state.rejections.count, "last": list(state.rejections.last)},
        "events_seen": state.events_seen,
    }


def timeline_of(state: State, as_of: Instant) -> dict[str, Any]:
    """Everything that happened and was done, in order, in words."""
    entries = [_reported(event) for event in state.watch.delivery.events if not event.is_ours]
    for incident in state.watch.incidents:
        entries.extend(_episode(incident))
    entries.extend(_remarked(remark) for remark in state.watch.remarks)
    entries.sort(key=lambda entry: (entry["at"], entry["what"]))
    return {"as_of": iso(as_of), "entries": entries[-LONGEST_TIMELINE:]}


def _window(window: Window) -> dict[str, Any]:
    return {"start": iso(window.start), "end": iso(window.end)}


def _open(incident: Incident) -> dict[str, Any]:
    return {
        "incident_id": incident.incident_id,
        "rule": public_name(incident.rule),
        "severity": incident.severity.value,
        "opened_at": iso(incident.opened_at),
        "acknowledged": incident.acknowledged_by is not None,
        "acknowledged_until": iso(incident.acknowledged_until),
        "owner": incident.owner,
        "claimed_by": incident.claimed_by,
        "claimed_at": iso(incident.claimed_at),
        "step": _step(incident),
        "escalation": incident.step,
        "next": {"at": iso(incident.due_at), "because": incident.due_for} if incident.due_at is not None else None,
    }


def _step(incident: Incident) -> str | None:
    """The path of what was started last."""
    return max(incident.acts, key=lambda path: (incident.acts[path].asked_at, path), default=None)


def _incident(incident: Incident) -> dict[str, Any]:
    return _open(incident) | {
        "says": incident.says,
        "mode": incident.mode.value,
        "rulebook_version": incident.book,
        "resolved_at": iso(incident.resolved_at),
        "resolution": incident.resolution.value if incident.resolution else None,
        "note": incident.note,
    }


def _actions(incidents: tuple[Incident, ...], state: State) -> list[dict[str, Any]]:
    order, generation = state.watch.delivery.order, state.watch.generation
    return [
        {
            "action": act.action,
            "incident_id": incident.incident_id,
            "outcome": act.outcome.value,
            "at": iso(act.at),
            "asked_at": iso(act.asked_at),
            "note": act.note,
            "until": iso(act.until),
            "key": effect_key(order.delivery_id, generation, incident, path),
        }
        for incident in incidents
        for path, act in incident.acts.items()
    ]


def _reported(event: Event) -> dict[str, Any]:
    said = [event.names[-1] if event.kind in (Kind.ASSIGNMENT, Kind.DRIVER_STATUS) else event.kind.value]
    if event.kind is Kind.ASSIGNMENT:
        said.append(_taker(event.detail))
    if event.status:
        said.append(event.status.value)
    if event.place:
        said.append(f"at {event.place}")
    if event.reason:
        said.append(f"because of {event.reason.value}")
    if event.eta is not None:
        said.append(f"expected {iso(event.eta)}")
    late = iso(event.recorded_at) if event.recorded_at > event.occurred_at else None
    return {
        "at": iso(event.occurred_at),
        "what": " ".join(said),
        "source": event.source,
        "event_id": event.event_id,
        "known_at": late,
    }


def _taker(detail: Mapping[str, Any]) -> str:
    """`V7 of acme (no answer in time)`: whom an offer or an answer is about."""
    driver, carrier, note = detail.get("driver_id"), detail.get("carrier"), detail.get("note")
    who = " of ".join(name for name in (driver, carrier) if name)
    return f"{who} ({note})" if note else who


def _remarked(remark: Remark) -> dict[str, Any]:
    by = f" by {remark.by}" if remark.by else ""
    return {"at": iso(remark.at), "what": f"{remark.what}{by}", "source": "doorstep"}


def _episode(incident: Incident) -> list[dict[str, Any]]:
    about: dict[str, Any] = {"incident_id": incident.incident_id, "source": "doorstep"}
    shadow = f" ({incident.mode})" if incident.mode is not Mode.LIVE else ""
    entries = [about | {"at": iso(incident.opened_at), "what": f"{public_name(incident.rule)} opened{shadow}: {incident.says}"}]
    entries += [about | {"at": iso(act.at), "what": _act(incident, path, act)} for path, act in incident.acts.items()]
    entries += [about | entry for entry in _attention(incident)]
    entries += [about | {"at": iso(at), "what": what} for at, what in answers_of(incident)]
    if incident.resolved_at is not None:
        note = f": {incident.note}" if incident.note else ""
        what = f"{public_name(incident.rule)} resolved as {incident.resolution}{note}"
        entries.append(about | {"at": iso(incident.resolved_at), "what": what})
    return entries


def _act(incident: Incident, path: str, act: Act) -> str:
    who = ", ".join(filter(None, (public_name(incident.rule), step_name(path))))
    return f"{who}: {act.action} {act.outcome.value}" + (f": {act.note}" if act.note else "")


def _attention(incident: Incident) -> Iterator[dict[str, Any]]:
    """Who has seen it, and when that was no longer so; who has it in hand."""
    if incident.acknowledged_at is not None:
        until = f", until {iso(incident.acknowledged_until)}" if incident.acknowledged_until is not None else ""
        what = f"{public_name(incident.rule)} acknowledged by {incident.acknowledged_by}{until}"
        yield {"at": iso(incident.acknowledged_at), "what": what}
    if incident.lapsed_at is not None:
        yield {"at": iso(incident.lapsed_at), "what": f"{public_name(incident.rule)}: the acknowledgement expired"}
    if incident.claimed_at is not None:
        by = f" by {incident.claimed_by}" if incident.claimed_by != incident.owner else ""
        yield {"at": iso(incident.claimed_at), "what": f"{public_name(incident.rule)} claimed for {incident.owner}{by}"}
