"""The escalation of an incident: which of its steps have come, what of them may start, and when the next one comes. Pure.

Times count from the opening, whatever holds the ladder up. What came due while it was held up, or while no worker was there,
is done when it goes on: every step once, and of a step that repeats only the latest time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from domain.incident import Act, Incident
from domain.instant import NEVER, Instant
from rules.book import Ladder, LadderStep, Step
from rules.compile import CompiledRule
from rules.looking import FURTHEST_LOOKS, looks_ahead
from rules.machine import Cell, Phase
from rules.plan import ready_steps
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
    return replace(incident, rungs=rungs, acts=_without_old(incident.acts, rungs))


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
    return NEVER if soonest >= NEVER else _when_it_goes_on(ladder, rule, cell, scene, in_play, soonest)


def held_until(ladder: Ladder, incident: Incident) -> Instant:
    """Until when a person holds the ladder up; 0 if nobody does, NEVER if for good."""
    if "claimed" in ladder.stop_when and incident.owner is not None:
        return NEVER
    if "acknowledged" not in ladder.stop_when or incident.acknowledged_by is None:
        return 0
    return NEVER if incident.acknowledged_until is None else incident.acknowledged_until


def _goes_on(ladder: Ladder, phase: Phase) -> bool:
    return phase is Phase.OPEN or (phase is Phase.CLEARING and "cleared" not in ladder.stop_when)


def _when_it_goes_on(ladder: Ladder, rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool, soonest: Instant) -> Instant:
    """The first instant from `soonest` on at which the rule's phase does not hold the ladder up."""
    looks = 0
    for at, _, after in looks_ahead(rule, cell, scene, in_play):
        if soonest < at and _goes_on(ladder, cell.phase):
            return soonest
        if not after.is_open:
            return NEVER
        cell, soonest, looks = after, max(soonest, at), looks + 1
        if looks == FURTHEST_LOOKS:
            return at
    return soonest if _goes_on(ladder, cell.phase) else NEVER


def _repeat_of(path: str) -> int:
    return int(path.partition("/")[2] or 0)


def _without_old(acts: Mapping[str, Act], rungs: tuple[int, ...]) -> Mapping[str, Act]:
    """The acts without those of repeats long ago that have ended, so that a ladder without end fits into the state."""
    old = {
        path
        for number, times in enumerate(rungs)
        for path, act in acts.items()
        if path.startswith(f"escalate.{number}.") and act.outcome.ended and _repeat_of(path) < times - KEPT_REPEATS
    }
    return {path: act for path, act in acts.items() if path not in old} if old else acts
