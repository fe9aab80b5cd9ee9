"""When a delivery under watch is looked at next, if nothing new is learnt: for its rules, its incidents or itself. Pure."""

from collections.abc import Iterable

from domain.delivery import Delivery
from domain.guards import is_member
from domain.incident import Incident
from domain.instant import NEVER, Instant
from rules.batch import Ends
from rules.evaluate import Wake


def earliest(wake: Wake | None, incidents: Iterable[Incident], delivery: Delivery, ends: Ends, now: Instant) -> Wake | None:
    """The rules' next instant, that of an incident, or that at which the delivery itself becomes late."""
    for incident in incidents:
        if incident.due_at is not None and (wake is None or incident.due_at < wake.at):
            wake = Wake(incident.due_at, f"{incident.rule}: {incident.due_for}")
        if ends and incident.is_open and (wake is None or ends.get(incident.rule, NEVER) < wake.at):
            wake = Wake(ends[incident.rule], f"{incident.rule}: its grace ends")
    if ends and is_member(delivery.facts.guards):
        at = min((end for end in ends.values() if end > now), default=now + 1)
        wake = Wake(at, "it leaves its group") if wake is None or at < wake.at else wake
    late_at = delivery.condition_changes_at(now)
    if late_at == NEVER or (wake is not None and wake.at <= late_at):
        return wake
    return Wake(late_at, "the promised window ends")
