"""Conditions as sentences again: what `parse` reads back as the same tree. For sentences that a tool built, and for tools."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from domain.instant import DAY, HOUR, MINUTE, Span
from rules.durations import text_of
from rules.quantities import WEEKDAYS
from rules.tree import (
    Absent,
    AbsentBefore,
    Around,
    Between,
    Compare,
    Count,
    Counted,
    Daytime,
    DisruptionOpen,
    EventPattern,
    FeedStale,
    InCalendar,
    Includes,
    Is,
    Known,
    Later,
    Overdue,
    Received,
    Same,
    Sentence,
    Sequence,
    Skipped,
    Staying,
    TimeRef,
    Together,
    TrafficDelay,
    Value,
    WeatherWarning,
    Weekdays,
    WrongOrder,
)
from rules.vocabulary import MONEY, SPAN, VOCABULARY


def sentence_of(node: Sentence) -> str:
    """The sentence that a node states, as nobody wrote it."""
    return WORDINGS[type(node)](node)


def name_text(name: str) -> str:
    """A name as it may stand in a sentence: in quotes if it has a space, comma or quote in it, or nothing at all."""
    if name and not any(mark.isspace() or mark in ",\"'{" for mark in name):
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def event_text(event: EventPattern) -> str:
    """`attempt_failed at HEL1 with reason consignee_* by driver from acme`."""
    opened, _, rule = event.name.partition(" ")
    parts = [f"opened {name_text(rule)}" if opened == "opened" and rule else event.name]
    parts += [f"at {name_text(event.place)}"] if event.place is not None else []
    parts += [f"with reason {name_text(event.reason)}"] if event.reason is not None else []
    parts += [f"by {event.by.value}"] if event.by is not None else []
    parts += [f"from {name_text(event.source)}"] if event.source is not None else []
    return " ".join(parts)


def time_text(time: TimeRef) -> str:
    if time.kind == "last":
        return f"last {event_text(time.event or EventPattern(time.name))}"
    return f"{time.name} due" if time.kind == "due" else time.name


def length_text(span: Span, counted: Counted | None = None) -> str:
    """`2h`, or `3 business hours in calendar C`."""
    if counted is None:
        return text_of(span)
    within = f" in calendar {name_text(counted.calendar)}" if counted.calendar is not None else ""
    return f"{_business(span, counted)}{within}"


def _business(span: Span, counted: Counted) -> str:
    if counted.unit == "days":
        return f"{span // DAY} business day{'s' if span > DAY else ''}"
    unit, each = ("hour", HOUR) if span % HOUR == 0 else ("minute", MINUTE)
    return f"{span // each} business {unit}{'s' if span > each else ''}"


def number_text(fact: str, number: int, currency: str | None = None) -> str:
    """A number of a fact with its unit: `100 EUR`, `8 C`, `50%`, `15m`; an amount has the unit that its sentence names, or none."""
    units = VOCABULARY[fact].units
    if units is SPAN or not units:
        return text_of(number)
    unit, grain = next(iter(units.items()))
    if units is MONEY:
        grain = units[(currency or "").casefold()]
    written = format((Decimal(number) / grain).normalize(), "f")
    if units is MONEY:
        return f"{written} {currency}" if currency else written
    return written if not unit else f"{written}%" if unit == "%" else f"{written} {unit.upper() if unit == 'c' else unit}"


def amount_text(node: Compare | Between, number: int) -> str:
    """One of the numbers of form 2, as it stands in its sentence."""
    return number_text(node.fact, number, node.currency)


def value_text(fact: str, value: Value, currency: str | None = None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number_text(fact, value, currency) if isinstance(value, int) else name_text(value)


def clock_text(at: Span) -> str:
    """Milliseconds since midnight as `08:00`, with seconds where there are some."""
    hours, rest = divmod(at, HOUR)
    seconds = rest % MINUTE // 1000
    return f"{hours:02}:{rest // MINUTE:02}" + (f":{seconds:02}" if seconds else "")


def _held(node: Any) -> str:
    return f" for {length_text(node.held, node.counted)}" if node.held else ""


def _is(node: Is) -> str:
    if VOCABULARY[node.fact].type == "yes_no" and node.values == (True,):
        return f"{'not ' if node.negated else ''}{node.fact}{_held(node)}"
    several = "one of " if len(node.values) > 1 else ""
    values = ", ".join(value_text(node.fact, value, node.currency) for value in node.values)
    return f"{node.fact} is {'not ' if node.negated else ''}{several}{values}{_held(node)}"


def _between(node: Between) -> str:
    return f"{node.fact} between {amount_text(node, node.low)} and {amount_text(node, node.high)}{_held(node)}"


def _absent(node: Absent) -> str:
    since = f" since {event_text(node.since)}" if node.since else ""
    if node.counted is not None and node.counted.calendar is not None and node.counted.unit == "hours":
        counted = f" counted in calendar {name_text(node.counted.calendar)}"
        return f"no {event_text(node.event)} for {text_of(node.span)}{since}{counted}"
    return f"no {event_text(node.event)} for {length_text(node.span, node.counted)}{since}"


def _sequence(node: Sequence) -> str:
    link = "not followed by" if node.negated else "then"
    return f"{event_text(node.first)} {link} {event_text(node.then)} within {length_text(node.within, node.counted)}"


def _around(node: Around) -> str:
    if node.side == "after" and not node.span:
        return f"after {time_text(node.time)}"
    side = {"within_before": ("within ", "before"), "before": ("", "before"), "after": ("", "after")}[node.side]
    return f"{side[0]}{length_text(node.span, node.counted)} {side[1]} {time_text(node.time)}"


def _by(node: Any) -> str:
    return f" by {length_text(node.by, node.counted)}" if node.by else ""


def _later(node: Later) -> str:
    return f"{time_text(node.first)} {'earlier' if node.earlier else 'later'} than {time_text(node.second)}{_by(node)}"


def _weekdays(node: Weekdays) -> str:
    return "on weekdays" if node.days == (0, 1, 2, 3, 4) else f"on {', '.join(WEEKDAYS[day] for day in node.days)}"


def _count(node: Count) -> str:
    within = f" in {length_text(node.span, node.counted)}" if node.span is not None else ""
    return f"{event_text(node.event)} at least {node.at_least} times{within}"


def _feed(node: FeedStale) -> str:
    return f"feed {'of carrier' if node.feed is None else name_text(node.feed)} stale for {text_of(node.span)}"


def _disruption(node: DisruptionOpen) -> str:
    return f"disruption open on {node.scope}{'' if node.kind is None else f' of kind {name_text(node.kind)}'}"


WORDINGS: Mapping[type, Callable[[Any], str]] = {
    Is: _is,
    Includes: lambda n: f"{n.fact} {'does not include' if n.negated else 'includes'} {name_text(n.value)}{_held(n)}",
    Same: lambda n: f"{n.fact} is {'not ' if n.negated else ''}{n.other}{_held(n)}",
    Compare: lambda n: f"{n.fact} {n.op.replace('_', ' ')} {amount_text(n, n.number)}{_held(n)}",
    Between: _between,
    Known: lambda n: f"{n.fact} is {'known' if n.known else 'unknown'}{_held(n)}",
    Absent: _absent,
    AbsentBefore: lambda n: f"no {event_text(n.event)} before {time_text(n.time)}",
    Staying: lambda n: f"{n.state.value.replace('_', ' ')} for {length_text(n.span, n.counted)}",
    Count: _count,
    Sequence: _sequence,
    WrongOrder: lambda n: f"{event_text(n.first)} before {event_text(n.second)}",
    Skipped: lambda n: f"{n.milestone.value} skipped",
    Later: _later,
    Around: _around,
    Overdue: lambda n: f"{n.milestone.value} overdue{_by(n)}",
    Daytime: lambda n: f"between {clock_text(n.start)} and {clock_text(n.end)}",
    Weekdays: _weekdays,
    InCalendar: lambda n: f"{'not ' if n.negated else ''}in calendar {name_text(n.calendar)}",
    FeedStale: _feed,
    DisruptionOpen: _disruption,
    WeatherWarning: lambda n: f"weather warning at least {n.level}",
    TrafficDelay: lambda n: f"traffic delay over {text_of(n.span)}",
    Together: lambda n: n.text,
    Received: lambda n: f"{event_text(n.event)} received",
}
"""Sentence form -> how it is written."""
