"""A rulebook made ready to be evaluated: its rules, their sentences about facts as step functions, fact parts for the matcher."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Mode
from domain.instant import Instant
from rules.book import Rule, Rulebook
from rules.branches import Table
from rules.business import load_holidays
from rules.compiled_rule import CompiledRule, compiled_rule, has_received
from rules.concerned import Applicable
from rules.contests import rivals_of
from rules.directory import Directory
from rules.durable import DurableMatcher
from rules.guard_steps import together_of
from rules.inputs import Inputs, inputs_of
from rules.matcher import Atoms, FactPart, Matcher, Memo, ReferenceMatcher
from rules.parts import openings_in
from rules.readings import Frame
from rules.scene import Scene, Step
from rules.scope import Scope, applies, percentile, scope_of
from rules.steps import step_of
from rules.tree import Truth
from rules.unbuilt import refuse_unbuilt

__all__ = ["MATCHERS", "Applicable", "CompiledBook", "CompiledRule", "compile_book", "has_received"]

MATCHERS = ("durable", "reference")
REMEMBERED_SCOPES = 1_000
NO_OTHERS: Mapping[str, Directory] = {}


@dataclass(frozen=True, slots=True)
class CompiledBook:
    """A rulebook ready for evaluation, without the rules that are off; by priority descending, then id. `contested` are those that
    others may hold back, `opened` the names of those whose opening is an event for others, `guarded` those that ask something
    outside, `explicit` those of them that do so by a guard of form 10. Between two of the `rollouts` (in percent, rising) all deliveries have the same rules. `mixtures` are this book with
    rules of earlier ones, see rules.adoption."""

    rulebook: Rulebook
    rules: tuple[CompiledRule, ...]
    atoms: tuple[Step, ...]
    match: Memo
    matcher: str
    atoms_read: tuple[Inputs, ...] = ()
    contested: tuple[CompiledRule, ...] = ()
    opened: frozenset[str] = frozenset()
    guarded: tuple[CompiledRule, ...] = ()
    explicit: tuple[CompiledRule, ...] = ()
    rollouts: tuple[int, ...] = ()
    mixtures: dict[Any, Any] = field(default_factory=dict)
    _in_scope: dict[tuple[Scope, int], frozenset[str]] = field(default_factory=dict)
    _applicable: dict[frozenset[str], Applicable] = field(default_factory=dict)

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of an id, whatever its mode."""
        return self.rulebook.rule(rule_id)

    def in_scope(self, delivery: Delivery) -> frozenset[str]:
        """The ids of the rules that are for a delivery."""
        scope, share = scope_of(delivery), percentile(delivery.order.delivery_id)
        key = (scope, bisect_right(self.rollouts, share))
        found = self._in_scope.get(key)
        if found is None:
            if len(self._in_scope) >= REMEMBERED_SCOPES:
                self._in_scope.clear()
            found = frozenset(r.id for r in self.rules if share < r.rule.rollout and applies(r.rule, scope))
            self._in_scope[key] = found
        return found

    def applicable(self, ids: frozenset[str]) -> Applicable:
        """The rules of these ids, made ready for the deliveries that they are for."""
        found = self._applicable.get(ids)
        if found is None:
            if len(self._applicable) >= REMEMBERED_SCOPES:
                self._applicable.clear()
            found = Applicable(tuple(rule for rule in self.rules if rule.id in ids), self.atoms_read)
            self._applicable[ids] = found
        return found

    def scene(self, delivery: Delivery, learnt: tuple[Event, ...], at: Instant) -> Scene:
        """A delivery to be evaluated, with the fact parts that hold. On a timer (nothing learnt) the matcher is not asked."""
        scene = Scene(delivery, learnt, at)
        unknown: Atoms = (None,) * len(self.atoms)
        scene.parts = self.match(self.looked_up(unknown, range(len(self.atoms)), scene, at)[0], ask=bool(learnt))
        return scene

    def looked_up(self, known: Atoms, wanted: Iterable[int], scene: Scene, at: Instant) -> tuple[Atoms, tuple[int, ...]]:
        """The values of the fact sentences, with the wanted ones looked up anew, and the numbers of those that differ."""
        found, steps = list(known), self.atoms
        changed = []
        for number in wanted:
            value = ATOM[steps[number](scene, at)[0]]
            if value != found[number]:
                found[number] = value
                changed.append(number)
        return (tuple(found), tuple(changed)) if changed else (known, ())


ATOM: Mapping[Truth, int | None] = {Truth.TRUE: 1, Truth.FALSE: 0, Truth.UNKNOWN: None}


def compile_book(book: Rulebook, matcher: str = "durable", directories: Mapping[str, Directory] = NO_OTHERS) -> CompiledBook:
    """Makes a book ready. `durable` falls back to `reference` where the extension cannot be loaded; raises ValueError for others,
    and NotBuiltError (a ValueError) for a book with parts that cannot be evaluated yet. `directories` are those of the rules, by id,
    that were published with another one than the book's."""
    if matcher not in MATCHERS:
        raise ValueError(f'there is no matcher "{matcher}"; allowed are {", ".join(MATCHERS)}')
    refuse_unbuilt(book)
    for directory in (book.directory, *directories.values()):
        load_holidays(directory.calendars.values())
    table = Table({}, {})
    live = sorted((rule for rule in book.rules if rule.mode is not Mode.OFF), key=lambda rule: (-rule.priority, rule.id))
    frames = {rule.id: Frame(rule.clock, directories.get(rule.id, book.directory)) for rule in live}
    rules = tuple(
        compiled_rule(rule, frames[rule.id], table, rivals_of(rule, live), together_of(rule, book.name)) for rule in live
    )
    asked, name = _matcher(tuple(table.parts), matcher)
    atoms = tuple(step_of(sentence, Frame()) for sentence in table.atoms)
    read = tuple(inputs_of(sentence) for sentence in table.atoms)
    return CompiledBook(
        book,
        rules,
        atoms,
        Memo(asked, ReferenceMatcher(tuple(table.parts))),
        name,
        read,
        tuple(rule for rule in rules if rule.rivals),
        frozenset(name for one in live for name in openings_in(one.when, one.only_when, one.clears_when)),
        tuple(rule for rule in rules if rule.is_guarded or rule.is_fed),
        tuple(rule for rule in rules if rule.is_guarded),
        tuple(sorted({rule.rollout for rule in live})),
    )


def _matcher(parts: Sequence[FactPart], wanted: str) -> tuple[Matcher, str]:
    if wanted == "durable":
        try:
            return DurableMatcher(parts), "durable"
        except ImportError:
            pass
    return ReferenceMatcher(parts), "reference"
