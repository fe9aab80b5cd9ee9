"""Which steps of an incident's `do` may start now, given what came of the earlier ones."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.actions import AWAITED
from domain.incident import Act
from rules.book import Step


@dataclass(frozen=True, slots=True)
class Ready:
    """Steps that may start, each with its path ("do.0.otherwise.1"); `settled` when nothing that follows has to wait."""

    steps: tuple[tuple[str, Step], ...]
    settled: bool


def ready_steps(steps: tuple[Step, ...], acts: Mapping[str, Act], prefix: str) -> Ready:
    """Steps start in list order. A message or ticket holds up nothing; what changes the plan (AWAITED) holds up what follows
    until it, and what is done otherwise, has ended."""
    found: list[tuple[str, Step]] = []
    for index, step in enumerate(steps):
        ready = _ready_step(step, acts, f"{prefix}.{index}")
        found.extend(ready.steps)
        if not ready.settled:
            return Ready(tuple(found), settled=False)
    return Ready(tuple(found), settled=True)


def _ready_step(step: Step, acts: Mapping[str, Act], path: str) -> Ready:
    act = acts.get(path)
    if act is None:
        return Ready(((path, step),), settled=step.action not in AWAITED)
    if not act.outcome.ended:
        return Ready((), settled=step.action not in AWAITED)
    if act.outcome.helped:
        return Ready((), settled=True)
    return ready_steps(step.otherwise, acts, f"{path}.otherwise")
