"""Groups of conditions over time. A group with a false child is false until the last of its false children may change."""

from collections.abc import Sequence

from domain.instant import NEVER, Instant
from rules.scene import Scene, Step
from rules.tree import Truth

_OPPOSITE = {Truth.TRUE: Truth.FALSE, Truth.UNKNOWN: Truth.UNKNOWN, Truth.FALSE: Truth.TRUE}


def all_of(steps: Sequence[Step]) -> Step:
    """True while every child is."""
    return _decided_by(Truth.FALSE, Truth.TRUE, tuple(steps))


def any_of(steps: Sequence[Step]) -> Step:
    """True while at least one child is."""
    return _decided_by(Truth.TRUE, Truth.FALSE, tuple(steps))


def none_of(steps: Sequence[Step]) -> Step:
    """True while every child is false."""
    some = any_of(steps)

    def at(scene: Scene, t: Instant) -> tuple[Truth, Instant]:
        truth, until = some(scene, t)
        return _OPPOSITE[truth], until

    return at


def at_least(n: int, steps: Sequence[Step]) -> Step:
    """True while at least n children are, false while too few could be."""
    several = tuple(steps)

    def at(scene: Scene, t: Instant) -> tuple[Truth, Instant]:
        found = [step(scene, t) for step in several]
        trues = sorted(until for truth, until in found if truth is Truth.TRUE)
        falses = sorted(until for truth, until in found if truth is Truth.FALSE)
        if len(trues) >= n:
            return Truth.TRUE, trues[len(trues) - n]
        spare = len(found) - len(falses)
        if spare < n:
            return Truth.FALSE, falses[n - spare - 1]
        return Truth.UNKNOWN, min(until for _, until in found)

    return at


def _decided_by(decisive: Truth, otherwise: Truth, steps: tuple[Step, ...]) -> Step:
    """A group that one child decides: it stays so until the last child that does may change; else until the first changes."""
    if len(steps) == 1:
        return steps[0]

    def at(scene: Scene, t: Instant) -> tuple[Truth, Instant]:
        first, decided, truth = NEVER, t, otherwise
        for step in steps:
            value, until = step(scene, t)
            if value is decisive:
                if until >= NEVER:
                    return decisive, NEVER
                truth = decisive
                decided = until if until > decided else decided
            elif value is Truth.UNKNOWN and truth is not decisive:
                truth = Truth.UNKNOWN
            first = until if until < first else first
        return truth, decided if truth is decisive else first

    return at
