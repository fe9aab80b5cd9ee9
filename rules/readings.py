"""What a sentence reads: a fact's value, the instant that T stands for, whose clock; and the answers that steps share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from domain.currencies import hundredths
from domain.facts import Facts
from domain.instant import DAY, NEVER, Instant
from domain.order import Order
from domain.status import Status
from rules import clock, patterns
from rules.directory import Directory
from rules.scene import Scene
from rules.tree import Clock, EventPattern, TimeRef, Truth
from rules.vocabulary import VOCABULARY, Read

Answer: TypeAlias = tuple[Truth, Instant]
FALSE_FOR_GOOD: Answer = (Truth.FALSE, NEVER)
TRUE_FOR_GOOD: Answer = (Truth.TRUE, NEVER)
UNKNOWN_FOR_GOOD: Answer = (Truth.UNKNOWN, NEVER)

TIME_DEPENDENT = "condition"
"""The one fact that changes with time alone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a rule's sentences are read in: whose clock, and the directory that says where that clock stands.

    `is_sighted`: no feed is taken to be silent.
    """

    clock: Clock = Clock.RECIPIENT
    directory: Directory = field(default_factory=Directory)
    is_sighted: bool = False


def from_then_on(edge: Instant | None, t: Instant) -> Answer:
    """False until an edge, true from it on; unknown if the edge is."""
    if edge is None:
        return UNKNOWN_FOR_GOOD
    return TRUE_FOR_GOOD if t >= edge else (Truth.FALSE, edge)


def value_at(fact: str) -> Callable[[Scene, Instant], tuple[Any, Instant]]:
    """A fact's value at an instant (None: unknown), and until when it is that."""
    if fact == TIME_DEPENDENT:
        return lambda scene, t: (scene.delivery.condition(t).value, scene.delivery.condition_changes_at(t))
    read = VOCABULARY[fact].read
    return lambda scene, t: (read(scene.delivery.order, scene.delivery.facts), NEVER)


def read_in(fact: str, currency: str | None) -> Read:
    """How a fact that only an event changes is read. Compared in a currency, an amount in another one is unknown; compared with a
    mere number, it counts in hundredths, as that does."""
    read, currency_of = VOCABULARY[fact].read, VOCABULARY[fact].currency
    if currency_of is None:
        return read

    def amount(order: Order, facts: Facts) -> Any:
        return read(order, facts) if currency_of(order) == currency else None

    def in_hundredths(order: Order, facts: Facts) -> Any:
        found: Any = read(order, facts)
        return None if found is None else hundredths(found, currency_of(order))

    return in_hundredths if currency is None else amount


Time: TypeAlias = Callable[[Scene, Instant], tuple[Instant | None, Instant]]
"""What T stands for at an instant (None: unknown), and until when it is that."""


def time_of(ref: TimeRef, frame: Frame) -> Time:
    """The reading of T; only the hub's cutoff changes with time alone."""
    if ref.kind == "cutoff":
        return lambda scene, t: _cutoff(frame, scene, t)
    read = _lasting_time(ref)
    return lambda scene, t: (read(scene), NEVER)


def _lasting_time(ref: TimeRef) -> Callable[[Scene], Instant | None]:
    if ref.kind == "due":
        milestone = Status(ref.name.removesuffix(" due"))
        return lambda scene: scene.delivery.facts.due.get(milestone)
    if ref.kind == "last":
        event = ref.event or EventPattern(ref.name)
        return lambda scene: patterns.last(event, scene)
    read = VOCABULARY[ref.name].read

    def at(scene: Scene) -> Instant | None:
        value = read(scene.delivery.order, scene.delivery.facts)
        return value if isinstance(value, int) else None

    return at


def _cutoff(frame: Frame, scene: Scene, t: Instant) -> tuple[Instant | None, Instant]:
    """When the delivery's hub closes its round on the day that it is there, and until when it is that day."""
    hub = frame.directory.hubs.get(scene.delivery.order.hub or "")
    local = clock.zone(hub.timezone or "") if hub else None
    if hub is None or local is None or hub.cutoff is None:
        return None, NEVER
    today = clock.local_day(local, t)
    return clock.edge(local, today + hub.cutoff // DAY, hub.cutoff % DAY), clock.edge(local, today + 1, 0)


def zone_name(frame: Frame, scene: Scene) -> str | None:
    """Whose local time clock times are; None if the directory does not say where the hub's clock stands."""
    order = scene.delivery.order
    if frame.clock is Clock.RECIPIENT:
        return order.destination.timezone
    if frame.clock is Clock.UTC:
        return "UTC"
    hub = frame.directory.hubs.get(order.hub or "")
    return hub.timezone if hub else None
