"""What one evaluation is about: what was known, what was learnt, and which rules that can concern."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from operator import attrgetter

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import NEVER, Instant
from rules.compile import CompiledBook, CompiledRule, Concerned
from rules.inputs import touched
from rules.lookback import late_since
from rules.machine import DUE_NOW, Cell, Phase
from rules.scene import Scene
from rules.scope import has_same_scope
from rules.standing import Found, found_in, found_out

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

    `whole` says that the order, the past or the rules that apply may have changed: then every rule is looked at.
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
    ) -> None:
        self.book, self.before, self.after, self.learnt, self.last, self.now = book, before, after, learnt, last, now
        self.cells = cells
        self.late = late_since(learnt, now)
        self.known = found_in(cells, book, before, now)
        told = touched(before, after, learnt)
        self.scope = self.known.scope if has_same_scope(before, after) else book.in_scope(after)
        self.whole = told is None or self.known.has_strays or self.scope is not self.known.scope
        self.concerned = None if self.whole or told is None else self.known.watched.concerned(told)
        self.found = self._found()

    def _found(self) -> Found:
        """What is known now; of what the batch did not touch that is what was known before."""
        known, ask = self.known, bool(self.learnt)
        if self.concerned is None:
            return found_out(self.cells, self.book, self.after, self.scope, self.now, ask)
        atoms = self.book.looked_up(known.atoms, self.concerned.atoms, Scene(self.after), self.now)
        parts = known.parts if atoms is known.atoms else self.book.match(atoms, ask)
        return Found(self.book, self.after, self.scope, known.watched, atoms, parts, known.next_look)

    @property
    def scope_before(self) -> frozenset[str]:
        return self.known.scope

    @cached_property
    def old(self) -> Scene:
        return Scene(self.before, (), self.now, self.known.parts)

    @cached_property
    def new(self) -> Scene:
        return Scene(self.after, self.learnt, self.now, self.found.parts)

    @cached_property
    def changed(self) -> frozenset[int]:
        """The fact sentences whose truth the batch changed, by number."""
        if self.found.atoms is self.known.atoms:
            return frozenset()
        pairs = enumerate(zip(self.known.atoms, self.found.atoms, strict=True))
        return frozenset(number for number, (old, new) in pairs if old != new)

    def to_look_at(self) -> Iterator[tuple[CompiledRule, Cell]]:
        """The rules for which time or the batch can have changed anything, with where they stand."""
        told, cells, now = self.concerned, self.cells, self.now
        is_any_due = told is None or now >= self.known.next_look
        for rule in self.found.watched.rules if told is None or is_any_due else told.rules:
            cell = cells.get(rule.id, NEW)
            if told is None or cell.look_at <= now or (rule.id in told.ids and self._is_concerned(rule, cell, told)):
                yield rule, cell

    def _is_concerned(self, rule: CompiledRule, cell: Cell, told: Concerned) -> bool:
        """For an idle rule a fact that changed does not count if its sentences say the same of it as before."""
        return cell.phase is not Phase.IDLE or rule.id in told.in_time or not rule.atoms.isdisjoint(self.changed)

    def rests(self, rule: CompiledRule, cell: Cell) -> bool:
        """Whether an idle rule stays so until a fact changes: it is all over, or no fact part holds that could make it true."""
        if cell.phase is not Phase.IDLE or DUE_NOW < cell.look_at < self.now:
            return False
        if self.after.facts.final and not rule.rule.after_final:
            return True
        return cell.armed and rule.needs is not None and rule.needs.isdisjoint(self.found.parts)

    def standing(self, looked: Mapping[str, Cell]) -> dict[str, Cell]:
        """All cells after the batch. Of a rule that is for the delivery no more only its count stays."""
        if self.concerned is not None:
            return {**self.cells, **looked}
        left = {rule: _set_aside(cell) for rule, cell in self.cells.items() if rule not in looked and cell.episode}
        return {**left, **looked}

    def outcome(self, looked: Mapping[str, Cell], cells: Mapping[str, Cell]) -> Found:
        """What the next evaluation may go on from."""
        found, known = self.found, self.known
        watched = found.watched.rules
        if self.concerned is None or self.now >= known.next_look or self.book.contested:
            looks = [cells[rule.id].look_at for rule in watched]
        else:
            looks = [known.next_look, *map(LOOK_AT, looked.values())]
        return replace(found, next_look=min(looks, default=NEVER))


LOOK_AT: Callable[[Cell], Instant] = attrgetter("look_at")


def _set_aside(cell: Cell) -> Cell:
    """The cell of a rule that is not for this delivery any more: it keeps its count, and starts anew if it ever is again."""
    return replace(cell, phase=Phase.IDLE, look_at=DUE_NOW, wake_at=NEVER, wake_for="")
