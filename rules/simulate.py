"""A delivery under watch on a simulated clock: the same state machine as the workflow, with made-up outcomes and no waiting.

What is reported comes in at its instant and is folded before what is due then; wake-ups come one by one; the outcome of an
action comes at the instant of the action, or at its timeout when nobody answers.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.instant import NEVER, Instant
from domain.order import Order
from rules.compile import CompiledBook
from rules.outside import NOTHING_GIVEN, Given, Outside
from rules.staged import FIRST, EndlessError, Outcomes, Part, Staged, all_succeed
from rules.telling import Adopted, Decided, Line, Moment, Reported
from rules.watch import Watch, look

__all__ = [
    "FIRST", "Adopted", "Decided", "EndlessError", "Line", "Moment", "Part", "Reported", "all_succeed", "peeks", "simulate",
    "simulate_together",
]  # fmt: skip


def simulate(
    book: CompiledBook,
    order: Order,
    known_at: Instant,
    lines: Iterable[Line],
    until: Instant,
    outcomes: Outcomes = all_succeed,
    given: Given = NOTHING_GIVEN,
) -> tuple[Moment, ...]:
    """Every instant from the order on, up to `until` inclusive, at which something was looked at. Raises EndlessError."""
    return simulate_together(book, [Part(order, known_at, tuple(lines))], until, outcomes, given)[0]


def simulate_together(
    book: CompiledBook,
    parts: Sequence[Part],
    until: Instant,
    outcomes: Outcomes = all_succeed,
    given: Given = NOTHING_GIVEN,
) -> tuple[tuple[Moment, ...], ...]:
    """The same for several deliveries, which share one clock and one world outside; at one instant the first comes first."""
    outside = Outside(given, book.rulebook.directory.carriers)
    stages = [Staged(book, part, outcomes, outside) for part in parts]
    while (first := min(stages, key=Staged.next_instant)).next_instant() <= until:
        at = first.next_instant()
        first.play(at)
        for stage in stages:
            stage.call_if_waited_for(at)
        outside.turned.clear()
    return tuple(tuple(stage.moments) for stage in stages)


def peeks(moment: Moment, until: Instant) -> Iterable[Watch]:
    """How things stand at each later instant at which a rule's phase may change by time alone, before `until` and at it."""
    watch, versions = moment.watch, moment.versions
    book = versions(watch.book)
    while (at := min((cell.look_at for cell in watch.cells.values() if cell.look_at > watch.looked_at), default=NEVER)) < until:
        watch = look(watch, book, (), at, versions=versions, answers=None).watch
        yield watch
    is_later = until > watch.looked_at
    yield look(watch, book, (), until, versions=versions, answers=None).watch if is_later else replace(watch, looked_at=until)
