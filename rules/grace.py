"""How long rules go on after a delivery's final status: those with `after_final`, for their own grace or that of the book. Pure."""

from domain.delivery import Delivery
from domain.instant import Instant, Span
from rules.batch import NO_ENDS, Ends
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook


def grace_of(rule: Rule, book: Rulebook) -> Span:
    """How long a rule that works after the end does so."""
    return book.final_grace if rule.final_grace is None else rule.final_grace


def longest_grace(book: CompiledBook, delivery: Delivery) -> Span:
    """How long a delivery lives on after its final status: for corrections, and for the rules that still may open."""
    scope = book.in_scope(delivery)
    own = (rule.rule.final_grace or 0 for rule in book.rules if rule.rule.after_final and rule.id in scope)
    return max([book.rulebook.final_grace, *own])


def final_since(before: Instant | None, delivery: Delivery, now: Instant) -> Instant | None:
    """When we learnt that the delivery has ended; None for one that has not, or not any more."""
    if not delivery.facts.final:
        return None
    return now if before is None else before


def last_openings(book: CompiledBook, since: Instant | None) -> Ends:
    """Until when each rule may still open on a delivery that has ended at an instant (None: it has not)."""
    if since is None:
        return NO_ENDS
    late = (rule.rule for rule in book.rules if rule.rule.after_final)
    return {rule.id: since + grace_of(rule, book.rulebook) for rule in late}
