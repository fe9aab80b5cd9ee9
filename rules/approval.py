"""What a person is asked before it is done: all that a rule of mode propose does, or one action above its rule's cost. Pure.

A proposal stands until somebody decides, until its deadline, or until its incident ends; an act that waits for one is no end.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from domain.actions import BACKUP_CARRIER, Outcome, Reassign
from domain.currencies import amount_text
from domain.delivery import Delivery
from domain.incident import Act, Answer, Incident, Mode, Proposal, proposal_id
from domain.instant import Instant
from rules.book import Approval, Rule, Step
from rules.directory import Directory
from rules.readiness import ready_of

WHOLE = ""
"""The path of a proposal of everything that a rule does."""

ASK_APPROVER = "ask_approver"
TOLD_OF = "approver"

GO_AHEAD = (Answer.APPROVED, Answer.ACTED)
OUTCOMES = {Answer.REJECTED: Outcome.DECLINED, Answer.DROPPED: Outcome.UNANSWERED, Answer.LAPSED: Outcome.DROPPED}
"""What comes of an act that waited, by how its proposal ended."""


def is_proposing(rule: Rule, incident: Incident) -> bool:
    """Whether a person is asked about anything of an incident."""
    return incident.mode is Mode.PROPOSE or rule.approve_above is not None


def considered(incident: Incident, rule: Rule, now: Instant) -> Incident:
    """The incident with what is proposed since it opened, and with what time or its end has done to what nobody decided."""
    if incident.mode is Mode.PROPOSE and WHOLE not in incident.proposals and incident.is_open:
        steps = ready_of(incident, rule, now)
        incident = incident.proposing(WHOLE, _proposal(rule, (_name(step) for _, step in steps), now))
    for path, proposal in incident.awaiting:
        if proposal.due_at is not None and proposal.due_at <= now:
            answer = Answer.ACTED if rule.unanswered == "act" else Answer.DROPPED
            incident = answered(incident, path, answer, None, proposal.due_at)
        elif incident.resolved_at is not None:
            incident = answered(incident, path, Answer.LAPSED, None, incident.resolved_at)
    return incident


def may_act(incident: Incident) -> bool:
    """Whether nothing stands in the way of a rule's actions as a whole."""
    proposal = incident.proposals.get(WHOLE)
    return incident.mode is not Mode.PROPOSE or (proposal is not None and proposal.answer in GO_AHEAD)


def asked_first(
    incident: Incident, rule: Rule, path: str, step: Step, delivery: Delivery, directory: Directory, now: Instant
) -> Incident | None:
    """The incident with the action proposed, if it costs more than may be spent without asking; None if it may be begun."""
    limit = rule.approve_above
    if limit is None or incident.mode is not Mode.LIVE or path in incident.proposals:
        return None
    cost = _cost_above(limit, step, delivery, directory)
    if cost is None:
        return None
    proposal = _proposal(rule, (_name(step),), now, cost)
    if (before := _overtaken(incident, path, now)) is not None:
        proposal = replace(proposal, due_at=before.due_at)
    return incident.proposing(path, proposal).with_act(path, Act(_name(step), now, Outcome.PROPOSED, now, f"costs {cost}"))


def approver_path(path: str) -> str:
    """Where in the plan somebody is told of a proposal."""
    return f"{TOLD_OF}.{path or 'all'}"


def untold_proposals(incident: Incident, owner: str) -> Iterator[tuple[str, Step]]:
    """The proposals that the owner of the rulebook is to be told of now, each once."""
    for path, proposal in incident.awaiting:
        if approver_path(path) not in incident.acts:
            args = {"to": owner, "proposal_id": proposal_id(incident, path), "actions": proposal.actions}
            yield approver_path(path), Step(ASK_APPROVER, {**args, "cost": proposal.cost, "due_at": proposal.due_at})


def answered(incident: Incident, path: str, answer: Answer, by: str | None, at: Instant) -> Incident:
    """The incident after a proposal ended; an act that waited for it goes on, or ends."""
    incident = incident.proposing(path, replace(incident.proposals[path], answer=answer, by=by, at=at))
    act = incident.acts.get(path)
    if act is None or act.outcome is not Outcome.PROPOSED:
        return incident
    if answer in GO_AHEAD:
        return replace(incident, acts={kept: other for kept, other in incident.acts.items() if kept != path})
    note = f"{answer.value} by {by}" if by else f"proposal {answer.value}"
    return incident.with_act(path, Act(act.action, act.asked_at, OUTCOMES[answer], at, note))


def _proposal(rule: Rule, actions: Iterable[str], at: Instant, cost: str | None = None) -> Proposal:
    return Proposal(at, tuple(actions), None if rule.propose_for is None else at + rule.propose_for, cost)


def _overtaken(incident: Incident, path: str, now: Instant) -> Proposal | None:
    """The proposal of an earlier time of the same step whose place one takes now; its deadline stays."""
    place = path.partition("/")[0]
    ended = ((kept, one) for kept, one in incident.proposals.items() if one.answer is Answer.LAPSED and one.at == now)
    return next((one for kept, one in ended if kept.partition("/")[0] == place), None)


def _name(step: Step) -> str:
    who = step.args.get("who")
    return f"{step.action}.{who}" if who else step.action


def _cost_above(limit: Approval, step: Step, delivery: Delivery, directory: Directory) -> str | None:
    """What an action may cost at most, if that is more than the limit: in words. Only a backup carrier has a price, that of
    directory.yaml; which one takes the delivery is not known before, and a price that is not known there is above every limit."""
    if step.action != "reassign" or BACKUP_CARRIER not in step.args.get("to", Reassign().to):
        return None
    row = directory.carriers.get(delivery.facts.carrier)
    backups = [directory.carriers.get(name) for name in (row.backup if row else ())]
    costs = [backup.cost_per_drop for backup in backups if backup is not None and backup.currency == limit.currency]
    known = [cost for cost in costs if cost is not None]
    if not backups or len(known) < len(backups):
        return "an unknown amount"
    dearest = max(known)
    return f"up to {amount_text(dearest, limit.currency)}" if dearest > limit.cost else None
