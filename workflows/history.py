"""What the query `history` answers: all that a delivery's life so far can be played again from. Pure."""

from collections.abc import Iterator
from typing import Any

from domain.incident import Answer, Incident
from domain.instant import Instant, iso
from rules.approval import GO_AHEAD
from rules.book import public_name
from rules.decisions import Decision, Version
from rules.watch import Watch
from workflows.events import wire_event
from workflows.state import State

BY_HAND = ("handled", "false_alarm")
"""Resolutions that only a person gives."""

ANSWERED = {Answer.APPROVED: "approve", Answer.REJECTED: "reject"}
"""Answers to a proposal that only a person gives."""


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
        "decisions": [told for _, told in sorted(_decisions(watch), key=lambda decision: decision[0])],
    }


def _incident(incident: Incident) -> dict[str, Any]:
    acts = sorted(incident.acts.items(), key=lambda told: told[1].asked_at)
    return {
        "rule": public_name(incident.rule),
        "opened_at": iso(incident.opened_at),
        "resolved_at": iso(incident.resolved_at),
        "resolution": incident.resolution.value if incident.resolution else None,
        "acts": [
            {"action": act.action, "at": iso(act.asked_at), "outcome": act.outcome.value, "begun": _is_begun(incident, path)}
            for path, act in acts
        ],
    }


def _is_begun(incident: Incident, path: str) -> bool:
    """Whether an action was not only proposed."""
    proposal = incident.proposals.get(path)
    return proposal is None or proposal.answer in GO_AHEAD


def _decisions(watch: Watch) -> Iterator[tuple[Instant, dict[str, Any]]]:
    """What people did, however long ago; of acknowledgements those too that have lapsed."""
    noted = {(one.what, one.rule, one.at) for one in watch.decisions}
    yield from ((decision.at, _noted(decision)) for decision in watch.decisions)
    for incident in watch.incidents:
        rule, seen_at = public_name(incident.rule), incident.acknowledged_at
        if seen_at is not None and ("acknowledge", rule, seen_at) not in noted:  # by an earlier version, which noted nothing
            yield seen_at, {"what": "acknowledge", "rule": rule, "at": iso(seen_at)}
        if incident.resolution in BY_HAND and incident.resolved_at is not None:
            yield incident.resolved_at, {"what": "resolve", "rule": rule, "at": iso(incident.resolved_at)}
        for proposal in incident.proposals.values():
            if proposal.answer in ANSWERED and proposal.at is not None:
                answer = ANSWERED[proposal.answer]
                yield proposal.at, {"what": answer, "rule": rule, "at": iso(proposal.at), "by": proposal.by}


def _noted(decision: Decision) -> dict[str, Any]:
    told = {
        "what": decision.what,
        "rule": decision.rule,
        "at": iso(decision.at),
        "by": decision.by,
        "owner": decision.owner,
        "until": iso(decision.until),
        "rulebook": _version(decision.book),
        "before": _version(decision.before),
    }
    return {name: value for name, value in told.items() if value}


def _version(book: Version | None) -> dict[str, str] | None:
    return None if book is None else {"name": book.name, "version": book.version}
