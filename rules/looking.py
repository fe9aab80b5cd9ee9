"""One rule looks at a delivery at an instant; and looks ahead, if nothing new is learnt."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from domain.delivery import Delivery
from domain.instant import NEVER, Instant
from rules.branches import CompiledCondition
from rules.compile import CompiledRule
from rules.guard_steps import Asking
from rules.machine import Cell, Phase, Seen, Turn, opens_at, settle, turn
from rules.scene import Scene
from rules.tree import Truth

FURTHEST_LOOKS = 200
"""How many looks ahead a wake-up is sought; a rule that opens in none of them is looked at again then."""


def look(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant, in_play: bool, held_back: bool = False) -> Cell:
    """The rule's cell after a look. A rule that is not in play opens nothing, but may resolve what it has open; one that a
    rival holds back stays pending."""
    after = settle(rule.timing, cell, t, _seen(rule, cell, scene, t, in_play, held_back))
    return _staged(rule, after, scene, t) if rule.stages else after


def _staged(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant) -> Cell:
    """The cell with the stages that were reached since the condition became true."""
    if cell.phase is Phase.IDLE:
        return replace(cell, reached=()) if cell.reached else cell
    reached, look_at = set(cell.reached), cell.look_at
    for number, stage in enumerate(rule.stages):
        if number not in reached:
            truth, until = stage.at(scene, t)
            reached |= {number} if truth is Truth.TRUE else set()
            look_at = look_at if truth is Truth.TRUE else min(look_at, until)
    return replace(cell, reached=tuple(sorted(reached))).looked(look_at)


def _seen(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant, in_play: bool, held_back: bool) -> Seen:
    when, when_until = rule.when.at(scene, t)
    only, only_until = Truth.TRUE, NEVER
    clear, clear_until = Truth.FALSE, NEVER
    is_true = when is Truth.TRUE
    if rule.only_when is not None and is_true and not cell.is_open:
        only, only_until = rule.only_when.at(scene, t)
    if rule.clears_when is not None and (is_true or cell.is_open):
        clear, clear_until = rule.clears_when.at(scene.received_since(cell.opened_at or 0), t)
    if rule.hangs_on_answers(scene.delivery):
        rest_until = _rest_until(rule, cell, scene, t)
        when_until, only_until, clear_until = (min(until, rest_until) for until in (when_until, only_until, clear_until))
    if held_back:
        only, only_until = Truth.FALSE, NEVER
    return Seen(when, when_until, only is Truth.TRUE, only_until, clear is Truth.TRUE, clear_until, in_play)


def asks(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant) -> Iterator[Asking]:
    """What of a rule hangs on the answers of its guards, since the rest of it is true."""
    for asking in _askings(rule, cell, scene, t):
        if asking.hangs_on_answers(scene, t) and asking.can_be_answered(scene.delivery, rule.frame):
            yield asking


def _askings(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant) -> Iterator[Asking]:
    """The conditions with guards that decide where a rule goes from where it stands."""
    is_ending = cell.is_open and rule.clears_when is not None
    parts = (*(() if is_ending else (rule.when,)), *rule.stages)
    yield from (part.asking for part in parts if part.asking is not None)
    late = rule.clears_when if is_ending else None if cell.is_open else rule.only_when
    if late is not None and late.asking is not None and (is_ending or (cell.armed and _might_be_true(rule.when, scene, t))):
        yield late.asking


def joins(rule: CompiledRule, cell: Cell, earliest: Instant, now: Instant) -> bool:
    """Whether a delivery becomes a member of the rule's group between two instants: all but the group lets it open by then."""
    if rule.together is None or cell.phase is not Phase.PENDING:
        return False
    return earliest <= opens_at(rule.timing, cell) <= now


def _leaves(rule: CompiledRule, before: Cell, after: Cell) -> bool:
    """Whether a delivery that has not opened yet is no more a member of the rule's group: the others count on it until then."""
    return rule.together is not None and before.phase is Phase.PENDING and after.phase is Phase.IDLE


