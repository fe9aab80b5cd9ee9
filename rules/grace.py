"""How long rules go on after a delivery's final status: those with `after_final`, for their own grace or that of the book. Pure.

When its grace is over, a rule is like any other on a delivery that has ended: it opens nothing more, and what it has open ends as
`final`. All that is due by then is still begun, by a late worker too.
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.delivery import Delivery
from domain.instant import Instant, Span
from rules.batch import NO_ENDS, Ends
from rules.book import Rule, Rulebook
from rules.compile import CompiledBook
from rules.machine import Cell, Phase


def grace_of(rule: Rule, book: Rulebook) -> Span:
    """How long a rule that works after the end does so."""
    return book.final_grace if rule.final_grace is None else rule.final_grace


def longest_grace(book: CompiledBook, delivery: Delivery) -> Span:
    """How long a delivery lives on after its final status: for corrections, and for the rules that still may open."""
    own = [rule for rule in book.rules if rule.rule.final_grace and rule.rule.after_final]
    if not own:
        return book.rulebook.final_grace
    scope = book.in_scope(delivery)
    return max([book.rulebook.final_grace, *(rule.rule.final_grace or 0 for rule in own if rule.id in scope)])


def final_since(before: Instant | None, delivery: Delivery, now: Instant) -> Instant | None:
    """When we learnt that the delivery has ended; None for one that has not, or not any more."""
    if not delivery.facts.final:
        return None
    return now if before is None else before


def last_openings(book: CompiledBook, delivery: Delivery, since: Instant | None) -> Ends:
    """Until when each rule goes on if a delivery has ended at an instant (None: it has not). One that is not for the delivery any
    more does so for no longer than the delivery lives on."""
    if since is None:
        return NO_ENDS
    latest = since + longest_grace(book, delivery)
    late = (rule.rule for rule in book.rules if rule.rule.after_final)
    return {rule.id: min(since + grace_of(rule, book.rulebook), latest) for rule in late}


def are_to_end(cells: Mapping[str, Cell], ends: Ends, now: Instant) -> bool:
    """Whether something is open, or about to open, of a rule whose grace is over."""
    return any(end <= now and rule in cells and cells[rule].phase is not Phase.IDLE for rule, end in ends.items())


def brought_to_end(cells: Mapping[str, Cell], ends: Ends, now: Instant) -> tuple[Mapping[str, Cell], Ends]:
    """The cells of which those whose grace is over are looked at once more, and ends by which it is over for them."""
    over = {rule for rule, end in ends.items() if end <= now}
    due = {
        rule: replace(cell, look_at=min(cell.look_at, now))
        for rule, cell in cells.items()
        if rule in over and cell.phase is not Phase.IDLE
    }
    return {**cells, **due}, {**ends, **dict.fromkeys(over, now - 1)}
