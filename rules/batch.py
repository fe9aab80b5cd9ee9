"""What one evaluation is about: what was known, what was learnt, and which rules that can concern."""

from functools import cached_property

from domain.delivery import Delivery
from domain.event import Event
from domain.instant import Instant
from rules.compile import CompiledBook, CompiledRule
from rules.inputs import touched
from rules.lookback import late_since
from rules.machine import DUE_NOW, Cell, Phase
from rules.scene import Scene
from rules.scope import has_same_scope


class Batch:
    """What one evaluation is about. Scenes are made when a rule first asks for them."""

    def __init__(
        self, book: CompiledBook, before: Delivery, after: Delivery, learnt: tuple[Event, ...], last: Instant, now: Instant
    ) -> None:
        self.book, self.before, self.after, self.learnt, self.last, self.now = book, before, after, learnt, last, now
        self.scope_before = book.in_scope(before)
        self.scope = self.scope_before if has_same_scope(before, after) else book.in_scope(after)
        told = touched(before, after, learnt)
        self.concerned = None if told is None else book.concerned(told)
        self.late = late_since(learnt, now)

    @cached_property
    def old(self) -> Scene:
        return self.book.scene(self.before, (), self.now)

    @cached_property
    def new(self) -> Scene:
        return self.book.scene(self.after, self.learnt, self.now)

    @cached_property
    def changed(self) -> frozenset[int]:
        """The fact sentences whose truth the batch changed, by number."""
        atoms = self.concerned.atoms if self.concerned is not None else ()
        return self.book.changed_atoms(atoms, Scene(self.before), Scene(self.after), self.now)

    def leaves_alone(self, rule: CompiledRule, cell: Cell) -> bool:
        """Whether neither time nor the batch can have changed anything for a rule.

        For an idle rule a fact that changed does not count if its sentences say the same of it as before.
        """
        told, name = self.concerned, rule.id
        if told is None or not DUE_NOW < self.now < cell.look_at or (name in self.scope_before) is not (name in self.scope):
            return False
        if name not in told.rules:
            return name in self.scope or cell.is_open
        is_idle = cell.phase is Phase.IDLE and name in self.scope
        return is_idle and name not in told.in_time and rule.atoms.isdisjoint(self.changed)
