"""Step functions of the forms 1 to 3: sentences about a fact's value, which only an event changes."""

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from operator import ge, gt, le, lt
from typing import Any

from domain.instant import Instant
from rules.held import held_for
from rules.readings import FALSE_FOR_GOOD, TIME_DEPENDENT, TRUE_FOR_GOOD, UNKNOWN_FOR_GOOD, Answer, Frame, read_in, value_at
from rules.scene import Scene, Step
from rules.tree import Between, Compare, Includes, Is, Known, Same, Truth, Value
from rules.vocabulary import VOCABULARY, Read


def _judged(node: Any, frame: Frame, test: Callable[[Any], bool], currency: str | None = None) -> Step:
    """A test of a fact's value that has passed for a while; unknown while the value is."""
    if node.fact != TIME_DEPENDENT:
        return held_for(node, frame, _tested(read_in(node.fact, currency), test))
    value = value_at(node.fact)

    def at(scene: Scene, t: Instant) -> Answer:
        found, until = value(scene, t)
        if found is None:
            return Truth.UNKNOWN, until
        return (Truth.TRUE if test(found) else Truth.FALSE), until

    return held_for(node, frame, at)


def _tested(read: Read, test: Callable[[Any], bool]) -> Step:
    """The same for what only an event changes. It is asked most of all steps, so it calls no other."""

    def at(scene: Scene, t: Instant) -> Answer:
        found = read(scene.delivery.order, scene.delivery.facts)
        if found is None:
            return UNKNOWN_FOR_GOOD
        return TRUE_FOR_GOOD if test(found) else FALSE_FOR_GOOD

    return at


def _is(node: Is, frame: Frame) -> Step:
    return _judged(node, frame, _one_of(node.values, not node.negated), node.currency)


def _one_of(values: tuple[Value, ...], wanted: bool) -> Callable[[Any], bool]:
    exact = frozenset(value for value in values if not _is_glob(value))
    globs = tuple(value for value in values if isinstance(value, str) and _is_glob(value))
    if not globs:
        return lambda found: (found in exact) is wanted
    return lambda found: (found in exact or any(fnmatchcase(found, glob) for glob in globs)) is wanted


def _is_glob(value: Value) -> bool:
    return isinstance(value, str) and any(mark in value for mark in "*?[")


def _includes(node: Includes, frame: Frame) -> Step:
    one_of = _one_of((node.value,), True)
    return _judged(node, frame, lambda found: any(map(one_of, found)) is not node.negated)


def _same(node: Same, frame: Frame) -> Step:
    one, two = value_at(node.fact), value_at(node.other)

    def at(scene: Scene, t: Instant) -> Answer:
        (left, left_until), (right, right_until) = one(scene, t), two(scene, t)
        until = min(left_until, right_until)
        if left is None or right is None:
            return Truth.UNKNOWN, until
        return (Truth.TRUE if (left == right) is not node.negated else Truth.FALSE), until

    return held_for(node, frame, _in_one_currency(at, node.fact, node.other))


def _in_one_currency(plain: Step, fact: str, other: str) -> Step:
    """A comparison of two facts; unknown for two amounts that are not in one currency."""
    one, two = VOCABULARY[fact].currency, VOCABULARY[other].currency
    if one is None or two is None:
        return plain

    def at(scene: Scene, t: Instant) -> Answer:
        order = scene.delivery.order
        return plain(scene, t) if one(order) == two(order) else UNKNOWN_FOR_GOOD

    return at


COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {"over": gt, "under": lt, "at_least": ge, "at_most": le}


def _compare(node: Compare, frame: Frame) -> Step:
    holds, number = COMPARISONS[node.op], node.number
    return _judged(node, frame, lambda found: holds(found, number), node.currency)


def _between(node: Between, frame: Frame) -> Step:
    return _judged(node, frame, lambda found: node.low <= found <= node.high, node.currency)


def _known(node: Known, frame: Frame) -> Step:
    value = value_at(node.fact)

    def at(scene: Scene, t: Instant) -> Answer:
        found, until = value(scene, t)
        return (Truth.TRUE if (found is not None) is node.known else Truth.FALSE), until

    return held_for(node, frame, at)


FACT_STEPS: Mapping[type, Callable[[Any, Frame], Step]] = {
    Is: _is,
    Includes: _includes,
    Same: _same,
    Compare: _compare,
    Between: _between,
    Known: _known,
}
"""Sentence form -> how its step function is made."""
