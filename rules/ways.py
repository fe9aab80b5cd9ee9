"""What an incident of a rule may go through, and the path of every step that it may take: what tests should show of it."""

from collections.abc import Iterator, Sequence

from domain.actions import Outcome
from domain.instant import Span
from domain.status import FINAL
from rules.book import Rule, Step
from rules.compile import CompiledRule
from rules.limits import kind_of
from rules.quiet import is_quieted
from rules.tree import All, AnyOf, Condition, FeedStale, Is

OPENED, CURED = "opened", "cured"
TRUE_AGAIN, COOLED = "true again while clearing", "held back by its cooldown"
QUIETED, WITHHELD, LAPSED = "kept back by its quiet hours", "withheld by its limits", "an acknowledgement that expires"
KEPT_BACK = {Outcome.DEFERRED: QUIETED, Outcome.DROPPED: QUIETED, Outcome.WITHHELD: WITHHELD}


def ways(compiled: CompiledRule) -> Iterator[str]:
    """What an incident of the rule may go through. What stands under `defaults` keeps back only rules that do such a thing."""
    rule = compiled.rule
    names = {name_of(step) for step in steps_of(rule)}
    yield OPENED
    if rule.clears_when is not None or not (compiled.timing.lasting or _is_of_the_end(rule.when)):
        yield CURED
    if rule.stay_clear and not _takes_longer(rule.when, rule.stay_clear):
        yield TRUE_AGAIN
    if rule.cooldown:
        yield COOLED
    if rule.quiet_hours is not None and any(is_quieted(rule.quiet_hours, name) for name in names):
        yield QUIETED
    if {limit.what for limit in rule.limits} & {kind_of(name) for name in names}:
        yield WITHHELD
    if rule.acknowledge_expires is not None:
        yield LAPSED


def _is_of_the_end(condition: Condition) -> bool:
    """Whether it is true only of deliveries that have ended: their incidents are retracted by a correction, never cured."""
    if isinstance(condition, AnyOf):
        return all(_is_of_the_end(child) for child in condition.children)
    if isinstance(condition, All):
        return any(_is_of_the_end(child) for child in condition.children)
    if not isinstance(condition, Is) or condition.fact != "status" or condition.negated:
        return False
    return FINAL.issuperset(condition.values)


def _takes_longer(condition: Condition, stay_clear: Span) -> bool:
    """Whether it cannot be true again before its incident has ended: a feed that was heard of needs its whole span to be stale."""
    if isinstance(condition, AnyOf):
        return all(_takes_longer(child, stay_clear) for child in condition.children)
    if isinstance(condition, All):
        return any(_takes_longer(child, stay_clear) for child in condition.children)
    return isinstance(condition, FeedStale) and condition.span > stay_clear


def name_of(step: Step) -> str:
    """How tests and people call it: `reroute`, `notify.customer`."""
    who = step.args.get("who")
    return f"{step.action}.{who}" if who else step.action


def steps_of(rule: Rule) -> Iterator[Step]:
    """Every step that a rule may take, those under `otherwise` and `unanswered` included."""
    waiting = [step for _, _, steps in lists_of(rule) for step in steps]
    while waiting:
        step = waiting.pop(0)
        waiting += [*step.otherwise, *step.unanswered]
        yield step


def lists_of(rule: Rule) -> Iterator[tuple[str, str, Sequence[Step]]]:
    """The lists of steps of a rule: the path of each, how it is called, and the steps."""
    yield "do", "do", rule.do
    for number, stage in enumerate(rule.stages):
        yield f"stage.{number}.do", f"stage {number + 1}, do", stage.do
    for number, rung in enumerate(rule.escalate.steps if rule.escalate else ()):
        yield f"escalate.{number}.do", f"escalate {number + 1}, do", rung.do
    for how, steps in rule.on_resolve.items():
        yield f"on_resolve.{how}", f"on_resolve {how}", steps


def paths_of(rule: Rule) -> Iterator[tuple[str, str]]:
    """The path of every step that a rule may take, as incidents name it, and in words."""
    for prefix, words, steps in lists_of(rule):
        yield from _paths(steps, prefix, words)
    for number, rung in enumerate(rule.escalate.steps if rule.escalate else ()):
        if rung.repeat is not None and rung.do:
            yield f"escalate.{number}.do.0/1", f"escalate {number + 1}, repeated"


def _paths(steps: Sequence[Step], prefix: str, words: str) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(steps):
        said = f"{words} {number + 1}"
        yield f"{prefix}.{number}", f"{said}: {step.action}"
        for name, inner in step.inner:
            yield from _paths(inner, f"{prefix}.{number}.{name}", f"{said} {name}")
