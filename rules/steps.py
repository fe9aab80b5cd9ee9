"""One step function for each sentence form: its truth at an instant, and until when that holds if nothing new is learnt."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.instant import DAY, NEVER, Instant
from rules import clock, patterns
from rules.fact_steps import FACT_STEPS
from rules.groups import all_of, any_of, none_of
from rules.readings import FALSE_FOR_GOOD, TRUE_FOR_GOOD, UNKNOWN_FOR_GOOD, Answer, Frame, from_then_on, time_of, zone_name
from rules.scene import Scene, Step
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    Condition,
    Daytime,
    Later,
    NoneOf,
    Overdue,
    Received,
    State,
    Staying,
    Truth,
    Weekdays,
)


def step_of(node: Condition, frame: Frame) -> Step:
    """The step function of a sentence or group; raises KeyError for a fact that VOCABULARY lacks."""
    return STEPS[type(node)](node, frame)


def _absent(node: Absent, frame: Frame) -> Step:
    event, since, span = node.event, node.since, node.span

    def at(scene: Scene, t: Instant) -> Answer:
        order = scene.delivery.order
        if not (patterns.is_answerable(event, order) and patterns.is_answerable(since, order)):
            return UNKNOWN_FOR_GOOD
        seen = patterns.last(event, scene)
        if since is None:
            return from_then_on((scene.delivery.known_at if seen is None else seen) + span, t)
        start = patterns.last(since, scene)
        if start is None:
            return FALSE_FOR_GOOD
        return from_then_on((start if seen is None else max(start, seen)) + span, t)

    return at


def _absent_before(node: AbsentBefore, frame: Frame) -> Step:
    time = time_of(node.time)

    def at(scene: Scene, t: Instant) -> Answer:
        edge = time(scene)
        if edge is None or not patterns.is_answerable(node.event, scene.delivery.order):
            return UNKNOWN_FOR_GOOD
        if any(seen < edge for seen in patterns.times(node.event, scene)):
            return FALSE_FOR_GOOD
        return from_then_on(edge, t)

    return at


STATE_SINCE: Mapping[State, Callable[[Any], Instant | None]] = {
    State.AT_SAME_STOP: lambda facts: facts.at_stop_since,
    State.AT_SAME_HUB: lambda facts: facts.at_hub.since if facts.at_hub else None,
    State.STOPPED: lambda facts: facts.stopped_since,
    State.MOVING: lambda facts: facts.moving_since,
    State.SILENT: lambda facts: facts.silent_since,
    State.OFF_ROUTE: lambda facts: facts.off_route_since,
}
"""Since when a lasting state of form 5 has been so; None while it is not."""


def _staying(node: Staying, frame: Frame) -> Step:
    since_of, span = STATE_SINCE[node.state], node.span

    def at(scene: Scene, t: Instant) -> Answer:
        since = since_of(scene.delivery.facts)
        return FALSE_FOR_GOOD if since is None else from_then_on(since + span, t)

    return at


def _later(node: Later, frame: Frame) -> Step:
    one, two = time_of(node.first), time_of(node.second)

    def at(scene: Scene, t: Instant) -> Answer:
        first, second = one(scene), two(scene)
        if first is None or second is None:
            return UNKNOWN_FOR_GOOD
        ahead = second - first if node.earlier else first - second
        # `by D` is inclusive; without it, at the same time is neither later nor earlier.
        return TRUE_FOR_GOOD if (ahead >= node.by if node.by else ahead > 0) else FALSE_FOR_GOOD

    return at


def _around(node: Around, frame: Frame) -> Step:
    time = time_of(node.time)

    def at(scene: Scene, t: Instant) -> Answer:
        anchor = time(scene)
        if anchor is None:
            return UNKNOWN_FOR_GOOD
        if node.side == "after":
            return from_then_on(anchor + node.span, t)
        if node.side == "before" or t < anchor - node.span:
            return from_then_on(anchor - node.span, t)
        return (Truth.TRUE, anchor) if t < anchor else FALSE_FOR_GOOD

    return at


def _overdue(node: Overdue, frame: Frame) -> Step:
    def at(scene: Scene, t: Instant) -> Answer:
        facts = scene.delivery.facts
        due = facts.due.get(node.milestone)
        if facts.reached(node.milestone) is not None:
            return FALSE_FOR_GOOD
        return UNKNOWN_FOR_GOOD if due is None else from_then_on(due + node.by, t)

    return at


def _local(frame: Frame, at: Callable[[Any, Instant], Answer]) -> Step:
    """A step on a local clock; unknown where it is not known which."""

    def on_clock(scene: Scene, t: Instant) -> Answer:
        local = clock.zone(zone_name(frame, scene) or "")
        return UNKNOWN_FOR_GOOD if local is None else at(local, t)

    return on_clock


def _daytime(node: Daytime, frame: Frame) -> Step:
    start, end = node.start, node.end if node.end >= node.start else node.end + DAY

    def at(local: Any, t: Instant) -> Answer:
        for opens, closes in clock.windows(local, clock.local_day(local, t), start, end):
            if t < opens:
                return Truth.FALSE, opens
            if t < closes:
                return Truth.TRUE, closes
        return FALSE_FOR_GOOD

    return _local(frame, at)


def _weekdays(node: Weekdays, frame: Frame) -> Step:
    days = frozenset(node.days)

    def at(local: Any, t: Instant) -> Answer:
        today = clock.local_day(local, t)
        inside = clock.weekday(today) in days
        other = (day for day in range(today + 1, today + 8) if (clock.weekday(day) in days) is not inside)
        change = next(other, None)
        return (Truth.TRUE if inside else Truth.FALSE), NEVER if change is None else clock.edge(local, change, 0)

    return _local(frame, at)


def _received(node: Received, frame: Frame) -> Step:
    def at(scene: Scene, t: Instant) -> Answer:
        if t != scene.learnt_at or not patterns.is_received(node.event, scene):
            return FALSE_FOR_GOOD
        return Truth.TRUE, t + 1

    return at


STEPS: Mapping[type, Callable[[Any, Frame], Step]] = {
    **FACT_STEPS,
    Absent: _absent,
    AbsentBefore: _absent_before,
    Staying: _staying,
    Later: _later,
    Around: _around,
    Overdue: _overdue,
    Daytime: _daytime,
    Weekdays: _weekdays,
    Received: _received,
    All: lambda node, frame: all_of([step_of(child, frame) for child in node.children]),
    AnyOf: lambda node, frame: any_of([step_of(child, frame) for child in node.children]),
    NoneOf: lambda node, frame: none_of([step_of(child, frame) for child in node.children]),
}
"""Sentence form -> how its step function is made. To add a form: a class in tree.py, a row here, one function."""
