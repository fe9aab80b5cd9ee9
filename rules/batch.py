"""What one evaluation is about: what was known, what was learnt, and which rules that can concern."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import NEVER, Instant
from rules.compile import CompiledBook, CompiledRule
from rules.inputs import touched
from rules.lookback import late_since
from rules.looking import may_open
from rules.machine import DUE_NOW, Cell, Phase
from rules.scene import Scene, told_on
from rules.scope import has_same_scope
from rules.standing import Cells, Found, found_in, found_out
from rules.tree import Truth

Ends: TypeAlias = Mapping[str, Instant]
"""Rule -> the last instant at which it may open, or have anything open, on a delivery that has ended."""

NO_ENDS: Ends = {}

NEW = Cell()
"""Of a rule that has not been looked at yet."""

RESTING = NEW.looked(NEVER)
"""Of a rule that never was anything but idle, and stays so until a fact changes. Shared, so that it takes no room."""


def told(delivery: Delivery, events: Iterable[Event]) -> tuple[Delivery, tuple[Event, ...]]:
    """A delivery after the events of a batch, and those of them that were new."""
    learnt: list[Event] = []
    for event in events:
        after = delivery.after(event)
        if after is not delivery:
            learnt.append(event)
            delivery = after
    return delivery, tuple(learnt)


class Batch:
    """What one evaluation is about. Scenes are made when a rule first asks for them.

    `ends` say until when rules may still open after a final status. `concerned` is what reads something that the batch touched;
    None if the order, the past or the rules that apply may have changed. With `is_whole` every rule is looked at: then, and
    when the delivery ends.
    """

    def __init__(
        self,
        book: CompiledBook,
        before: Delivery,
        after: Delivery,
        cells: Mapping[str, Cell],
        learnt: tuple[Event, ...],
        last: Instant,
        now: Instant,
        ends: Ends = NO_ENDS,
    ) -> None:
        self.book, self.before, self.after, self.learnt, self.last, self.now = book, before, after, learnt, last, now
        self.cells, self.ends = cells, ends
        self.late = late_since(learnt, now)
        self.is_over = after.facts.final
        self.known = found_in(cells, book, before, now)
        self.scope = self.known.scope if has_same_scope(before, after) else book.in_scope(after)
        touches = touched(before, after, learnt)
        is_new = touches is None or self.known.has_strays or self.scope is not self.known.scope
        self.concerned = None if touches is None or is_new else self.known.watched.concerned(touches)
        self.is_whole = is_new or self.is_over is not before.facts.final
        self.changed: tuple[int, ...] = ()
        self.new = Scene(after, learnt, now, told=None if touches is None else told_on(self.known.told, before, after))
        self.found = self._found()
        self.new.parts = self.found.parts
        self._old: Scene | None = None

    def _found(self) -> Found:
        """What is known now; of what the batch did not touch that is what was known before."""
        known, ask = self.known, bool(self.learnt)
        if self.concerned is None:
            return found_out(self.cells, self.book, self.after, self.scope, self.now, ask)
        atoms, self.changed = self.book.looked_up(known.atoms, self.concerned.atoms, self.new, self.now)
        parts = self.book.match(atoms, ask) if self.changed else known.parts
        return Found(self.book, self.after, self.scope, known.watched, atoms, parts)

    @property
    def scope_before(self) -> frozenset[str]:
        return self.known.scope

    @property
    def old(self) -> Scene:
        if self._old is None:
            self._old = Scene(self.before, (), self.now, self.known.parts, told=self.known.told)
        return self._old

    def to_look_at(self) -> Iterable[CompiledRule]:
        """The rules for which time or the batch can have changed anything."""
        touched, known, cells = self.concerned, self.known, self.cells
        if touched is None or not cells or (self.is_whole and not self.is_over):
            return self.found.watched.rules
        if self.is_whole:  # it has just ended: what rests goes on to do so
            return [rule for rule in known.watched.rules if rule.rule.after_final or cells.get(rule.id) is not RESTING]
        rules, hopeless = touched.of(self.changed, known.parts, self.found.parts)
        awake = [rule for rule in hopeless if cells.get(rule.id) is not RESTING]
        if self.now < known.next_look and not known.busy:
            return (*rules, *awake) if awake else rules
        ids = {rule.id for rule in rules} | {rule.id for rule in awake}
        ids |= {rule.id for rule in touched.rules if rule.id in known.busy}
        ids |= {rule for rule in self._timed() if cells.get(rule, NEW).look_at <= self.now}
        return [rule for rule in known.watched.rules if rule.id in ids]

    def _timed(self) -> Iterable[str]:
        return self.known.watched.place if self.known.timed is None else self.known.timed

    def put_off(self) -> dict[str, Cell]:
        """The cells of idle rules that the batch only delayed, where it was known what they do next: that has to be sought anew."""
        if self.concerned is None:
            return {}
        cells = self.cells
        sought = [rule for rule in self.concerned.delayed if cells.get(rule, NEW).wake_for]
        return {rule: cells[rule].waking(cells[rule].wake_at, "") for rule in sought}

    def still_idle(self, rule: CompiledRule, cell: Cell) -> Cell | None:
        """The cell of a rule that nothing can come of now, with its next look; None where the whole machine has to run.

        If no fact part holds that could make the rule true, that is when a fact changes.
        """
        if cell.phase is not Phase.IDLE or not cell.armed or DUE_NOW < cell.look_at < self.now:
            return None
        if self.has_ended(rule):
            return _resting(cell)
        if rule.needs is not None and rule.needs.isdisjoint(self.found.parts):
            return _resting(cell)
        if rule.hangs_on_answers(self.after):
            return None
        truth, until = rule.when.at(self.new, self.now)
        if truth is Truth.TRUE:
            return None
        return cell.looked(until) if until < NEVER and rule.id in self.scope else _resting(cell)

    def has_ended(self, rule: CompiledRule) -> bool:
        """Whether the delivery has ended and the rule with it, or its grace after that was over when last looked at."""
        return self.is_over and (not rule.rule.after_final or self.last > self.ends.get(rule.id, NEVER))

    def may_open(self, rule: CompiledRule) -> bool:
        """Whether the rule is for the delivery, and still may act on it."""
        return may_open(rule, self.after, self.scope) and self.now <= self.ends.get(rule.id, NEVER)

    def might_open(self, rule: CompiledRule, t: Instant) -> bool:
        """The same for an instant before the batch, when only what was known before it was known."""
        return may_open(rule, self.before, self.scope_before) and t <= self.ends.get(rule.id, NEVER)

    def standing(self, looked: Mapping[str, Cell]) -> Cells:
        """All cells after the batch. Of a rule that is for the delivery no more only its count stays."""
        cells = Cells(self._left() if self.is_whole else self.cells)
        cells.update(looked)
        return cells

    def _left(self) -> Iterator[tuple[str, Cell]]:
        for rule, cell in self.cells.items():
            if rule in self.found.watched.place:
                yield rule, cell
            elif cell.episode:
                yield rule, _set_aside(cell)

    def outcome(self, looked: Mapping[str, Cell], cells: Mapping[str, Cell]) -> Found:
        """What the next evaluation may go on from."""
        known, found = self.known, self.found
        timed: tuple[str, ...]
        if self.is_whole or known.timed is None or self.book.contested:
            looked, timed, busy = {rule: cells[rule] for rule in found.watched.place}, (), NOBODY
        else:
            timed = tuple([rule for rule in known.timed if rule not in looked])
            busy = known.busy - looked.keys() if known.busy else NOBODY
        awake = [(rule, cell) for rule, cell in looked.items() if cell is not RESTING]
        timed += tuple([rule for rule, cell in awake if cell.look_at < NEVER])
        more = [rule for rule, cell in awake if cell.is_busy]
        first = min([cells[rule].look_at for rule in timed], default=NEVER)
        busy = busy.union(more) if more else busy
        told = self.new.told_so_far
        return Found(self.book, self.after, self.scope, found.watched, found.atoms, found.parts, first, busy, timed, told)


NOBODY: frozenset[str] = frozenset()


def _resting(cell: Cell) -> Cell:
    """An idle cell that waits for a fact to change; of most rules it is the same one, on every delivery."""
    has_a_past = cell.episode or cell.since or not cell.armed
    return cell.looked(NEVER) if has_a_past else RESTING


def _set_aside(cell: Cell) -> Cell:
    """The cell of a rule that is not for this delivery any more: it keeps its count, and starts anew if it ever is again."""
    return replace(cell, phase=Phase.IDLE, look_at=DUE_NOW, wake_at=NEVER, wake_for="")
