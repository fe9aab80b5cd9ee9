"""What can be read, but not evaluated yet: a book that uses it is refused when it is compiled, never half understood."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from domain.incident import Mode
from rules.book import Rule, Rulebook
from rules.tree import (
    AtLeast,
    Count,
    Counted,
    DisruptionOpen,
    EventPattern,
    FeedStale,
    InCalendar,
    Sequence,
    Skipped,
    TimeRef,
    TrafficDelay,
    WeatherWarning,
    WrongOrder,
)

NODES: dict[type, str] = {
    AtLeast: "at least N of",
    Count: "E at least N times",
    Counted: "business hours and days",
    DisruptionOpen: "disruption open",
    FeedStale: "feed stale",
    InCalendar: "in calendar C",
    Sequence: "A then B within D",
    Skipped: "MILESTONE skipped",
    TrafficDelay: "traffic delay",
    WeatherWarning: "weather warning",
    WrongOrder: "A before B",
}
"""Parts of a condition that no step function is there for yet -> how they are written."""

KEYS = (
    "stages",
    "decision",
    "suppressed_by",
    "escalate",
    "acknowledge_expires",
    "quiet_hours",
    "limits",
    "group",
    "approve_above",
    "propose_for",
    "final_grace",
)
"""Keys of a rule that nothing heeds yet."""


class NotBuiltError(ValueError):
    """A book asks for what cannot be evaluated yet."""


def refuse_unbuilt(book: Rulebook) -> None:
    """Raises NotBuiltError for the first part of a book, in rules that are not off, that cannot be evaluated yet."""
    for rule in book.rules:
        for what in _unbuilt(rule) if rule.mode is not Mode.OFF else ():
            raise NotBuiltError(f"rule {rule.id}: {what} can be read, but is not supported yet when rules are evaluated")


def _unbuilt(rule: Rule) -> Iterator[str]:
    for key in KEYS:
        if getattr(rule, key) not in (None, ()):
            yield f'"{key}"'
    if rule.mode is Mode.PROPOSE:
        yield "mode propose"
    for condition in (rule.when, rule.only_when, rule.clears_when):
        yield from _unbuilt_parts(condition)


def _unbuilt_parts(node: Any) -> Iterator[str]:
    """The parts of a condition, at any depth, that cannot be evaluated."""
    if isinstance(node, tuple):
        for child in node:
            yield from _unbuilt_parts(child)
    if not is_dataclass(node):
        return
    if type(node) in NODES:
        yield NODES[type(node)]
    if isinstance(node, TimeRef) and (node.kind == "cutoff" or node.event is not None):
        yield "hub cutoff" if node.kind == "cutoff" else "last E with a qualifier"
    if isinstance(node, EventPattern) and node.name.startswith("opened "):
        yield "opened RULE"
    for part in fields(node):
        yield from _unbuilt_parts(getattr(node, part.name))
