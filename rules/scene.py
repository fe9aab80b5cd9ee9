"""What one evaluation looks at: a delivery, and the events that were learnt just now."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from domain.delivery import Delivery, withdrawn
from domain.event import Event
from domain.facts import Facts
from domain.instant import Instant
from rules.tree import Truth


class Scene:
    """A delivery as it is known, with what steps find out about its past kept for the next step.

    `learnt` are the events learnt at `learnt_at`; of these only those that occurred at or after `floor` count as received.
    `parts` are the fact parts that hold, by number; None if nobody asked the matcher.
    """

    __slots__ = ("_told", "anchors", "delivery", "floor", "learnt", "learnt_at", "parts")

    def __init__(
        self,
        delivery: Delivery,
        learnt: tuple[Event, ...] = (),
        learnt_at: Instant = -1,
        parts: frozenset[int] | None = None,
        floor: Instant = 0,
    ) -> None:
        self.delivery = delivery
        self.learnt = learnt
        self.learnt_at = learnt_at
        self.parts = parts
        self.floor = floor
        self.anchors: dict[object, Instant] = {}
        self._told: list[tuple[Event, frozenset[str]]] | None = None

    @property
    def told(self) -> list[tuple[Event, frozenset[str]]]:
        """The events that were not withdrawn, oldest first, each with all that rules may call it."""
        if self._told is None:
            self._told = list(_named(self.delivery))
        return self._told

    def received_since(self, floor: Instant) -> "Scene":
        """The same, but only events that occurred at or after an instant count as received."""
        if not self.learnt:
            return self
        return Scene(self.delivery, self.learnt, self.learnt_at, self.parts, floor)

    def past(self) -> Iterator[tuple[Instant, "Scene"]]:
        """How things stood after each event, in the order in which things happened, with since when."""
        for since, facts in self.delivery.history():
            yield since, Scene(replace(self.delivery, facts=facts))


Step: TypeAlias = Callable[[Scene, Instant], tuple[Truth, Instant]]
"""A condition over time: its truth at an instant, and the next instant at which that may change if nothing new is learnt."""


def _named(delivery: Delivery) -> Iterator[tuple[Event, frozenset[str]]]:
    out = withdrawn(delivery.events)
    history = delivery.history()
    _, before = next(history)
    told = (event for event in delivery.events if event.event_id not in out)
    for event, (_, after) in zip(told, history, strict=True):
        yield event, _new_names(before, after)
        before = after


def _new_names(before: Facts, after: Facts) -> frozenset[str]:
    return frozenset(name for name, times in after.happened.items() if before.happened.get(name) is not times)