def _might_be_true(condition: CompiledCondition, scene: Scene, t: Instant) -> bool:
    step = condition.asking.best if condition.asking is not None else condition.step
    return step(scene, t)[0] is Truth.TRUE


def _rest_until(rule: CompiledRule, cell: Cell, scene: Scene, t: Instant) -> Instant:
    """Until when it stays so whether the guards matter."""
    conditions = [one for one in (rule.when, rule.only_when, rule.clears_when, *rule.stages) if one is not None]
    askings = [one.asking for one in conditions if one.asking is not None]
    return min((step(scene, t)[1] for asking in askings for step in (asking.best, asking.worst)), default=NEVER)


def _begins_to_ask(rule: CompiledRule, cell: Cell, scene: Scene, at: Instant) -> bool:
    """Whether by time alone guards begin to matter at an instant, or what was known of one that matters ends then."""
    if at in scene.delivery.facts.guards_until.values() and any(True for _ in asks(rule, cell, scene, at)):
        return True
    now, before = (set(map(id, asks(rule, cell, scene, t))) for t in (at, at - 1))
    return not now <= before


def may_open(rule: CompiledRule, delivery: Delivery, scope: frozenset[str]) -> bool:
    """Whether the rule is for this delivery, and still may act on it."""
    return rule.id in scope and (not delivery.facts.final or rule.rule.after_final)


def looks_ahead(
    rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool, held_back: bool = False
) -> Iterator[tuple[Instant, Turn, Cell]]:
    """Each look that is to come if nothing new is learnt: when, what it does that somebody could see, the cell then."""
    while cell.look_at < NEVER:
        at, before = cell.look_at, cell
        cell = look(rule, before, scene, at, in_play, held_back)
        yield at, turn(before, cell), cell


def first_in_phase(
    rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool, soonest: Instant, is_meant: Callable[[Phase], bool]
) -> Instant:
    """The first instant from `soonest` on at which an open incident is in a phase that is meant, if nothing new is learnt."""
    looks = 0
    for at, _, after in looks_ahead(rule, cell, scene, in_play):
        if soonest < at and is_meant(cell.phase):
            return soonest
        if not after.is_open:
            return NEVER
        cell, soonest, looks = after, max(soonest, at), looks + 1
        if looks == FURTHEST_LOOKS:
            return at
    return soonest if is_meant(cell.phase) else NEVER


def with_wake(rule: CompiledRule, cell: Cell, scene: Scene, in_play: bool, held_back: bool = False) -> Cell:
    """The cell with the next instant at which it opens or resolves by time alone, or a guard has to be looked up."""
    if cell.phase is Phase.IDLE and in_play and not held_back and cell.armed and _opens_when_true(rule, cell, scene):
        return _waking_when_true(rule, cell, scene)
    may_ask = rule.hangs_on_answers(scene.delivery)
    before = cell
    for looks, (at, what, then) in enumerate(looks_ahead(rule, cell, scene, in_play, held_back), start=1):
        asks_now = may_ask and (joins(rule, then, at, at) or _leaves(rule, before, then) or _begins_to_ask(rule, then, scene, at))
        before = then
        if what or looks == FURTHEST_LOOKS or asks_now:
            return cell.waking(at, what or "looks")
    return cell.waking(NEVER, "")


def _opens_when_true(rule: CompiledRule, cell: Cell, scene: Scene) -> bool:
    """Whether the machine needs not be run to know when an idle rule opens: nothing delays its opening."""
    is_cool = cell.ended_at is None or rule.timing.cooldown == 0
    return rule.timing.hold == 0 and rule.only_when is None and is_cool and not rule.hangs_on_answers(scene.delivery)


def _waking_when_true(rule: CompiledRule, cell: Cell, scene: Scene) -> Cell:
    at = cell.look_at
    for looks in range(1, FURTHEST_LOOKS + 1):
        if at >= NEVER:
            return cell.waking(NEVER, "")
        truth, until = rule.when.at(scene, at)
        if truth is Truth.TRUE or looks == FURTHEST_LOOKS:
            break
        at = until
    return cell.waking(at, "opens" if truth is Truth.TRUE else "looks")
