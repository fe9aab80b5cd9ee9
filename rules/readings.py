"""What a sentence reads: a fact's value, the instant that T stands for, whose clock; and the answers that steps share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.instant import NEVER, Instant
from domain.status import Status
from rules.directory import Directory
from rules.scene import Scene
from rules.tree import Clock, TimeRef, Truth
from rules.vocabulary import VOCABULARY

Answer: TypeAlias = tuple[Truth, Instant]
FALSE_FOR_GOOD: Answer = (Truth.FALSE, NEVER)
TRUE_FOR_GOOD: Answer = (Truth.TRUE, NEVER)
UNKNOWN_FOR_GOOD: Answer = (Truth.UNKNOWN, NEVER)

TIME_DEPENDENT = "condition"
"""The one fact that changes with time alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a rule's sentences are read in: whose clock, and the directory that says where that clock stands."""

    clock: Clock = Clock.RECIPIENT
    directory: Directory = field(default_factory=Directory)


def from_then_on(edge: Instant, t: Instant) -> Answer:
    """False until an edge, true from it on."""
    return TRUE_FOR_GOOD if t >= edge else (Truth.FALSE, edge)


def value_at(fact: str) -> Callable[[Scene, Instant], tuple[Any, Instant]]:
    """A fact's value at an instant (None: unknown), and until when it is that."""
    if fact == TIME_DEPENDENT:
        return lambda scene, t: (scene.delivery.condition(t).value, scene.delivery.condition_changes_at(t))
    read = VOCABULARY[fact].read
    return lambda scene, t: (read(scene.delivery.order, scene.delivery.facts), NEVER)


def time_of(ref: TimeRef) -> Callable[[Scene], Instant | None]:
    """The instant that T stands for, None while it is unknown."""
    if ref.kind == "due":
        milestone = Status(ref.name.removesuffix(" due"))
        return lambda scene: scene.delivery.facts.due.get(milestone)
    if ref.kind == "last":
        return lambda scene: scene.delivery.facts.last(ref.name)
    read = VOCABULARY[ref.name].read

    def at(scene: Scene) -> Instant | None:
        value = read(scene.delivery.order, scene.delivery.facts)
        return value if isinstance(value, int) else None

    return at


def zone_name(frame: Frame, scene: Scene) -> str | None:
    """Whose local time clock times are; None if the directory does not say where the hub's clock stands."""
    order = scene.delivery.order
    if frame.clock is Clock.RECIPIENT:
        return order.destination.timezone
    if frame.clock is Clock.UTC:
        return "UTC"
    hub = frame.directory.hubs.get(order.hub or "")
    return hub.timezone if hub else None
