"""One step function for each sentence form: its truth at an instant, and until when that holds if nothing new is learnt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from domain.instant import DAY, NEVER, Instant, Span
from domain.status import Status
from rules import clock, patterns
from rules.directory import Directory
from rules.groups import all_of, any_of, none_of
from rules.held import held_for
from rules.scene import Scene, Step
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    Between,
    Clock,
    Compare,
    Condition,
    Daytime,
    Includes,
    Is,
    Known,
    Later,
    NoneOf,
    Overdue,
    Received,
    Same,
    State,
    Staying,
    TimeRef,
    Truth,
    Value,
    Weekdays,
)
from rules.vocabulary import VOCABULARY

Answer: TypeAlias = tuple[Truth, Instant]
FALSE_FOR_GOOD: Answer = (Truth.FALSE, NEVER)
TRUE_FOR_GOOD: Answer = (Truth.TRUE, NEVER)
UNKNOWN_FOR_GOOD: Answer = (Truth.UNKNOWN, NEVER)

TIME_DEPENDENT = "condition"
"""The one fact that changes with time alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a rule's sentences are read in: whose clock, and the directory that says where that clock stands."""

    clock: Clock = Clock.RECIPIENT
    directory: Directory = field(default_factory=Directory)


def step_of(node: Condition, frame: Frame) -> Step:
    """The step function of a sentence or group; raises KeyError for a fact that VOCABULARY lacks."""
    return STEPS[type(node)](node, frame)


def from_then_on(edge: Instant, t: Instant) -> Answer:
    """False until an edge, true from it on."""
    return TRUE_FOR_GOOD if t >= edge else (Truth.FALSE, edge)


def value_at(fact: str) -> Callable[[Scene, Instant], tuple[Any, Instant]]:
    """A fact's value at an instant (None: unknown), and until when it is that."""
    if fact == TIME_DEPENDENT:
        return lambda scene, t: (scene.delivery.condition(t).value, scene.delivery.condition_changes_at(t))
    read = VOCABULARY[fact].read
    return lambda scene, t: (read(scene.delivery.order, scene.delivery.facts), NEVER)


def time_of(ref: TimeRef) -> Callable[[Scene], Instant | None]:
    """The instant that T stands for, None while it is unknown."""
    if ref.kind == "due":
        milestone = Status(ref.name.removesuffix(" due"))
        return lambda scene: scene.delivery.facts.due.get(milestone)
    if ref.kind == "last":
        return lambda scene: scene.delivery.facts.last(ref.name)
    read = VOCABULARY[ref.name].read

    def at(scene: Scene) -> Instant | None:
        value = read(scene.delivery.order, scene.delivery.facts)
        return value if isinstance(value, int) else None

    return at


def _judged(fact: str, test: Callable[[Any], bool], held: Span) -> Step:
    """A test of a fact's value that has passed for a while; unknown while the value is."""
    value = value_at(fact)

    def at(scene: Scene, t: Instant) -> Answer:
        found, until = value(scene, t)
        if found is None:
            return Truth.UNKNOWN, until
        return (Truth.TRUE if test(found) else Truth.FALSE), until

    return held_for(held, at)


def _is(node: Is, frame: Frame) -> Step:
    return _judged(node.fact, _one_of(node.values, not node.negated), node.held)


def _one_of(values: tuple[Value, ...], wanted: bool) -> Callable[[Any], bool]:
    exact = frozenset(value for value in values if not _is_glob(value))
    globs = tuple(value for value in values if isinstance(value, str) and _is_glob(value))
    if not globs:
        return lambda found: (found in exact) is wanted
    return lambda found: (found in exact or any(fnmatchcase(found, glob) for glob in globs)) is wanted


def _is_glob(value: Value) -> bool:
    return isinstance(value, str) and any(mark in value for mark in "*?[")


def _includes(node: Includes, frame: Frame) -> Step:
    one_of = _one_of((node.value,), True)
    return _judged(node.fact, lambda found: any(map(one_of, found)) is not node.negated, node.held)


def _same(node: Same, frame: Frame) -> Step:
    one, two = value_at(node.fact), value_at(node.other)

    def at(scene: Scene, t: Instant) -> Answer:
        (left, left_until), (right, right_until) = one(scene, t), two(scene, t)
        until = min(left_until, right_until)
        if left is None or right is None:
            return Truth.UNKNOWN, until
        return (Truth.TRUE if (left == right) is not node.negated else Truth.FALSE), until

    return held_for(node.held, at)


COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {"over": gt, "under": lt, "at_least": ge, "at_most": le}


def _compare(node: Compare, frame: Frame) -> Step:
    holds, number = COMPARISONS[node.op], node.number
    return _judged(node.fact, lambda found: holds(found, number), node.held)


def _between(node: Between, frame: Frame) -> Step:
    return _judged(node.fact, lambda found: node.low <= found <= node.high, node.held)


def _known(node: Known, frame: Frame) -> Step:
    value = value_at(node.fact)

    def at(scene: Scene, t: Instant) -> Answer:
        found, until = value(scene, t)
        return (Truth.TRUE if (found is not None) is node.known else Truth.FALSE), until

    return held_for(node.held, at)


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


def zone_name(frame: Frame, scene: Scene) -> str | None:
    """Whose local time clock times are; None if the directory does not say where the hub's clock stands."""
    order = scene.delivery.order
    if frame.clock is Clock.RECIPIENT:
        return order.destination.timezone
    if frame.clock is Clock.UTC:
        return "UTC"
    hub = frame.directory.hubs.get(order.hub or "")
    return hub.timezone if hub else None


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
    Is: _is,
    Includes: _includes,
    Same: _same,
    Compare: _compare,
    Between: _between,
    Known: _known,
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
