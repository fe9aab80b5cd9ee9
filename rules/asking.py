"""Which guards are looked up after an evaluation: those of rules of which the rest is true, and of absences that would open."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from domain.delivery import Delivery
from domain.event import Event
from domain.guards import Question, leaving
from domain.instant import Instant
from rules.compile import CompiledBook, CompiledRule
from rules.evaluate import ChangeKind, Verdict
from rules.guard_steps import EXPLICIT, Asking, question_of
from rules.looking import asks, joins, may_open
from rules.machine import Cell
from rules.scene import Scene
from rules.standing import Cells
from rules.tree import Together


def questions(
    book: CompiledBook,
    delivery: Delivery,
    learnt: tuple[Event, ...],
    verdict: Verdict,
    last: Instant,
    now: Instant,
    escalating: Collection[str] = (),
) -> frozenset[Question]:
    """All that has to be known before the verdict may count; the delivery was looked at `last`. `escalating`: the rules of whose
    open incidents something has come due since."""
    found = set(_left(book, delivery, verdict, now)) if delivery.facts.guards else set[Question]()
    opened = {change.rule for change in verdict.changes if change.kind is ChangeKind.OPENED}
    rules = _asking(book, delivery, opened)
    if not rules:
        return frozenset(found) if found else NOTHING
    scene, scope = Scene(delivery, learnt, now), book.in_scope(delivery)
    for rule in rules:
        cell = verdict.cells.get(rule.id, Cell())
        if cell.is_open or (may_open(rule, delivery, scope) and not _is_out_of_question(rule, verdict)):
            found.update(_of_rule(rule, cell, rule.id in opened, scene, now))
            found.update(_of_group(rule, cell, rule.id in opened, scene, (last, now), rule.id in escalating))
    return frozenset(found)


def _asking(book: CompiledBook, delivery: Delivery, opened: set[str]) -> tuple[CompiledRule, ...]:
    """The rules that may ask now: an absence does only as it opens, and as long as a feed is known to have been silent."""
    if delivery.facts.guards:
        return book.guarded
    if not opened:
        return book.explicit
    return tuple(rule for rule in book.guarded if rule.is_guarded or rule.id in opened)


NOTHING: frozenset[Question] = frozenset()


def _of_group(
    rule: CompiledRule, cell: Cell, opened: bool, scene: Scene, between: tuple[Instant, Instant], escalates: bool
) -> Iterator[Question]:
    """Whether the delivery has come together with others: from when all else lets the rule open; and once more when its group has
    gathered, and at each step of an escalation, since whoever led it may have left."""
    group = rule.rule.group
    if rule.together is None or group is None:
        return
    question = question_of(rule.together, scene.delivery, rule.frame)
    if question is None:
        return
    is_due = opened or (joins(rule, cell, 0, between[1]) and _may_open_now(rule, scene, between[1]))
    if cell.opened_at is not None and group.instead:
        is_unknown = scene.delivery.facts.guards.get(question.key) is None
        is_due = is_due or is_unknown or escalates or between[0] < cell.opened_at + group.gather <= between[1]
    if is_due:
        yield question


def _may_open_now(rule: CompiledRule, scene: Scene, now: Instant) -> bool:
    """Whether `only_when` would be true if the group had come together."""
    only = rule.only_when
    return only is not None and only.asking is not None and only.asking.hangs_on_answers(scene, now)


def _left(book: CompiledBook, delivery: Delivery, verdict: Verdict, now: Instant) -> Iterator[Question]:
    """The groups that the delivery is no more a member of: their rules have come to rest, or begun anew, or it shares something else
    now."""
    still = {question.key for rule in book.guarded for question in _memberships(rule, delivery, verdict, now)}
    apart = ((key, leaving(key)) for key in delivery.facts.guards)
    yield from (question for key, question in apart if question is not None and key not in still)


def _memberships(rule: CompiledRule, delivery: Delivery, verdict: Verdict, now: Instant) -> Iterator[Question]:
    cell = verdict.cells.get(rule.id, Cell())
    if rule.together is not None and (cell.is_open or joins(rule, cell, 0, now)):
        question = question_of(rule.together, delivery, rule.frame)
        yield from () if question is None else (question,)


def _is_out_of_question(rule: CompiledRule, verdict: Verdict) -> bool:
    """Whether the facts alone make the rule untrue."""
    cells = verdict.cells
    return isinstance(cells, Cells) and rule.needs is not None and rule.needs.isdisjoint(cells.found.parts)


def _of_rule(rule: CompiledRule, cell: Cell, opened: bool, scene: Scene, now: Instant) -> Iterator[Question]:
    for asking in asks(rule, cell, scene, now):
        yield from _asked((node for node in asking.nodes if not isinstance(node, Together)), rule, scene)
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
