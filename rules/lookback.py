"""What late knowledge says about the past: was a condition true at an instant, was it so all along?"""

from collections.abc import Iterable

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import Instant
from rules.branches import CompiledCondition
from rules.scene import Scene
from rules.tree import Truth


def was(condition: CompiledCondition, delivery: Delivery, at: Instant) -> Truth:
    """A condition's truth at a past instant by what is known now to have happened by then."""
    return condition.step(Scene(_as_of(delivery, at)), at)[0]


def stayed(condition: CompiledCondition, wanted: Truth, delivery: Delivery, start: Instant, end: Instant) -> bool:
    """Whether it had one truth from `start` until before `end`, by what is known now to have happened by each instant."""
    news = sorted({event.occurred_at for event in delivery.events if start < event.occurred_at < end})
    starts = [start, *news]
    return all(
        _stayed_between(condition, wanted, _as_of(delivery, since), since, until)
        for since, until in zip(starts, [*news, end], strict=True)
    )


def _stayed_between(condition: CompiledCondition, wanted: Truth, known: Delivery, at: Instant, end: Instant) -> bool:
    scene = Scene(known)
    while at < end:
        truth, until = condition.step(scene, at)
        if truth is not wanted:
            return False
        at = until
    return True


def _as_of(delivery: Delivery, at: Instant) -> Delivery:
    if not delivery.events or delivery.events[-1].occurred_at <= at:
        return delivery
    return delivery.as_of(at)


def late_since(learnt: Iterable[Event], now: Instant) -> Instant | None:
    """The earliest instant of which a batch may tell anew, None if of none: 0 with a correction; `now` if it all has just happened,
    since something may have opened at this very instant before that was known."""
    late = [0 if event.corrects is not None else event.occurred_at for event in learnt]
    return min((at for at in late if at <= now), default=None)
