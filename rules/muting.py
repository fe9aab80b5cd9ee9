"""A muted rule keeps its state and does nothing; what is still called for when the mute ends is done then. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from domain.actions import Outcome
from domain.incident import Act, Incident
from domain.instant import Instant
from rules.book import Rule, public_name
from rules.readiness import TICKET_PATH, ready_of

ENDS = "the mute ends"


@dataclass(frozen=True, slots=True)
class Mute:
    """Until when a rule does nothing, since when, who wished so and why."""

    until: Instant
    since: Instant
    by: str
    reason: str = ""


Mutes = Mapping[str, Mute]
"""By the name of the rule."""


def in_effect(mutes: Mutes, now: Instant) -> Mutes:
    """Those that have not ended; the same if none has."""
    if all(mute.until > now for mute in mutes.values()):
        return mutes
    return {rule: mute for rule, mute in mutes.items() if mute.until > now}


def muted_until(mutes: Mutes, incident: Incident) -> Instant | None:
    """When the mute of an incident's rule ends; None if it is not muted."""
    mute = mutes.get(public_name(incident.rule)) if mutes else None
    return None if mute is None else mute.until


def waiting(incident: Incident, until: Instant) -> Incident:
    """The incident of a muted rule: nothing is due before the mute ends."""
    is_waiting = incident.is_open or bool(incident.waiting)
    return replace(incident, due_at=until, due_for=ENDS) if is_waiting else incident


def silenced(incident: Incident, rule: Rule, now: Instant) -> Incident:
    """An incident that has ended while its rule is muted: what its end calls for, or what still waits of it, is not done, but that
    its ticket is solved."""
    for path, act in incident.acts.items():
        if act.outcome is Outcome.DEFERRED:
            incident = incident.with_act(path, replace(_muted(act.action, now), asked_at=act.asked_at))
    while steps := [found for found in ready_of(incident, rule, now) if found[0] != TICKET_PATH]:
        for path, step in steps:
            incident = incident.with_act(path, _muted(step.action, now))
    return incident


def _muted(action: str, now: Instant) -> Act:
    return Act(action, now, Outcome.MUTED, now, "its rule was muted")
