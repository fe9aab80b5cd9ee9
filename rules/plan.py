"""Which steps of an incident's `do` may start now, given what came of the earlier ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from domain.actions import AWAITED, Outcome
from domain.incident import Act
from rules.book import Rule, Step

OF_OPEN = ("do.", "stage.", "escalate.")
"""How the paths begin of what is done because an incident is open."""


OVERTAKEN = "a later repeat has taken its place"
"""The note of an act that still waited when the next time of its step came; what waits for it is not done either."""


PLACES: Mapping[str, Callable[[Rule], Any]] = {
    "do": lambda rule: rule.do,
    "stage": lambda rule: rule.stages,
    "escalate": lambda rule: rule.escalate.steps if rule.escalate else None,
    "on_resolve": lambda rule: rule.on_resolve,
}
"""How a path begins -> where in the rule it leads on from."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Steps that may start, each with its path ("do.0.otherwise.1"); `settled` when nothing that follows has to wait."""

    steps: tuple[tuple[str, Step], ...]
    settled: bool


def ready_steps(steps: tuple[Step, ...], acts: Mapping[str, Act], prefix: str, repeat: int = 0) -> Ready:
    """Steps start in list order. A message or ticket holds up nothing; what changes the plan (AWAITED) holds up what follows
    until it, and what is done otherwise, has ended. A list that is done again has its number behind each path."""
    found: list[tuple[str, Step]] = []
    for index, step in enumerate(steps):
        ready = _ready_step(step, acts, f"{prefix}.{index}", repeat)
        found.extend(ready.steps)
        if not ready.settled:
            return Ready(tuple(found), settled=False)
    return Ready(tuple(found), settled=True)


def _ready_step(step: Step, acts: Mapping[str, Act], place: str, repeat: int) -> Ready:
    path = f"{place}/{repeat}" if repeat else place
    act = acts.get(path)
    if act is None:
        return Ready(((path, step),), settled=step.action not in AWAITED)
    if not act.outcome.ended or act.note == OVERTAKEN:
        return Ready((), settled=step.action not in AWAITED)
    if not act.outcome.calls_for_otherwise:
        return Ready((), settled=True)
    if act.outcome is Outcome.UNANSWERED and step.unanswered:
        return ready_steps(step.unanswered, acts, f"{place}.unanswered", repeat)
    return ready_steps(step.otherwise, acts, f"{place}.otherwise", repeat)


def is_of_open(path: str) -> bool:
    """Whether a step is done because the incident is open, not because it has ended."""
    return path.startswith(OF_OPEN)


def step_at(rule: Rule, path: str) -> Step | None:
    """The step of a rule that a path leads to; None if it leads to none."""
    first, *ways = path.partition("/")[0].split(".")
    found: Any = PLACES[first](rule) if first in PLACES else None
    for way in ways:
        if isinstance(found, tuple):
            found = found[int(way)] if int(way) < len(found) else None
        else:
            found = found.get(way) if isinstance(found, Mapping) else getattr(found, way, None)
    return found if isinstance(found, Step) else None


def step_name(path: str) -> str:
    """Which step of an escalation a path belongs to, in words: `escalation 2`, `escalation 2, repeat 1`; else nothing."""
    place, _, repeat = path.partition("/")
    if not place.startswith("escalate."):
        return ""
    return f"escalation {int(place.split('.')[1]) + 1}" + (f", repeat {repeat}" if repeat else "")
