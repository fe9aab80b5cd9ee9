"""Whom a disruption or a dead feed calls: deliveries whose book has a rule of guards alone, which no event would ever wake.

All others learn of it when the rest of a rule of theirs is true.
"""

from collections.abc import Iterator

from domain.delivery import Delivery
from domain.guards import About, Question
from domain.instant import Span
from rules.book import Rulebook
from rules.compile import CompiledBook, CompiledRule
from rules.guard_steps import EXPLICIT, PLACES, question_of
from rules.parts import parts_of
from rules.tree import Condition, DisruptionOpen, Group


def is_guards_alone(condition: Condition) -> bool:
    """Whether a condition is made of guards and nothing else."""
    if isinstance(condition, Group):
        return bool(condition.children) and all(is_guards_alone(child) for child in condition.children)
    return isinstance(condition, EXPLICIT)


def heeds_disruptions(book: Rulebook, scope: str) -> bool:
    """Whether deliveries under a book have to be called when a disruption opens or closes on something of a scope."""
    return any(
        is_guards_alone(rule.when)
        and any(isinstance(part, DisruptionOpen) and part.scope == scope for part in parts_of(rule.when))
        for rule in book.rules
    )


def is_called(book: CompiledBook, delivery: Delivery, place: str) -> bool:
    """Whether a disruption of `hub:HEL1` and its like calls a delivery."""
    scope, _, key = place.partition(":")
    return PLACES[scope](delivery) == key and heeds_disruptions(book.rulebook, scope)


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
