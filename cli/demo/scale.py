"""A rulebook for a faster day: every span is divided by one factor, so that ten hours pass in a minute.

What is read off a clock (between 08:00 and 20:00, on weekdays) cannot be divided: it is taken to hold always, so that the
demo means the same at night and on Sundays. The 10 minutes in which two forms of one failed attempt are taken for one, and
`max_added_minutes` of a reroute, stay as they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from domain.actions import ACTION_ARGUMENTS, IN_MS
from domain.instant import Span
from rules.book import Rule, Rulebook, Step
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
    Daytime,
    Includes,
    Is,
    Known,
    Later,
    NoneOf,
    Overdue,
    Received,
    Same,
    Staying,
    Weekdays,
)
from rules.vocabulary import SPAN, VOCABULARY

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
}
"""The spans of each form of sentence that can be divided."""

SPAN_VALUES: Mapping[type, tuple[str, ...]] = {Compare: ("number",), Between: ("low", "high")}
"""Numbers of form 2, which are spans where the fact is measured in time."""

CLOCK_FORMS = (Daytime, Weekdays)

ALWAYS: Condition = All(())
NEVER_TRUE: Condition = AnyOf(())

CONDITIONS = ("when", "only_when", "clears_when")
RULE_SPANS = ("hold", "stay_clear", "cooldown")
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
    return replace(rule, do=_steps(rule.do, factor), on_resolve=resolving, **conditions, **spans)


def _condition(node: Condition, factor: int, wanted: bool = True) -> Condition:
    """`wanted` is False inside an odd number of `none`, where what always holds would forbid everything."""
    if isinstance(node, CLOCK_FORMS):
        return ALWAYS if wanted else NEVER_TRUE
    if isinstance(node, All | AnyOf | NoneOf):
        inside = wanted is not isinstance(node, NoneOf)
        return replace(node, children=tuple(_condition(child, factor, inside) for child in node.children))
    names = SENTENCE_SPANS[type(node)]
    if isinstance(node, Compare | Between) and VOCABULARY[node.fact].units is SPAN:
        names += SPAN_VALUES[type(node)]
    changed: Condition = replace(node, **_divided(node, names, factor))
    return changed


def _divided(value: object, names: tuple[str, ...], factor: int) -> dict[str, Any]:
    return {name: shorter(getattr(value, name), factor) for name in names}


def _steps(steps: tuple[Step, ...], factor: int) -> tuple[Step, ...]:
    return tuple(replace(step, args=_args(step, factor), otherwise=_steps(step.otherwise, factor)) for step in steps)


def _args(step: Step, factor: int) -> Mapping[str, Any]:
    model = ACTION_ARGUMENTS.get(step.action)
    in_ms = {argument.name for argument in fields(model) if argument.metadata == IN_MS} if model else set()
    return {name: shorter(value, factor) if name in in_ms and value else value for name, value in step.args.items()}


def _directory(directory: Directory, factor: int) -> Directory:
    return replace(directory, carriers={name: _carrier(carrier, factor) for name, carrier in directory.carriers.items()})


def _carrier(carrier: Carrier, factor: int) -> Carrier:
    return carrier if carrier.cadence is None else replace(carrier, cadence=shorter(carrier.cadence, factor))


def _clock_nodes(rule: Rule) -> Iterator[Daytime | Weekdays]:
    for name in CONDITIONS:
        yield from _clock_nodes_in(getattr(rule, name))


def _clock_nodes_in(node: Condition | None) -> Iterator[Daytime | Weekdays]:
    if isinstance(node, Daytime | Weekdays):
        yield node
    elif isinstance(node, All | AnyOf | NoneOf):
        for child in node.children:
            yield from _clock_nodes_in(child)
