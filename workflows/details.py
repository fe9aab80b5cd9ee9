"""The current details of a delivery in the Temporal UI: markdown that a support agent can read aloud. No personal data."""

from functools import lru_cache
from zoneinfo import ZoneInfo

from domain.actions import Outcome
from domain.incident import Incident
from domain.instant import Instant, moment
from rules.evaluate import Wake
from workflows.in_hand import asked
from workflows.state import State

LONGEST = 18_000
"""Bytes that the UI shows are limited to 20,000."""


OUTCOMES = {
    Outcome.STARTED: "under way",
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.NO_HELP: "could not help",
    Outcome.DECLINED: "declined",
    Outcome.UNANSWERED: "no answer",
    Outcome.WOULD: "would be done",
    Outcome.DEFERRED: "waits",
    Outcome.WITHHELD: "withheld",
    Outcome.DROPPED: "dropped",
    Outcome.PROPOSED: "awaits a decision",
    Outcome.MUTED: "muted",
    Outcome.ASKED: "awaits an answer",
    Outcome.REQUESTED: "awaits an answer",
}


def details_of(state: State, wake: Wake | None, now: Instant) -> str:
    """Where the delivery is, what is wrong, what is being done and when we look again, in the recipient's time."""
    delivery = state.watch.delivery
    order, facts = delivery.order, delivery.facts
    zone = ZoneInfo(order.destination.timezone)
    condition = delivery.condition(now).value.replace("_", " ")
    lines = [
        f"## {facts.status.value.replace('_', ' ').capitalize()}, {condition}",
        f"Promised by **{_clock(facts.promised.end, zone)}**, expected {_clock(facts.eta, zone)}."
        f" Carrier {facts.carrier}, driver {facts.driver_id or 'unknown'}, route {facts.route_id or 'unknown'}."
        f" Failed attempts: {facts.attempts} of {order.attempts_allowed}.",
        "",
        *_incidents(state, zone),
        *(f"Rule `{rule}` is muted until {_clock(mute.until, zone)}, by {mute.by}." for rule, mute in state.watch.muted.items()),
        f"Watched by rulebook `{state.rulebook}` ({state.watch.book[:12]}).",
        f"We look again at {_clock(wake.at, zone)}: {wake.because}." if wake else "Nothing is due until something is reported.",
    ]
    if state.rejections.count:
        lines.append(f"Unreadable messages received: {state.rejections.count}. Last: {state.rejections.last[-1]}")
    return "\n".join(lines)[:LONGEST]


def _incidents(state: State, zone: ZoneInfo) -> list[str]:
    incidents = state.watch.open_incidents
    if not incidents:
        return ["No open incidents.", ""]
    return [line for incident in incidents for line in _incident(incident, zone)]


def _incident(incident: Incident, zone: ZoneInfo) -> list[str]:
    """Lists are kept flat: the UI does not show nested ones as such."""
    lines = [
        f"### {incident.says}",
        "",
        f"Since {_clock(incident.opened_at, zone)}, {incident.severity}, rule `{incident.rule}`.",
        "",
    ]
    lines += [
        f"- {act.action}: {OUTCOMES[act.outcome]}" + (f" ({act.note})" if act.note else "") for act in incident.acts.values()
    ]
    lines += [f"- awaits a decision: {asked(proposal)}" for _, proposal in incident.awaiting]
    if incident.acknowledged_by:
        until = f" until {_clock(incident.acknowledged_until, zone)}" if incident.acknowledged_until is not None else ""
        lines.append(f"- acknowledged by {incident.acknowledged_by}{until}")
    if incident.owner:
        lines.append(f"- in the hands of {incident.owner}")
    if incident.due_at is not None:
        lines.append(f"- next at {_clock(incident.due_at, zone)}: {incident.due_for}")
    return [*lines, ""]


@lru_cache(maxsize=4_096)
def _clock(at: Instant | None, zone: ZoneInfo) -> str:
    return "unknown" if at is None else moment(at).astimezone(zone).strftime("%a %d %b %H:%M:%S")
