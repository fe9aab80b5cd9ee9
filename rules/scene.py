"""What one evaluation looks at: a delivery, and the events that were learnt just now."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeAlias

from domain.delivery import Delivery, withdrawn
from domain.event import Event
from domain.facts import Facts
from domain.folds import fold
from domain.instant import Instant
from rules.tree import Truth

Told: TypeAlias = tuple[tuple[Event, frozenset[str]], ...]
"""Events, each with all that rules may call it."""


class Scene:
    """A delivery as it is known, with what steps find out about its past kept for the next step.

    `learnt` are the events learnt at `learnt_at`; of these only those that occurred at or after `floor` count as received.
    `parts` are the fact parts that hold, by number; None if nobody asked the matcher. `told` is what the property of that name would
    find, where that is known.
    """

    __slots__ = ("_told", "anchors", "delivery", "floor", "learnt", "learnt_at", "parts")

    def __init__(
        self,
        delivery: Delivery,
        learnt: tuple[Event, ...] = (),
        learnt_at: Instant = -1,
        parts: frozenset[int] | None = None,
        floor: Instant = 0,
        told: Told | None = None,
    ) -> None:
        self.delivery = delivery
        self.learnt = learnt
        self.learnt_at = learnt_at
        self.parts = parts
        self.floor = floor
        self.anchors: dict[object, Instant] = {}
        self._told = told

    @property
    def told(self) -> Told:
        """The events that were not withdrawn, oldest first, each with all that rules may call it."""
        if self._told is None:
            self._told = tuple(_named(self.delivery.base, self.delivery.events, self.delivery))
        return self._told

    @property
    def told_so_far(self) -> Told | None:
        """The same, if anybody has asked for it."""
        return self._told

    def received_since(self, floor: Instant) -> "Scene":
        """The same, but only events that occurred at or after an instant count as received."""
        if not self.learnt:
            return self
        return Scene(self.delivery, self.learnt, self.learnt_at, self.parts, floor, self._told)

    def past(self) -> Iterator[tuple[Instant, "Scene"]]:
        """How things stood after each event, in the order in which things happened, with since when."""
        for since, facts in self.delivery.history():
            yield since, Scene(replace(self.delivery, facts=facts))


Step: TypeAlias = Callable[[Scene, Instant], tuple[Truth, Instant]]
"""A condition over time: its truth at an instant, and the next instant at which that may change if nothing new is learnt."""


def told_on(told: Told | None, before: Delivery, after: Delivery) -> Told | None:
    """What is told of a delivery after events that came after all others and withdrew none, by what was told before them; None if
    that is not known, or some went into the base."""
    if told is None or after.base is not before.base:
        return None
    more = after.events[len(before.events) :]
    return (*told, *_named(before.facts, more, after)) if more else told


def _named(before: Facts, events: Iterable[Event], delivery: Delivery) -> Iterator[tuple[Event, frozenset[str]]]:
    """Those of a delivery's events that count, with their names; `before` are the facts before the first."""
    out = withdrawn(delivery.events)
    for event in events:
        if event.event_id not in out:
            after = fold(before, event, delivery.order)
            yield event, _new_names(before, after)
            before = after


def _new_names(before: Facts, after: Facts) -> frozenset[str]:
    return frozenset(name for name, times in after.happened.items() if before.happened.get(name) is not times)
