"""The opening of an incident as an event, for rules that speak of it: `opened RULE`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from domain.delivery import Delivery
from domain.event import TAKEN_BACK, Event
from domain.incident import Mode, Resolution
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
    """`evaluate`; what opened is folded where rules speak of it, and evaluated again: the delivery then, and all that changed. Each
    opening by itself, the first rule's first: one that it takes back has opened for nobody."""
    verdict = evaluate(book, before, after, cells, learnt, last, now, edition, ends)
    found, changes = verdict, verdict.changes
    waiting = tuple(_openings(book, changes, now))
    for _ in range(4 * len(book.opened)):  # as many as can open on one another's opening, and be taken back with it
        if not waiting:
            break
        known, learnt = after, (*learnt, waiting[0])
        after = after.after(waiting[0])
        found = evaluate(book, known, after, found.cells, learnt, now, now, edition, ends)
        changes = (*changes, *found.changes)
        waiting = _without_those_taken_back((*waiting[1:], *_openings(book, found.changes, now)))
    return after, verdict if found is verdict else replace(found, changes=changes)


def _without_those_taken_back(waiting: tuple[Event, ...]) -> tuple[Event, ...]:
    """The events but for openings that are corrected before they were folded, and their corrections."""
    ids = {event.event_id for event in waiting}
    void = {corrected for event in waiting if (corrected := event.corrects) in ids}
    return tuple(event for event in waiting if event.event_id not in void and event.corrects not in void)


def _openings(book: CompiledBook, changes: Iterable[Change], now: Instant) -> Iterable[Event]:
    """The events, and corrections of what late news took back; of what only pretends to open (a shadow) there are none."""
    for change in changes:
        rule = book.rule(change.rule)
        if rule is None or rule.name not in book.opened or rule.mode is Mode.SHADOW:
            continue
        opening = f"opened:{rule.id}:{change.episode}"
        if change.kind is ChangeKind.OPENED:
            yield Event(opening, Kind.OPENED, change.at, now, OURSELVES, detail={"rule": public_name(rule.id)})
        elif change.resolution is Resolution.RETRACTED:
            told = {"event_id": opening, "reason": "did_not_occur"}
            yield Event(f"{TAKEN_BACK}{opening}", Kind.CORRECTION, change.at, now, OURSELVES, detail=told)
