"""Doubts about two rules together, and about an escalation: what both do at once, what is never reached."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import combinations

from domain.instant import DAY, Span
from rules.book import LadderStep, Rule, Step
from rules.durations import text_of
from rules.lint import Doubt
from rules.phrases import is_glob
from rules.scope import NOT
from rules.tree import All, Around, Condition, Daytime, Is, Weekdays
from rules.vocabulary import VOCABULARY

LISTS = ("tags",)
"""Scope keys of which a delivery has several values, so that two disjoint lists of patterns may both fit."""

MOST_COMPARED = 500
"""Of more rules, only one for each name is compared."""

CLASHING = ("reroute",)
"""What two rules should not do to one delivery at the same time."""


def pair_doubts(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, Doubt]]:
    """Pairs of rules that can both be true and both reroute, with nothing that says which comes first."""
    asking = [rule for rule in rules if any(_does(_steps(rule), action) for action in CLASHING)]
    if len(asking) > MOST_COMPARED:
        asking = list({rule.name: rule for rule in asking}.values())
    for one, two in combinations(asking, 2):
        if one.name != two.name and one.priority == two.priority and not _related(one, two) and _may_both_open(one, two):
            said = f"rules {one.name} and {two.name} can both be true and both reroute, at priority {one.priority}"
            yield (
                two,
                Doubt("R310", "priority" if two.priority != 50 else "id", said, "give them a decision: in common, or priorities"),
            )


def ladder_doubts(rule: Rule) -> Iterator[Doubt]:
    """Steps that are never reached, and a cooldown that outlasts the ladder."""
    if rule.escalate is None:
        return
    lasts = _longest(rule.when) if rule.clears_when is None and "cleared" in rule.escalate.stop_when else None
    for step in rule.escalate.steps:
        if lasts is not None and step.after >= lasts + rule.stay_clear:
            said = f"the step after {text_of(step.after)} is never reached: the rule is true for at most {text_of(lasts)}"
            yield Doubt("R309", "escalate", said, "let it come sooner")
    ends = max((_last(step) for step in rule.escalate.steps), default=0)
    if rule.cooldown > ends:
        said = f"the cooldown ({text_of(rule.cooldown)}) is longer than the escalation ({text_of(ends)})"
        yield Doubt("R309", "cooldown", said, "a new incident would have escalated by then")


def _last(step: LadderStep) -> Span:
    """When a step is done for the last time; a year for one that is repeated until the ladder stops."""
    if step.repeat is None:
        return step.after
    return 366 * DAY if step.repeat.at_most is None else step.after + step.repeat.every * step.repeat.at_most


def _longest(condition: Condition) -> Span | None:
    """How long a condition can be true at a stretch, if nothing new happens; None where there is no bound."""
    if isinstance(condition, All):
        return min((bound for child in condition.children if (bound := _longest(child)) is not None), default=None)
    if isinstance(condition, Around) and condition.side == "within_before" and condition.counted is None:
        return condition.span
    if isinstance(condition, Daytime):
        # A day on which the clocks go back is an hour longer.
        return (condition.end - condition.start) % DAY + DAY // 24
    return 7 * DAY if isinstance(condition, Weekdays) and len(condition.days) < 7 else None


def _steps(rule: Rule) -> tuple[Step, ...]:
    return (*rule.do, *(step for stage in rule.stages for step in stage.do))


def _does(steps: tuple[Step, ...], action: str) -> bool:
    return any(step.action == action or any(_does(inner, action) for _, inner in step.inner) for step in steps)


def _related(one: Rule, two: Rule) -> bool:
    """Whether something says which of the two comes first."""
    shared = one.decision is not None and one.decision == two.decision
    return shared or two.name in one.suppressed_by or one.name in two.suppressed_by


def _may_both_open(one: Rule, two: Rule) -> bool:
    """Whether one delivery may have both true; false only where that is sure."""
    scopes = ((left, right) for left in (one.applies_to, *one.narrowed_to) for right in (two.applies_to, *two.narrowed_to))
    if any(_apart(left, right) for left, right in scopes):
        return False
    left, right = _possible(one.when), _possible(two.when)
    return all(left[fact] & right[fact] for fact in left.keys() & right.keys())


def _apart(left: Mapping[str, tuple[str, ...]], right: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether two scopes name different values of a key, without patterns."""
    for key in (left.keys() & right.keys()) - set(LISTS):
        plain = [pattern for pattern in (*left[key], *right[key]) if is_glob(pattern) or pattern.startswith(NOT)]
        if not plain and not set(left[key]) & set(right[key]):
            return True
    return False


def _possible(condition: Condition) -> dict[str, set[str]]:
    """For each fact of a closed list, the values with which a condition can be true."""
    found: dict[str, set[str]] = {}
    for node in condition.children if isinstance(condition, All) else (condition,):
        if isinstance(node, All):
            for fact, values in _possible(node).items():
                found[fact] = found.get(fact, values) & values
        elif isinstance(node, Is) and VOCABULARY[node.fact].type == "enum":
            every = VOCABULARY[node.fact].values
            named = {value for value in every if any(fnmatchcase(value, str(pattern)) for pattern in node.values)}
            values = set(every) - named if node.negated else named
            found[node.fact] = found.get(node.fact, values) & values
    return found
