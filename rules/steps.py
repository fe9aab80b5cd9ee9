"""One step function for each sentence form: its truth at an instant, and until when that holds if nothing new is learnt."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.instant import DAY, HOUR, NEVER, Instant
from domain.status import MILESTONES
from rules import clock, patterns, reach
from rules.event_steps import EVENT_STEPS
from rules.fact_steps import FACT_STEPS
from rules.groups import all_of, any_of, at_least, none_of
from rules.guard_steps import EXPLICIT, blind, guard_step
from rules.readings import FALSE_FOR_GOOD, UNKNOWN_FOR_GOOD, Answer, Frame, from_then_on, time_of, zone_name
from rules.scene import Scene, Step
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    AtLeast,
    Condition,
    Daytime,
    EventPattern,
    InCalendar,
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
    return blind(node, frame, _plain_absent(node, frame))


def _plain_absent(node: Absent, frame: Frame) -> Step:
    last, due = patterns.last_of(node.event), reach.after(node.span, node.counted, frame)
    start_of = None if node.since is None else patterns.last_of(node.since)

    def at(scene: Scene, t: Instant) -> Answer:
        seen = last(scene)
        if start_of is None:
            return from_then_on(due(scene, scene.delivery.known_at if seen is None else seen), t)
        start = start_of(scene)
        if start is None:
            return FALSE_FOR_GOOD
        return from_then_on(due(scene, start if seen is None else max(start, seen)), t)

    return _if_answerable(at, node.event, node.since)


def _if_answerable(step: Step, *events: EventPattern | None) -> Step:
    """The step; unknown for a delivery of which it cannot be told whether an event is meant."""
    if not any(event is not None and event.place == patterns.OWN_HUB for event in events):
        return step

    def at(scene: Scene, t: Instant) -> Answer:
        order = scene.delivery.order
        return step(scene, t) if all(patterns.is_answerable(event, order) for event in events) else UNKNOWN_FOR_GOOD

    return at


def _absent_before(node: AbsentBefore, frame: Frame) -> Step:
    return blind(node, frame, _plain_absent_before(node, frame))


def _plain_absent_before(node: AbsentBefore, frame: Frame) -> Step:
    time = time_of(node.time, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        edge, until = time(scene, t)
        if edge is None or not patterns.is_answerable(node.event, scene.delivery.order):
            return UNKNOWN_FOR_GOOD
        if any(seen < edge for seen in patterns.times(node.event, scene)):
            return Truth.FALSE, until
        return _but_until(until, from_then_on(edge, t))

    return at


def _but_until(until: Instant, answer: Answer) -> Answer:
    """An answer that rests on what changes at an instant."""
    return answer[0], min(answer[1], until)


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
    since_of, due = STATE_SINCE[node.state], reach.after(node.span, node.counted, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        since = since_of(scene.delivery.facts)
        return FALSE_FOR_GOOD if since is None else from_then_on(due(scene, since), t)

    return at


def _later(node: Later, frame: Frame) -> Step:
    late, early = (time_of(ref, frame) for ref in ((node.second, node.first) if node.earlier else (node.first, node.second)))
    due = reach.after(node.by, node.counted, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        (after, after_until), (before, before_until) = late(scene, t), early(scene, t)
        edge = None if before is None else due(scene, before)
        if after is None or edge is None:
            return Truth.UNKNOWN, min(after_until, before_until)
        # `by D` is inclusive; without it, at the same time is neither later nor earlier.
        is_later = after >= edge if node.by else after > edge
        return Truth.TRUE if is_later else Truth.FALSE, min(after_until, before_until)

    return at


def _around(node: Around, frame: Frame) -> Step:
    time = time_of(node.time, frame)
    edge_of = (reach.after if node.side == "after" else reach.before)(node.span, node.counted, frame)

    def at(scene: Scene, t: Instant) -> Answer:
        anchor, until = time(scene, t)
        edge = None if anchor is None else edge_of(scene, anchor)
        if anchor is None or edge is None:
            return Truth.UNKNOWN, until
        if node.side == "within_before" and t >= edge:
            return (Truth.TRUE, min(anchor, until)) if t < anchor else (Truth.FALSE, until)
        return _but_until(until, from_then_on(edge, t))

    return at


def _overdue(node: Overdue, frame: Frame) -> Step:
    late, milestone = reach.after(node.by, node.counted, frame), node.milestone
    from_it_on = MILESTONES[MILESTONES.index(milestone) :]

    def at(scene: Scene, t: Instant) -> Answer:
        facts = scene.delivery.facts
        if not facts.recorded.keys().isdisjoint(from_it_on):
            return FALSE_FOR_GOOD
        due = facts.due.get(milestone)
        return UNKNOWN_FOR_GOOD if due is None else from_then_on(late(scene, due), t)

    return at


REMEMBERED_HOURS = 1_000


def _local(frame: Frame, at: Callable[[Any, Instant], Answer]) -> Step:
    """A step on a local clock; unknown where it is not known which.

    Reading a calendar takes longer than all else that a rule does, so the last answer of each hour is kept: it holds from the
    instant that was asked for to the one that the answer names.
    """
    answered: dict[tuple[Any, int], tuple[Instant, Answer]] = {}

    def on_clock(scene: Scene, t: Instant) -> Answer:
        local = clock.zone(zone_name(frame, scene) or "")
        if local is None:
            return UNKNOWN_FOR_GOOD
        hour = (local, t // HOUR)
        since, answer = answered.get(hour, (NEVER, UNKNOWN_FOR_GOOD))
        if not since <= t < answer[1]:
            answer = at(local, t)
            if len(answered) >= REMEMBERED_HOURS:
                answered.clear()
            answered[hour] = (t, answer)
        return answer

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


def _in_calendar(node: InCalendar, frame: Frame) -> Step:
    def at(scene: Scene, t: Instant) -> Answer:
        hours = reach.hours_of(node.calendar, frame, scene)
        if hours is None:
            return UNKNOWN_FOR_GOOD
        works, until = hours.at(t)
        return Truth.TRUE if works is not node.negated else Truth.FALSE, until

    return at


def _received(node: Received, frame: Frame) -> Step:
    def at(scene: Scene, t: Instant) -> Answer:
        if t != scene.learnt_at or not patterns.is_received(node.event, scene):
            return FALSE_FOR_GOOD
        return Truth.TRUE, t + 1

    return at


STEPS: Mapping[type, Callable[[Any, Frame], Step]] = {
    **FACT_STEPS,
    **EVENT_STEPS,
    Absent: _absent,
    AbsentBefore: _absent_before,
    Staying: _staying,
    Later: _later,
    Around: _around,
    Overdue: _overdue,
    Daytime: _daytime,
    Weekdays: _weekdays,
    InCalendar: _in_calendar,
    Received: _received,
    **dict.fromkeys(EXPLICIT, guard_step),
    All: lambda node, frame: all_of([step_of(child, frame) for child in node.children]),
    AnyOf: lambda node, frame: any_of([step_of(child, frame) for child in node.children]),
    NoneOf: lambda node, frame: none_of([step_of(child, frame) for child in node.children]),
    AtLeast: lambda node, frame: at_least(node.n, [step_of(child, frame) for child in node.children]),
}
"""Sentence form -> how its step function is made. To add a form: a class in tree.py, a row here, one function."""
