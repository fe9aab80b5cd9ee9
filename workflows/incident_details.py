"""One open incident as current details tell it: what it is, what was done about it, who has it in hand, what comes next. Pure."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from domain.actions import QUESTIONS, Outcome
from domain.incident import Act, Incident, Mode, Proposal, proposal_id
from rules.book import public_name
from rules.questions import WAITS
from rules.timed import UNDECIDED
from workflows.rulebooks import SHELF
from workflows.words import OUTCOMES, clock, deed_name, said_in_quotes

LONGEST_ANSWER = 20
"""Characters. What customers write at greater length is for the query `timeline`, not to be read aloud."""


def incident_lines(incident: Incident, zone: ZoneInfo) -> Iterator[str]:
    """Lists are kept flat: the UI does not show nested ones as such."""
    only = " The rule is a shadow: it says what it would do." if incident.is_shadow else ""
    yield f"### {said_in_quotes(incident.says)}"
    yield ""
    yield f"Since **{clock(incident.opened_at, zone)}**; severity {incident.severity}; rule `{public_name(incident.rule)}`.{only}"
    yield ""
    yield from (_act(act, zone) for act in incident.acts.values())
    for path, proposal in incident.awaiting:
        yield f"- {_proposal(incident, path, proposal, zone)}"
    yield from _attention(incident, zone)
    if incident.due_at is not None:
        yield f"- next, at {clock(incident.due_at, zone)}: {_due(incident.due_for)}"
    yield ""


def _act(act: Act, zone: ZoneInfo) -> str:
    until = f", until {clock(act.until, zone)}" if act.until is not None and not act.outcome.ended else ""
    return f"- {clock(act.at, zone)}: {deed_name(act.action)}, {OUTCOMES[act.outcome]}{until}{_note(act)}"


def _note(act: Act) -> str:
    is_answer = act.action in QUESTIONS and act.outcome is Outcome.DONE
    if not act.note or (is_answer and len(act.note) > LONGEST_ANSWER):
        return ""
    return f" ({said_in_quotes(act.note)})"


def _proposal(incident: Incident, path: str, proposal: Proposal, zone: ZoneInfo) -> str:
    what = ", ".join(map(deed_name, proposal.actions)) or "to go on"
    cost = f", for {proposal.cost}" if proposal.cost else ""
    said = f"**to be decided**: {what}{cost}. By a button in the mail about it, or `decide` of `{proposal_id(incident, path)}`."
    if proposal.due_at is None:
        return f"{said} It waits until somebody decides."
    return f"{said} If nobody decides by {clock(proposal.due_at, zone)}, it is {_unanswered(incident)}."


def _unanswered(incident: Incident) -> str:
    rule = SHELF.get(incident.book).rule(incident.rule)
    return "done all the same" if rule is not None and rule.unanswered == "act" else "dropped"


def _attention(incident: Incident, zone: ZoneInfo) -> Iterator[str]:
    if incident.owner:
        yield f"- {incident.owner} has it in hand"
    elif incident.acknowledged_by:
        until = f", which counts until {clock(incident.acknowledged_until, zone)}" if incident.acknowledged_until else ""
        yield f"- {incident.acknowledged_by} has seen it{until}"
    elif incident.mode is Mode.LIVE:
        yield "- nobody has said yet that they look after it"


def _due(what: str) -> str:
    """What is due, with actions called by their names."""
    if what.endswith(WAITS):
        return "the time for an answer is over"
    if what == UNDECIDED:
        return "the time for a decision is over"
    action, _, more = what.partition(" ")
    return f"{deed_name(action)} {more}".strip()
