"""The opening of an incident as an event, for rules that speak of it: `opened RULE`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce

from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Mode
from domain.instant import Instant
from domain.status import Kind
from rules.batch import NO_ENDS, Ends
from rules.book import public_name
from rules.compile import CompiledBook
from rules.evaluate import EDITION, Change, ChangeKind, Verdict, evaluate
from rules.machine import Cell

OURSELVES = "doorstep"
"""The source of what nobody reported to us."""


def evaluated(
    book: CompiledBook,
    before: Delivery,
    after: Delivery,
    cells: Mapping[str, Cell],
    learnt: tuple[Event, ...],
    last: Instant,
    now: Instant,
    edition: int = EDITION,
    ends: Ends = NO_ENDS,
) -> tuple[Delivery, Verdict]:
    """`evaluate`; what opened is folded where rules speak of it, and evaluated again: the delivery then, and all that changed."""
    verdict = evaluate(book, before, after, cells, learnt, last, now, edition, ends)
    found, changes = verdict, verdict.changes
    for _ in book.opened:  # as many as can open on one another's opening
        openings = tuple(_openings(book, found.changes, now))
        if not openings:
            break
        known, learnt = after, (*learnt, *openings)
        after = reduce(Delivery.after, openings, known)
        found = evaluate(book, known, after, found.cells, learnt, now, now, edition, ends)
        changes = (*changes, *found.changes)
    return after, verdict if found is verdict else replace(found, changes=changes)


def _openings(book: CompiledBook, changes: Iterable[Change], now: Instant) -> Iterable[Event]:
    """The events; of what only pretends to open (a shadow) there are none."""
    for change in changes:
        rule = book.rule(change.rule) if change.kind is ChangeKind.OPENED else None
        if rule is not None and rule.name in book.opened and rule.mode is not Mode.SHADOW:
            told = {"rule": public_name(rule.id)}
            yield Event(f"opened:{rule.id}:{change.episode}", Kind.OPENED, change.at, now, OURSELVES, detail=told)
