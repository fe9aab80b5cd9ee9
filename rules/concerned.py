"""Which rules of a book have to be looked at, for deliveries that the same rules are for, when some of their inputs change."""

from typing import NamedTuple, TypeAlias

from rules.compiled_rule import CompiledRule
from rules.inputs import Inputs

REMEMBERED = 1_000
"""How many answers are kept of each kind."""

Parts: TypeAlias = frozenset[int]


class ToLook(NamedTuple):
    """Of idle rules those to be looked at, and those that cannot be true until a fact changes."""

    rules: tuple[CompiledRule, ...]
    hopeless: tuple[CompiledRule, ...]


class Concerned:
    """What reads some of the inputs: fact sentences by number, and rules.

    For an idle rule a fact that changed does not count if its sentences say the same of it as before, or if the fact parts that
    could make it true are the same: `of` leaves those out, as it does what is only `delayed`.
    """

    def __init__(self, atoms: tuple[int, ...], rules: tuple[CompiledRule, ...], touched: Inputs) -> None:
        self.atoms = atoms
        self.rules = rules
        in_time = {rule.id: rule.reads_in_time & touched for rule in rules if not rule.reads_in_time.isdisjoint(touched)}
        self.delayed = tuple(rule.id for rule in rules if rule.id in in_time and in_time[rule.id] <= rule.delayed_by)
        self._in_time = frozenset(in_time).difference(self.delayed)
        self._of: dict[tuple[tuple[int, ...], Parts, Parts], ToLook] = {}

    def of(self, changed: tuple[int, ...], before: Parts, after: Parts) -> ToLook:
        """The rules that read of these inputs in a sentence about time, or in one of the fact sentences whose truth changed."""
        key = (changed, before, after)
        found = self._of.get(key)
        if found is None:
            if len(self._of) >= REMEMBERED:
                self._of.clear()
            found = self._of[key] = self._to_look(frozenset(changed), before, after)
        return found

    def _to_look(self, changed: frozenset[int], before: Parts, after: Parts) -> ToLook:
        news = [rule for rule in self.rules if not rule.atoms.isdisjoint(changed) and rule.may_differ(before, after)]
        ids = self._in_time.union(rule.id for rule in news)
        rules = [rule for rule in self.rules if rule.id in ids]
        hopeful = tuple(rule for rule in rules if rule.can_be_true(after))
        return ToLook(hopeful, tuple(rule for rule in rules if not rule.can_be_true(after)))


class Applicable:
    """Those rules of a book that are for some deliveries, in the book's order, and which of them read what."""

    def __init__(self, rules: tuple[CompiledRule, ...], atoms_read: tuple[Inputs, ...]) -> None:
        self.rules = rules
        self.place = {rule.id: place for place, rule in enumerate(rules)}
        self.atoms = tuple(sorted(frozenset[int]().union(*(rule.atoms for rule in rules))))
        self._atoms_read = atoms_read
        self._concerned: dict[Inputs, Concerned] = {}

    def rule(self, rule_id: str) -> CompiledRule:
        return self.rules[self.place[rule_id]]

    def concerned(self, touched: Inputs) -> Concerned:
        """What reads one of the inputs."""
        found = self._concerned.get(touched)
        if found is None:
            if len(self._concerned) >= REMEMBERED:
                self._concerned.clear()
            atoms = tuple(n for n in self.atoms if not self._atoms_read[n].isdisjoint(touched))
            rules = tuple(rule for rule in self.rules if not rule.reads.isdisjoint(touched))
            found = self._concerned[touched] = Concerned(atoms, rules, touched)
        return found
