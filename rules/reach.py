"""Where a span of time ends that began at an instant: elapsed, or counted in a calendar."""

from collections.abc import Callable
from typing import TypeAlias

from domain.instant import Instant, Span
from rules import clock
from rules.business import Hours
from rules.readings import Frame, zone_name
from rules.scene import Scene
from rules.tree import Counted

Reach: TypeAlias = Callable[[Scene, Instant], Instant | None]
"""An instant -> the one that is a span away; None where it is not known which hours count."""


def after(span: Span, counted: Counted | None, frame: Frame) -> Reach:
    """The first instant at which the span has passed."""
    if counted is None:
        return lambda scene, start: start + span
    in_days = counted.unit == "days"

    def at(scene: Scene, start: Instant) -> Instant | None:
        hours = hours_of(counted.calendar, frame, scene)
        return None if hours is None else hours.after(start, span, in_days)

    return at


def before(span: Span, counted: Counted | None, frame: Frame) -> Reach:
    """The last instant from which the span passes until then."""
    if counted is None:
        return lambda scene, end: end - span
    in_days = counted.unit == "days"

    def at(scene: Scene, end: Instant) -> Instant | None:
        hours = hours_of(counted.calendar, frame, scene)
        return None if hours is None else hours.before(end, span, in_days)

    return at


def hours_of(name: str | None, frame: Frame, scene: Scene) -> Hours | None:
    """A calendar (None: that of the delivery's hub) on the rule's clock; None if the directory does not tell."""
    hub = frame.directory.hubs.get(scene.delivery.order.hub or "")
    wanted = name if name is not None else hub.calendar if hub is not None else None
    calendar = frame.directory.calendars.get(wanted or "")
    local = clock.zone(zone_name(frame, scene) or "")
    return None if calendar is None or local is None else Hours(calendar, local)
