"""A condition by the branches that make it true or false: of each a fact part, which the matcher knows, and what time decides."""

from dataclasses import dataclass

from domain.instant import NEVER, Instant
from rules.conjuncts import Conjunct, TooManyConjunctsError, conjuncts, is_fact
from rules.groups import all_of, none_of
from rules.guard_steps import Asking, asking
from rules.matcher import FactPart
from rules.readings import Frame
from rules.scene import Scene, Step
from rules.steps import step_of
from rules.tree import Condition, Sentence, Truth


@dataclass(frozen=True, slots=True)
class Branch:
    """One conjunct: the number of its fact part, and what has to be true in time as well."""

    part: int
    in_time: Step


@dataclass(frozen=True, slots=True)
class CompiledCondition:
    """A condition by its tree, and by the branches that make it true and false (None: not split, the tree decides). `only` is set
    where one branch alone makes it true."""

    tree: Condition
    step: Step
    branches: tuple[tuple[Branch, ...], tuple[Branch, ...]] | None = None
    asking: Asking | None = None
    only: Branch | None = None

    def at(self, scene: Scene, t: Instant) -> tuple[Truth, Instant]:
        """Its truth, and until when that is sure to hold; by the matcher's answer where the scene has one."""
        if scene.parts is None or self.branches is None:
            return self.step(scene, t)
        if self.only is not None and self.only.part in scene.parts:
            return self.only.in_time(scene, t)
        is_true, true_until = _some_branch(self.branches[0], scene.parts, scene, t)
        if is_true:
            return Truth.TRUE, true_until
        is_false, false_until = _some_branch(self.branches[1], scene.parts, scene, t)
        if is_false:
            return Truth.FALSE, false_until
        return Truth.UNKNOWN, min(true_until, false_until)


def _some_branch(branches: tuple[Branch, ...], parts: frozenset[int], scene: Scene, t: Instant) -> tuple[bool, Instant]:
    last, first = t, NEVER
    for branch in branches:
        if branch.part not in parts:
            continue
        truth, until = branch.in_time(scene, t)
        if truth is Truth.TRUE:
            last = max(last, until)
            if until >= NEVER:
                break
        first = min(first, until)
    return (True, last) if last > t else (False, first)


@dataclass(frozen=True, slots=True)
class Table:
    """The distinct fact sentences and fact parts of a book, numbered as they are met."""

    atoms: dict[Sentence, int]
    parts: dict[FactPart, int]

    def part(self, conjunct: Conjunct) -> int:
        literals = {(self._atom(literal.sentence), literal.wanted) for literal in conjunct if is_fact(literal.sentence)}
        return self.parts.setdefault(tuple(sorted(literals)), len(self.parts))

    def _atom(self, sentence: Sentence) -> int:
        return self.atoms.setdefault(sentence, len(self.atoms))


def condition_of(node: Condition, frame: Frame, table: Table) -> CompiledCondition:
    """The condition compiled, with its fact sentences and fact parts in the table."""
    step = step_of(node, frame)
    try:
        ways = conjuncts(node), conjuncts(node, wanted=False)
    except TooManyConjunctsError:
        return CompiledCondition(node, step, None, asking(node, frame, step_of))
    yes, no = (tuple(_branch(conjunct, frame, table) for conjunct in way) for way in ways)
    return CompiledCondition(node, step, (yes, no), asking(node, frame, step_of), yes[0] if len(yes) == 1 else None)


def _branch(conjunct: Conjunct, frame: Frame, table: Table) -> Branch:
    timed = [literal for literal in conjunct if not is_fact(literal.sentence)]
    steps = [step_of(literal.sentence, frame) for literal in timed]
    in_time = [step if literal.wanted else none_of([step]) for step, literal in zip(steps, timed, strict=True)]
    return Branch(table.part(conjunct), all_of(in_time))
