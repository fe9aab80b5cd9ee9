"""One rule made ready to be evaluated: its conditions, what they read, what its opening hangs on."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from domain.delivery import Delivery
from rules.book import Rule
from rules.branches import CompiledCondition, Table, condition_of
from rules.contests import Rival
from rules.guard_steps import EXPLICIT
from rules.inputs import Inputs, delaying, inputs_of
from rules.machine import Timing
from rules.readings import Frame
from rules.tree import All, Condition, Group, Received, Sentence, Together


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
    delayed_by: Inputs = frozenset()
    """`atoms` are the fact sentences that it is made of, by number, `reads_in_time` is what the other ones read.
    `needs` are the fact parts of which at least one has to hold for the rule to be true (None: the condition was not split).
    `is_guarded`: it has guards of form 10. `is_fed`: it has absences that count only while the feed is not silent.
    `together` is what its group asks before it opens. `delayed_by` are inputs that can only let it open later, where it is idle."""

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


def compiled_rule(rule: Rule, frame: Frame, table: Table, rivals: tuple[Rival, ...], together: Together | None) -> CompiledRule:
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
        delayed_by=frozenset() if asking or len(conditions) > 1 or rule.stages else delaying(rule.when),
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
