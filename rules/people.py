"""What people decide about a delivery under watch. Pure: look again at once."""

from dataclasses import replace

from domain.incident import Incident, Resolution
from domain.instant import Instant
from domain.order import Order
from rules.evaluate import release
from rules.machine import DUE_NOW
from rules.watch import Watch


def amended(watch: Watch, order: Order) -> Watch:
    """The order changed: every rule is looked at again."""
    cells = {rule: replace(cell, look_at=DUE_NOW) for rule, cell in watch.cells.items()}
    return replace(watch, delivery=replace(watch.delivery, order=order), cells=cells)


def acknowledged(watch: Watch, incident: Incident, by: str, now: Instant) -> Watch:
    """Somebody has seen it."""
    return watch.with_incident(incident.acknowledged(by, now))


def settled_by_hand(watch: Watch, incident: Incident, how: Resolution, note: str, now: Instant) -> Watch:
    """A person resolved it; the rule arms again only once its condition was false."""
    cells = release(watch.cells, incident.rule, now)
    return replace(watch, cells=cells).with_incident(incident.resolved(how, now, note or None))
