"""What the ticket of an open incident is told: what came of its actions, a higher severity, who has seen it, escalation. Pure.

Whatever changed since the last time is told together, once what was just begun has ended or is being tried again; one telling is
under way at a time. An incident remembers by marks what its ticket was told; without a ticket it remembers nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.actions import Outcome
from domain.incident import Act, Incident
from domain.instant import iso
from rules.book import Step

OPEN_TICKET = "open_ticket"
UPDATE_TICKET = "update_ticket"
SOLVE_TICKET = "solve_ticket"
OF_TICKETS = frozenset({OPEN_TICKET, UPDATE_TICKET, SOLVE_TICKET})

TELLING = "ticket.told"
"""Where in the plan the ticket is told; `/3` behind it for the third time."""

OUTCOMES: Mapping[Outcome, str] = {
    Outcome.DONE: "done",
    Outcome.FAILED: "failed",
    Outcome.NO_HELP: "could not help",
    Outcome.DECLINED: "declined",
    Outcome.UNANSWERED: "not answered",
    Outcome.WITHHELD: "withheld",
    Outcome.DROPPED: "not done any more",
    Outcome.MUTED: "not done: the rule is muted",
}


def has_ticket(incident: Incident) -> bool:
    """Whether a ticket is known to be open for it."""
    return any(act.action == OPEN_TICKET and act.outcome is Outcome.DONE for act in incident.acts.values())


def with_ticket_begun(incident: Incident) -> Incident:
    """A ticket is about to be opened, and will name the severity as it is now."""
    return incident if incident.told is not None else replace(incident, told=(_severity(incident),))


def untold(incident: Incident) -> Step | None:
    """What its ticket is to be told now; None if nothing, or if it is being told something already."""
    if incident.told is None or not incident.is_open or incident.is_shadow or not has_ticket(incident):
        return None
    lines = [line for mark, line in _news(incident).items() if mark not in incident.told]
    if not lines or any(_is_waited_for(act) for act in incident.acts.values()):
        return None
    raised = incident.severity.value if _severity(incident) not in incident.told else None
    return Step(UPDATE_TICKET, {"lines": tuple(lines), "severity": raised})


def telling_path(incident: Incident) -> str:
    """The path of the next telling."""
    return f"{TELLING}/{incident.tellings + 1}"


def with_told(incident: Incident) -> Incident:
    """All that there is to tell is being told. Of the tellings before, only their number is kept."""
    acts = {path: act for path, act in incident.acts.items() if act.action != UPDATE_TICKET}
    return replace(incident, acts=acts, told=tuple(_news(incident)), tellings=incident.tellings + 1)


def _news(incident: Incident) -> dict[str, str]:
    """All that a ticket is told of in the course of an incident: mark -> line."""
    ended = {
        f"{path} {act.outcome}": _came(act)
        for path, act in incident.acts.items()
        if act.outcome in OUTCOMES and act.action not in OF_TICKETS
    }
    rungs = {
        f"step {number} {times}": f"Escalation step {number} is due" + (f", for the {times}. time." if times > 1 else ".")
        for number, times in enumerate(incident.rungs, start=1)
        if times
    }
    answers = {
        f"proposal {path} {proposal.answer}": f"Proposal {', '.join(proposal.actions)}: {proposal.answer}"
        + (f" by {proposal.by}." if proposal.by else ".")
        for path, proposal in incident.proposals.items()
        if proposal.answer is not None
    }
    return {
        _severity(incident): f"Severity is {incident.severity} now.",
        **rungs,
        **answers,
        **ended,
        **_attention(incident),
        **_claim(incident),
    }


def _is_waited_for(act: Act) -> bool:
    """The outcome of what was just begun is told with the rest; what is tried again, which has a note, may take hours."""
    return act.outcome is Outcome.STARTED and (act.note is None or act.action == UPDATE_TICKET)


def _attention(incident: Incident) -> dict[str, str]:
    """Who has seen it. The same person again is no news."""
    if incident.acknowledged_by is not None:
        return {f"acknowledged {incident.acknowledged_by}": f"Acknowledged by {incident.acknowledged_by}."}
    if incident.lapsed_at is not None:
        return {f"lapsed {incident.lapsed_at}": f"The acknowledgement lapsed at {iso(incident.lapsed_at)}."}
    return {}


def _claim(incident: Incident) -> dict[str, str]:
    """In whose hands it is."""
    return {f"claimed {incident.owner}": f"Claimed by {incident.owner}."} if incident.owner is not None else {}


def _came(act: Act) -> str:
    return f"{act.action}: {OUTCOMES[act.outcome]}" + (f" ({act.note})" if act.note else "")


def _severity(incident: Incident) -> str:
    return f"severity {incident.severity}"
