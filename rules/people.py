"""What people decide about a delivery under watch. Pure: look again at once."""

from dataclasses import replace

from domain.incident import Answer, Incident, Resolution
from domain.instant import Instant, iso
from domain.order import Order
from rules.approval import answered
from rules.book import public_name
from rules.decisions import Decision
from rules.evaluate import release
from rules.machine import DUE_NOW
from rules.muting import Mute
from rules.watch import Watch


def amended(watch: Watch, order: Order) -> Watch:
    """The order changed: every rule is looked at again."""
    cells = {rule: replace(cell, look_at=DUE_NOW) for rule, cell in watch.cells.items()}
    return replace(watch, delivery=replace(watch.delivery, order=order), cells=cells)


def acknowledged(watch: Watch, incident: Incident, by: str, now: Instant) -> Watch:
    """Somebody has seen it."""
    told = watch.decided(Decision(now, "acknowledge", public_name(incident.rule), by))
    return told.with_incident(incident.acknowledged(by, now))


def claimed(watch: Watch, incident: Incident, owner: str, by: str, now: Instant) -> Watch:
    """Somebody has it in hand from now on, alone; a later claim takes the place of an earlier one."""
    told = watch.decided(Decision(now, "claim", public_name(incident.rule), by, owner=owner))
    return told.with_incident(incident.claimed(owner, by, now))


def settled_by_hand(watch: Watch, incident: Incident, how: Resolution, note: str, now: Instant) -> Watch:
    """A person resolved it; the rule arms again only once its condition was false."""
    cells = release(watch.cells, incident.rule, now)
    return replace(watch, cells=cells).with_incident(incident.resolved(how, now, note or None))


def muted(watch: Watch, rule: str, until: Instant, by: str, reason: str, now: Instant) -> Watch:
    """A rule, by its name, does nothing until an instant; a later mute takes the place of an earlier one."""
    told = watch.remarked(now, f"{rule} muted until {iso(until)}" + (f": {reason}" if reason else ""), by)
    told = told.decided(Decision(now, "mute", rule, by, until=until))
    return replace(told, muted={**watch.muted, rule: Mute(until, now, by, reason)})


def decided(watch: Watch, incident: Incident, path: str, approve: bool, by: str, now: Instant) -> Watch:
    """A person approves or rejects a proposal that awaits an answer."""
    answer = Answer.APPROVED if approve else Answer.REJECTED
    return watch.with_incident(answered(incident, path, answer, by, now))
