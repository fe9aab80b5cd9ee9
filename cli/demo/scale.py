"""A rulebook for a faster day: every span is divided by one factor, so that ten hours pass in a minute.

What is read off a clock (between 08:00 and 20:00, on weekdays, in a calendar) cannot be divided: it is taken to hold always, so
that the demo means the same at night and on Sundays. Business time passes like any other, and there are no quiet hours. The 10 minutes in which two forms of one failed attempt are taken for one, and
`max_added_minutes` of a reroute, stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from domain.actions import ACTION_ARGUMENTS, IN_MS
from domain.instant import Span
from rules.book import Grouping, Ladder, LadderStep, Limit, Repeat, Rule, Rulebook, Stage, Step
from rules.directory import Carrier, Directory
from rules.tree import (
    Absent,
    AbsentBefore,
    All,
    AnyOf,
    Around,
    Between,
    Compare,
    Condition,
    Count,
    Daytime,
    DisruptionOpen,
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
    Staying,
    TrafficDelay,
    WeatherWarning,
    Weekdays,
    WrongOrder,
)
from rules.vocabulary import SPAN, VOCABULARY

Part = TypeVar("Part", LadderStep, Repeat, Limit, Grouping)

SENTENCE_SPANS: Mapping[type, tuple[str, ...]] = {
    Is: ("held",),
    Includes: ("held",),
    Same: ("held",),
    Compare: ("held",),
    Between: ("held",),
    Known: ("held",),
    Absent: ("span",),
    AbsentBefore: (),
    Staying: ("span",),
    Later: ("by",),
    Around: ("span",),
    Overdue: ("by",),
    Received: (),
    Count: ("span",),
    Sequence: ("within",),
    WrongOrder: (),
    Skipped: (),
    FeedStale: ("span",),
    DisruptionOpen: (),
    WeatherWarning: (),
    TrafficDelay: ("span",),
}
"""The spans of each form of sentence that can be divided."""

SPAN_VALUES: Mapping[type, tuple[str, ...]] = {Compare: ("number",), Between: ("low", "high")}
"""Numbers of form 2, which are spans where the fact is measured in time."""

CLOCK_FORMS = (Daytime, Weekdays, InCalendar)

ALWAYS: Condition = All(())
NEVER_TRUE: Condition = AnyOf(())

CONDITIONS = ("when", "only_when", "clears_when")
RULE_SPANS = ("hold", "stay_clear", "cooldown", "acknowledge_expires", "propose_for", "final_grace")
PART_SPANS: Mapping[type, tuple[str, ...]] = {
    LadderStep: ("after",),
    Repeat: ("every",),
    Limit: ("within",),
    Grouping: ("within", "gather"),
}
"""The spans in the parts of a rule."""
BOOK_SPANS = ("final_grace", "expires_after")


def scaled(book: Rulebook, factor: int) -> Rulebook:
    """The book for a day that passes `factor` times as fast. Raises ValueError for a factor below 1."""
    if factor < 1:
        raise ValueError(f"the factor is {factor}; give a whole number from 1")
    rules = tuple(_rule(rule, factor) for rule in book.rules)
    return replace(book, rules=rules, directory=_directory(book.directory, factor), **_divided(book, BOOK_SPANS, factor))


def clock_sentences(book: Rulebook) -> tuple[str, ...]:
    """What `scaled` takes to hold always, each with its rule: "missed-scan: between 08:00 and 20:00"."""
    return tuple(f"{rule.id}: {node.text}" for rule in book.rules for node in _clock_nodes(rule))


def shorter(span: Span, factor: int) -> Span:
    """A span in the faster day: rounded to the nearest millisecond, and never to nothing."""
    return max(1, round(span / factor)) if span else 0


def _rule(rule: Rule, factor: int) -> Rule:
    named = ((name, getattr(rule, name)) for name in CONDITIONS)
    conditions: dict[str, Any] = {name: _condition(node, factor) for name, node in named if node is not None}
    resolving = {how: _steps(steps, factor) for how, steps in rule.on_resolve.items()}
    spans = _divided(rule, RULE_SPANS, factor)
    parts: dict[str, Any] = {
        "stages": tuple(_stage(stage, factor) for stage in rule.stages),
        "escalate": _ladder(rule.escalate, factor),
    }
    limits = tuple(_part(limit, factor) for limit in rule.limits)
    group = None if rule.group is None else _part(rule.group, factor)
    changed = replace(rule, do=_steps(rule.do, factor), on_resolve=resolving, limits=limits, group=group, quiet_hours=None)
    return replace(changed, **conditions, **spans, **parts)


def _stage(stage: Stage, factor: int) -> Stage:
    return replace(stage, when=_condition(stage.when, factor), do=_steps(stage.do, factor))


def _ladder(ladder: Ladder | None, factor: int) -> Ladder | None:
    return None if ladder is None else replace(ladder, steps=tuple(_rung(step, factor) for step in ladder.steps))


def _rung(step: LadderStep, factor: int) -> LadderStep:
    repeat = None if step.repeat is None else _part(step.repeat, factor)
    return replace(_part(step, factor), do=_steps(step.do, factor), repeat=repeat)


def _part(part: Part, factor: int) -> Part:
    changed: Part = replace(part, **_divided(part, PART_SPANS[type(part)], factor))
    return changed


def _condition(node: Condition, factor: int, wanted: bool = True) -> Condition:
    """`wanted` is False inside an odd number of `none`, where what always holds would forbid everything."""
    if isinstance(node, CLOCK_FORMS):
        return ALWAYS if wanted else NEVER_TRUE
    if isinstance(node, Group):
        inside = wanted is not isinstance(node, NoneOf)
        return replace(node, children=tuple(_condition(child, factor, inside) for child in node.children))
    names = SENTENCE_SPANS[type(node)]
    if isinstance(node, Compare | Between) and VOCABULARY[node.fact].units is SPAN:
        names += SPAN_VALUES[type(node)]
    elapsed: dict[str, Any] = {"counted": None} if hasattr(node, "counted") else {}
    changed: Condition = replace(node, **_divided(node, names, factor), **elapsed)
    return changed


def _divided(value: object, names: tuple[str, ...], factor: int) -> dict[str, Any]:
    spans = {name: getattr(value, name) for name in names}
    return {name: None if span is None else shorter(span, factor) for name, span in spans.items()}


def _steps(steps: tuple[Step, ...], factor: int) -> tuple[Step, ...]:
    return tuple(Step(step.action, _args(step, factor), *(_steps(inner, factor) for _, inner in step.inner)) for step in steps)


def _args(step: Step, factor: int) -> Mapping[str, Any]:
    model = ACTION_ARGUMENTS.get(step.action)
    in_ms = {argument.name for argument in fields(model) if argument.metadata == IN_MS} if model else set()
    return {name: shorter(value, factor) if name in in_ms and value else value for name, value in step.args.items()}


def _directory(directory: Directory, factor: int) -> Directory:
    return replace(directory, carriers={name: _carrier(carrier, factor) for name, carrier in directory.carriers.items()})


def _carrier(carrier: Carrier, factor: int) -> Carrier:
    return carrier if carrier.cadence is None else replace(carrier, cadence=shorter(carrier.cadence, factor))


def _clock_nodes(rule: Rule) -> Iterator[Daytime | Weekdays | InCalendar]:
    for name in CONDITIONS:
        yield from _clock_nodes_in(getattr(rule, name))


def _clock_nodes_in(node: Condition | None) -> Iterator[Daytime | Weekdays | InCalendar]:
    if isinstance(node, CLOCK_FORMS):
        yield node
    elif isinstance(node, Group):
        for child in node.children:
            yield from _clock_nodes_in(child)
