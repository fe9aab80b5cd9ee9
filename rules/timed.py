"""What time alone does to an open incident: its acknowledgement lapses, its escalation goes on. Pure.

Only incidents of rules that ask for it are looked at here; `due_at` says when something is due next.
"""

from collections.abc import Iterator
from dataclasses import replace

from domain.actions import Outcome
from domain.delivery import Delivery
from domain.incident import Incident
from domain.instant import NEVER, Instant
from rules.book import Rule
from rules.compile import CompiledBook, CompiledRule
from rules.ladder import climbed, next_step_at
from rules.looking import first_in_phase, may_open
from rules.machine import Cell, Phase
from rules.plan import is_of_open
from rules.questions import WAITS
from rules.restraint import is_rechecked
from rules.scene import Scene
from rules.together import acts_at

ESCALATES = "escalates"
LAPSES = "the acknowledgement expires"
GATHERED = "its group has gathered"
UNDECIDED = "nobody has decided about the proposal"

Due = tuple[Instant, str]


def is_timed(rule: Rule, incident: Incident) -> bool:
    """Whether time alone may do something to an incident."""
    asked = rule.escalate is not None or rule.acknowledge_expires is not None or rule.quiet_hours is not None
    gathers = rule.group is not None and rule.group.gather > 0
    return asked or gathers or incident.due_at is not None or bool(incident.proposals)


def aged(incident: Incident, rule: Rule, cell: Cell | None, now: Instant) -> Incident:
    """The incident with all that time has done to it up to now."""
    if not incident.is_open:
        return incident
    incident = _with_acknowledgement(incident, rule, now)
    return climbed(rule.escalate, incident, cell.phase if cell else Phase.IDLE, now) if rule.escalate else incident


def with_due(
    incident: Incident, rule: CompiledRule | None, cell: Cell | None, book: CompiledBook, delivery: Delivery, now: Instant
) -> Incident:
    """The incident with what is due next, if nothing new is learnt."""
    at, what = min(_due(incident, rule, cell, book, delivery, now), default=(NEVER, ""))
    due = (None, "") if at >= NEVER else (at, what)
    return incident if (incident.due_at, incident.due_for) == due else replace(incident, due_at=due[0], due_for=due[1])


def _due(
    incident: Incident, rule: CompiledRule | None, cell: Cell | None, book: CompiledBook, delivery: Delivery, now: Instant
) -> Iterator[Due]:
    yield from _waits(incident, rule, cell, book, delivery)
    for _, act in incident.asking:
        if act.until is not None:
            yield act.until, f"{act.action} {WAITS}"
    if not incident.is_open or rule is None or cell is None:
        return
    if now < acts_at(rule.rule, incident):
        yield acts_at(rule.rule, incident), GATHERED
    yield from _due_while_open(incident, rule, cell, book, delivery)


def _due_while_open(incident: Incident, rule: CompiledRule, cell: Cell, book: CompiledBook, delivery: Delivery) -> Iterator[Due]:
    for _, proposal in incident.awaiting:
        if proposal.due_at is not None:
            yield proposal.due_at, UNDECIDED
    if incident.acknowledged_until is not None:
        yield incident.acknowledged_until, LAPSES
    if rule.rule.escalate is not None:
        in_play = may_open(rule, delivery, book.in_scope(delivery))
        yield next_step_at(rule.rule.escalate, incident, rule, cell, Scene(delivery), in_play), ESCALATES


def _waits(
    incident: Incident, rule: CompiledRule | None, cell: Cell | None, book: CompiledBook, delivery: Delivery
) -> Iterator[Due]:
    """When what was put off is begun: when quiet hours end or, where that counts, once its incident is not clearing any more."""
    for path, act in incident.acts.items():
        if act.outcome is not Outcome.DEFERRED or act.until is None:
            continue
        at, depends = act.until, incident.is_open and is_of_open(path)
        if depends and rule is not None and cell is not None and is_rechecked(rule.rule):
            in_play = may_open(rule, delivery, book.in_scope(delivery))
            at = first_in_phase(rule, cell, Scene(delivery), in_play, at, _is_open)
        yield at, f"{act.action} waits no longer"


def _is_open(phase: Phase) -> bool:
    return phase is Phase.OPEN


def _with_acknowledgement(incident: Incident, rule: Rule, now: Instant) -> Incident:
    """The acknowledgement with when it lapses; lifted once that has come."""
    lasts, seen_at = rule.acknowledge_expires, incident.acknowledged_at
    if lasts is None or seen_at is None:
        return incident
    until = seen_at + lasts
    return incident.lapsed(until) if until <= now else replace(incident, acknowledged_until=until)
