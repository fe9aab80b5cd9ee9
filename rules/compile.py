"""A rulebook made ready to be evaluated: step functions, what each rule reads, fact parts for the matcher."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, cast

from domain.delivery import Delivery
from domain.event import Event
from domain.incident import Mode
from domain.instant import Instant
from rules.book import Rule, Rulebook
from rules.branches import CompiledCondition, Table, condition_of
from rules.business import load_holidays
from rules.contests import Rival, rivals_of
from rules.directory import Directory
from rules.durable import DurableMatcher
from rules.guard_steps import EXPLICIT, together_of
from rules.inputs import Inputs, inputs_of
from rules.machine import Timing
from rules.matcher import Atoms, FactPart, Matcher, Memo, ReferenceMatcher
from rules.parts import openings_in
from rules.readings import Frame
from rules.scene import Scene, Step
from rules.scope import Scope, applies, percentile, scope_of
from rules.steps import step_of
from rules.tree import All, Condition, Group, Received, Sentence, Together, Truth
from rules.unbuilt import refuse_unbuilt

MATCHERS = ("durable", "reference")
REMEMBERED_SCOPES = 1_000
NO_OTHERS: Mapping[str, Directory] = {}


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its conditions compiled, and all that they read."""

    id: str
    rule: Rule
    frame: Frame
    timing: Timing
    reads: Inputs
    when: CompiledCondition
    only_when: CompiledCondition | None = None
    clears_when: CompiledCondition | None = None
    atoms: frozenset[int] = frozenset()
    reads_in_time: Inputs = frozenset()
    stages: tuple[CompiledCondition, ...] = ()
    rivals: tuple[Rival, ...] = ()
    needs: frozenset[int] | None = None
    is_guarded: bool = False
    is_fed: bool = False
    together: Together | None = None
    """`atoms` are the fact sentences that it is made of, by number, `reads_in_time` is what the other ones read.
    `needs` are the fact parts of which at least one has to hold for the rule to be true (None: the condition was not split).
    `is_guarded`: it has guards of form 10. `is_fed`: it has absences that count only while the feed is not silent.
    `together` is what its group asks before it opens."""

    def hangs_on_answers(self, delivery: Delivery) -> bool:
        """Whether what was found outside may decide now. Absences by themselves ask only before they open something."""
        return self.is_guarded or (self.is_fed and bool(delivery.facts.guards))

    @property
    def is_plain(self) -> bool:
        """Whether its `when` alone decides what an idle one does next."""
        return self.only_when is None and self.clears_when is None and not self.stages and not self.is_guarded

    def may_differ(self, before: frozenset[int], after: frozenset[int]) -> bool:
        """Whether other fact parts make it come true, where it is idle: else it is not true until when it was not before."""
        return self.needs is None or not self.is_plain or (self.needs & before) != (self.needs & after)

    def can_be_true(self, parts: frozenset[int]) -> bool:
        """Whether, by the fact parts that hold, it may be true, now or by time alone."""
        return self.needs is None or not self.needs.isdisjoint(parts)


Parts: TypeAlias = frozenset[int]


class ToLook(NamedTuple):
    """Of idle rules those to be looked at, and those that cannot be true until a fact changes."""

    rules: tuple[CompiledRule, ...]
    hopeless: tuple[CompiledRule, ...]


class Concerned:
    """What reads some of the inputs: fact sentences by number, and rules.

    For an idle rule a fact that changed does not count if its sentences say the same of it as before, or if the fact parts that
    could make it true are the same: `of` leaves those out.
    """

    def __init__(self, atoms: tuple[int, ...], rules: tuple[CompiledRule, ...], touched: Inputs) -> None:
        self.atoms = atoms
        self.rules = rules
        self._in_time = frozenset(rule.id for rule in rules if not rule.reads_in_time.isdisjoint(touched))
        self._of: dict[tuple[tuple[int, ...], Parts, Parts], ToLook] = {}

    def of(self, changed: tuple[int, ...], before: Parts, after: Parts) -> ToLook:
        """The rules that read of these inputs in a sentence about time, or in one of the fact sentences whose truth changed."""
        key = (changed, before, after)
        found = self._of.get(key)
        if found is None:
            if len(self._of) >= REMEMBERED_SCOPES:
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
            if len(self._concerned) >= REMEMBERED_SCOPES:
                self._concerned.clear()
            atoms = tuple(n for n in self.atoms if not self._atoms_read[n].isdisjoint(touched))
            rules = tuple(rule for rule in self.rules if not rule.reads.isdisjoint(touched))
            found = self._concerned[touched] = Concerned(atoms, rules, touched)
        return found


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
    rules = tuple(_compiled(rule, frames[rule.id], table, rivals_of(rule, live), together_of(rule, book.name)) for rule in live)
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


def _compiled(rule: Rule, frame: Frame, table: Table, rivals: tuple[Rival, ...], together: Together | None) -> CompiledRule:
    only = _only_together(rule.only_when, together)
    nodes = [node for node in (rule.when, only, rule.clears_when) if node is not None]
    sentences = [sentence for node in nodes for sentence in _sentences(node)]
    when = condition_of(rule.when, frame, table)
    only_when = condition_of(only, frame, table) if only is not None else None
    clears_when = condition_of(rule.clears_when, frame, table) if rule.clears_when is not None else None
    conditions = [condition for condition in (when, only_when, clears_when) if condition is not None]
    asking = [part for condition in conditions if condition.asking is not None for part in condition.asking.nodes]
    return CompiledRule(
        id=rule.id,
        rule=rule,
        frame=frame,
        timing=Timing(rule.hold, rule.stay_clear, rule.cooldown, rule.clears_when is not None, has_received(rule.when)),
        reads=_read(sentences),
        when=when,
        only_when=only_when,
        clears_when=clears_when,
        atoms=frozenset(table.atoms[sentence] for sentence in sentences if sentence in table.atoms),
        stages=tuple(condition_of(stage.when, frame, table) for stage in rule.stages),
        rivals=rivals,
        needs=None if when.branches is None else frozenset(branch.part for branch in when.branches[0]),
        is_guarded=any(isinstance(part, EXPLICIT) for part in asking),
        is_fed=any(not isinstance(part, EXPLICIT) for part in asking),
        reads_in_time=_read(sentence for sentence in sentences if sentence not in table.atoms),
        together=together,
    )


def _only_together(only: Condition | None, together: Together | None) -> Condition | None:
    """A group is tested for opening only, as `only_when` is; nobody writes it as a sentence."""
    if together is None:
        return only
    asked = cast(Condition, together)
    return asked if only is None else All((only, asked))


def _sentences(node: Condition) -> list[Sentence]:
    """All sentences of a condition, whatever group they stand in."""
    return [sentence for child in node.children for sentence in _sentences(child)] if isinstance(node, Group) else [node]


def _read(sentences: Iterable[Sentence]) -> Inputs:
    return frozenset[str]().union(*(inputs_of(sentence) for sentence in sentences))


def has_received(node: Condition) -> bool:
    """Whether a condition speaks of something received, which is true for an instant only."""
    if isinstance(node, Group):
        return any(has_received(child) for child in node.children)
    return isinstance(node, Received)
