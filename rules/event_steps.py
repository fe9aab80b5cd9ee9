"""Step functions of the forms 6 and 7: how often something happened, and in what order."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.facts import REMEMBERED_TIMES
from domain.instant import NEVER, Instant
from domain.status import MILESTONES, Status
from rules import patterns, reach
from rules.readings import FALSE_FOR_GOOD, TRUE_FOR_GOOD, UNKNOWN_FOR_GOOD, Answer, Frame, from_then_on
from rules.scene import Scene, Step
from rules.tree import Count, EventPattern, Sequence, Skipped, Truth, WrongOrder

Counts = Callable[[Scene, Instant], list[Instant] | None]
"""Until when each event counts that counts at an instant, the first to be forgotten first; None: it is not known which do."""


def counting(node: Count, frame: Frame) -> Counts:
    """What a count counts; an event is forgotten at exactly D after it happened."""
    forgotten = reach.after(node.span, node.counted, frame) if node.span is not None else None

    def at(scene: Scene, t: Instant) -> list[Instant] | None:
        if not patterns.is_answerable(node.event, scene.delivery.order):
            return None
        seen = [moment for moment in _times(node, scene) if moment <= t]
        ends = [NEVER if forgotten is None else forgotten(scene, moment) for moment in seen]
        return None if None in ends else sorted(end for end in ends if end is not None and end > t)

    return at


def _times(node: Count, scene: Scene) -> tuple[Instant, ...]:
    if node.at_least <= REMEMBERED_TIMES:
        return patterns.times(node.event, scene)
    return tuple(moment for moment, _ in patterns.moments(node.event, scene))


def _count(node: Count, frame: Frame) -> Step:
    counts = counting(node, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        ends = counts(scene, t)
        if ends is None:
            return UNKNOWN_FOR_GOOD
        if len(ends) >= node.at_least:
            return Truth.TRUE, ends[len(ends) - node.at_least]
        return Truth.FALSE, min((moment for moment in _times(node, scene) if moment > t), default=NEVER)

    return at


def _are_answerable(scene: Scene, *events: EventPattern) -> bool:
    return all(patterns.is_answerable(event, scene.delivery.order) for event in events)


def _sequence(node: Sequence, frame: Frame) -> Step:
    """Judged by the last A: `then` is true once a B came in time, `not followed` once it did not, until a B comes after all."""
    due_of = reach.after(node.within, node.counted, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        if not _are_answerable(scene, node.first, node.then):
            return UNKNOWN_FOR_GOOD
        start = patterns.last(node.first, scene)
        if start is None:
            return FALSE_FOR_GOOD
        due = due_of(scene, start)
        if due is None:
            return UNKNOWN_FOR_GOOD
        then = _next_after(start, node, scene)
        if node.negated:
            return from_then_on(due, t) if then is None else FALSE_FOR_GOOD
        return FALSE_FOR_GOOD if then is None or then > due else TRUE_FOR_GOOD

    return at


def _next_after(start: Instant, node: Sequence, scene: Scene) -> Instant | None:
    """When B first happened after the last A, which was at `start`. The instants tell, unless two are the same or some forgotten."""
    thens = patterns.times(node.then, scene)
    if start not in thens and len(thens) < REMEMBERED_TIMES:
        return next((at for at in thens if at > start), None)
    last = patterns.moments(node.first, scene)[-1]
    return next((moment[0] for moment in patterns.moments(node.then, scene) if moment > last), None)


def _wrong_order(node: WrongOrder, frame: Frame) -> Step:
    def at(scene: Scene, t: Instant) -> Answer:
        if not _are_answerable(scene, node.first, node.second):
            return UNKNOWN_FOR_GOOD
        first, second = patterns.moments(node.first, scene), patterns.moments(node.second, scene)
        return TRUE_FOR_GOOD if first and second and first[0] < second[0] else FALSE_FOR_GOOD

    return at


def _skipped(node: Skipped, frame: Frame) -> Step:
    later = MILESTONES[MILESTONES.index(node.milestone) + 1 :]

    def at(scene: Scene, t: Instant) -> Answer:
        recorded = scene.delivery.facts.recorded
        is_reached = node.milestone is Status.CREATED or node.milestone in recorded
        return FALSE_FOR_GOOD if is_reached or not any(status in recorded for status in later) else TRUE_FOR_GOOD

    return at


EVENT_STEPS: Mapping[type, Callable[[Any, Frame], Step]] = {
    Count: _count,
    Sequence: _sequence,
    WrongOrder: _wrong_order,
    Skipped: _skipped,
}
"""Sentence form -> how its step function is made."""
