"""What a condition reads, and what a batch of events touches: a rule whose inputs were not touched need not be looked at."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from domain.delivery import Delivery
from domain.event import Event
from domain.facts import Facts
from domain.status import MILESTONES, Kind
from rules.patterns import is_plain
from rules.readings import TIME_DEPENDENT
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    AtLeast,
    Between,
    Compare,
    Condition,
    Count,
    Daytime,
    DisruptionOpen,
    EventPattern,
    FeedStale,
    Group,
    InCalendar,
    Includes,
    Is,
    Known,
    Later,
    NoneOf,
    Overdue,
    Received,
    Same,
    Sequence,
    Skipped,
    State,
    Staying,
    TimeRef,
    Together,
    TrafficDelay,
    WeatherWarning,
    Weekdays,
    WrongOrder,
)
from rules.vocabulary import VOCABULARY

Inputs: TypeAlias = frozenset[str]
"""Fields of Facts; "event NAME" for the times of an event, "recorded STATUS"; EVERY_EVENT for what depends on each."""

EVERY_EVENT = "events"
EVERYTHING = None
"""Touched: all there is."""

ENDING = "ending"
"""What is told of a delivery that has ended; until then its condition does not depend on its status."""

SHARED: Inputs = frozenset({"driver_id"})
"""What the members of a group may share beyond that."""

OUTSIDE: Inputs = frozenset({"guards", "carrier", "route_id"})
"""What guards answered, and what they ask about."""

CONDITION: Inputs = frozenset({"promised", "eta", ENDING})


def inputs_of(node: Condition) -> Inputs:
    """All that a condition's truth depends on, apart from the order and the time."""
    return INPUTS[type(node)](node)


def delaying(node: Condition) -> Inputs:
    """The events that can only put off that a condition comes true: all that it asks of them is that they did not happen lately."""
    absences, others = _told_apart(node, wanted=True)
    awaited = [_event(absence.event) for absence in absences]
    since = [_event(absence.since) for absence in absences]
    return frozenset[str]().union(*awaited).difference(*since, *map(inputs_of, others), {EVERY_EVENT})


def _told_apart(node: Condition, wanted: bool) -> tuple[list[Absent], list[Condition]]:
    """The absences that have to be true, and all other sentences."""
    if isinstance(node, Absent) and wanted:
        return [node], []
    if not isinstance(node, Group):
        return [], [node]
    parts = [_told_apart(child, wanted and not isinstance(node, NoneOf)) for child in node.children]
    return [one for absences, _ in parts for one in absences], [one for _, others in parts for one in others]


def touched(before: Delivery, after: Delivery, learnt: tuple[Event, ...]) -> Inputs | None:
    """The inputs that may differ between two deliveries; EVERYTHING when the order or the past did."""
    if before is after and not learnt:
        return frozenset()
    if before.order is not after.order or _changes_the_past(before, learnt):
        return EVERYTHING
    told = _told_anew(before, after)
    if "recorded" in told:
        told |= {f"recorded {status}" for status in after.facts.recorded if status not in before.facts.recorded}
    if "happened" in told:
        told |= _event_names(before.facts, after.facts)
    if before.facts.final or after.facts.final:
        told.add(ENDING)
    if learnt:
        told.add(EVERY_EVENT)
        if learnt[0].kind is Kind.FOUND:  # what a look outside found comes first, and is known before already
            told.add("guards")
    return frozenset(told)


def _told_anew(before: Delivery, after: Delivery) -> set[str]:
    """The facts that changed, or were changed and changed back within the batch: those that have another source."""
    known = before.sources
    return {name for name, source in after.sources.items() if known.get(name) is not source}


def _changes_the_past(before: Delivery, learnt: Iterable[Event]) -> bool:
    newest = before.events[-1].order_key if before.events else None
    return any(event.corrects is not None or (newest is not None and event.order_key < newest) for event in learnt)


def _event_names(before: Facts, after: Facts) -> set[str]:
    """The events that happened; without a correction none is forgotten."""
    known = before.happened
    return {f"event {name}" for name, times in after.happened.items() if known.get(name) is not times}


def _fact(node: Any) -> Inputs:
    return _read_by(node.fact) | ({EVERY_EVENT} if node.held else set())


def _same(node: Same) -> Inputs:
    return _fact(node) | _read_by(node.other)


def _read_by(fact: str) -> Inputs:
    return CONDITION if fact == TIME_DEPENDENT else frozenset(VOCABULARY[fact].reads)


def _event(pattern: EventPattern | None) -> Inputs:
    if pattern is None:
        return frozenset()
    return frozenset({f"event {pattern.name}" if is_plain(pattern) else EVERY_EVENT})


def _time(ref: TimeRef) -> Inputs:
    if ref.kind == "last":
        return _event(ref.event or EventPattern(ref.name))
    if ref.kind == "cutoff":
        return frozenset()
    return frozenset({"due"} if ref.kind == "due" else VOCABULARY[ref.name].reads)


STATE_FIELDS: Mapping[State, str] = {
    State.AT_SAME_STOP: "at_stop_since",
    State.AT_SAME_HUB: "at_hub",
    State.STOPPED: "stopped_since",
    State.MOVING: "moving_since",
    State.SILENT: "silent_since",
    State.OFF_ROUTE: "off_route_since",
}


def _children(node: Any) -> Inputs:
    return frozenset().union(*(inputs_of(child) for child in node.children))


INPUTS: Mapping[type, Callable[[Any], Inputs]] = {
    Is: _fact,
    Includes: _fact,
    Same: _same,
    Compare: _fact,
    Between: _fact,
    Known: _fact,
    Absent: lambda node: _event(node.event) | _event(node.since) | OUTSIDE,
    AbsentBefore: lambda node: _event(node.event) | _time(node.time) | OUTSIDE,
    Staying: lambda node: frozenset({STATE_FIELDS[node.state]}),
    Later: lambda node: _time(node.first) | _time(node.second),
    Around: lambda node: _time(node.time),
    Overdue: lambda node: frozenset(
        {"due", *(f"recorded {status}" for status in MILESTONES[MILESTONES.index(node.milestone) :])}
    ),
    Daytime: lambda node: frozenset(),
    Weekdays: lambda node: frozenset(),
    InCalendar: lambda node: frozenset(),
    Received: lambda node: frozenset({EVERY_EVENT}),
    Count: lambda node: _event(node.event),
    Sequence: lambda node: _event(node.first) | _event(node.then),
    WrongOrder: lambda node: _event(node.first) | _event(node.second),
    **dict.fromkeys((FeedStale, DisruptionOpen, WeatherWarning, TrafficDelay), lambda node: OUTSIDE),
    Together: lambda node: OUTSIDE | SHARED,
    Skipped: lambda node: frozenset(f"recorded {status}" for status in MILESTONES[MILESTONES.index(node.milestone) :]),
    All: _children,
    AnyOf: _children,
    NoneOf: _children,
    AtLeast: _children,
}
"""Sentence form -> what it reads."""
