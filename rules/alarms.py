"""Whom a disruption or a dead feed calls: deliveries whose book has a rule of guards alone, which no event would ever wake, and those
with an open incident of a rule that speaks of it, which may end by it.

All others learn of it when the rest of a rule of theirs is true.
"""

from collections.abc import Iterator

from domain.delivery import Delivery
from domain.guards import About, Question
from domain.instant import Span
from rules.adoption import Versions
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook, CompiledRule
from rules.guard_steps import EXPLICIT, PLACES, question_of
from rules.parts import parts_of
from rules.tree import Condition, DisruptionOpen, Group
from rules.watch import Watch


def is_guards_alone(condition: Condition) -> bool:
    """Whether a condition is made of guards and nothing else."""
    if isinstance(condition, Group):
        return bool(condition.children) and all(is_guards_alone(child) for child in condition.children)
    return isinstance(condition, EXPLICIT)


def heeds_disruptions(book: Rulebook, scope: str) -> bool:
    """Whether deliveries under a book have to be called when a disruption opens or closes on something of a scope."""
    return any(is_guards_alone(rule.when) and _speaks_of(rule.when, scope) for rule in book.rules)


def rules_about(book: Rulebook, scope: str) -> frozenset[str]:
    """The rules, by id, whose open incidents a disruption on something of a scope may end, or hold open."""
    return frozenset(rule.id for rule in book.rules if any(_speaks_of(one, scope) for one in _ends(rule)))


def _ends(rule: Rule) -> Iterator[Condition]:
    """The conditions that decide how long an incident stays open."""
    yield from (rule.when, *(stage.when for stage in rule.stages))
    if rule.clears_when is not None:
        yield rule.clears_when


def _speaks_of(condition: Condition, scope: str) -> bool:
    return any(isinstance(part, DisruptionOpen) and part.scope == scope for part in parts_of(condition))


def is_called(watch: Watch, versions: Versions, place: str) -> bool:
    """Whether a disruption of `hub:HEL1` and its like calls a delivery, when it opens and when it is over."""
    scope, _, key = place.partition(":")
    if scope not in PLACES or PLACES[scope](watch.delivery) != key:
        return False
    return heeds_disruptions(versions(watch.book).rulebook, scope) or any(
        one.is_open and one.rule in rules_about(versions(one.book).rulebook, scope) for one in watch.incidents
    )


def stale_after(book: CompiledBook, delivery: Delivery, feed: str) -> Iterator[Span]:
    """How long after a feed was heard of last its alarms call a delivery."""
    for question in _of_guards_alone(book, delivery):
        if question.about is About.FEED_STALE and question.subject == feed:
            yield max(question.span, question.cadence or 0)


def _of_guards_alone(book: CompiledBook, delivery: Delivery) -> Iterator[Question]:
    scope = book.in_scope(delivery)
    for rule in book.guarded:
        if rule.id in scope and is_guards_alone(rule.rule.when):
            yield from _asked(rule, delivery)


def _asked(rule: CompiledRule, delivery: Delivery) -> Iterator[Question]:
    nodes = (part for part in parts_of(rule.rule.when) if isinstance(part, EXPLICIT))
    found = (question_of(node, delivery, rule.frame) for node in nodes)
    yield from (question for question in found if question is not None)


def is_parked(delivery: Delivery, feed: str) -> bool:
    """Whether something waits for a silent feed to come back."""
    return any(truth and key.startswith(f"{About.FEED_SILENT}|{feed}|") for key, truth in delivery.facts.guards.items())
