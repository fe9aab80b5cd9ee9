"""The escalation of an incident: which of its steps have come, what of them may start, and when the next one comes. Pure.

Times count from the opening, whatever holds the ladder up. What came due while it was held up, or while no worker was there,
is done when it goes on: every step once, and of a step that repeats only the latest time. So it is with what waits, for the end
of quiet hours or for an answer: the next time of its step takes its place.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from domain.actions import Outcome
from domain.incident import Act, Answer, Incident, Proposal
from domain.instant import NEVER, Instant
from rules.book import Ladder, LadderStep, Step
from rules.compile import CompiledRule
from rules.looking import first_in_phase
from rules.machine import Cell, Phase
from rules.plan import OVERTAKEN, ready_steps
from rules.scene import Scene

KEPT_REPEATS = 10
"""Of a step that repeats, the times whose acts stay in the state."""


def times_due(step: LadderStep, opened_at: Instant, now: Instant) -> int:
    """How often the time of a step has come: once at its `after`, and at each repeat."""
    first = opened_at + step.after
    if now < first:
        return 0
    if step.repeat is None:
        return 1
    repeats = (now - first) // step.repeat.every
    return 1 + (repeats if step.repeat.at_most is None else min(repeats, step.repeat.at_most))


def due_next(step: LadderStep, opened_at: Instant, times: int) -> Instant:
    """When the time of a step comes that has come so often."""
    if times == 0:
        return opened_at + step.after
    repeat = step.repeat
    if repeat is None or (repeat.at_most is not None and times > repeat.at_most):
        return NEVER
    return opened_at + step.after + times * repeat.every


def climbed(ladder: Ladder, incident: Incident, phase: Phase, now: Instant) -> Incident:
    """The incident with the steps whose time has come, unless something holds the ladder up."""
    if not incident.is_open or not _goes_on(ladder, phase) or held_until(ladder, incident) > now:
        return incident
    rungs = tuple(times_due(step, incident.opened_at, now) for step in ladder.steps)
    if rungs == incident.rungs or (not any(rungs) and not incident.rungs):
        return incident
    grown = tuple(number for number, times in enumerate(rungs) if times > (incident.rungs or (0,) * len(rungs))[number])
    return _without_old(replace(_overtaken(incident, grown, now), rungs=rungs))


def ready_on_ladder(ladder: Ladder, incident: Incident) -> Iterator[tuple[str, Step]]:
    """What may start of the steps whose time has come, by path. What was begun goes on, whatever holds up the next step."""
    for number, (step, times) in enumerate(zip(ladder.steps, incident.rungs, strict=False)):
        prefix = f"escalate.{number}."
        begun = {_repeat_of(path) for path in incident.acts if path.startswith(prefix)}
        for repeat in sorted(begun | {times - 1} if times else begun):
            yield from ready_steps(step.do, incident.acts, f"{prefix}do", repeat).steps


def next_step_at(ladder: Ladder, incident: Incident, rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool) -> Instant:
    """When the next step comes if nothing new is learnt; NEVER if none does. The ladder is climbed up to now."""
    rungs = incident.rungs or (0,) * len(ladder.steps)
    soonest = min((due_next(step, incident.opened_at, times) for step, times in zip(ladder.steps, rungs, strict=False)))
    soonest = max(soonest, held_until(ladder, incident))
    goes_on = partial(_goes_on, ladder)
    return NEVER if soonest >= NEVER else first_in_phase(rule, cell, scene, in_play, soonest, goes_on)


def held_until(ladder: Ladder, incident: Incident) -> Instant:
    """Until when a person holds the ladder up; 0 if nobody does, NEVER if for good."""
    if "claimed" in ladder.stop_when and incident.owner is not None:
        return NEVER
    if "acknowledged" not in ladder.stop_when or incident.acknowledged_by is None:
        return 0
    return NEVER if incident.acknowledged_until is None else incident.acknowledged_until


def _goes_on(ladder: Ladder, phase: Phase) -> bool:
    return phase is Phase.OPEN or (phase is Phase.CLEARING and "cleared" not in ladder.stop_when)


def _repeat_of(path: str) -> int:
    return int(path.partition("/")[2] or 0)


def _overtaken(incident: Incident, grown: tuple[int, ...], now: Instant) -> Incident:
    """The incident without what still waits of earlier times of the steps whose time has come anew."""
    for path, act in incident.acts.items():
        if not any(path.startswith(f"escalate.{number}.") for number in grown):
            continue
        proposal = incident.proposals.get(path)
        if act.outcome is Outcome.PROPOSED and proposal is not None and _may_be_decided(proposal, now):
            incident = incident.proposing(path, replace(proposal, answer=Answer.LAPSED, at=now))
        elif act.outcome is not Outcome.DEFERRED:
            continue
        incident = incident.with_act(path, Act(act.action, act.asked_at, Outcome.DROPPED, now, OVERTAKEN))
    return incident


def _may_be_decided(proposal: Proposal, now: Instant) -> bool:
    return proposal.answer is None and (proposal.due_at is None or proposal.due_at > now)


def _without_old(incident: Incident) -> Incident:
    """The incident without the acts of repeats long ago that have ended, and what was asked about them, so that a ladder without
    end fits into the state. The last that was done of each stays: it was told."""
    done = {path.partition("/")[0]: path for path, act in incident.acts.items() if act.outcome is Outcome.DONE}
    old = {
        path
        for number, times in enumerate(incident.rungs)
        for path, act in incident.acts.items()
        if path.startswith(f"escalate.{number}.") and act.outcome.ended and _repeat_of(path) < times - KEPT_REPEATS
    } - set(done.values())
    if not old:
        return incident
    acts = {path: act for path, act in incident.acts.items() if path not in old}
    proposals = {path: proposal for path, proposal in incident.proposals.items() if path not in old}
    return replace(incident, acts=acts, proposals=proposals)
