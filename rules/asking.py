"""Which guards are looked up after an evaluation: those of rules of which the rest is true, and of absences that would open."""

from collections.abc import Iterable, Iterator, Mapping

from domain.delivery import Delivery
from domain.event import Event
from domain.guards import Question
from domain.instant import Instant
from rules.compile import CompiledBook, CompiledRule
from rules.evaluate import ChangeKind, Verdict
from rules.guard_steps import EXPLICIT, Asking, question_of
from rules.looking import asks, may_open
from rules.machine import Cell
from rules.scene import Scene
from rules.standing import Cells


def questions(
    book: CompiledBook, delivery: Delivery, learnt: tuple[Event, ...], verdict: Verdict, now: Instant
) -> frozenset[Question]:
    """All that has to be known before the verdict may count."""
    opened = {change.rule for change in verdict.changes if change.kind is ChangeKind.OPENED}
    asking = _asking(book, delivery, opened)
    if not asking:
        return NOTHING
    scene, scope = Scene(delivery, learnt, now), book.in_scope(delivery)
    found: set[Question] = set()
    for rule in asking:
        cell = verdict.cells.get(rule.id, Cell())
        if cell.is_open or (may_open(rule, delivery, scope) and not _is_out_of_question(rule, verdict)):
            found.update(_of_rule(rule, cell, rule.id in opened, scene, now))
    return frozenset(found)


def _asking(book: CompiledBook, delivery: Delivery, opened: set[str]) -> tuple[CompiledRule, ...]:
    """The rules that may ask now: an absence does only as it opens, and as long as a feed is known to have been silent."""
    if delivery.facts.guards:
        return book.guarded
    if not opened:
        return book.explicit
    return tuple(rule for rule in book.guarded if rule.is_guarded or rule.id in opened)


NOTHING: frozenset[Question] = frozenset()


def _is_out_of_question(rule: CompiledRule, verdict: Verdict) -> bool:
    """Whether the facts alone make the rule untrue."""
    cells = verdict.cells
    return isinstance(cells, Cells) and rule.needs is not None and rule.needs.isdisjoint(cells.found.parts)


def _of_rule(rule: CompiledRule, cell: Cell, opened: bool, scene: Scene, now: Instant) -> Iterator[Question]:
    for asking in asks(rule, cell, scene, now):
        yield from _asked(asking.nodes, rule, scene)
    if opened:
        absences = (node for asking in _before_opening(rule) for node in asking.nodes if not isinstance(node, EXPLICIT))
        yield from _asked(absences, rule, scene)


def _before_opening(rule: CompiledRule) -> Iterable[Asking]:
    parts = (rule.when.asking, rule.only_when.asking if rule.only_when is not None else None)
    return (asking for asking in parts if asking is not None)


def _asked(nodes: Iterable[object], rule: CompiledRule, scene: Scene) -> Iterator[Question]:
    found = (question_of(node, scene.delivery, rule.frame) for node in nodes)
    yield from (question for question in found if question is not None)


def due_at(cells: Mapping[str, Cell], last: Instant, now: Instant) -> Instant:
    """When a look was due that is taken now: a timer is always a little late."""
    return min((cell.wake_at for cell in cells.values() if cell.wake_for and last < cell.wake_at < now), default=now)
