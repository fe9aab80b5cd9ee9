"""Which events a pattern means: by name, and by place, reason, party and source."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import TypeAlias

from domain.event import Event
from domain.facts import REMEMBERED_TIMES
from domain.instant import Instant
from domain.order import Order
from rules.scene import Scene
from rules.tree import EventPattern

OWN_HUB = "hub"
"""`at hub` is the delivery's own hub."""


def is_plain(pattern: EventPattern) -> bool:
    """Whether the name is all that the pattern asks for."""
    return pattern.place is None and pattern.reason is None and pattern.by is None and pattern.source is None


def is_answerable(pattern: EventPattern | None, order: Order) -> bool:
    """Whether it can be told of an event if it is meant: not `at hub` of a delivery whose hub is unknown."""
    return pattern is None or pattern.place != OWN_HUB or order.hub is not None


def times(pattern: EventPattern, scene: Scene) -> tuple[Instant, ...]:
    """When such events happened, oldest first."""
    if is_plain(pattern):
        return scene.delivery.facts.happened.get(pattern.name, ())
    order = scene.delivery.order
    return tuple(event.occurred_at for event, names in scene.told if matches(pattern, event, names, order))


Moment: TypeAlias = tuple[Instant, int]
"""When an event happened, and its place among those of the same instant: of two, the greater is the later event."""


def moments(pattern: EventPattern, scene: Scene) -> tuple[Moment, ...]:
    """Such events in the order in which they happened; of those that are no longer kept only if the name says it all."""
    older = scene.delivery.base.happened.get(pattern.name, ()) if is_plain(pattern) else ()
    order = scene.delivery.order
    kept = ((event.occurred_at, n) for n, (event, names) in enumerate(scene.told) if matches(pattern, event, names, order))
    return (*((at, n - len(older)) for n, at in enumerate(older)), *kept)


def last(pattern: EventPattern, scene: Scene) -> Instant | None:
    """When such an event happened last."""
    if is_plain(pattern):
        return scene.delivery.facts.last(pattern.name)
    found = times(pattern, scene)
    return found[-1] if found else None


def last_of(pattern: EventPattern) -> Callable[[Scene], Instant | None]:
    """`last` of one pattern."""
    if not is_plain(pattern):
        return lambda scene: last(pattern, scene)
    name = pattern.name

    def at(scene: Scene) -> Instant | None:
        times = scene.delivery.facts.happened.get(name)
        return times[-1] if times else None

    return at


def is_received(pattern: EventPattern, scene: Scene) -> bool:
    """Whether such an event was learnt just now."""
    learnt = [event for event in scene.learnt if event.occurred_at >= scene.floor]
    if not learnt or (pattern.place is None and _never_at_these(pattern.name, learnt, scene)):
        return False
    ids = {event.event_id for event in learnt}
    order = scene.delivery.order
    return any(event.event_id in ids and matches(pattern, event, names, order) for event, names in scene.told)


def _never_at_these(name: str, learnt: Iterable[Event], scene: Scene) -> bool:
    """Whether nothing of that name happened when any of these did; the past need not be gone through then."""
    known = scene.delivery.facts.happened.get(name, ())
    return len(known) < REMEMBERED_TIMES and all(event.occurred_at not in known for event in learnt)


def matches(pattern: EventPattern, event: Event, names: frozenset[str], order: Order) -> bool:
    """Whether an event that goes by these names is one that the pattern means."""
    elsewhere = pattern.place is not None and event.kind.value == pattern.name
    if pattern.name not in names and not elsewhere:
        return False
    return (
        _fits(order.hub if pattern.place == OWN_HUB else pattern.place, event.place, pattern.place is not None)
        and _fits(pattern.reason, event.reason, pattern.reason is not None)
        and _fits(pattern.source, event.source, pattern.source is not None)
        and (pattern.by is None or event.by is pattern.by)
    )


def _fits(wanted: str | None, found: str | None, asked: bool) -> bool:
    if not asked:
        return True
    return wanted is not None and found is not None and fnmatchcase(found, wanted)
