"""What people have in hand about a delivery's rules: proposals that await an answer, rules that are muted. For queries. Pure."""

from collections.abc import Iterator
from typing import Any

from domain.incident import Act, Incident, Proposal, proposal_id
from domain.instant import Instant, iso
from rules.adoption import Versions
from rules.book import public_name
from rules.muting import Mute
from rules.plan import step_at
from rules.watch import Watch


def proposals_of(watch: Watch) -> list[dict[str, Any]]:
    """Every proposal; those that await an answer come first."""
    found = [(incident, path, one) for incident in watch.incidents for path, one in incident.proposals.items()]
    found.sort(key=lambda told: (told[2].answer is not None, told[2].asked_at))
    return [_proposal(incident, path, one) for incident, path, one in found]


def mutes_of(watch: Watch, at: Instant) -> list[dict[str, Any]]:
    """The rules that do nothing at an instant."""
    return [_mute(rule, mute) for rule, mute in watch.muted.items() if mute.until > at]


def questions_of(watch: Watch, versions: Versions, at: Instant) -> list[dict[str, Any]]:
    """What the customer was asked and has not answered yet, while there is time."""
    found = [(incident, path, act) for incident in watch.incidents for path, act in incident.asking]
    return [_question(incident, path, act, versions) for incident, path, act in found if act.until is None or at <= act.until]


def in_hand(watch: Watch, rule: str, at: Instant) -> dict[str, Any]:
    """What is to be said of one rule, by its name."""
    muted = [mute for mute in mutes_of(watch, at) if mute["rule"] == rule]
    awaited = [proposal for proposal in proposals_of(watch) if proposal["rule"] == rule and proposal["answer"] is None]
    return {"muted": muted[0] if muted else None, "proposals": awaited}


def answers_of(incident: Incident) -> Iterator[tuple[Instant, str]]:
    """What was asked and answered about an incident, in words."""
    for proposal in incident.proposals.values():
        yield proposal.asked_at, f"{public_name(incident.rule)} proposes {asked(proposal)}"
        if proposal.answer is not None and proposal.at is not None:
            by = f" by {proposal.by}" if proposal.by else ""
            yield proposal.at, f"{public_name(incident.rule)}: the proposal was {proposal.answer.value}{by}"


def asked(proposal: Proposal) -> str:
    """What a proposal is about, in words."""
    cost = f" for {proposal.cost}" if proposal.cost else ""
    until = f", until {iso(proposal.due_at)}" if proposal.due_at is not None else ""
    return f"{', '.join(proposal.actions) or 'to go on'}{cost}{until}"


def _proposal(incident: Incident, path: str, proposal: Proposal) -> dict[str, Any]:
    return {
        "proposal_id": proposal_id(incident, path),
        "incident_id": incident.incident_id,
        "rule": public_name(incident.rule),
        "says": f"{incident.says}: {asked(proposal)}",
        "actions": list(proposal.actions),
        "cost": proposal.cost,
        "asked_at": iso(proposal.asked_at),
        "due_at": iso(proposal.due_at),
        "answer": proposal.answer.value if proposal.answer else None,
        "by": proposal.by,
        "at": iso(proposal.at),
    }


def _mute(rule: str, mute: Mute) -> dict[str, Any]:
    return {"rule": rule, "until": iso(mute.until), "since": iso(mute.since), "by": mute.by, "reason": mute.reason}


def _question(incident: Incident, path: str, act: Act, versions: Versions) -> dict[str, Any]:
    rule = versions(incident.book).rule(incident.rule)
    step = step_at(rule, path) if rule is not None else None
    args = step.args if step is not None else {}
    return {
        "incident_id": incident.incident_id,
        "path": path,
        "template": args.get("template"),
        "answers": list(args.get("answers") or ()),
        "asked_at": iso(act.asked_at),
        "until": iso(act.until),
    }
