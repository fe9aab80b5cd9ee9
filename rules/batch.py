"""What one evaluation is about: what was known, what was learnt, and which rules that can concern."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from typing import TypeAlias

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import NEVER, Instant
from rules.compile import CompiledBook, CompiledRule, Concerned
from rules.inputs import touched
from rules.lookback import late_since
from rules.looking import may_open
from rules.machine import DUE_NOW, Cell, Phase
from rules.scene import Scene
from rules.scope import has_same_scope
from rules.standing import Cells, Found, found_in, found_out
from rules.tree import Truth

Ends: TypeAlias = Mapping[str, Instant]
"""Rule -> the last instant at which it may open on a delivery that has ended."""

NO_ENDS: Ends = {}

NEW = Cell()
"""Of a rule that has not been looked at yet."""

RESTING = NEW.looked(NEVER)
"""Of a rule that never was anything but idle, and stays so until a fact changes."""


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

    `ends` say until when rules may still open after a final status. `concerned` is what reads something that the batch touched; None if the order, the past or the rules that apply may have
    changed: then every rule is looked at.
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
        told = touched(before, after, learnt)
        is_whole = told is None or self.known.has_strays or self.scope is not self.known.scope
        self.concerned = None if told is None or is_whole else self.known.watched.concerned(told)
        self.found = self._found()
        self.new = Scene(after, learnt, now, self.found.parts)
        self._old: Scene | None = None

    def _found(self) -> Found:
        """What is known now; of what the batch did not touch that is what was known before."""
        known, ask = self.known, bool(self.learnt)
        if self.concerned is None:
            if self.after is self.before and not known.has_strays:
                return known
            return found_out(self.cells, self.book, self.after, self.scope, self.now, ask)
        atoms = self.book.looked_up(known.atoms, self.concerned.atoms, Scene(self.after), self.now)
        parts = known.parts if atoms is known.atoms else self.book.match(atoms, ask)
        return Found(self.book, self.after, self.scope, known.watched, atoms, parts, known.next_look)

    @property
    def scope_before(self) -> frozenset[str]:
        return self.known.scope

    @property
    def old(self) -> Scene:
        if self._old is None:
            self._old = Scene(self.before, (), self.now, self.known.parts)
        return self._old

    def to_look_at(self) -> Iterable[CompiledRule]:
        """The rules for which time or the batch can have changed anything."""
        told, cells, now = self.concerned, self.cells, self.now
        if told is None:
            return self.found.watched.rules
        changed = self._changed(told)
        concerned = [
            rule
            for rule in told.rules
            if cells.get(rule.id, NEW).phase is not Phase.IDLE or rule.id in told.in_time or not rule.atoms.isdisjoint(changed)
        ]
        if now < self.known.next_look:
            return concerned
        ids = {rule.id for rule in concerned}
        return [rule for rule in self.found.watched.rules if rule.id in ids or cells.get(rule.id, NEW).look_at <= now]

    def _changed(self, told: Concerned) -> frozenset[int]:
        """The fact sentences whose truth the batch changed, by number. For an idle rule only these count of the facts."""
        old, new = self.known.atoms, self.found.atoms
        return frozenset() if new is old else frozenset(number for number in told.atoms if old[number] != new[number])

    def still_idle(self, rule: CompiledRule, cell: Cell) -> Cell | None:
        """The cell of a rule that nothing can come of now, with its next look; None where the whole machine has to run.

        If no fact part holds that could make the rule true, that is when a fact changes.
        """
        if cell.phase is not Phase.IDLE or DUE_NOW < cell.look_at < self.now:
            return None
        if self.is_over and not rule.rule.after_final:
            return _resting(cell)
        if not cell.armed:
            return None
        if rule.needs is not None and rule.needs.isdisjoint(self.found.parts):
            return _resting(cell)
        truth, until = rule.when.at(self.new, self.now)
        if truth is Truth.TRUE:
            return None
        return cell.looked(until if rule.id in self.scope else NEVER)

    def may_open(self, rule: CompiledRule) -> bool:
        """Whether the rule is for the delivery, and still may act on it."""
        return may_open(rule, self.after, self.scope) and self.now <= self.ends.get(rule.id, NEVER)

    def might_open(self, rule: CompiledRule, t: Instant) -> bool:
        """The same for an instant before the batch, when only what was known before it was known."""
        return may_open(rule, self.before, self.scope_before) and t <= self.ends.get(rule.id, NEVER)

    def standing(self, looked: Mapping[str, Cell]) -> Cells:
        """All cells after the batch. Of a rule that is for the delivery no more only its count stays."""
        if self.concerned is not None:
            cells = Cells(self.cells)
        else:
            left = ((rule, cell) for rule, cell in self.cells.items() if rule not in looked and cell.episode)
            cells = Cells((rule, _set_aside(cell)) for rule, cell in left)
        cells.update(looked)
        return cells

    def outcome(self, looked: Mapping[str, Cell], cells: Mapping[str, Cell]) -> Found:
        """What the next evaluation may go on from."""
        known = self.known.next_look
        if self.concerned is None or self.now >= known or self.book.contested:
            looks = [cells[rule].look_at for rule in self.found.watched.place]
        else:
            looks = [known, *map(LOOK_AT, looked.values())]
        return self.found._replace(next_look=min(looks, default=NEVER))


LOOK_AT: Callable[[Cell], Instant] = attrgetter("look_at")


def _resting(cell: Cell) -> Cell:
    return RESTING if cell is NEW else cell.looked(NEVER)


def _set_aside(cell: Cell) -> Cell:
    """The cell of a rule that is not for this delivery any more: it keeps its count, and starts anew if it ever is again."""
    return replace(cell, phase=Phase.IDLE, look_at=DUE_NOW, wake_at=NEVER, wake_for="")
