"""What of an incident may start now: of its rule's lists, of its escalation, after its end, and what was put off. Pure."""

from domain.incident import Incident, Resolution
from domain.instant import Instant
from rules.book import Rule, Step
from rules.ladder import ready_on_ladder
from rules.machine import Cell
from rules.plan import ready_steps
from rules.restraint import put_off
from rules.ticket_news import SOLVE_TICKET, UPDATE_TICKET, has_ticket

TICKET_PATH = "ticket"
NO_LONGER_WATCHED = "The delivery has ended and is watched no more. What is left to do is up to you."


def ready_of(incident: Incident, rule: Rule | None, now: Instant, cell: Cell | None = None) -> tuple[tuple[str, Step], ...]:
    """The steps, each with its path; `cell` is where the rule stands."""
    if rule is None:
        return ()
    if incident.is_open:
        staged = (ready_steps(rule.stages[n].do, incident.acts, f"stage.{n}.do").steps for n in incident.stages)
        climbing = ready_on_ladder(rule.escalate, incident) if rule.escalate else ()
        again = put_off(incident, rule, cell, now)
        return (
            *again,
            *ready_steps(rule.do, incident.acts, "do").steps,
            *(step for steps in staged for step in steps),
            *climbing,
        )
    how = incident.resolution.value if incident.resolution else ""
    after = ready_steps(rule.on_resolve.get(how, ()), incident.acts, f"on_resolve.{how}").steps
    return (*put_off(incident, rule, cell, now), *_end_of_ticket(incident, rule), *after)


def _end_of_ticket(incident: Incident, rule: Rule) -> tuple[tuple[str, Step], ...]:
    """A ticket is solved with its incident, once it is known to be open.

    Not that of an `after_final` rule whose time is over: a lost parcel is not found by that, so its ticket is left to people.
    """
    if TICKET_PATH in incident.acts or not has_ticket(incident):
        return ()
    if rule.after_final and incident.resolution is Resolution.FINAL:
        return ((TICKET_PATH, Step(UPDATE_TICKET, {"lines": (NO_LONGER_WATCHED,), "severity": None})),)
    how = f"incident {incident.resolution}" + (f": {incident.note}" if incident.note else "")
    return ((TICKET_PATH, Step(SOLVE_TICKET, {"note": how})),)
